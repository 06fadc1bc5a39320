//! Adds up the digests of outputs.

use purlin::prelude::*;

use super::generated::Summary;
pub use crate::nexmark::{DIGEST, OUTPUTS};

/// Counts digests and adds them up, in the counters [`OUTPUTS`] and [`DIGEST`].
#[derive(Clone, Debug, Default)]
pub(super) struct Tally(Summary);

impl DoFn for Tally {
    type In = u32;
    type Out = ();

    fn start_bundle(&mut self, _: &mut Context<()>) -> Result<(), BoxError> {
        self.0 = Summary::default();
        Ok(())
    }

    fn process(&mut self, digest: u32, _: &mut Context<()>) -> Result<(), BoxError> {
        self.0.add(digest);
        Ok(())
    }

    fn finish_bundle(&mut self, cx: &mut Context<()>) -> Result<(), BoxError> {
        cx.count(OUTPUTS, i64::try_from(self.0.outputs)?);
        cx.count(DIGEST, i64::try_from(self.0.digest)?);
        Ok(())
    }
}
