//! What a program says that writes no file.

use std::time::Duration;

use crate::failure::{Failure, Outcome};

use super::digest::Digest;

/// A line of `name=number` pairs.
pub(super) struct Answer<'t>(&'t str);

impl<'t> Answer<'t> {
    /// The last line of what was printed.
    pub(super) fn last_of(printed: &'t str) -> Self {
        Self(printed.trim_end().lines().last().unwrap_or_default())
    }

    /// How many outputs there were, and the sum of their digests.
    pub(super) fn digest(&self) -> Outcome<Digest> {
        Ok(Digest::new(self.number("outputs")?, self.number("digest")?))
    }

    /// Wall and CPU time of the work alone, as the program measured them.
    pub(super) fn times(&self) -> Outcome<(Duration, Duration)> {
        let time = |name| self.number(name).map(Duration::from_micros);
        Ok((time("wall_us")?, time("cpu_us")?))
    }

    fn number(&self, name: &str) -> Outcome<u64> {
        let pairs = self.0.split(' ').filter_map(|pair| pair.split_once('='));
        let value =
            pairs.filter(|(found, _)| *found == name).map(|(_, value)| value.parse()).next();
        let missing =
            || Failure::new(format!("no number `{name}` in what was printed: `{}`", self.0));
        value.and_then(Result::ok).ok_or_else(missing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_counts() {
        let answer = Answer::last_of("outputs=1\noutputs=2 digest=3 wall_us=4000 cpu_us=5000\n");
        assert_eq!(answer.digest().unwrap(), Digest::new(2, 3));
        assert_eq!(answer.times().unwrap(), (Duration::from_millis(4), Duration::from_millis(5)));
    }

    #[test]
    fn what_is_missing_is_named() {
        let failure = Answer::last_of("outputs=2 digest=x").digest().unwrap_err().to_string();
        assert_eq!(failure, "no number `digest` in what was printed: `outputs=2 digest=x`");
    }
}
