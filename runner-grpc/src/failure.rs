//! How a failure travels in the one text that Beam has for errors.
//!
//! The text is what a person should read. A runner that says so (see [`CAPABILITY`]) also gets the
//! failure itself behind a separator line, so that it can add attempt and worker, and tell the
//! element from the message.

use purlin_sdk::Failure;

/// Announced by a runner, or by a client of the job service, that understands the structured form.
pub(crate) const CAPABILITY: &str = "purlin:protocol:structured_failures:v1";
/// The metadata by which a client of the job service announces the same.
pub(crate) const METADATA: &str = "purlin-structured-failures";

const SEPARATOR: &str = "\n--- the same as data ---\n";

/// The text of a failure, followed by its data for a reader that understands it.
pub(crate) fn encode(failure: &Failure, is_structured: bool) -> String {
    let text = failure.to_string();
    match serde_json::to_string(failure) {
        Ok(data) if is_structured => format!("{text}{SEPARATOR}{data}"),
        _ => text,
    }
}

/// The failure in an error text, which may come from an SDK that sends nothing but the text.
pub(crate) fn decode(text: &str) -> Box<Failure> {
    let structured = text
        .rsplit_once(SEPARATOR)
        .and_then(|(_, data)| serde_json::from_str::<Failure>(data).ok());
    structured.map_or_else(|| Failure::from_text(text), Box::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_survives_only_where_both_sides_know_its_data() {
        let mut failure = Failure::new("no number");
        failure.transform = "Parse".to_owned();
        failure.element = Some("12,abc".to_owned());
        assert_eq!(decode(&encode(&failure, true)), failure);
        let text = encode(&failure, false);
        assert_eq!(text, failure.to_string());
        assert_eq!(decode(&text).text, Some(text));
    }
}
