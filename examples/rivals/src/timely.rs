//! The workloads as timely dataflows.
//!
//! Words are counted where they are read before counts are exchanged; what is added up or grouped
//! is exchanged by key, and the operator behind is a hash table.

use std::{cell::RefCell, collections::HashMap, hash::Hash, ops::Range, rc::Rc};

use foldhash::fast::FixedState;
use timely::{
    Config,
    container::CapacityContainerBuilder,
    dataflow::{
        Scope, StreamVec,
        channels::pact::{Exchange, Pipeline},
        operators::{
            ToStream,
            generic::operator::{Operator, source},
            vec::{Filter, Map},
        },
    },
    worker::Worker,
};

use crate::{
    Answer, Files, Result, Task, Work,
    generated::{Pairs, Records, Summary, digest_of_group, digest_of_sum, mix},
    parts,
    shared::{Failures, Lines, SharedOutput, Texts, parse},
};

/// Does the task.
///
/// # Errors
/// When the input cannot be read or is wrong, or the output cannot be written.
pub fn timely(task: &Task) -> Result<Answer> {
    match &task.work {
        Work::Wordcount(files) => wordcount(files, task.threads).map(|()| None),
        Work::EvenNumbers(files) => even_numbers(files, task.threads).map(|()| None),
        Work::SumUniform(count) => {
            sum(&Pairs::uniform(), *count, task.threads).map(|summary| Some(summary.into()))
        }
        Work::SumZipf(count) => {
            sum(&Pairs::zipf(), *count, task.threads).map(|summary| Some(summary.into()))
        }
        Work::Group(count) => group(*count, task.threads).map(|summary| Some(summary.into())),
        work @ Work::Nexmark(..) => work.refused(),
    }
}

type Table<K, V> = HashMap<K, V, FixedState>;

/// Runs `build` and the dataflow that it makes on each worker, and then gives what it returned.
fn run<R: Default + Send + 'static>(
    threads: usize,
    build: impl Fn(&mut Worker) -> Rc<RefCell<R>> + Send + Sync + 'static,
) -> Result<Vec<R>> {
    let config = if threads > 1 { Config::process(threads) } else { Config::thread() };
    let guards = timely::execute(config, move |worker| {
        let result = build(worker);
        while worker.has_dataflows() {
            worker.step_or_park(None);
        }
        result.take()
    })?;
    guards.join().into_iter().map(|result| result.map_err(Into::into)).collect()
}

/// The worker's share of the numbers below `count`.
fn share(worker: &Worker, count: u64) -> Range<u64> {
    let (index, peers) = (worker.index() as u64, worker.peers() as u64);
    count * index / peers..count * (index + 1) / peers
}

/// Streams texts one by one: a text is as much as other streams give at a time.
fn stream<'s>(
    scope: Scope<'s, ()>,
    mut texts: impl Iterator<Item = String> + 'static,
) -> StreamVec<'s, (), String> {
    source::<_, CapacityContainerBuilder<Vec<String>>, _, _>(scope, "Read", |capability, info| {
        let activator = scope.activator_for(info.address);
        let mut capability = Some(capability);
        move |output| match (texts.next(), &capability) {
            (Some(text), Some(capability)) => {
                output.session(capability).give(text);
                activator.activate();
            }
            _ => capability = None,
        }
    })
}

/// The texts of the worker's share of a file.
fn texts(
    files: &Files,
    worker: &Worker,
    ends_piece: fn(u8) -> bool,
    failures: &Failures,
) -> impl Iterator<Item = String> + 'static {
    let (index, peers) = (worker.index(), worker.peers());
    let parts = parts::of_file(&files.input, 16 * peers, ends_piece);
    let parts = failures.note(parts).into_iter().flatten().skip(index).step_by(peers);
    Texts::of(parts, ends_piece, failures)
}

fn hash<T: Hash>(value: &T) -> u64 {
    use std::hash::BuildHasher;
    FixedState::with_seed(2).hash_one(value)
}

fn wordcount(files: &Files, threads: usize) -> Result {
    let (failures, output) = (Failures::default(), SharedOutput::at(files.output.clone())?);
    let (files, noted) = (files.clone(), failures.clone());
    let tables = run(threads, move |worker| {
        let counts = Rc::new(RefCell::new(Table::<String, u64>::default()));
        let sink = Rc::clone(&counts);
        let texts = texts(&files, worker, |byte| byte.is_ascii_whitespace(), &noted);
        worker.dataflow(|scope| {
            let exchange = Exchange::new(|(word, _): &(String, u64)| hash(word));
            count_words(stream(scope, texts)).sink(exchange, "Merge", move |(input, _)| {
                let mut counts = sink.borrow_mut();
                input.for_each(|_, data| {
                    for (word, count) in data.drain(..) {
                        *counts.entry(word).or_default() += count;
                    }
                });
            });
        });
        counts
    })?;
    let mut lines = Lines::new(&output, &failures);
    tables.iter().flatten().for_each(|(word, count)| lines.count(word, *count));
    drop(lines);
    failures.check()?;
    output.finish()
}

/// The counts of the worker's words, when it has all of them.
fn count_words<'s>(texts: StreamVec<'s, (), String>) -> StreamVec<'s, (), (String, u64)> {
    texts.unary_frontier(Pipeline, "Count", |capability, _| {
        let (mut capability, mut counts) = (Some(capability), Table::<String, u64>::default());
        move |(input, frontier), output| {
            input.for_each(|_, texts| {
                for word in texts.iter().flat_map(|text| text.split_ascii_whitespace()) {
                    match counts.get_mut(word) {
                        Some(count) => *count += 1,
                        None => drop(counts.insert(word.to_owned(), 1)),
                    }
                }
                texts.clear();
            });
            if frontier.is_empty()
                && let Some(capability) = capability.take()
            {
                output.session(&capability).give_iterator(counts.drain());
            }
        }
    })
}

fn even_numbers(files: &Files, threads: usize) -> Result {
    let (failures, output) = (Failures::default(), SharedOutput::at(files.output.clone())?);
    let (files, noted, written) = (files.clone(), failures.clone(), output.clone());
    run(threads, move |worker| {
        let texts = texts(&files, worker, |byte| byte == b'\n', &noted);
        let mut lines = Lines::new(&written, &noted);
        let [wrong, too_large] = [noted.clone(), noted.clone()];
        worker.dataflow(|scope| {
            stream(scope, texts)
                .flat_map(move |text| {
                    let numbers = text.lines().map_while(|line| wrong.note(parse(line)));
                    numbers.collect::<Vec<_>>()
                })
                .filter(|number| number % 2 == 0)
                .flat_map(move |number| {
                    let double = number.checked_mul(2);
                    too_large.note(double.ok_or("twice this number overflows 64 bits"))
                })
                .sink(Pipeline, "Write", move |(input, _)| {
                    input.for_each(|_, data| {
                        data.drain(..).for_each(|number| lines.number(number));
                    });
                });
        });
        Rc::default()
    })
    .map(|_: Vec<()>| ())?;
    failures.check()?;
    output.finish()
}

fn sum(pairs: &Pairs, count: u64, threads: usize) -> Result<Summary> {
    let pairs = pairs.clone();
    let tables = run(threads, move |worker| {
        let sums = Rc::new(RefCell::new(Table::<u64, u64>::default()));
        let (sink, pairs, numbers) = (Rc::clone(&sums), pairs.clone(), share(worker, count));
        worker.dataflow::<(), _, _>(|scope| {
            let stream = numbers.map(move |n| pairs.get(n)).to_stream(scope).container::<Vec<_>>();
            let exchange = Exchange::new(|(key, _): &(u64, u64)| mix(*key));
            stream.sink(exchange, "Sum", move |(input, _)| {
                let mut sums = sink.borrow_mut();
                input.for_each(|_, data| {
                    for (key, number) in data.drain(..) {
                        *sums.entry(key).or_default() += number;
                    }
                });
            });
        });
        sums
    })?;
    let mut summary = Summary::default();
    tables.iter().flatten().for_each(|(key, sum)| summary.add(digest_of_sum(*key, *sum)));
    Ok(summary)
}

fn group(count: u64, threads: usize) -> Result<Summary> {
    let summaries = run(threads, move |worker| {
        let summary = Rc::new(RefCell::new(Summary::default()));
        let (sink, records, numbers) =
            (Rc::clone(&summary), Records::default(), share(worker, count));
        let mut groups = Table::<u64, Vec<String>>::default();
        worker.dataflow::<(), _, _>(|scope| {
            let records = numbers.map(move |n| {
                let (key, value) = records.get(n);
                (key, value.to_owned())
            });
            let exchange = Exchange::new(|(key, _): &(u64, String)| mix(*key));
            let stream = records.to_stream(scope).container::<Vec<_>>();
            stream.sink(exchange, "Group", move |(input, frontier)| {
                input.for_each(|_, data| {
                    for (key, value) in data.drain(..) {
                        groups.entry(key).or_default().push(value);
                    }
                });
                if frontier.is_empty() {
                    let digests = groups.drain().map(|(key, values)| digest_of_group(key, values));
                    digests.for_each(|digest| sink.borrow_mut().add(digest));
                }
            });
        });
        summary
    })?;
    Ok(summaries.into_iter().fold(Summary::default(), Summary::and))
}
