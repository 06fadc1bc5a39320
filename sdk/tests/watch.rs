//! Watching for files.

use std::fs;
use std::time::Duration;

use purlin_runner_direct::DirectRunner;
use purlin_sdk::io::files::Until;
use purlin_sdk::{BoxError, Context, DoFn, Pipeline, Text, io};

/// Counts lines, and writes another file when it has seen the first.
#[derive(Clone)]
struct Count {
    next: String,
}

impl DoFn for Count {
    type In = Text;
    type Out = ();

    fn process(&mut self, line: Text, cx: &mut Context<()>) -> Result<(), BoxError> {
        cx.count(&format!("line {}", &*line), 1);
        if &*line == "first" {
            fs::write(format!("{}.part", self.next), "second\n")?;
            fs::rename(format!("{}.part", self.next), &self.next)?;
        }
        Ok(())
    }
}

#[test]
fn files_that_are_there_and_files_that_appear_are_read_once() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    fs::write(at("a.txt"), "first\n").unwrap();
    let p = Pipeline::new();
    let until = Until::After(Duration::from_millis(1500));
    let files = p.apply(io::files::watch(at("*.txt"), Duration::from_millis(50), until));
    let lines = files.apply(io::text::read_all());
    let _ = lines.par_do(Count { next: at("b.txt") });
    let finished = p.run_with(&DirectRunner::default()).unwrap();
    let mut counted: Vec<_> = finished
        .metrics
        .iter()
        .filter(|((_, name), _)| name.starts_with("line "))
        .map(|((_, name), value)| (name.as_str(), value.as_counter()))
        .collect();
    counted.sort_unstable();
    assert_eq!(counted, [("line first", Some(1)), ("line second", Some(1))]);
}
