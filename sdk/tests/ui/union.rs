use purlin_sdk::Element;

#[derive(Clone, Copy, Element)]
#[element(crate = "purlin_sdk")]
union Either {
    a: i64,
    b: u64,
}

fn main() {}
