use purlin_sdk::Element;

#[derive(Clone, Element)]
#[element(crate = "purlin_sdk")]
struct Line<'a> {
    text: &'a str,
}

fn main() {}
