//! A type that is no line of text.

use purlin_sdk::{Pipeline, io};

fn main() {
    let p = Pipeline::new();
    p.create([("a".to_owned(), 1i64)]).apply(io::text::write("out"));
}
