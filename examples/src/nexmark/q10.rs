//! Query 10, log to sharded files: all events, as lines of local files.
//!
//! Events are in fixed windows of 10 seconds. At the end of a window, each of its shards is written
//! to a file, and then an index of the shards: who sees the index sees the whole window. A file
//! appears with its whole content, and a bundle that is tried again writes the same once more.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use purlin::prelude::*;

use super::model::Event;
use super::window_end::with_window_end;

/// Into how many files a window is divided.
pub const SHARDS: i64 = 4;

/// `PCollection<Event> → PCollection<(Timestamp, u64)>`: writes files `START/shard-N` and
/// `START/index` in a directory, START being the first millisecond of a window. Gives the end of
/// each window that was written, with how many events it has.
#[derive(Clone, Debug)]
#[must_use = "it has no effect until it is applied"]
pub struct LogToShardedFiles {
    directory: PathBuf,
}

impl LogToShardedFiles {
    /// Writes to this directory.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self { directory: directory.into() }
    }
}

impl PTransform<PCollection<Event>> for LogToShardedFiles {
    type Output = PCollection<(Timestamp, u64)>;

    fn expand(self, events: PCollection<Event>) -> Self::Output {
        let windowed = events.window_into(FixedWindows::of(Duration::from_secs(10)));
        let shards = windowed.map(|event| (shard(&event), line(&event))).group_by_key();
        let shards = shards.par_do(WriteShard { directory: self.directory.clone() });
        let written = shards.with_key(0u8).group_by_key();
        with_window_end(&written.par_do(WriteIndex { directory: self.directory }))
    }
}

fn shard(event: &Event) -> i64 {
    let id = match event {
        Event::Person(person) => person.id,
        Event::Auction(auction) => auction.id,
        Event::Bid(bid) => bid.auction,
    };
    id % SHARDS
}

fn line(event: &Event) -> String {
    let at = event.timestamp().millis();
    match event {
        Event::Person(p) => format!("{at} person {} {}, {}", p.id, p.name, p.city),
        Event::Auction(a) => format!("{at} auction {} {} by {}", a.id, a.item_name, a.seller),
        Event::Bid(b) => format!("{at} bid {} {} by {}", b.auction, b.price, b.bidder),
    }
}

/// Writes a file in the directory of a window, all at once.
fn publish<O: Element>(
    directory: &Path,
    cx: &Context<O>,
    name: &str,
    text: &str,
) -> Result<(), BoxError> {
    let window = cx.window().as_interval().ok_or("the events are in intervals")?;
    let directory = directory.join(window.start.millis().to_string());
    fs::create_dir_all(&directory)?;
    let part = directory.join(format!("{name}.part"));
    fs::write(&part, text)?;
    Ok(fs::rename(part, directory.join(name))?)
}

#[derive(Clone)]
struct WriteShard {
    directory: PathBuf,
}

impl DoFn for WriteShard {
    type In = (i64, Grouped<String>);
    type Out = (i64, u64);

    fn process(
        &mut self,
        (shard, lines): Self::In,
        cx: &mut Context<Self::Out>,
    ) -> Result<(), BoxError> {
        let (mut text, mut count) = (String::new(), 0);
        for line in lines {
            text.push_str(&line);
            text.push('\n');
            count += 1;
        }
        publish(&self.directory, cx, &format!("shard-{shard}"), &text)?;
        cx.output((shard, count));
        Ok(())
    }
}

#[derive(Clone)]
struct WriteIndex {
    directory: PathBuf,
}

impl DoFn for WriteIndex {
    type In = (u8, Grouped<(i64, u64)>);
    type Out = u64;

    fn process(&mut self, (_, shards): Self::In, cx: &mut Context<u64>) -> Result<(), BoxError> {
        let mut shards: Vec<_> = shards.into_iter().collect();
        shards.sort_unstable();
        let mut text = String::new();
        for (shard, count) in &shards {
            writeln!(text, "shard-{shard} {count}")?;
        }
        publish(&self.directory, cx, "index", &text)?;
        cx.output(shards.iter().map(|(_, count)| count).sum());
        Ok(())
    }
}
