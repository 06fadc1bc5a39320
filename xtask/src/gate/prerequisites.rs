//! Looks for everything the steps use, so that a missing package is named before any waiting.

use std::{
    io::Write,
    process::{Command, Stdio},
};

use crate::{
    failure::{Failure, Outcome},
    process,
};

use Source::{Debian, Rustup};

/// Kafka's brokers do not start on an older Java.
const OLDEST_JAVA: u32 = 17;

/// Something that has to be there, and what brings it.
struct Prerequisite {
    what: &'static str,
    from: Source,
    is_there: fn() -> bool,
}

enum Source {
    Debian(&'static str),
    Rustup(&'static str),
}

const PREREQUISITES: &[Prerequisite] = &[
    Prerequisite { what: "git", from: Debian("git"), is_there: || runs("git", &["--version"]) },
    Prerequisite {
        what: "a C compiler (cc)",
        from: Debian("build-essential"),
        is_there: || runs("cc", &["--version"]),
    },
    Prerequisite {
        what: "make",
        from: Debian("build-essential"),
        is_there: || runs("make", &["--version"]),
    },
    Prerequisite {
        what: "pkg-config",
        from: Debian("pkg-config"),
        is_there: || runs("pkg-config", &["--version"]),
    },
    Prerequisite {
        what: "zlib's header",
        from: Debian("zlib1g-dev"),
        is_there: || has_header("zlib.h"),
    },
    Prerequisite {
        what: "OpenSSL's headers",
        from: Debian("libssl-dev"),
        is_there: || has_header("openssl/ssl.h"),
    },
    Prerequisite {
        what: "Java 17 or newer",
        from: Debian("default-jdk-headless"),
        is_there: has_java,
    },
    Prerequisite {
        what: "Maven (mvn)",
        from: Debian("maven"),
        is_there: || runs("mvn", &["--version"]),
    },
    Prerequisite {
        what: "Python 3.10 or newer",
        from: Debian("python3"),
        is_there: || runs("python3", &["-c", "import sys; sys.exit(sys.version_info < (3, 10))"]),
    },
    Prerequisite {
        what: "Python's venv",
        from: Debian("python3-venv"),
        is_there: || runs("python3", &["-c", "import venv, ensurepip"]),
    },
    Prerequisite {
        what: "rustfmt",
        from: Rustup("rustfmt"),
        is_there: || process::succeeds(process::cargo().args(["fmt", "--version"])),
    },
    Prerequisite {
        what: "Clippy",
        from: Rustup("clippy"),
        is_there: || process::succeeds(process::cargo().args(["clippy", "--version"])),
    },
];

/// Fails with everything that is missing, and the commands that install it.
pub(super) fn check() -> Outcome {
    let missing: Vec<_> = PREREQUISITES.iter().filter(|wanted| !(wanted.is_there)()).collect();
    if missing.is_empty() {
        println!("all {} are there", PREREQUISITES.len());
        return Ok(());
    }
    let names: Vec<_> = missing.iter().map(|wanted| wanted.what).collect();
    let sources = missing.iter().map(|wanted| &wanted.from);
    Err(Failure::new(format!("missing: {}", names.join(", "))).help(cure(sources)))
}

/// One command a package manager, each package once.
fn cure<'s>(sources: impl Iterator<Item = &'s Source>) -> String {
    let (mut packages, mut components) = (Vec::new(), Vec::new());
    for source in sources {
        let (list, name) = match source {
            Debian(package) => (&mut packages, package),
            Rustup(component) => (&mut components, component),
        };
        if !list.contains(name) {
            list.push(name);
        }
    }
    let commands = [("apt-get install", packages), ("rustup component add", components)];
    let used = commands.into_iter().filter(|(_, names)| !names.is_empty());
    used.map(|(command, names)| format!("{command} {}", names.join(" ")))
        .collect::<Vec<_>>()
        .join(" && ")
}

fn runs(program: &str, arguments: &[&str]) -> bool {
    process::succeeds(Command::new(program).args(arguments))
}

/// Whether the C compiler finds `header`, wherever the system keeps it.
fn has_header(header: &str) -> bool {
    let mut cc = Command::new("cc");
    cc.args(["-E", "-x", "c", "-"]).stdin(Stdio::piped());
    let Ok(mut child) = cc.stdout(Stdio::null()).stderr(Stdio::null()).spawn() else {
        return false;
    };
    let source = format!("#include <{header}>\n");
    let written =
        child.stdin.take().is_some_and(|mut input| input.write_all(source.as_bytes()).is_ok());
    child.wait().is_ok_and(|status| written && status.success())
}

fn has_java() -> bool {
    // Java prints its version to standard error.
    let output = Command::new("java").arg("-version").stdin(Stdio::null()).output();
    output.is_ok_and(|output| {
        let version = java_version(&String::from_utf8_lossy(&output.stderr));
        version.is_some_and(|version| version >= OLDEST_JAVA)
    })
}

/// The feature version in `openjdk version "17.0.15" 2025-04-15`. Java 8 calls itself 1.8.
fn java_version(text: &str) -> Option<u32> {
    let (_, rest) = text.split_once("version \"")?;
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_package_is_named_once() {
        let missing = [Debian("build-essential"), Rustup("clippy"), Debian("build-essential")];
        let command = "apt-get install build-essential && rustup component add clippy";
        assert_eq!(cure(missing.iter()), command);
    }

    #[test]
    fn a_missing_program_and_a_missing_header_are_noticed() {
        assert!(!runs("no-such-program-here", &[]));
        assert!(!has_header("no/such/header.h"));
        assert!(has_header("stdio.h"));
    }

    #[test]
    fn java_versions_are_read() {
        assert_eq!(java_version("openjdk version \"17.0.15\" 2025-04-15\n"), Some(17));
        assert_eq!(java_version("openjdk version \"26\" 2026-03-17\n"), Some(26));
        assert_eq!(java_version("java version \"1.8.0_411\"\n"), Some(1));
        assert_eq!(java_version("no Java here"), None);
    }
}
