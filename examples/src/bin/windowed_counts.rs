//! Teaches event time and windows: page views per page and minute.
//!
//! Each line is `SECONDS PAGE`. The time in the line, not the order of lines, decides the window.
//!
//! ```text
//! cargo run -p examples --bin windowed_counts -- --input examples/data/views.txt --output /tmp/per_minute.txt
//! ```

use std::time::Duration;

use purlin::prelude::*;

const USAGE: &str = "\
Counts page views per page and minute.

  --input=PATTERN   the files to read: a line `SECONDS PAGE` for each view
  --output=PATH     the file to write: `[START, END) PAGE: COUNT`";

#[derive(Clone, Element)]
struct View {
    seconds: i64,
    page: String,
}

fn parse(line: &str) -> Result<View, BoxError> {
    let (seconds, page) = line.split_once(' ').ok_or("a view is `SECONDS PAGE`")?;
    Ok(View { seconds: seconds.parse()?, page: page.to_owned() })
}

/// Adds the window to each count: inside a DoFn the context knows it.
#[derive(Clone)]
struct ShowWindow;

impl DoFn for ShowWindow {
    type In = (String, u64);
    type Out = String;

    fn process(
        &mut self,
        (page, count): (String, u64),
        cx: &mut Context<String>,
    ) -> Result<(), BoxError> {
        let Window::Interval(minute) = cx.window() else {
            return Err("the counts are windowed by minute".into());
        };
        let (start, end) = (minute.start.millis() / 1000, minute.end.millis() / 1000);
        cx.output(format!("[{start}, {end}) {page}: {count}"));
        Ok(())
    }
}

fn main() -> purlin::Result<()> {
    let p = Pipeline::from_args_or_help(USAGE)?;
    let (input, output) = (p.options().required("input")?, p.options().required("output")?);
    p.apply(io::text::read(input))
        .try_map(|line| parse(&line))
        .named("Parse")
        .with_timestamps(|view| Timestamp(view.seconds * 1000))
        .map(|view| view.page)
        .window_into(FixedWindows::of(Duration::from_secs(60)))
        .count_per_element()
        .par_do(ShowWindow)
        .window_into(GlobalWindows)
        .apply(io::text::write(output).without_sharding());
    p.run()?;
    Ok(())
}
