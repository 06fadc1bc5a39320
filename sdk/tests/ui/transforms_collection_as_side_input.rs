use purlin_sdk::Pipeline;

fn main() {
    let p = Pipeline::new();
    let other = p.create([1i64]);
    let _ = p.create([1i64]).with_side_input(other).map(|n, _| n);
}
