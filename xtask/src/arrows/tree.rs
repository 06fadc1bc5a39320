//! Reads what `cargo tree --prefix depth` prints: the depth, at once followed by the name.

/// The name of the crate the tree starts from.
pub(super) fn root(tree: &str) -> &str {
    nodes(tree).next().map_or("", |(_, name)| name)
}

/// The names on the first way from the root to `wanted`, both included.
pub(super) fn way_to<'t>(tree: &'t str, wanted: &str) -> Option<Vec<&'t str>> {
    let mut way = Vec::new();
    for (depth, name) in nodes(tree) {
        way.truncate(depth);
        way.push(name);
        if depth > 0 && name == wanted {
            return Some(way);
        }
    }
    None
}

/// The names of the crates the root depends on itself.
pub(super) fn direct(tree: &str) -> Vec<&str> {
    nodes(tree).filter(|(depth, _)| *depth == 1).map(|(_, name)| name).collect()
}

fn nodes(tree: &str) -> impl Iterator<Item = (usize, &str)> {
    tree.lines().filter_map(|line| {
        let rest = line.trim_start_matches(|c: char| c.is_ascii_digit());
        let depth = line[..line.len() - rest.len()].parse().ok()?;
        Some((depth, rest.split_whitespace().next()?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_leaves_out_branches_that_ended() {
        let tree = "0a v1\n1b v1\n2c v1\n1d v1\n2e v1 (*)\n";
        assert_eq!(way_to(tree, "e").unwrap(), ["a", "d", "e"]);
        assert_eq!(way_to(tree, "a"), None);
    }

    #[test]
    fn direct_dependencies_are_those_of_depth_one() {
        assert_eq!(direct("0a v1\n1b v1\n2c v1\n1d v1\n"), ["b", "d"]);
    }
}
