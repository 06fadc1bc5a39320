//! The programs that Purlin is measured against: what an expert would write for one job, by hand.
//!
//! One thread, safe code, the system's allocator. They keep the contract of the examples that they
//! rival: the same input and output, UTF-8 checked, and no output where the input is wrong. They
//! do nothing else, and that is the point: the distance to them is the price of a pipeline.
//!
//! `blocks` reads, `words`, `key` and `counts` are wordcount; `integers` and `decimal` are
//! even_numbers; `output` writes for both. `plain` is both once more, without any art.

mod blocks;
mod counts;
mod decimal;
mod error;
mod even_numbers;
mod integers;
mod key;
mod output;
mod plain;
mod wordcount;
mod words;

pub use error::{Error, Result, run};
pub use even_numbers::even_numbers;
pub use plain::{plain_even_numbers, plain_wordcount};
pub use wordcount::wordcount;
