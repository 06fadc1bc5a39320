//! What stages are called.

/// How many of a stage's transforms its name shows.
const SHOWN: usize = 3;

/// A name made of the unique names of a stage's transforms: what they have in common once, then
/// what tells them apart, as in `Read/(Split+Process)`.
pub(super) fn stage_name<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.collect();
    let [first, rest @ ..] = names.as_slice() else { return String::new() };
    if rest.is_empty() {
        return (*first).to_owned();
    }
    let prefix = rest.iter().fold(scope(first), |prefix, name| common_scope(prefix, name));
    let shown: Vec<&str> = names.iter().take(SHOWN).map(|name| &name[prefix.len()..]).collect();
    let mut shown = shown.join("+");
    if names.len() > SHOWN {
        shown.push_str("+…");
    }
    if prefix.is_empty() { shown } else { format!("{prefix}({shown})") }
}

/// A name up to and with its last slash.
fn scope(name: &str) -> &str {
    &name[..name.rfind('/').map_or(0, |at| at + 1)]
}

/// The longest part of `prefix` that ends with a slash and begins `name`.
fn common_scope<'a>(mut prefix: &'a str, name: &str) -> &'a str {
    while !name.starts_with(prefix) {
        prefix = scope(prefix.strip_suffix('/').unwrap_or(""));
    }
    prefix
}

#[cfg(test)]
mod tests {
    use super::stage_name;

    fn name(names: &[&str]) -> String {
        stage_name(names.iter().copied())
    }

    #[test]
    fn common_scopes_are_named_once() {
        assert_eq!(name(&["Read/Split"]), "Read/Split");
        assert_eq!(name(&["A", "B"]), "A+B");
        assert_eq!(name(&["Read/Split", "Read/Process/X"]), "Read/(Split+Process/X)");
        assert_eq!(name(&["A/B/C", "A/D", "A/B/E", "A/F"]), "A/(B/C+D+B/E+…)");
        assert_eq!(name(&["A/x", "AB/x"]), "A/x+AB/x");
    }
}
