//! What is measured.

use std::{fmt, str::FromStr};

/// A job that several programs do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Workload {
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    pub(super) input: Input,
}

/// What a workload works on, at a scale of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Input {
    /// A file of so many bytes.
    File(u64),
    /// So many elements that each program makes for itself, while it works.
    Elements(u64),
    /// So many events that each program makes beforehand: that is not measured.
    Events(u64),
}

const EVENTS: Input = Input::Events(10_000_000);

impl Workload {
    pub(super) const ALL: [Self; 14] = [
        Self::new(
            "wordcount",
            "count the words of a text, write the counts",
            Input::File(500_000_000),
        ),
        Self::new(
            "even_numbers",
            "read integers, double the even ones, write them",
            Input::File(178_000_000),
        ),
        Self::new(
            "sum_uniform",
            "sum of each of 1 M keys, equally frequent",
            Input::Elements(50_000_000),
        ),
        Self::new(
            "sum_zipf",
            "sum of each of 1 M keys, by Zipf's law",
            Input::Elements(50_000_000),
        ),
        Self::new(
            "group",
            "group 100-byte values by 100 k keys, digest each group",
            Input::Elements(20_000_000),
        ),
        Self::new("q0", "Nexmark 0, passthrough", EVENTS),
        Self::new("q1", "Nexmark 1, currency conversion", EVENTS),
        Self::new("q2", "Nexmark 2, selection", EVENTS),
        Self::new("q3", "Nexmark 3, local item suggestion", EVENTS),
        Self::new("q4", "Nexmark 4, average price for a category", EVENTS),
        Self::new("q5", "Nexmark 5, hot items", EVENTS),
        Self::new("q6", "Nexmark 6, average selling price by seller", EVENTS),
        Self::new("q7", "Nexmark 7, highest bid", EVENTS),
        Self::new("q8", "Nexmark 8, monitor new users", EVENTS),
    ];

    const fn new(name: &'static str, title: &'static str, input: Input) -> Self {
        Self { name, title, input }
    }

    /// Whether it is a query of Nexmark.
    pub(super) fn is_query(self) -> bool {
        matches!(self.input, Input::Events(_))
    }

    /// The size of the input at `scale`: bytes of a file, else elements.
    pub(super) fn size(self, scale: f64) -> u64 {
        let (Input::File(size) | Input::Elements(size) | Input::Events(size)) = self.input;
        ((size as f64 * scale) as u64).max(1)
    }

    /// The size at `scale`, in words.
    pub(super) fn sized(self, scale: f64) -> String {
        let unit = match self.input {
            Input::File(_) => "MB",
            Input::Elements(_) => "M elements",
            Input::Events(_) => "M events, made before the clock starts",
        };
        format!("{} {unit}", self.size(scale) as f64 / 1e6)
    }
}

impl fmt::Display for Workload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// One or several workloads, as one says it on the command line.
#[derive(Clone, Debug)]
pub(super) struct Chosen(pub(super) Vec<Workload>);

impl FromStr for Chosen {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let is_chosen = |it: &Workload| match name {
            "nexmark" => it.is_query(),
            name => it.name == name,
        };
        let chosen: Vec<_> = Workload::ALL.into_iter().filter(is_chosen).collect();
        let names = Workload::ALL.map(|it| it.name).join(", ");
        if chosen.is_empty() {
            Err(format!("there are {names} and nexmark"))
        } else {
            Ok(Self(chosen))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workloads_are_chosen_by_name() {
        assert_eq!("group".parse::<Chosen>().unwrap().0, [Workload::ALL[4]]);
        assert_eq!("nexmark".parse::<Chosen>().unwrap().0.len(), 9);
        let error = "sort".parse::<Chosen>().unwrap_err();
        assert!(error.starts_with("there are wordcount, even_numbers,"), "{error}");
    }

    #[test]
    fn sizes_follow_the_scale() {
        assert_eq!(Workload::ALL[0].sized(0.1), "50 MB");
        assert_eq!(Workload::ALL[4].sized(1.0), "20 M elements");
        assert_eq!(Workload::ALL[5].size(0.5), 5_000_000);
    }
}
