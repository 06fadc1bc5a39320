//! A closure cannot use a collection: it has no elements where the closure runs.

use purlin_sdk::Pipeline;

fn main() {
    let p = Pipeline::new();
    let rates = p.create([1i64, 2]);
    let orders = p.create([10i64]);
    let _ = orders.map(move |cents| {
        let _ = &rates;
        cents
    });
}
