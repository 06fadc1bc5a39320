use purlin_sdk::Pipeline;

struct Longest;

fn main() {
    let p = Pipeline::new();
    let _ = p.create([("a".to_owned(), 1i64)]).combine_per_key(Longest);
}
