//! Compares outputs without regard to the order of their lines.

use std::{
    fmt,
    fs::File,
    hash::{DefaultHasher, Hasher},
    io::{self, BufRead, BufReader},
    path::Path,
};

/// Equal for two files with the same lines, each as often, in any order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Digest {
    lines: u64,
    /// The sum of the lines' hashes.
    sum: u64,
}

impl Digest {
    pub(super) fn new(lines: u64, sum: u64) -> Self {
        Self { lines, sum }
    }

    pub(super) fn of(path: &Path) -> io::Result<Self> {
        let mut reader = BufReader::with_capacity(1 << 20, File::open(path)?);
        let (mut digest, mut line) = (Self::default(), Vec::new());
        while reader.read_until(b'\n', &mut line)? > 0 {
            digest.add(line.strip_suffix(b"\n").unwrap_or(&line));
            line.clear();
        }
        Ok(digest)
    }

    fn add(&mut self, line: &[u8]) {
        let mut hasher = DefaultHasher::new();
        hasher.write(line);
        self.lines += 1;
        self.sum = self.sum.wrapping_add(hasher.finish());
    }

    #[cfg(test)]
    pub(super) fn of_lines(text: &[u8]) -> Self {
        let mut digest = Self::default();
        text.split_inclusive(|byte| *byte == b'\n').for_each(|line| digest.add(line));
        digest
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} outputs ({:016x})", self.lines, self.sum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_makes_no_difference_and_number_does() {
        let digest = Digest::of_lines(b"a\nb\na\n");
        assert_eq!(digest, Digest::of_lines(b"b\na\na\n"));
        assert_ne!(digest, Digest::of_lines(b"a\nb\n"));
        assert_ne!(digest, Digest::of_lines(b"a\nb\nb\n"));
    }
}
