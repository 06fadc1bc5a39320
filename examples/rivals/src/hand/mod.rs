//! The programs that an expert would write for one job, by hand, on any number of threads.
//!
//! Safe code. They keep the contract of the examples that they rival: the same input and output,
//! UTF-8 checked, and no output where the input is wrong. They do nothing else, and that is the
//! point: the distance to them is the price of a pipeline.
//!
//! `blocks` reads, `words`, `key` and `counts` are wordcount; `integers` and `decimal` are
//! even_numbers; `sum` and `group` with its `arena` are the others; `workers` are the threads.

mod arena;
pub(crate) mod blocks;
mod counts;
mod decimal;
mod even_numbers;
mod group;
mod integers;
mod key;
mod sum;
mod wordcount;
mod words;
mod workers;

use crate::{
    Answer, Result, Task, Work,
    generated::{Pairs, Records},
};

use workers::Workers;

/// Does the task.
///
/// # Errors
/// When the input cannot be read or is wrong, or the output cannot be written.
pub fn hand(task: &Task) -> Result<Answer> {
    let workers = Workers::new(task.threads)?;
    match &task.work {
        Work::Wordcount(files) => wordcount::run(files, &workers).map(|()| None),
        Work::EvenNumbers(files) => even_numbers::run(files, &workers).map(|()| None),
        Work::SumUniform(count) => Ok(Some(sum::run(&Pairs::uniform(), *count, &workers).into())),
        Work::SumZipf(count) => Ok(Some(sum::run(&Pairs::zipf(), *count, &workers).into())),
        Work::Group(count) => {
            group::run(&Records::default(), *count, &workers).map(|summary| Some(summary.into()))
        }
        work @ Work::Nexmark(..) => work.refused(),
    }
}
