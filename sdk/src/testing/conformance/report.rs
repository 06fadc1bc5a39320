//! What came of a run of the whole list.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::Category;

/// What came of a case.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// All was as it must be.
    Passed,
    /// Something was not, as the text says.
    Failed(String),
    /// It failed as the runner declares: its text.
    Gap(String),
    /// It is declared as a gap and passed.
    NoGap,
}

impl Verdict {
    /// Whether this is as it must be.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        matches!(self, Self::Passed | Self::Gap(_))
    }
}

/// What came of each case of the list.
#[derive(Clone, Debug, Default)]
#[must_use = "it says whether the runner conforms"]
pub struct Report {
    /// The name of the runner.
    pub runner: String,
    /// By case, in the order of the list: its name, category and verdict, and how long it took.
    pub cases: Vec<(&'static str, Category, Verdict, Duration)>,
    /// Declared gaps that no case is named after.
    pub unknown_gaps: Vec<String>,
}

impl Report {
    /// Whether all cases passed but the declared gaps, and no declared gap.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.unknown_gaps.is_empty() && self.cases.iter().all(|(_, _, verdict, _)| verdict.is_ok())
    }

    /// The names of the cases that passed.
    pub fn passed(&self) -> impl Iterator<Item = &'static str> {
        let passed = |verdict: &Verdict| matches!(verdict, Verdict::Passed | Verdict::NoGap);
        self.cases.iter().filter(move |case| passed(&case.2)).map(|(name, ..)| *name)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut counts: BTreeMap<Category, (usize, usize)> = BTreeMap::new();
        for (name, category, verdict, took) in &self.cases {
            let (passed, all) = counts.entry(*category).or_default();
            *all += 1;
            *passed += usize::from(*verdict == Verdict::Passed);
            let (word, text) = match verdict {
                Verdict::Passed => ("ok", None),
                Verdict::Failed(text) => ("FAILED", Some(text)),
                Verdict::Gap(text) => ("gap", Some(text)),
                Verdict::NoGap => ("PASSED, though it is declared as a gap", None),
            };
            writeln!(f, "{:>6} ms  {name} … {word}", took.as_millis())?;
            if let Some(text) = text {
                writeln!(f, "           {}", text.replace('\n', "\n           "))?;
            }
        }
        for name in &self.unknown_gaps {
            writeln!(f, "the declared gap `{name}` is no case")?;
        }
        for (category, (passed, all)) in counts {
            writeln!(f, "{passed:>4} of {all:>3}  {category:?}")?;
        }
        let (passed, all) = (self.passed().count(), self.cases.len());
        let took: Duration = self.cases.iter().map(|(.., took)| *took).sum();
        write!(f, "{passed:>4} of {all:>3}  on {} in {:.1} s", self.runner, took.as_secs_f64())
    }
}
