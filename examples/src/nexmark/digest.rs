//! What a query gave, in two numbers.

use std::hash::{DefaultHasher, Hasher};
use std::marker::PhantomData;

use purlin::coders::Nesting;
use purlin::prelude::*;

/// The counter of the outputs of a query.
pub const OUTPUTS: &str = "outputs";
/// The counter that adds up a hash of 32 bits of each output: the same for the same outputs in any
/// order.
pub const DIGEST: &str = "digest";

/// Counts and hashes elements, in the counters [`OUTPUTS`] and [`DIGEST`].
pub fn digest<T: Element>(outputs: &PCollection<T>) {
    let digest = Digest { outputs: 0, sum: 0, bytes: Vec::new(), element: PhantomData };
    let _ = outputs.par_do(digest).named("Digest");
}

/// The hash of an output, made of its encoding, which is left in `bytes`.
///
/// # Errors
/// When the output cannot be encoded.
pub fn digest_of<T: Element>(output: &T, bytes: &mut Vec<u8>) -> Result<u32, BoxError> {
    bytes.clear();
    output.encode(bytes, Nesting::Nested)?;
    let mut hasher = DefaultHasher::new();
    hasher.write(bytes);
    Ok(hasher.finish() as u32)
}

struct Digest<T> {
    outputs: i64,
    sum: i64,
    bytes: Vec<u8>,
    element: PhantomData<fn(T)>,
}

impl<T> Clone for Digest<T> {
    fn clone(&self) -> Self {
        Self { outputs: 0, sum: 0, bytes: Vec::new(), element: PhantomData }
    }
}

impl<T: Element> DoFn for Digest<T> {
    type In = T;
    type Out = ();

    fn start_bundle(&mut self, _: &mut Context<()>) -> Result<(), BoxError> {
        (self.outputs, self.sum) = (0, 0);
        Ok(())
    }

    fn process(&mut self, element: T, _: &mut Context<()>) -> Result<(), BoxError> {
        self.outputs += 1;
        self.sum += i64::from(digest_of(&element, &mut self.bytes)?);
        Ok(())
    }

    fn finish_bundle(&mut self, cx: &mut Context<()>) -> Result<(), BoxError> {
        cx.count(OUTPUTS, self.outputs);
        cx.count(DIGEST, self.sum);
        Ok(())
    }
}
