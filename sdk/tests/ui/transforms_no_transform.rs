use purlin_sdk::Pipeline;

struct CountWords;

fn main() {
    let p = Pipeline::new();
    let _ = p.create([1i64]).apply(CountWords);
}
