//! Finding where encoded values end, without decoding them.
//!
//! A runner meets chunks of values whose types it does not know. A [`Skipper`] is compiled once
//! from their coder to a flat list of operations; one pass over a chunk then finds each element and
//! its key.

mod compile;

use super::model::Shape;
use super::pane::read_pane;
use super::wire::varint_in_word;
use super::{CoderError, CoderSpec, Reader, read_items};
use crate::element::FieldState;
use crate::element::private::RowReader;

/// Moves past values of one coder.
#[derive(Clone, Debug)]
pub struct Skipper {
    ops: Vec<Op>,
    /// Where each operation is in the coder, or in the sequence or row that it is a part of.
    paths: Vec<String>,
    /// For each row, the operations of its fields in the order of the bytes.
    rows: Vec<Vec<Range>>,
    /// Where the operations of the key end, if the values are pairs.
    key_end: Option<usize>,
}

/// Operations from the first to before the second.
type Range = (usize, usize);

/// One step of moving past a value. `body` counts the operations behind that belong to it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Op {
    /// That many bytes.
    Fixed(usize),
    Varint,
    /// A length, and that many bytes.
    Prefixed,
    Pane,
    /// A byte; the body follows if it is 1.
    If {
        body: usize,
    },
    /// A byte; the body follows if it is 0.
    Unless {
        body: usize,
    },
    /// A sequence of what the body moves past.
    Items {
        body: usize,
    },
    /// A sequence of elements of that many bytes each.
    FixedItems(usize),
    /// A row, whose fields are the body.
    Row {
        row: usize,
        body: usize,
    },
}

impl Op {
    /// The length of what it moves past, where that is easily told: nearly always.
    #[inline]
    fn length(self, bytes: &[u8]) -> Option<usize> {
        let length = match self {
            Self::Fixed(length) => length,
            Self::Varint => varint_in_word(bytes)?.1,
            Self::Prefixed => match *bytes.first()? {
                length @ 0..0x80 => 1 + usize::from(length),
                _ => return None,
            },
            _ => return None,
        };
        (length <= bytes.len()).then_some(length)
    }
}

impl Skipper {
    /// The skipper of values of a coder.
    ///
    /// # Errors
    /// When a coder is unknown and not behind a length.
    pub fn new(spec: &CoderSpec) -> Result<Self, CoderError> {
        Shape::of(spec).map(|shape| compile::compile(&shape))
    }

    /// Moves past one value in the nested form.
    ///
    /// # Errors
    /// When the bytes are not such a value.
    #[inline]
    pub fn skip(&self, input: &mut Reader<'_>) -> Result<(), CoderError> {
        self.run((0, self.ops.len()), input)
    }

    /// Moves past one value in the nested form and returns the length of its key; 0 where it is no
    /// pair.
    ///
    /// # Errors
    /// When the bytes are not such a value.
    #[inline]
    pub fn skip_kv(&self, input: &mut Reader<'_>) -> Result<usize, CoderError> {
        let start = input.position();
        let key_end = self.key_end.unwrap_or(0);
        self.run((0, key_end), input)?;
        let key_length = input.position() - start;
        self.run((key_end, self.ops.len()), input)?;
        Ok(key_length)
    }

    /// Whether the values are pairs.
    #[must_use]
    pub fn is_kv(&self) -> bool {
        self.key_end.is_some()
    }

    #[inline]
    fn run(&self, (mut next, end): Range, input: &mut Reader<'_>) -> Result<(), CoderError> {
        while next < end {
            // What is seldom is elsewhere, which keeps this loop small.
            next = match self.ops[next].length(input.rest()) {
                Some(length) => {
                    input.advance(length);
                    next + 1
                }
                None => self.step(next, input)?,
            };
        }
        Ok(())
    }

    /// Does any operation and returns the next one.
    #[inline(never)]
    fn step(&self, at: usize, input: &mut Reader<'_>) -> Result<usize, CoderError> {
        let next = at + 1;
        let done = match self.ops[at] {
            Op::Fixed(length) => input.take(length).map(|_| next),
            Op::Varint => input.skip_varint().map(|()| next),
            Op::Prefixed => input.skip_length_prefixed().map(|()| next),
            Op::Pane => read_pane(input).map(|_| next),
            Op::If { body } => flag(input).map(|is_set| next + if is_set { 0 } else { body }),
            Op::Unless { body } => flag(input).map(|is_set| next + if is_set { body } else { 0 }),
            Op::FixedItems(size) => fixed_items(input, size).map(|()| next),
            Op::Items { body } => {
                read_items(input, |input| self.run((next, next + body), input)).map(|_| next + body)
            }
            Op::Row { row, body } => {
                self.row(&self.rows[row], (next, next + body), input).map(|()| next + body)
            }
        };
        done.map_err(|error| self.at(at, error))
    }

    fn row(&self, fields: &[Range], all: Range, input: &mut Reader<'_>) -> Result<(), CoderError> {
        let mut row = RowReader::begin(input)?;
        if row.is_full(fields.len()) {
            return self.run(all, input);
        }
        for field in fields {
            if row.state() == FieldState::Here {
                self.run(*field, input)?;
            }
        }
        row.finish(input, super::Nesting::Nested)
    }

    #[cold]
    fn at(&self, op: usize, error: CoderError) -> CoderError {
        let path = &self.paths[op];
        if path.is_empty() { error } else { error.within(path.clone()) }
    }
}

fn flag(input: &mut Reader<'_>) -> Result<bool, CoderError> {
    match input.u8()? {
        0 => Ok(false),
        1 => Ok(true),
        byte => Err(CoderError::new(format!("the byte {byte:#04x} is no flag"))),
    }
}

/// Moves past elements of one size at once, where their number is known.
fn fixed_items(input: &mut Reader<'_>, size: usize) -> Result<(), CoderError> {
    if let Some(count) = input.clone().count()?
        && input.take(count.saturating_mul(size).saturating_add(4)).is_ok()
    {
        return Ok(());
    }
    // One by one, which finds the element that is cut.
    read_items(input, |input| input.take(size).map(drop)).map(drop)
}
