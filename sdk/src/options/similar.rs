//! Which known name a mistyped one may be meant as.

/// The name among `known` that is most like `name`, if one is alike enough to be meant.
pub(super) fn most_similar<'a>(
    name: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let distances = known.into_iter().map(|other| (distance(name, other), other));
    let limit = name.chars().count().div_ceil(3);
    distances.filter(|(distance, _)| *distance <= limit).min().map(|(_, other)| other)
}

/// How many characters must be added, left out or replaced to make `b` of `a`.
fn distance(a: &str, b: &str) -> usize {
    // One row of the table of distances between prefixes: that of the prefix of `a` read so far.
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.chars().enumerate() {
            let replaced = diagonal + usize::from(from != to);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.chars().count()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_keyboard_is_similar_and_another_word_is_not() {
        let known = ["input", "output", "runner", "seed"];
        let similar = |name| most_similar(name, known);
        assert_eq!(similar("inputt"), Some("input"));
        assert_eq!(similar("ouput"), Some("output"));
        assert_eq!(similar("runer"), Some("runner"));
        assert_eq!(similar("sede"), Some("seed"));
        assert_eq!(similar("floor"), None);
        assert_eq!(similar(""), None);
    }

    #[test]
    fn the_distance_counts_single_changes() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("abc", "abc"), 0);
    }
}
