//! What all clients of a cluster share: its addresses and librdkafka's properties.

use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::error::KafkaError;

/// How long a first answer may take unless the author says otherwise.
const PATIENCE: Duration = Duration::from_secs(10);

/// A property that a transform sets itself, and what to do instead of setting it.
pub(crate) type Owned = (&'static str, &'static str);

/// The addresses and properties of a cluster.
///
/// Not `Debug`: properties hold passwords.
#[derive(Clone)]
pub(crate) struct Cluster {
    pub(crate) brokers: String,
    properties: Vec<(String, String)>,
    /// How long to wait for an answer at first contact.
    pub(crate) patience: Duration,
}

impl Cluster {
    pub(crate) fn new(brokers: String) -> Self {
        Self { brokers, properties: Vec::new(), patience: PATIENCE }
    }

    pub(crate) fn set(&mut self, key: String, value: String) {
        self.properties.push((key, value));
    }

    /// A client's configuration; the user's properties win over `defaults` and lose against
    /// `owned`, which only matters for those that were refused already.
    pub(crate) fn config(&self, defaults: &[(&str, &str)], owned: &[(&str, &str)]) -> ClientConfig {
        let mut config = ClientConfig::new();
        for (key, value) in defaults {
            config.set(*key, *value);
        }
        for (key, value) in &self.properties {
            config.set(key, value);
        }
        for (key, value) in owned {
            config.set(*key, *value);
        }
        config.set("bootstrap.servers", &self.brokers);
        config
    }

    /// What is wrong with the parameters, each with its cure.
    pub(crate) fn mistakes(&self, owned: &[Owned]) -> Vec<(String, String)> {
        let mut mistakes = Vec::new();
        if self.brokers.trim().is_empty() {
            mistakes.push((
                "no Kafka broker is given".to_owned(),
                "pass addresses such as `localhost:9092`, with commas between them".to_owned(),
            ));
        }
        for (key, value) in &self.properties {
            let refused = owned.iter().find(|(name, _)| name == key);
            mistakes.extend(match refused {
                Some((_, cure)) => Some((
                    format!("the Kafka property `{key}` is not yours to set"),
                    (*cure).into(),
                )),
                None => unknown(key, value),
            });
        }
        mistakes
    }
}

/// What librdkafka says against a property, found without any connection.
fn unknown(key: &str, value: &str) -> Option<(String, String)> {
    let mut config = ClientConfig::new();
    config.set(key, value);
    let error = config.create_native_config().err()?;
    let reason = match &error {
        KafkaError::ClientConfig(_, reason, _, _) => reason.clone(),
        other => other.to_string(),
    };
    let help = if reason.contains("not available at build time") || key.starts_with("ssl.") {
        "TLS and SCRAM need the feature `tls` (`io-kafka-tls` of `purlin`)"
    } else {
        "the properties are those of librdkafka, see its CONFIGURATION.md"
    };
    Some((format!("the Kafka property `{key}` is refused: {reason}"), help.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWNED: [Owned; 1] = [("group.id", "call `.group_id(…)`")];

    fn mistakes(key: &str, value: &str) -> Vec<(String, String)> {
        let mut cluster = Cluster::new("localhost:9092".into());
        cluster.set(key.into(), value.into());
        cluster.mistakes(&OWNED)
    }

    #[test]
    fn a_property_of_our_own_is_refused_by_name_with_its_cure() {
        let found = mistakes("group.id", "g");
        assert!(found[0].0.contains("`group.id`"), "{found:?}");
        assert!(found[0].1.contains(".group_id("), "{found:?}");
    }

    #[test]
    fn an_unknown_property_is_found_before_anything_connects() {
        let found = mistakes("fetch.mim.bytes", "1");
        assert!(found[0].0.contains("`fetch.mim.bytes`"), "{found:?}");
    }

    #[test]
    fn any_other_property_passes() {
        assert_eq!(mistakes("fetch.min.bytes", "10"), []);
    }
}
