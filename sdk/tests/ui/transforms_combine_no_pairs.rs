use purlin_sdk::Pipeline;
use purlin_sdk::transforms::Sum;

fn main() {
    let p = Pipeline::new();
    let _ = p.create([1i64]).combine_per_key(Sum);
}
