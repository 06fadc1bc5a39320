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
#[derive(Clone, Copy)]
pub(super) struct Address<'a> {
    pub(super) transform_id: &'a str,
    pub(super) cell: &'a str,
    pub(super) scope: &'a ScopeKey,
}

impl Address<'_> {
    /// All values of a bag.
    pub(super) fn bag(&self) -> StateKey {
        key(Type::BagUserState(BagUserState {
            transform_id: self.transform_id.to_owned(),
            user_state_id: self.cell.to_owned(),
            window: self.scope.window(),
            key: self.scope.key(),
        }))
    }

    /// The keys of a multimap; clearing them clears the whole.
    pub(super) fn map_keys(&self) -> StateKey {
        key(Type::MultimapKeysUserState(MultimapKeysUserState {
            transform_id: self.transform_id.to_owned(),
            user_state_id: self.cell.to_owned(),
            window: self.scope.window(),
            key: self.scope.key(),
        }))
    }

    /// The values of a key of a multimap.
    pub(super) fn map_values(&self, map_key: &Bytes) -> StateKey {
        key(Type::MultimapUserState(MultimapUserState {
            transform_id: self.transform_id.to_owned(),
            user_state_id: self.cell.to_owned(),
            window: self.scope.window(),
            key: self.scope.key(),
            map_key: map_key.clone(),
        }))
    }

    /// The values of an ordered list: those in a range, or where values are added.
    pub(super) fn list(&self, range: Option<Range>) -> StateKey {
        key(Type::OrderedListUserState(OrderedListUserState {
            transform_id: self.transform_id.to_owned(),
            user_state_id: self.cell.to_owned(),
            window: self.scope.window(),
            key: self.scope.key(),
            range: range.map(|Range { start, end }| OrderedListRange { start, end }),
        }))
    }
}

fn key(cell: Type) -> StateKey {
    StateKey { r#type: Some(cell) }
}
