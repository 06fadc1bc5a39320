use purlin_sdk::Element;

#[derive(Clone, Element)]
#[element(crate = "purlin_sdk")]
struct Tree {
    value: i64,
    children: Vec<Tree>,
}

fn main() {}
