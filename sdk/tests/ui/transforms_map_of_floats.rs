use purlin_sdk::Pipeline;

fn main() {
    let p = Pipeline::new();
    let _ = p.create([(1.5f64, 1i64)]).as_map();
}
