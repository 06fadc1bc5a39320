//! Random names that nobody can guess, and their comparison.

use std::fmt::Write as _;

use purlin_sdk::{Error, Result};

/// 128 random bits in hexadecimal.
pub(crate) fn random() -> Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)
        .map_err(|error| Error::caused("the system gives no random numbers", error))?;
    Ok(bytes.iter().fold(String::with_capacity(32), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    }))
}

/// Whether two secrets are the same, in a time that does not depend on where they differ.
pub(crate) fn same(given: &str, expected: &str) -> bool {
    let (given, expected) = (given.as_bytes(), expected.as_bytes());
    if given.len() != expected.len() {
        return false;
    }
    let differences = given.iter().zip(expected).fold(0, |sum, (a, b)| sum | (a ^ b));
    std::hint::black_box(differences) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_differ_from_each_other_and_from_their_parts() {
        let (a, b) = (random().unwrap(), random().unwrap());
        assert_eq!(a.len(), 32);
        assert!(same(&a, &a.clone()));
        assert!(!same(&a, &b) && !same(&a[1..], &a) && !same("", &a));
    }
}
