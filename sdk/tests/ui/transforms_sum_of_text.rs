use purlin_sdk::Pipeline;
use purlin_sdk::transforms::Sum;

fn main() {
    let p = Pipeline::new();
    let _ = p.create([("a".to_owned(), "b".to_owned())]).combine_per_key(Sum);
}
