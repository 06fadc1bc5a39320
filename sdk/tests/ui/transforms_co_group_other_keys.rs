use purlin_sdk::Pipeline;

fn main() {
    let p = Pipeline::new();
    let names = p.create([("a".to_owned(), 1i64)]);
    let _ = p.create([(1i64, 1i64)]).co_group_by_key(&names);
}
