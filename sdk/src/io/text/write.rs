//! Writing text files.

use std::marker::PhantomData;
use std::sync::Arc;

use super::text_line::TextLine;
use crate::element::Element;
use crate::error::{BoxError, Place};
use crate::exec::{Context, DoFn, Grouped};
use crate::io::files::{Folder, Part, PartWriter, Sharding, Target, publish};
use crate::pcollection::PCollection;
use crate::transforms::PTransform;
use crate::window::GlobalWindows;

/// How much is written at a time, shared among the shards of a bundle.
const BUFFER_BYTES: usize = 1 << 20;
/// The least that is written at a time to one of many shards.
const LEAST_BUFFER_BYTES: usize = 16 << 10;

/// `PCollection<T> → Written`: writes each element as a line of text, to files
/// `PREFIX-SSSSS-of-NNNNN`.
///
/// Directories that do not exist are made. The files appear together when all is written: a run
/// that fails or is cancelled leaves none, and files of the same names are replaced. The collection
/// must be bounded; its order is not kept, and neither are its windows. A line feed in an element is
/// written as it is.
///
/// ```
/// # use purlin_sdk::{Pipeline, io};
/// let p = Pipeline::new();
/// p.create([1i64, 2, 3]).apply(io::text::write("out/numbers").suffix(".txt"));
/// ```
pub fn write<T: TextLine>(prefix: impl Into<String>) -> Write<T> {
    // An element is known to be a line here, so that the compiler can say that it is none: at
    // `apply` it would only say that this is no transform.
    Write::of_lines(prefix.into(), |value, out| {
        value.write_line(out);
        Ok(())
    })
}

/// A write of elements of type `T` to files of a line for each, as [`write()`] and
/// [`json::write`](crate::io::json::write) make it.
#[must_use = "a write has no effect until it is applied"]
#[derive(Clone, Debug)]
pub struct Write<T> {
    target: Target,
    format: Format<T>,
}

impl<T> Write<T> {
    /// A write of lines that `format` makes.
    pub(in crate::io) fn of_lines(prefix: String, format: Format<T>) -> Self {
        Self { target: Target::new(prefix), format }
    }

    /// Ends the names of the files in this.
    pub fn suffix(mut self, suffix: impl Into<String>) -> Self {
        self.target.suffix = suffix.into();
        self
    }

    /// Writes one file, which has exactly the given name.
    pub fn without_sharding(mut self) -> Self {
        self.target.sharding = Sharding::Single;
        self
    }

    /// Writes so many files, at least 1. Without this, the runner decides.
    pub fn num_shards(mut self, count: u32) -> Self {
        self.target.sharding = Sharding::Fixed(count.max(1));
        self
    }
}

impl<T: Element> PTransform<PCollection<T>> for Write<T> {
    type Output = Written;
    const IS_WHOLE: bool = true;

    fn expand(self, input: PCollection<T>) -> Written {
        write_lines(&input, self.target, self.format)
    }
}

/// What a write made.
#[derive(Clone)]
pub struct Written {
    files: PCollection<String>,
}

impl Written {
    /// The names of the files, once they are complete.
    pub fn files(&self) -> PCollection<String> {
        self.files.clone()
    }

    /// Names the step.
    pub fn named(self, name: &str) -> Self {
        Self { files: self.files.named(name) }
    }
}

/// Appends an element as a line, without a line end.
pub(in crate::io) type Format<T> = fn(&T, &mut Vec<u8>) -> Result<(), BoxError>;

/// Adds the steps of a write.
///
/// Each bundle writes to temporary files and sends on their names, which the last step receives as
/// one group. A constant element goes there as well, so that there is a group even without input.
fn write_lines<T: Element>(input: &PCollection<T>, target: Target, format: Format<T>) -> Written {
    let pipeline = input.pipeline();
    let place = pipeline.graph.borrow().scope_place().unwrap_or_else(Place::caller);
    if !input.is_bounded() {
        let message = format!("`{}` cannot take an unbounded collection", target.pattern());
        let help = "write it to a stream, or bound what is read from the source";
        pipeline.graph.borrow_mut().mistake(message, place, help);
        return Written { files: pipeline.create([]) };
    }
    if input.refuse_retractions() {
        return Written { files: pipeline.create([]) };
    }
    let folder = Folder::new(&target);
    let at_end = Arc::clone(&folder);
    pipeline.graph.borrow_mut().at_end.push(Arc::new(move || at_end.close()));
    let target = Arc::new(target);
    let start = pipeline.create([target.pattern()]);
    let prepare = Prepare { target: Arc::clone(&target) };
    let prepared = start.par_do_named("Prepare", place.clone(), prepare);
    let bundles = WriteBundle::new(Arc::clone(&target), Arc::clone(&folder), format);
    let parts = input.par_do_named("WriteBundle", place.clone(), bundles);
    let publish = Publish { target, folder };
    let all = parts.window_into(GlobalWindows).flatten_with([prepared.main()]);
    let all = all.key_by(|_| 0u8).group_by_key();
    Written { files: all.par_do_named("Publish", place, publish).main() }
}

/// Finds out, before anything is written, whether it can be.
#[derive(Clone)]
struct Prepare {
    target: Arc<Target>,
}

impl DoFn for Prepare {
    type In = String;
    type Out = Part;

    fn process(&mut self, _: String, cx: &mut Context<Part>) -> Result<(), BoxError> {
        self.target.prepare()?;
        cx.output(Part::default());
        Ok(())
    }
}

/// Writes the elements of a bundle to temporary files, for each shard to another.
struct WriteBundle<T> {
    target: Arc<Target>,
    folder: Arc<Folder>,
    format: Format<T>,
    shards: Vec<PartWriter>,
    buffer_bytes: usize,
    /// The shard of the next element.
    next: usize,
    element: PhantomData<fn(T)>,
}

impl<T> WriteBundle<T> {
    fn new(target: Arc<Target>, folder: Arc<Folder>, format: Format<T>) -> Self {
        let shards: Vec<_> = match target.sharding {
            Sharding::Fixed(count) => (0..count).map(PartWriter::joined).collect(),
            Sharding::Single => vec![PartWriter::joined(0)],
            Sharding::ByRunner => vec![PartWriter::apart()],
        };
        let buffer_bytes = (BUFFER_BYTES / shards.len().max(1)).max(LEAST_BUFFER_BYTES);
        Self { target, folder, format, shards, buffer_bytes, next: 0, element: PhantomData }
    }

    fn discard(&mut self) {
        self.shards.iter_mut().for_each(PartWriter::discard);
    }
}

impl<T> Clone for WriteBundle<T> {
    fn clone(&self) -> Self {
        Self::new(Arc::clone(&self.target), Arc::clone(&self.folder), self.format)
    }
}

impl<T: Element> DoFn for WriteBundle<T> {
    type In = T;
    type Out = Part;

    fn start_bundle(&mut self, _: &mut Context<Part>) -> Result<(), BoxError> {
        self.discard();
        Ok(())
    }

    #[inline]
    fn process(&mut self, element: T, _: &mut Context<Part>) -> Result<(), BoxError> {
        let shard = &mut self.shards[self.next];
        (self.format)(&element, &mut shard.buffer)?;
        shard.buffer.push(b'\n');
        if shard.buffer.len() >= self.buffer_bytes {
            shard.flush(&self.folder)?;
        }
        self.next = if self.next + 1 < self.shards.len() { self.next + 1 } else { 0 };
        Ok(())
    }

    fn finish_bundle(&mut self, cx: &mut Context<Part>) -> Result<(), BoxError> {
        for writer in &mut self.shards {
            if let Some(part) = writer.finish(&self.folder)? {
                cx.output(part);
            }
        }
        Ok(())
    }

    fn teardown(&mut self) {
        self.discard();
    }
}

/// Gives all temporary files their final names.
#[derive(Clone)]
struct Publish {
    target: Arc<Target>,
    folder: Arc<Folder>,
}

impl DoFn for Publish {
    type In = (u8, Grouped<Part>);
    type Out = String;

    fn process(
        &mut self,
        (_, parts): (u8, Grouped<Part>),
        cx: &mut Context<String>,
    ) -> Result<(), BoxError> {
        let parts = parts.into_iter().filter(|(_, path, _)| !path.is_empty()).collect();
        cx.output_all(publish(&self.target, &self.folder, parts)?);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Pipeline;

    #[test]
    fn an_unbounded_collection_is_refused_before_the_start() {
        let p = Pipeline::new();
        let numbers = p.create([1i64]);
        p.graph.borrow_mut().collections[numbers.id.0].is_bounded = false;
        numbers.apply(write("out").num_shards(2));
        let error = p.seal().err().unwrap().to_string();
        let expected = "error: `out-SSSSS-of-00002` cannot take an unbounded collection\n  at: ";
        assert!(error.contains(expected), "{error}");
        assert!(error.contains("\n  help: write it to a stream"), "{error}");
    }
}
