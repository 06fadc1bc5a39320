//! Moving past encoded values without knowing their types.

use std::collections::BTreeMap;

use purlin_proto::pipeline::Coder;
use purlin_proto::urns::coders as urn;
use purlin_sdk::coders::{CoderError, Reader, read_items};

/// Moves past one value of a coder.
#[derive(Clone, Debug)]
pub(crate) enum Skipper {
    Fixed(usize),
    Varint,
    LengthPrefixed,
    Interval,
    Nullable(Box<Self>),
    Iterable(Box<Self>),
    Pair(Box<Self>, Box<Self>),
}

impl Skipper {
    /// The skipper of a coder.
    pub(crate) fn new(id: &str, coders: &BTreeMap<String, Coder>) -> Result<Self, CoderError> {
        let coder = coders.get(id).ok_or_else(|| CoderError::new(format!("no coder `{id}`")))?;
        let part = |position: usize| {
            let id = coder.component_coder_ids.get(position);
            let id = id.ok_or_else(|| CoderError::new(format!("coder `{id:?}` lacks a part")))?;
            Self::new(id, coders).map(Box::new)
        };
        Ok(match coder.spec.as_ref().map_or("", |spec| spec.urn.as_str()) {
            urn::BYTES | urn::STRING_UTF8 | urn::LENGTH_PREFIX => Self::LengthPrefixed,
            urn::VARINT => Self::Varint,
            urn::DOUBLE => Self::Fixed(8),
            urn::BOOL => Self::Fixed(1),
            urn::GLOBAL_WINDOW => Self::Fixed(0),
            urn::INTERVAL_WINDOW => Self::Interval,
            urn::NULLABLE => Self::Nullable(part(0)?),
            urn::ITERABLE => Self::Iterable(part(0)?),
            urn::KV => Self::Pair(part(0)?, part(1)?),
            other => {
                return Err(CoderError::new(format!(
                    "values of coder `{other}` cannot be told apart here"
                )));
            }
        })
    }

    /// Moves past one value.
    pub(crate) fn skip(&self, input: &mut Reader<'_>) -> Result<(), CoderError> {
        match self {
            Self::Fixed(length) => input.take(*length).map(drop),
            Self::Varint => input.varint().map(drop),
            Self::LengthPrefixed => {
                let length = input.length()?;
                input.take(length).map(drop)
            }
            Self::Interval => {
                input.take(8)?;
                input.varint().map(drop)
            }
            Self::Nullable(value) => match input.u8()? {
                0 => Ok(()),
                _ => value.skip(input),
            },
            Self::Iterable(value) => match read_items(input, |input| value.skip(input))? {
                None => Ok(()),
                Some(_) => Err(CoderError::new("the rest of an iterable is in state")),
            },
            Self::Pair(key, value) => {
                key.skip(input)?;
                value.skip(input)
            }
        }
    }

    /// Moves past one value and returns the length of its key; 0 where it is no pair.
    pub(crate) fn skip_keyed(&self, input: &mut Reader<'_>) -> Result<usize, CoderError> {
        let start = input.position();
        match self {
            Self::Pair(key, value) => {
                key.skip(input)?;
                let length = input.position() - start;
                value.skip(input)?;
                Ok(length)
            }
            _ => self.skip(input).map(|()| 0),
        }
    }
}
