//! Errors: what, where, and what cures it.

use std::fmt::Display;
use std::time::Duration;

use purlin_sdk::BoxError;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

/// An error with its cure.
pub(crate) fn trouble(message: impl Display, help: impl Display) -> BoxError {
    format!("{message}\n  help: {help}").into()
}

/// Kafka's own words for an error, without those of the layers above.
pub(crate) fn reason(error: &KafkaError) -> String {
    match error {
        KafkaError::AdminOp(code) => words(*code),
        KafkaError::ClientConfig(_, reason, key, _) => format!("property `{key}`: {reason}"),
        KafkaError::ClientCreation(reason) => reason.clone(),
        other => other.rdkafka_error_code().map_or_else(|| other.to_string(), words),
    }
}

/// `Local: Timed out` of `OperationTimedOut (Local: Timed out)`.
fn words(code: RDKafkaErrorCode) -> String {
    let text = code.to_string();
    match text.split_once(" (") {
        Some((_, inner)) => inner.trim_end_matches(')').to_owned(),
        None => text,
    }
}

/// A client that librdkafka does not make.
pub(crate) fn refused(what: &str, error: &KafkaError) -> BoxError {
    trouble(
        format!("no Kafka {what} could be made: {}", reason(error)),
        "check the properties; TLS and SCRAM need the feature `tls`",
    )
}

/// Brokers that did not answer. `seen` is what the client met meanwhile.
pub(crate) fn unreachable(
    brokers: &str,
    patience: Duration,
    error: &KafkaError,
    seen: Option<String>,
) -> BoxError {
    let why = seen.unwrap_or_else(|| reason(error));
    trouble(
        format!("no Kafka broker at `{brokers}` answered within {patience:?}: {why}"),
        "is it running, and can the addresses that it advertises be reached from here?",
    )
}

/// A topic that does not exist.
pub(crate) fn no_such_topic(topic: &str, brokers: &str, help: &str) -> BoxError {
    trouble(format!("the Kafka topic `{topic}` does not exist at `{brokers}`"), help)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_is_said_once() {
        let error = KafkaError::MetadataFetch(RDKafkaErrorCode::OperationTimedOut);
        assert_eq!(reason(&error), "Local: Timed out");
    }
}
