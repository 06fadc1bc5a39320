//! Runs other programs.

use std::{
    io,
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::Duration,
};

use crate::{
    failure::{Failure, Outcome},
    interrupt,
};

const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Runs `command` to its end; what it prints is seen as it comes.
pub(crate) fn stream(command: &mut Command) -> Outcome {
    let mut child = spawn(command.stdin(Stdio::null()))?;
    let status = wait(&mut child)?;
    if status.success() { Ok(()) } else { Err(ended(command, status)) }
}

/// Starts `command`. The caller waits for it with [`look`].
pub(crate) fn spawn(command: &mut Command) -> Outcome<Child> {
    command.spawn().map_err(|error| not_started(command, &error))
}

/// How `child` ended, if it has. A signal to this program ends the child and fails.
pub(crate) fn look(child: &mut Child) -> Outcome<Option<ExitStatus>> {
    let lost = |error: io::Error| Failure::new(format!("waiting for a child process: {error}"));
    if let Some(status) = child.try_wait().map_err(lost)? {
        interrupt::check()?;
        return Ok(Some(status));
    }
    if let Err(interrupted) = interrupt::check() {
        signal(child.id(), "TERM")?;
        child.wait().map_err(lost)?;
        return Err(interrupted);
    }
    Ok(None)
}

/// Runs `command` to its end and returns its standard output.
pub(crate) fn capture(command: &mut Command) -> Outcome<String> {
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| not_started(command, &error))?;
    if !output.status.success() {
        return Err(ended(command, output.status));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Whether `command` can be started and ends well. What it prints is not shown.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// The cargo that runs this program.
pub(crate) fn cargo() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(crate::workspace::root());
    cargo
}

/// Sends `signal` (`TERM`, `KILL`) to the process `pid`.
pub(crate) fn signal(pid: u32, signal: &str) -> Outcome {
    let mut kill = Command::new("kill");
    kill.arg(format!("-{signal}")).arg(pid.to_string());
    // A process that has just ended is what was wanted: kill's complaint is of no interest.
    kill.stderr(Stdio::null());
    kill.status().map(drop).map_err(|error| not_started(&kill, &error))
}

/// Looks again and again instead of sleeping in `wait`: only so does a signal reach the child, and
/// only its parent can know that the pid is still its own.
fn wait(child: &mut Child) -> Outcome<ExitStatus> {
    loop {
        if let Some(status) = look(child)? {
            return Ok(status);
        }
        thread::sleep(LOOK_EVERY);
    }
}

fn not_started(command: &Command, error: &io::Error) -> Failure {
    Failure::new(format!("`{}` does not start: {error}", spelled(command)))
}

/// The failure of a command that has ended badly.
pub(crate) fn ended(command: &Command, status: ExitStatus) -> Failure {
    Failure::new(format!("`{}` ended with {status}", spelled(command)))
}

/// The command as one would type it, without the folder of the program.
fn spelled(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program());
    let name = program.file_name().unwrap_or(program.as_os_str());
    let words = std::iter::once(name).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_fails_is_named_with_its_arguments() {
        let failure = stream(Command::new("sh").args(["-c", "exit 3"])).unwrap_err();
        assert_eq!(failure.to_string(), "`sh -c exit 3` ended with exit status: 3");
    }

    #[test]
    fn a_missing_program_is_a_failure() {
        let failure = capture(&mut Command::new("no-such-program-here")).unwrap_err();
        assert!(failure.to_string().starts_with("`no-such-program-here` does not start"));
    }

    #[test]
    fn standard_output_is_returned() {
        assert_eq!(capture(Command::new("echo").arg("hello")).unwrap(), "hello\n");
    }
}
