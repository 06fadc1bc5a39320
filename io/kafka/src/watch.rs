//! Finds the partitions that a topic has and gets while the pipeline runs.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use purlin_sdk::{
    BoxError, Context, Continuation, OffsetRange, SplittableDoFn, Timestamp, Tracker,
};
use tracing::{info, warn};

use crate::partition::{ListPartitions, Partition};

/// Lists the partitions of a topic again and again.
///
/// The restriction is the numbers of the partitions that were not found yet. Its first call finds
/// those that were there at the start; later ones are new, and are read from their beginning.
/// Records of a new partition are not older than the look before, so the watermark follows the
/// looks.
#[derive(Clone)]
pub(crate) struct WatchPartitions {
    pub(crate) list: ListPartitions,
    pub(crate) every: Duration,
    /// When each topic was last looked at.
    pub(crate) looks: Arc<Mutex<HashMap<String, Timestamp>>>,
}

impl SplittableDoFn for WatchPartitions {
    type In = String;
    type Out = Partition;
    type Restriction = OffsetRange;

    fn initial_restriction(&self, _: &String) -> Result<OffsetRange, BoxError> {
        Ok(OffsetRange::new(0, OffsetRange::UNBOUNDED))
    }

    fn process(
        &mut self,
        topic: &String,
        tracker: &mut Tracker<OffsetRange>,
        cx: &mut Context<Partition>,
    ) -> Result<Continuation, BoxError> {
        let look = Timestamp::now();
        let first = tracker.restriction().start;
        let found = match self.list.list_from(topic, first) {
            Ok(found) => found,
            Err(error) if first > 0 => {
                warn!(topic, error, "a Kafka topic could not be looked at for new partitions");
                return Ok(Continuation::Resume(self.every));
            }
            Err(error) => return Err(error),
        };
        if let Some(last) = found.last() {
            // One claim for all, so that those of the first look are never taken for new ones.
            if !tracker.try_claim(last.number()) {
                return Ok(Continuation::Resume(Duration::ZERO));
            }
            self.output(topic, first > 0, found, cx);
        }
        self.looks.lock().unwrap_or_else(PoisonError::into_inner).insert(topic.clone(), look);
        cx.set_watermark(look);
        Ok(Continuation::Resume(self.every))
    }
}

impl WatchPartitions {
    fn output(
        &self,
        topic: &str,
        are_new: bool,
        found: Vec<Partition>,
        cx: &mut Context<Partition>,
    ) {
        if !are_new {
            found.into_iter().for_each(|partition| cx.output(partition));
            return;
        }
        let looks = self.looks.lock().unwrap_or_else(PoisonError::into_inner);
        let since = looks.get(topic).copied().unwrap_or_else(|| Timestamp::now() - self.every);
        drop(looks);
        for partition in found {
            info!(topic, partition = partition.partition, "a Kafka topic has a new partition");
            cx.output_with_timestamp(partition, since);
        }
    }
}
