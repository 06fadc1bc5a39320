//! Topics to write to: that they exist, and their creation.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use purlin_sdk::BoxError;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::Client;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::{ClientConfig, ClientContext};

use crate::cluster::Cluster;
use crate::observer::Observer;
use crate::trouble::{no_such_topic, reason, refused, trouble, unreachable};

/// How topics that are missing are created before they are written to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NewTopics {
    /// The number of partitions of each.
    pub partitions: u32,
    /// On how many brokers each partition is kept.
    pub replication: u32,
}

/// A broker that creates topics by itself does so while it answers; one that does not stays with
/// its answer.
const CREATED_WITHIN: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(50);

/// Waits until a topic can be written to.
pub(crate) fn await_topic<C: ClientContext>(
    client: &Client<C>,
    observer: &Observer,
    cluster: &Cluster,
    topic: &str,
) -> Result<(), BoxError> {
    let begin = Instant::now();
    loop {
        let metadata = client.fetch_metadata(Some(topic), cluster.patience).map_err(|error| {
            unreachable(&cluster.brokers, cluster.patience, &error, observer.last())
        })?;
        let found = metadata.topics().iter().find(|found| found.name() == topic);
        let code = found.and_then(|found| found.error()).map(RDKafkaErrorCode::from);
        let is_there = found.is_some_and(|found| !found.partitions().is_empty());
        let patience = match code {
            None if is_there => return Ok(()),
            None | Some(RDKafkaErrorCode::UnknownTopicOrPartition) => CREATED_WITHIN,
            Some(RDKafkaErrorCode::LeaderNotAvailable) => cluster.patience,
            Some(_) => Duration::ZERO,
        };
        if begin.elapsed() >= patience {
            return Err(unwritable(topic, cluster, code));
        }
        thread::sleep(PAUSE);
    }
}

fn unwritable(topic: &str, cluster: &Cluster, code: Option<RDKafkaErrorCode>) -> BoxError {
    match code {
        None | Some(RDKafkaErrorCode::UnknownTopicOrPartition) => no_such_topic(
            topic,
            &cluster.brokers,
            "create it, correct its name, or call `.create_topics(…)`",
        ),
        Some(code) => trouble(
            format!(
                "the Kafka topic `{topic}` cannot be written to: {}",
                reason(&KafkaError::MetadataFetch(code))
            ),
            "check the topic's state and the rights of this client",
        ),
    }
}

/// Creates a topic unless it exists.
pub(crate) fn create(
    config: &ClientConfig,
    cluster: &Cluster,
    topic: &str,
    new: NewTopics,
) -> Result<(), BoxError> {
    let observer = Observer::default();
    let admin: AdminClient<Observer> =
        config.create_with_context(observer.clone()).map_err(|e| refused("admin client", &e))?;
    let [partitions, replication] =
        [new.partitions, new.replication].map(|number| i32::try_from(number).unwrap_or(i32::MAX));
    let wanted = NewTopic::new(topic, partitions, TopicReplication::Fixed(replication));
    let options = AdminOptions::new()
        .request_timeout(Some(cluster.patience))
        .operation_timeout(Some(cluster.patience));
    let results = block_on(admin.create_topics([&wanted], &options)).map_err(|error| {
        unreachable(&cluster.brokers, cluster.patience, &error, observer.last())
    })?;
    for result in results {
        match result {
            Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((_, code)) => {
                let why = reason(&KafkaError::AdminOp(code));
                let message = format!("the Kafka topic `{topic}` cannot be created: {why}");
                return Err(trouble(message, "check `NewTopics` and the rights of this client"));
            }
        }
    }
    Ok(())
}

/// Waits for a future on this thread. librdkafka's own thread completes it.
fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}
