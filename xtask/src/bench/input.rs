//! Makes the inputs, once: they are the same on every machine.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use crate::failure::{Failure, Outcome};

use super::{random::Random, words::Words, workload::Workload};

/// To be raised when what is generated changes: it is part of the files' names.
const VERSION: u32 = 1;
const SEED: u64 = 2026;
const WORDS_A_LINE: usize = 10;
const INTEGERS_BELOW: u64 = 100_000_000;

/// The input of `workload` in `folder`, of `bytes`, made now if it is not there.
pub(super) fn file(workload: Workload, folder: &Path, bytes: u64) -> Outcome<PathBuf> {
    let path = folder.join(format!("{workload}-{bytes}-v{VERSION}.txt"));
    if !path.exists() {
        eprintln!("making {}", path.display());
        make(workload, &path, bytes).map_err(Failure::at(&path))?;
    }
    Ok(path)
}

/// The file gets its name when it is complete.
fn make(workload: Workload, path: &Path, bytes: u64) -> io::Result<()> {
    let part = path.with_extension("part");
    let mut file = BufWriter::with_capacity(1 << 20, File::create(&part)?);
    write(workload, &mut file, bytes)?;
    file.into_inner()?.sync_all()?;
    fs::rename(part, path)
}

/// Writes lines until there are `bytes`.
fn write(workload: Workload, file: &mut impl Write, bytes: u64) -> io::Result<()> {
    let mut random = Random::from_seed(SEED);
    match workload.name {
        "wordcount" => {
            let words = Words::new(&mut random);
            lines(file, bytes, || {
                let line: Vec<_> = (0..WORDS_A_LINE).map(|_| words.draw(&mut random)).collect();
                line.join(" ")
            })
        }
        _ => lines(file, bytes, || random.below(INTEGERS_BELOW).to_string()),
    }
}

fn lines(file: &mut impl Write, bytes: u64, mut line: impl FnMut() -> String) -> io::Result<()> {
    let mut written = 0;
    while written < bytes {
        let line = line();
        writeln!(file, "{line}")?;
        written += line.len() as u64 + 1;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(workload: Workload) -> String {
        let mut text = Vec::new();
        write(workload, &mut text, 200).unwrap();
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn inputs_are_the_same_everywhere() {
        let first = |workload| text(workload).lines().next().map(str::to_owned).unwrap();
        assert_eq!(
            first(Workload::ALL[0]),
            "fyr mrkusyuif ait awi ehroxk jdyq egwwyo efbtqdk dciohyd fbggubr"
        );
        assert_eq!(first(Workload::ALL[1]), "85785422");
    }

    #[test]
    fn an_input_ends_with_the_line_that_fills_it() {
        for workload in Workload::ALL.into_iter().take(2) {
            let text = text(workload);
            assert!(text.ends_with('\n') && text.len() >= 200, "{text}");
            let last = text.lines().last().unwrap();
            assert!(text.len() - last.len() - 1 < 200, "{text}");
        }
    }
}
