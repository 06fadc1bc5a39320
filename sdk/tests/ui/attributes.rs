use purlin_sdk::Element;

#[derive(Clone, Element)]
#[element(crate = "purlin_sdk")]
struct Renamed {
    #[element(name = "x")]
    a: i64,
}

#[derive(Clone, Element)]
#[element(crate = "purlin_sdk")]
struct Same {
    #[element(rename = "b")]
    a: i64,
    b: i64,
}

#[derive(Clone, Element)]
#[element(crate = "purlin_sdk")]
enum Never {}

fn main() {}
