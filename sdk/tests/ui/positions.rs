use purlin_sdk::Element;

#[derive(Clone, Element)]
#[element(crate = "purlin_sdk")]
struct Partly {
    #[element(position = 0)]
    a: i64,
    b: i64,
}

#[derive(Clone, Element)]
#[element(crate = "purlin_sdk")]
struct Twice {
    #[element(position = 0)]
    a: i64,
    #[element(position = 0)]
    b: i64,
}

fn main() {}
