//! Sizes as people write them.

use std::fmt;
use std::str::FromStr;

/// A number of bytes, written with its unit: `500MB` are five hundred million, `512MiB` are 2²⁹.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct ByteSize(pub usize);

const UNITS: [(&str, u64); 9] = [
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("B", 1),
];

/// What is wrong with a size.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NoSize(&'static str);

impl fmt::Display for NoSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n  help: write it as in `500MB` or `2GiB`", self.0)
    }
}

impl std::error::Error for NoSize {}

impl FromStr for ByteSize {
    type Err = NoSize;

    fn from_str(text: &str) -> Result<Self, NoSize> {
        let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, unit) = text.split_at(digits);
        if number.is_empty() {
            return Err(NoSize("a size begins with a whole number"));
        }
        let unit = unit.trim_start();
        let known = UNITS.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit));
        let (_, factor) =
            known.ok_or(NoSize("a size ends with its unit: B, KB, MB, GB, TB, KiB, …"))?;
        let bytes = number.parse::<u64>().ok().and_then(|number| number.checked_mul(*factor));
        let bytes = bytes.and_then(|bytes| usize::try_from(bytes).ok());
        match bytes {
            Some(0) => Err(NoSize("a size is more than nothing")),
            Some(bytes) => Ok(Self(bytes)),
            None => Err(NoSize("the size is larger than any memory")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units() {
        for (text, bytes) in
            [("2GB", 2_000_000_000), ("64 MiB", 64 << 20), ("10kb", 10_000), ("7B", 7)]
        {
            assert_eq!(text.parse(), Ok(ByteSize(bytes)), "{text}");
        }
        for text in ["", "GB", "-1GB", "1.5GB", "100", "2 XB", "0MB", "99999999999TB"] {
            let error = text.parse::<ByteSize>().expect_err(text).to_string();
            assert!(error.contains("help: write it as in"), "{error}");
        }
    }
}
