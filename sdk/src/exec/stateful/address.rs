//! Where the runner keeps a state cell.

use bytes::Bytes;
use purlin_proto::fn_execution::state_key::{
    BagUserState, MultimapKeysUserState, MultimapUserState, OrderedListUserState, Type,
};
use purlin_proto::fn_execution::{OrderedListRange, StateKey};

use super::ordered::Range;

/// A key and a window, as the runner tells them apart: by their bytes.
#[derive(Clone, Debug)]
pub(super) struct ScopeKey {
    /// The key and then the window, both in their nested form.
    bytes: Bytes,
    key_length: usize,
}

impl ScopeKey {
    pub(super) fn new(bytes: Bytes, key_length: usize) -> Self {
        Self { bytes, key_length }
    }

    pub(super) fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    pub(super) fn key(&self) -> Bytes {
        self.bytes.slice(..self.key_length)
    }

    fn window(&self) -> Bytes {
        self.bytes.slice(self.key_length..)
    }
}

/// A state cell of a key and window.
pub(super) struct Address<'a> {
    pub(super) transform_id: &'a str,
    pub(super) cell: &'a str,
    pub(super) scope: &'a ScopeKey,
    /// How the cell was last named, for another key and window perhaps.
    pub(super) last: &'a mut StateKey,
}

impl Address<'_> {
    /// All values of a bag. Most requests are for these, so the names are not made anew.
    pub(super) fn bag(&mut self) -> &StateKey {
        let (window, key) = (self.scope.window(), self.scope.key());
        if let Some(Type::BagUserState(last)) = &mut self.last.r#type {
            (last.window, last.key) = (window, key);
            return self.last;
        }
        self.named(Type::BagUserState(BagUserState {
            transform_id: self.transform_id.to_owned(),
            user_state_id: self.cell.to_owned(),
            window,
            key,
        }))
    }

    /// The keys of a multimap; clearing them clears the whole.
    pub(super) fn map_keys(&mut self) -> &StateKey {
        self.named(Type::MultimapKeysUserState(MultimapKeysUserState {
            transform_id: self.transform_id.to_owned(),
            user_state_id: self.cell.to_owned(),
            window: self.scope.window(),
            key: self.scope.key(),
        }))
    }

    /// The values of a key of a multimap.
    pub(super) fn map_values(&mut self, map_key: &Bytes) -> &StateKey {
        self.named(Type::MultimapUserState(MultimapUserState {
            transform_id: self.transform_id.to_owned(),
            user_state_id: self.cell.to_owned(),
            window: self.scope.window(),
            key: self.scope.key(),
            map_key: map_key.clone(),
        }))
    }

    /// The values of an ordered list: those in a range, or where values are added.
    pub(super) fn list(&mut self, range: Option<Range>) -> &StateKey {
        self.named(Type::OrderedListUserState(OrderedListUserState {
            transform_id: self.transform_id.to_owned(),
            user_state_id: self.cell.to_owned(),
            window: self.scope.window(),
            key: self.scope.key(),
            range: range.map(|Range { start, end }| OrderedListRange { start, end }),
        }))
    }

    fn named(&mut self, cell: Type) -> &StateKey {
        self.last.r#type = Some(cell);
        self.last
    }
}
