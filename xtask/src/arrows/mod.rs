//! Proves which crate may depend on which, by what `cargo tree` says.

mod table;
mod tree;

use crate::{
    failure::{Failure, Outcome},
    process,
};

use table::{FACADE_ONLY, FORBIDDEN};

/// Fails if a crate reaches another one that it must not know.
pub(crate) fn check() -> Outcome {
    let mut broken = Vec::new();
    for (from, forbidden) in FORBIDDEN {
        broken.extend(forbidden_in(&dependencies_of(from)?, forbidden));
    }
    for from in FACADE_ONLY {
        broken.extend(beside_the_facade(&dependencies_of(from)?));
    }
    if broken.is_empty() {
        let crates = FORBIDDEN.len() + FACADE_ONLY.len();
        println!("arrows: {crates} crates depend on nothing they must not know");
        return Ok(());
    }
    Err(Failure::new(format!("forbidden dependencies:\n  {}", broken.join("\n  ")))
        .help("the table is xtask/src/arrows/table.rs; move the code, not the arrow"))
}

/// The tree of everything `package` is built from with all of its features.
fn dependencies_of(package: &str) -> Outcome<String> {
    let mut cargo = process::cargo();
    cargo.args(["tree", "--edges", "normal", "--all-features", "--prefix", "depth"]);
    process::capture(cargo.args(["--package", package]))
}

fn forbidden_in(tree: &str, forbidden: &[&str]) -> Vec<String> {
    let ways = forbidden.iter().filter_map(|name| tree::way_to(tree, name));
    ways.map(|way| way.join(" → ")).collect()
}

fn beside_the_facade(tree: &str) -> Vec<String> {
    let ours = tree::direct(tree).into_iter().filter(|name| name.starts_with("purlin-"));
    ours.map(|name| format!("{} → {name}", tree::root(tree))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TREE: &str = "\
0purlin-sdk v0.1.0 (a/path)
1bytes v1.12.1
1purlin-proto v0.1.0 (a/path)
2prost v0.14.4
3bytes v1.12.1
2tonic v0.14.7
3tokio v1.54.0
1serde v1.0.229
";

    #[test]
    fn a_forbidden_crate_is_reported_with_the_way_to_it() {
        assert_eq!(
            forbidden_in(TREE, &["tokio", "rayon"]),
            ["purlin-sdk → purlin-proto → tonic → tokio"]
        );
    }

    #[test]
    fn a_crate_whose_name_only_begins_alike_is_allowed() {
        assert!(forbidden_in(TREE, &["ton", "serde_json"]).is_empty());
    }

    #[test]
    fn a_direct_dependency_beside_the_facade_is_reported() {
        let tree =
            "0examples v0.1.0\n1purlin v0.1.0\n2purlin-sdk v0.1.0\n1purlin-engine v0.1.0 (*)\n";
        assert_eq!(beside_the_facade(tree), ["examples → purlin-engine"]);
    }
}
