//! What librdkafka says beside its answers: log lines and errors, which go to `tracing`.

use std::sync::{Arc, Mutex, PoisonError};

use rdkafka::ClientContext;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::KafkaError;
use tracing::{debug, warn};

/// Remembers why the brokers could not be reached: the calls themselves only time out.
#[derive(Clone, Default)]
pub(crate) struct Observer(Arc<Mutex<Option<String>>>);

impl Observer {
    /// The last error that librdkafka met by itself.
    pub(crate) fn last(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl ClientContext for Observer {
    fn error(&self, error: KafkaError, reason: &str) {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if last.as_deref() == Some(reason) {
            debug!(%error, reason, "kafka client");
            return;
        }
        warn!(%error, reason, "kafka client");
        // That all brokers are down says less than why the last one is.
        if last.is_none() || !reason.ends_with("brokers are down") {
            *last = Some(reason.to_owned());
        }
    }
}

impl ConsumerContext for Observer {}
