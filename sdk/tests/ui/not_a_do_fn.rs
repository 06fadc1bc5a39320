//! `par_do` takes a `DoFn`; closures go to `map`.

use purlin_sdk::Pipeline;

#[derive(Clone)]
struct Double;

fn main() {
    let p = Pipeline::new();
    let _ = p.create([1i64]).par_do(Double);
}
