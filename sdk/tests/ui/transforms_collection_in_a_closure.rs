use purlin_sdk::Pipeline;

fn main() {
    let p = Pipeline::new();
    let other = p.create([1i64]);
    let _ = p.create([1i64]).map(move |n| (n, other.clone().is_bounded()));
}
