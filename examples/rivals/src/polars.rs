//! The workloads as polars queries, on its streaming engine.
//!
//! The columns are made beforehand, by as many threads; that is part of what is measured, since
//! polars reads from memory only what is all there.

use std::{env, thread};

use polars::prelude::{
    Column, DataFrame, Engine, Expr, IntoLazy, IntoSeries, NamedFrom, PlSmallStr, StringChunked,
    StringChunkedBuilder, UInt64Chunked, col, len,
};

use crate::{
    Answer, Files, Result, Task, Work,
    generated::{Pairs, Records, Summary, digest_of_group, digest_of_sum},
    parts,
    shared::{Failures, Lines, SharedOutput, Texts},
};

/// What polars learns its number of threads from; a program cannot set it for itself.
const THREADS: &str = "POLARS_MAX_THREADS";

/// Does the task.
///
/// # Errors
/// When the input cannot be read or is wrong, or the output cannot be written; and when polars has
/// another number of threads than was asked for.
pub fn polars(task: &Task) -> Result<Answer> {
    let threads = task.threads;
    if env::var(THREADS).ok() != Some(threads.to_string()) {
        return Err(format!("set {THREADS}={threads}").into());
    }
    match &task.work {
        Work::Wordcount(files) => wordcount(files, threads).map(|()| None),
        Work::SumUniform(count) => sums(&Pairs::uniform(), *count, threads),
        Work::SumZipf(count) => sums(&Pairs::zipf(), *count, threads),
        Work::Group(count) => groups(*count, threads),
        work @ (Work::EvenNumbers(_) | Work::Nexmark(..)) => work.refused(),
    }
}

/// Makes a part of a table on each thread, and appends them.
fn table(threads: usize, make: impl Fn(usize) -> Result<Vec<Column>> + Sync) -> Result<DataFrame> {
    let parts: Vec<_> = thread::scope(|scope| {
        let make = &make;
        let threads: Vec<_> = (0..threads).map(|n| scope.spawn(move || make(n))).collect();
        threads.into_iter().map(thread::ScopedJoinHandle::join).collect()
    });
    let mut table: Option<DataFrame> = None;
    for part in parts {
        let part = part.map_err(|_| "a thread has panicked")??;
        let part = DataFrame::new_infer_height(part)?;
        match &mut table {
            Some(table) => drop(table.vstack_mut(&part)?),
            None => table = Some(part),
        }
    }
    table.ok_or_else(|| "no threads".into())
}

/// Groups a table by `key`.
fn group(table: DataFrame, key: &str, aggregate: Expr) -> Result<DataFrame> {
    let query = table.lazy().group_by([col(key)]).agg([aggregate]);
    Ok(query.collect_with_engine(Engine::Streaming)?.unwrap_single())
}

fn share(n: usize, threads: usize, count: u64) -> std::ops::Range<u64> {
    let (n, threads) = (n as u64, threads as u64);
    count * n / threads..count * (n + 1) / threads
}

fn wordcount(files: &Files, threads: usize) -> Result {
    let (failures, output) = (Failures::default(), SharedOutput::at(files.output.clone())?);
    let is_space = |byte: u8| byte.is_ascii_whitespace();
    let words = table(threads, |n| {
        let parts = parts::of_file(&files.input, threads, is_space)?;
        let mut words = StringChunkedBuilder::new(PlSmallStr::from_static("word"), 0);
        let mine = parts.into_iter().skip(n).step_by(threads);
        for text in Texts::of(mine, is_space, &failures) {
            text.split_ascii_whitespace().for_each(|word| words.append_value(word));
        }
        Ok(vec![words.finish().into_series().into()])
    })?;
    let counts = group(words, "word", len())?;
    let mut lines = Lines::new(&output, &failures);
    let (words, counts) = (counts.column("word")?.str()?, counts.column("len")?.u32()?);
    for (word, count) in words.iter().zip(counts.iter()) {
        lines.count(word.ok_or("a word is null")?, count.ok_or("a count is null")?.into());
    }
    drop(lines);
    failures.check()?;
    output.finish()
}

fn sums(pairs: &Pairs, count: u64, threads: usize) -> Result<Answer> {
    let table = table(threads, |n| {
        let pairs = share(n, threads, count).map(|n| pairs.get(n));
        let (keys, numbers): (Vec<_>, Vec<_>) = pairs.unzip();
        let column = |name, values| UInt64Chunked::from_vec(PlSmallStr::from_static(name), values);
        Ok(vec![
            column("key", keys).into_series().into(),
            column("number", numbers).into_series().into(),
        ])
    })?;
    let sums = group(table, "key", col("number").sum())?;
    let (keys, sums) = (sums.column("key")?.u64()?, sums.column("number")?.u64()?);
    let mut summary = Summary::default();
    for (key, sum) in keys.iter().zip(sums.iter()) {
        summary.add(digest_of_sum(key.ok_or("a key is null")?, sum.ok_or("a sum is null")?));
    }
    Ok(Some(summary.into()))
}

fn groups(count: u64, threads: usize) -> Result<Answer> {
    let records = Records::default();
    let table = table(threads, |n| {
        let records = share(n, threads, count).map(|n| records.get(n));
        let (keys, values): (Vec<_>, Vec<_>) = records.unzip();
        let keys = UInt64Chunked::from_vec(PlSmallStr::from_static("key"), keys);
        let values = StringChunked::new(PlSmallStr::from_static("value"), values);
        Ok(vec![keys.into_series().into(), values.into_series().into()])
    })?;
    let groups = group(table, "key", col("value"))?;
    let (keys, values) = (groups.column("key")?.u64()?, groups.column("value")?.list()?);
    let mut summary = Summary::default();
    for (key, values) in keys.iter().zip(values.amortized_iter()) {
        let values = values.ok_or("a group is null")?;
        summary.add(digest_of_group(
            key.ok_or("a key is null")?,
            values.as_ref().str()?.iter().flatten(),
        ));
    }
    Ok(Some(summary.into()))
}
