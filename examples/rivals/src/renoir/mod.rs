//! The workloads as renoir streams.
//!
//! Words are counted in one fold on each thread before the tables are merged, as in renoir's own
//! fastest example; sums are folded by key on each thread before they are exchanged.

#[cfg(feature = "nexmark")]
mod nexmark;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use foldhash::fast::RandomState;
use renoir::{BatchMode, RuntimeConfig, StreamContext};

use crate::{
    Answer, Files, Result, Task, Work,
    generated::{Pairs, Records, Summary, digest_of_group, digest_of_sum},
    parts,
    shared::{Failures, Lines, SharedOutput, Texts, parse},
};

/// So many elements go from one thread to another at a time.
const BATCH: usize = 1024;

/// Does the task.
///
/// # Errors
/// When the input cannot be read or is wrong, or the output cannot be written.
pub fn renoir(task: &Task) -> Result<Answer> {
    let context = context(task.threads)?;
    match &task.work {
        Work::Wordcount(files) => wordcount(files, context, task.threads).map(|()| None),
        Work::EvenNumbers(files) => even_numbers(files, context, task.threads).map(|()| None),
        Work::SumUniform(count) => Ok(Some(sum(Pairs::uniform(), *count, context).into())),
        Work::SumZipf(count) => Ok(Some(sum(Pairs::zipf(), *count, context).into())),
        Work::Group(count) => Ok(Some(group(*count, context).into())),
        #[cfg(feature = "nexmark")]
        Work::Nexmark(query, count) => nexmark::run(query, *count, context, task.threads).map(Some),
        #[cfg(not(feature = "nexmark"))]
        work @ Work::Nexmark(..) => work.refused(),
    }
}

fn context(threads: usize) -> Result<StreamContext> {
    Ok(StreamContext::new(RuntimeConfig::local(threads as u64)?))
}

/// Gives each thread its share of the texts of a file.
fn texts(
    files: &Files,
    threads: usize,
    ends_piece: fn(u8) -> bool,
    failures: &Failures,
) -> Result<impl Fn(u64, u64) -> Texts<std::io::Take<std::fs::File>> + Clone + Send + use<>> {
    let mut shares: Vec<Vec<_>> = (0..threads).map(|_| Vec::new()).collect();
    for (n, part) in parts::of_file(&files.input, 16 * threads, ends_piece)?.into_iter().enumerate()
    {
        shares[n % threads].push(part);
    }
    let (shares, failures) = (Arc::new(Mutex::new(shares)), failures.clone());
    Ok(move |thread, _| {
        let mut shares = shares.lock().unwrap_or_else(PoisonError::into_inner);
        let share = shares.get_mut(thread as usize).map(std::mem::take).unwrap_or_default();
        Texts::of(share, ends_piece, &failures)
    })
}

type Counts = HashMap<String, u64, RandomState>;

fn wordcount(files: &Files, context: StreamContext, threads: usize) -> Result {
    let (failures, output) = (Failures::default(), SharedOutput::at(files.output.clone())?);
    let mut lines = Lines::new(&output, &failures);
    let texts = texts(files, threads, |byte| byte.is_ascii_whitespace(), &failures)?;
    context
        .stream_par_iter(texts)
        .fold_assoc(
            Counts::default(),
            |counts, text| count(counts, &text),
            |counts, more| {
                for (word, count) in more {
                    *counts.entry(word).or_default() += count;
                }
            },
        )
        .for_each(move |counts| counts.iter().for_each(|(word, count)| lines.count(word, *count)));
    context.execute_blocking();
    failures.check()?;
    output.finish()
}

fn count(counts: &mut Counts, text: &str) {
    for word in text.split_ascii_whitespace() {
        match counts.get_mut(word) {
            Some(count) => *count += 1,
            None => drop(counts.insert(word.to_owned(), 1)),
        }
    }
}

fn even_numbers(files: &Files, context: StreamContext, threads: usize) -> Result {
    let (failures, output) = (Failures::default(), SharedOutput::at(files.output.clone())?);
    let mut lines = Lines::new(&output, &failures);
    let [wrong, too_large] = [failures.clone(), failures.clone()];
    context
        .stream_par_iter(texts(files, threads, |byte| byte == b'\n', &failures)?)
        .flat_map(move |text| {
            let numbers = text.lines().map_while(|line| wrong.note(parse(line)));
            numbers.collect::<Vec<_>>()
        })
        .filter(|number| number % 2 == 0)
        .filter_map(move |number| {
            too_large.note(number.checked_mul(2).ok_or("twice this number overflows 64 bits"))
        })
        .for_each(move |number| lines.number(number));
    context.execute_blocking();
    failures.check()?;
    output.finish()
}

fn sum(pairs: Pairs, count: u64, context: StreamContext) -> Summary {
    let (totals, pairs) = (Totals::default(), Arc::new(pairs));
    let mut mine = totals.clone();
    context
        .stream_par_iter(0..count)
        .batch_mode(BatchMode::fixed(BATCH))
        .map(move |n| pairs.get(n))
        .group_by_fold(
            |(key, _)| *key,
            0,
            |sum: &mut u64, (_, number)| *sum += number,
            |sum, more| *sum += more,
        )
        .for_each(move |(key, sum)| mine.add(digest_of_sum(key, sum)));
    context.execute_blocking();
    totals.all()
}

fn group(count: u64, context: StreamContext) -> Summary {
    let (totals, records) = (Totals::default(), Arc::new(Records::default()));
    let mut mine = totals.clone();
    context
        .stream_par_iter(0..count)
        .batch_mode(BatchMode::fixed(BATCH))
        .map(move |n| {
            let (key, value) = records.get(n);
            (key, value.to_owned())
        })
        .group_by(|(key, _)| *key)
        .fold(Vec::new(), |values, (_, value)| values.push(value))
        .for_each(move |(key, values)| mine.add(digest_of_group(key, values)));
    context.execute_blocking();
    totals.all()
}

/// A summary that several threads add to, each to its own copy until it is done.
#[derive(Default)]
struct Totals {
    mine: Summary,
    all: Arc<Mutex<Summary>>,
}

impl Totals {
    fn add(&mut self, digest: u32) {
        self.mine.add(digest);
    }

    /// What all copies have that are gone.
    fn all(&self) -> Summary {
        *self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A copy begins empty: what is in one is added once.
impl Clone for Totals {
    fn clone(&self) -> Self {
        Self { mine: Summary::default(), all: Arc::clone(&self.all) }
    }
}

impl Drop for Totals {
    fn drop(&mut self) {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        *all = all.and(self.mine);
    }
}
