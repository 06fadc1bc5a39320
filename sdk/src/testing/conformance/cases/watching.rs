//! Files that appear while a job runs.

use std::time::Duration;

use crate::element::Text;
use crate::error::BoxError;
use crate::exec::{Context, DoFn};
use crate::io;
use crate::io::files::Until;
use crate::pipeline::Pipeline;
use crate::testing::conformance::Ending;
use crate::testing::conformance::metrics::counter;
use crate::testing::conformance::shared::Files;

list!(Streaming: ; sharing: files_that_appear_are_read_once);

/// Counts lines, and writes another file when it has seen that of the one before.
#[derive(Clone)]
struct WriteNext {
    files: Files,
}

impl DoFn for WriteNext {
    type In = Text;
    type Out = ();

    fn process(&mut self, line: Text, cx: &mut Context<()>) -> Result<(), BoxError> {
        cx.count(&format!("line {}", &*line), 1);
        match &*line {
            "first" => self.files.write("b.txt", "second\n"),
            "second" => self.files.write("c.txt", "third\n"),
            _ => Ok(()),
        }
    }
}

fn files_that_appear_are_read_once(p: &Pipeline) -> Ending {
    let files = Files::of(p);
    let first = files.clone();
    let _ = p.create([0i64]).try_map(move |n| first.write("a.txt", "first\n").map(|()| n));
    let watch = io::files::watch(files.path("*.txt"), Duration::from_millis(20), Until::Drained);
    let lines = p.apply(watch).apply(io::text::read_all());
    let _ = lines.par_do(WriteNext { files: files.clone() });
    Ending::drained_when(|metrics| counter(metrics, "line third") > 0).and(move |metrics| {
        files.remove()?;
        let count = |line: &str| counter(metrics, &format!("line {line}"));
        match [count("first"), count("second"), count("third")] {
            [1, 1, 1] => Ok(()),
            counts => Err(format!("the lines were read {counts:?} times")),
        }
    })
}
