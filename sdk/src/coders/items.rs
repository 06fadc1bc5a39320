//! The encoding of sequences: of known length, of unknown length, and continued in state.

use super::{CoderError, Reader, wire};

/// How many elements without bytes (global windows) a sequence may claim to have.
const MAX_EMPTY: usize = 1024;

/// The block length that says that a state cell holds the rest: -1 as a varint.
pub(crate) const CONTINUED: u64 = u64::MAX;

/// Calls `each` for every element of a sequence and returns the token of the state cell that holds
/// the rest, which only a `beam:coder:state_backed_iterable:v1` has.
///
/// # Errors
/// When the bytes are not a sequence, or `each` says so.
#[inline]
pub fn read_items<'a>(
    input: &mut Reader<'a>,
    mut each: impl FnMut(&mut Reader<'a>) -> Result<(), CoderError>,
) -> Result<Option<&'a [u8]>, CoderError> {
    if let Some(count) = input.count()? {
        check_count(count, input.remaining())?;
        for i in 0..count {
            each(input).map_err(|e| at(e, i))?;
        }
        return Ok(None);
    }
    read_blocks(input, each)
}

/// Reads blocks of elements up to the empty one, or to the one that is continued in state.
fn read_blocks<'a>(
    input: &mut Reader<'a>,
    mut each: impl FnMut(&mut Reader<'a>) -> Result<(), CoderError>,
) -> Result<Option<&'a [u8]>, CoderError> {
    let size = input.remaining();
    let mut read = 0usize;
    loop {
        let block = match input.varint()? {
            0 => return Ok(None),
            CONTINUED => return input.length_prefixed().map(Some),
            block => usize::try_from(block).unwrap_or(usize::MAX),
        };
        let end = read.saturating_add(block);
        check_count(end, size)?;
        for i in read..end {
            each(input).map_err(|e| at(e, i))?;
        }
        read = end;
    }
}

/// The elements of a sequence that is wholly here.
///
/// # Errors
/// When the bytes are not a sequence, or it is continued in state, or `each` says so.
#[inline]
pub(crate) fn read_vec<'a, T>(
    input: &mut Reader<'a>,
    mut each: impl FnMut(&mut Reader<'a>) -> Result<T, CoderError>,
) -> Result<Vec<T>, CoderError> {
    let mut items = Vec::with_capacity(expected(input));
    let token = read_items(input, |input| {
        items.push(each(input)?);
        Ok(())
    })?;
    no_token(token)?;
    Ok(items)
}

/// How many elements to make room for: a corrupt count must not allocate much.
fn expected(input: &Reader<'_>) -> usize {
    input.clone().count().ok().flatten().unwrap_or(0).min(input.remaining()).min(1024)
}

/// Refuses what is continued in state.
pub(crate) fn no_token(token: Option<&[u8]>) -> Result<(), CoderError> {
    match token {
        None => Ok(()),
        Some(_) => Err(CoderError::new("the rest of this iterable is in state")),
    }
}

fn check_count(count: usize, bytes: usize) -> Result<(), CoderError> {
    if count > bytes && count > MAX_EMPTY {
        return Err(CoderError::new(format!("{count} elements in {bytes} bytes")));
    }
    Ok(())
}

#[cold]
fn at(error: CoderError, index: usize) -> CoderError {
    error.within(format!("iterable[{index}]"))
}

/// Appends a sequence of known length.
///
/// # Errors
/// When there are more than 2147483647 elements, or `each` fails.
#[inline]
pub(crate) fn put_items<I: IntoIterator<IntoIter: ExactSizeIterator>>(
    items: I,
    out: &mut Vec<u8>,
    mut each: impl FnMut(I::Item, &mut Vec<u8>) -> Result<(), CoderError>,
) -> Result<(), CoderError> {
    let items = items.into_iter();
    wire::put_count(out, items.len())?;
    for (i, item) in items.enumerate() {
        each(item, out).map_err(|e| at(e, i))?;
    }
    Ok(())
}
