//! Pipeline options in the form of Beam's messages.

use prost_types::value::Kind;
use prost_types::{Struct, Value};
use purlin_sdk::PipelineOptions;

const PREFIX: &str = "beam:option:";
const SUFFIX: &str = ":v1";

/// Options as `beam:option:NAME:v1`, all of them text.
pub(crate) fn to_struct(options: &PipelineOptions) -> Struct {
    let field = |(name, value): (&str, &str)| {
        let key = format!("{PREFIX}{}{SUFFIX}", name.replace('-', "_"));
        (key, Value { kind: Some(Kind::StringValue(value.to_owned())) })
    };
    Struct { fields: options.iter().map(field).collect() }
}

/// The options of a job; what has no text form, such as a list, is left out.
pub(crate) fn from_struct(options: &Struct) -> PipelineOptions {
    let mut read = PipelineOptions::default();
    for (key, value) in &options.fields {
        let name = key.strip_prefix(PREFIX).unwrap_or(key);
        let name = name.strip_suffix(SUFFIX).unwrap_or(name);
        if let Some(text) = text(value) {
            read.set(name, text);
        }
    }
    read
}

fn text(value: &Value) -> Option<String> {
    match value.kind.as_ref()? {
        Kind::StringValue(text) => Some(text.clone()),
        Kind::BoolValue(flag) => Some(flag.to_string()),
        Kind::NumberValue(number) => Some(number.to_string()),
        Kind::NullValue(_) | Kind::StructValue(_) | Kind::ListValue(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_survive_the_way_through_a_job() {
        let mut options = PipelineOptions::default();
        options.set("input", "a=b");
        options.set("stop-at-end", "true");
        let sent = to_struct(&options);
        assert!(sent.fields.contains_key("beam:option:stop_at_end:v1"));
        assert_eq!(from_struct(&sent), options);
    }
}
