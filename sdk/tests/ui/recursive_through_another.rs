use purlin_sdk::Element;

#[derive(Clone, Element)]
#[element(crate = "purlin_sdk")]
struct Even {
    next: Vec<Odd>,
}

#[derive(Clone, Element)]
#[element(crate = "purlin_sdk")]
struct Odd {
    next: Vec<Even>,
}

fn main() {}
