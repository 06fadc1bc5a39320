//! A worker's requests for user state, by the keys of Beam's state API.

use bytes::Bytes;
use purlin_proto::fn_execution::StateKey;
use purlin_proto::fn_execution::state_key::Type;
use purlin_sdk::coders::wire::put_varint;
use purlin_sdk::coders::{CoderError, Reader};
use purlin_sdk::exec::{Failure, StatePage};

use super::cell::CellId;
use super::facts::{CellKind, KeyedFacts};
use super::view::View;

/// About how many bytes of state are sent at a time.
const PAGE_BYTES: usize = 1 << 20;

type Result<T> = std::result::Result<T, Box<Failure>>;

/// A cell, and the part of it that a request is about.
struct Target<'a> {
    key: &'a Bytes,
    id: CellId,
    part: Part<'a>,
}

/// A part of a cell.
enum Part<'a> {
    Bag,
    /// The keys of a map, or the whole of it.
    MapKeys,
    /// All entries of a map with their keys.
    MapEntries,
    MapEntry(&'a Bytes),
    /// Entries with sort keys in a half-open range.
    List((i64, i64)),
}

impl Part<'_> {
    fn kind(&self) -> CellKind {
        match self {
            Part::Bag => CellKind::Bag,
            Part::MapKeys | Part::MapEntries | Part::MapEntry(_) => CellKind::Map,
            Part::List(_) => CellKind::List,
        }
    }
}

/// Whether a request is for user state, and not for a side input.
#[must_use]
pub fn is_user_state(key: &StateKey) -> bool {
    matches!(
        key.r#type,
        Some(
            Type::BagUserState(_)
                | Type::MultimapKeysUserState(_)
                | Type::MultimapEntriesUserState(_)
                | Type::MultimapUserState(_)
                | Type::OrderedListUserState(_)
        )
    )
}

/// The page of a state cell that `token` asks for.
pub(super) fn get(
    facts: &KeyedFacts,
    view: &View,
    key: &StateKey,
    token: &Bytes,
) -> Result<StatePage> {
    let Target { key, id, part } = target(facts, view, key)?;
    let parts = match part {
        Part::Bag => view.bag(key, &id),
        Part::MapKeys => view.map_keys(key, &id),
        Part::MapEntry(map_key) => view.map_entry(key, &id, map_key),
        Part::MapEntries => {
            return Err(Failure::new("whole entries of a map are not served; read them by key"));
        }
        Part::List(range) => view.list(key, &id, range),
    };
    page(&parts, token)
}

/// Appends to a state cell.
pub(super) fn append(
    facts: &KeyedFacts,
    view: &mut View,
    key: &StateKey,
    data: Bytes,
) -> Result<()> {
    let Target { key, id, part } = target(facts, view, key)?;
    match part {
        Part::Bag => view.append(key, &id, data),
        Part::MapEntry(map_key) => view.change_entry(key, &id, map_key, Some(data)),
        Part::List(_) => {
            for (at, entry) in entries(&data)? {
                view.add_to_list(key, &id, at, entry);
            }
        }
        Part::MapKeys | Part::MapEntries => {
            return Err(Failure::new("values are appended to one key of a map"));
        }
    }
    Ok(())
}

/// Puts values in the place of all that a bag holds.
pub(super) fn replace(
    facts: &KeyedFacts,
    view: &mut View,
    key: &StateKey,
    data: Bytes,
) -> Result<()> {
    let Target { key, id, part } = target(facts, view, key)?;
    match part {
        Part::Bag => view.replace_bag(key, id, data),
        _ => return Err(Failure::new("only the values of a bag are replaced")),
    }
    Ok(())
}

/// Empties a state cell, or the part of it that the key names.
pub(super) fn clear(facts: &KeyedFacts, view: &mut View, key: &StateKey) -> Result<()> {
    let Target { key, id, part } = target(facts, view, key)?;
    match part {
        Part::Bag => view.clear_bag(key, &id),
        Part::MapKeys | Part::MapEntries => view.clear_map(key, &id),
        Part::MapEntry(map_key) => view.change_entry(key, &id, map_key, None),
        Part::List(range) => view.clear_list(key, &id, range),
    }
    Ok(())
}

fn target<'a>(facts: &KeyedFacts, view: &View, key: &'a StateKey) -> Result<Target<'a>> {
    let (state, window, key, part) = match &key.r#type {
        Some(Type::BagUserState(k)) => (&k.user_state_id, &k.window, &k.key, Part::Bag),
        Some(Type::MultimapKeysUserState(k)) => {
            (&k.user_state_id, &k.window, &k.key, Part::MapKeys)
        }
        Some(Type::MultimapEntriesUserState(k)) => {
            (&k.user_state_id, &k.window, &k.key, Part::MapEntries)
        }
        Some(Type::MultimapUserState(k)) => {
            (&k.user_state_id, &k.window, &k.key, Part::MapEntry(&k.map_key))
        }
        Some(Type::OrderedListUserState(k)) => {
            let range = k.range.map_or((i64::MIN, i64::MAX), |range| (range.start, range.end));
            (&k.user_state_id, &k.window, &k.key, Part::List(range))
        }
        _ => return Err(Failure::new("a request for state names no user state")),
    };
    view.check_key(key)?;
    match facts.cell(state) {
        Some((cell, kind)) if kind == part.kind() => {
            Ok(Target { key, id: CellId { window: window.into(), cell }, part })
        }
        Some(_) => Err(Failure::new(format!(
            "the state `{state}` is asked for in another way than it was declared"
        ))),
        None => Err(Failure::new(format!("the stage declares no state `{state}`"))),
    }
}

/// The entries of an ordered list: a sort key, and a value behind its length.
fn entries(data: &Bytes) -> Result<Vec<(i64, Bytes)>> {
    let mut input = Reader::shared(data);
    let mut found = Vec::new();
    let malformed = |error: CoderError| Failure::from_error(&error);
    while !input.is_empty() {
        let start = input.position();
        let at = input.varint().map_err(malformed)?.cast_signed();
        input.skip_length_prefixed().map_err(malformed)?;
        found.push((at, data.slice(start..input.position())));
    }
    Ok(found)
}

/// One page of the concatenated parts: whole parts, since SDKs decode page by page. A token is the
/// number of the part that comes next; it stays good when the bundle appends to the same cell.
fn page(parts: &[Bytes], token: &Bytes) -> Result<StatePage> {
    let first = position(token)?;
    let rest = parts.get(first..).unwrap_or_default();
    let mut bytes = 0;
    let count = rest.iter().take_while(|part| {
        let is_first = bytes == 0;
        bytes += part.len();
        is_first || bytes <= PAGE_BYTES
    });
    let count = count.count();
    let data = match &rest[..count] {
        [part] => part.clone(),
        parts => parts.concat().into(),
    };
    let next = if count < rest.len() { token_of(first + count) } else { Bytes::new() };
    Ok(StatePage { data, next })
}

fn position(token: &Bytes) -> Result<usize> {
    if token.is_empty() {
        return Ok(0);
    }
    let part = Reader::new(token).varint().ok().and_then(|part| usize::try_from(part).ok());
    part.ok_or_else(|| Failure::new("a continuation token is not one of this runner's"))
}

fn token_of(part: usize) -> Bytes {
    let mut token = Vec::new();
    put_varint(&mut token, part as u64);
    token.into()
}
