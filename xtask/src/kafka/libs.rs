//! The jars of a broker, resolved by Maven once.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    failure::{Failure, Outcome},
    process, workspace,
};

/// The copy of the pom that says what a complete folder was made from.
const MADE_FROM: &str = "made-from.xml";

/// The class path of a broker; the first call downloads it.
pub(super) fn resolve() -> Outcome<String> {
    let libs = workspace::target("kafka/libs");
    let pom = source("pom.xml");
    let wanted = fs::read(&pom).map_err(Failure::at(&pom))?;
    if fs::read(libs.join(MADE_FROM)).ok().as_ref() != Some(&wanted) {
        eprintln!("resolving Kafka with Maven into target/kafka/libs");
        download(&pom, &libs)?;
        fs::write(libs.join(MADE_FROM), wanted).map_err(Failure::at(&libs))?;
    }
    Ok(format!("{}/*", libs.display()))
}

/// A file beside the pom.
pub(super) fn source(name: &str) -> PathBuf {
    workspace::root().join("xtask/kafka").join(name)
}

fn download(pom: &Path, libs: &Path) -> Outcome {
    if libs.exists() {
        fs::remove_dir_all(libs).map_err(Failure::at(libs))?;
    }
    let mut maven = Command::new("mvn");
    maven.args(["--batch-mode", "--quiet", "--file"]).arg(pom);
    maven.args(["dependency:copy-dependencies", "-DincludeScope=runtime"]);
    maven.arg(format!("-DoutputDirectory={}", libs.display()));
    // Even a quiet Maven writes terminal codes, and the last line here has to be the address.
    maven.stdout(io::stderr());
    process::stream(&mut maven)
        .map_err(|failure| failure.help("Maven needs the network the first time"))
}
