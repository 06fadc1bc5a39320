use purlin_sdk::Element;

#[derive(Clone)]
struct Foreign;

#[derive(Clone, Element)]
#[element(crate = "purlin_sdk")]
struct Row {
    id: i64,
    foreign: Foreign,
}

fn main() {}
