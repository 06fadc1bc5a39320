//! What one process uses, with all that it starts.

use std::{
    fmt,
    fs::{self, File},
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use nix::{
    errno::Errno,
    sys::{
        prctl,
        resource::{UsageWho, getrusage},
        signal::{Signal, killpg},
        time::TimeValLike,
        wait::{WaitPidFlag, WaitStatus, waitpid},
    },
    unistd::Pid,
};

use crate::{
    failure::{Failure, Outcome},
    process,
};

use super::tree::{self, Tree};

/// So exact is the wall time; a look at the child takes some microseconds.
const WAIT_EVERY: Duration = Duration::from_millis(1);
/// Memory is looked at every so many waits: the look takes time from the child's processors.
const WAITS_A_LOOK: u64 = 10;
/// But at each of so many first ones: else what ends soon would be seen before it took any.
const FIRST_LOOKS: u64 = 20;
/// How long processes may go on after the one that started them.
const GRACE: Duration = Duration::from_secs(5);

/// From the start of a process to its end.
#[derive(Clone, Copy)]
pub(super) struct Usage {
    pub(super) wall: Duration,
    /// User and system time of all processes.
    pub(super) cpu: Duration,
    /// The sum of the processes' maxima.
    pub(super) peak_kib: u64,
}

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (wall, cpu) = (self.wall.as_secs_f64(), self.cpu.as_secs_f64());
        write!(f, "{wall:.3} s, {cpu:.3} s of CPU, {} MiB", self.peak_kib >> 10)
    }
}

/// Runs `command` to its end; gives what it printed too. What it prints as errors goes into the
/// failure if it fails. Both go through files in `folder`.
///
/// Nothing else may be started meanwhile: the system counts the time of all children together.
pub(super) fn run(command: &mut Command, folder: &Path) -> Outcome<(Usage, String)> {
    tree::check()?;
    // What a process leaves behind becomes our child, so that its time is counted too; and the
    // group tells it from other children.
    prctl::set_child_subreaper(true).map_err(|error| refused("prctl", error))?;
    let [printed, errors] = ["stdout.txt", "stderr.txt"].map(|name| folder.join(name));
    let stdout = File::create(&printed).map_err(Failure::at(&printed))?;
    let stderr = File::create(&errors).map_err(Failure::at(&errors))?;
    command.stdin(Stdio::null()).stdout(stdout).stderr(stderr).process_group(0);
    let cpu_before = cpu_of_children()?;
    let begin = Instant::now();
    let mut child = process::spawn(command)?;
    let mut tree = Tree::of(child.id());
    let status = watch(&mut child, &mut tree);
    let wall = begin.elapsed();
    // Also after a failure, which says more than what it left behind.
    let reaped = reap(Pid::from_raw(child.id().cast_signed()));
    let status = status?;
    if !status.success() {
        let text = fs::read_to_string(&errors).map_err(Failure::at(&errors))?;
        return Err(Failure::new(format!("{}:\n{}", process::ended(command, status), text.trim())));
    }
    reaped?;
    let usage = Usage { wall, cpu: cpu_of_children()? - cpu_before, peak_kib: tree.peak_kib() };
    Ok((usage, fs::read_to_string(&printed).map_err(Failure::at(&printed))?))
}

/// Looks at `tree` at once and from time to time, until `child` has ended.
fn watch(child: &mut Child, tree: &mut Tree) -> Outcome<ExitStatus> {
    let is_to_look = |wait: u64| wait < FIRST_LOOKS || wait.is_multiple_of(WAITS_A_LOOK);
    let mut waits = 0..;
    loop {
        if let Some(status) = process::look(child)? {
            return Ok(status);
        }
        if waits.next().is_some_and(is_to_look) {
            tree.look();
        }
        thread::sleep(WAIT_EVERY);
    }
}

/// Waits for all that a process of `group` has left behind.
fn reap(group: Pid) -> Outcome {
    let (deadline, any) = (Instant::now() + GRACE, Pid::from_raw(-group.as_raw()));
    loop {
        match waitpid(any, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::StillAlive) if Instant::now() < deadline => thread::sleep(WAIT_EVERY),
            Ok(WaitStatus::StillAlive) => {
                killpg(group, Signal::SIGKILL).map_err(|error| refused("killpg", error))?;
                return Err(Failure::new("it left processes behind that did not end"));
            }
            Ok(_) => {}
            Err(Errno::ECHILD) => return Ok(()),
            Err(error) => return Err(refused("waitpid", error)),
        }
    }
}

/// The time of all children, and of theirs, that were waited for.
fn cpu_of_children() -> Outcome<Duration> {
    let usage =
        getrusage(UsageWho::RUSAGE_CHILDREN).map_err(|error| refused("getrusage", error))?;
    let time = usage.user_time() + usage.system_time();
    Ok(Duration::from_micros(time.num_microseconds().unsigned_abs()))
}

fn refused(call: &str, error: Errno) -> Failure {
    Failure::new(format!("`{call}`: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The shell counts to `$1`: it takes time without sleeping.
    const COUNT: &str = "count() { i=0; while [ $i -lt $1 ]; do i=$((i+1)); done; }; ";

    fn shell(script: &str, folder: &Path) -> Outcome<(Usage, String)> {
        let script = [COUNT, script].concat();
        run(Command::new("sh").args(["-c", &script]).current_dir(folder), folder)
    }

    #[test]
    fn time_and_memory_are_measured() {
        let folder = tempfile::tempdir().unwrap();
        let (usage, printed) = shell("count 400000; echo done", folder.path()).unwrap();
        assert_eq!(printed, "done\n");
        assert!(usage.wall > WAIT_EVERY && usage.cpu > WAIT_EVERY);
        assert!(usage.peak_kib > 500);
    }

    #[test]
    fn what_a_process_leaves_behind_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        shell("(count 200000; echo > done) & count 20000", folder.path()).unwrap();
        assert!(folder.path().join("done").exists());
    }

    #[test]
    fn a_failure_shows_what_was_printed() {
        let folder = tempfile::tempdir().unwrap();
        let failure = run(Command::new("ls").arg("no-such-file"), folder.path()).err().unwrap();
        let text = failure.to_string();
        assert!(text.starts_with("`ls no-such-file` ended with exit status: 2:\nls: "), "{text}");
    }
}
