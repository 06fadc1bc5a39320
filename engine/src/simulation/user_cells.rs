//! The function's state in the engine, asked for as a worker does.

use bytes::Bytes;
use purlin_proto::fn_execution::state_key::{
    BagUserState, MultimapKeysUserState, MultimapUserState, OrderedListUserState, Type,
};
use purlin_proto::fn_execution::{OrderedListRange, StateKey};
use purlin_sdk::coders::windowed::{WindowCoder, put_windows};
use purlin_sdk::coders::wire::{put_length_prefixed, put_timestamp, put_varint};
use purlin_sdk::coders::{Reader, put_pane};
use purlin_sdk::{PaneInfo, Timestamp, Window, Windows};

use super::codec::key_bytes;
use super::program::{Cells, Family};
use crate::keyed::KeyedBundle;

/// The state of a key and window in a bundle.
pub(super) struct UserCells<'a> {
    pub(super) bundle: &'a mut KeyedBundle,
    pub(super) key: u8,
    pub(super) window: Window,
    pub(super) windows: WindowCoder,
}

pub(super) fn family_name(family: Family) -> &'static str {
    match family {
        Family::Event => "event",
        Family::Processing => "processing",
    }
}

impl UserCells<'_> {
    fn window(&self) -> Bytes {
        let mut out = Vec::new();
        self.windows.put_window(&mut out, &self.window);
        out.into()
    }

    fn bag_key(&self, cell: &str) -> StateKey {
        key(Type::BagUserState(BagUserState {
            transform_id: "fn".to_owned(),
            user_state_id: cell.to_owned(),
            window: self.window(),
            key: key_bytes(self.key),
        }))
    }

    fn map_keys_key(&self) -> StateKey {
        key(Type::MultimapKeysUserState(MultimapKeysUserState {
            transform_id: "fn".to_owned(),
            user_state_id: "map".to_owned(),
            window: self.window(),
            key: key_bytes(self.key),
        }))
    }

    fn map_key(&self, map_key: u8) -> StateKey {
        key(Type::MultimapUserState(MultimapUserState {
            transform_id: "fn".to_owned(),
            user_state_id: "map".to_owned(),
            window: self.window(),
            key: key_bytes(self.key),
            map_key: vec![map_key].into(),
        }))
    }

    fn list_key(&self, (start, end): (i64, i64)) -> StateKey {
        key(Type::OrderedListUserState(OrderedListUserState {
            transform_id: "fn".to_owned(),
            user_state_id: "list".to_owned(),
            window: self.window(),
            key: key_bytes(self.key),
            range: Some(OrderedListRange { start, end }),
        }))
    }

    fn get(&self, key: &StateKey) -> Vec<u8> {
        let mut all = Vec::new();
        let mut token = Bytes::new();
        loop {
            let page = self.bundle.get(key, &token).unwrap();
            all.extend_from_slice(&page.data);
            token = page.next;
            if token.is_empty() {
                return all;
            }
        }
    }

    fn append(&mut self, key: &StateKey, data: Vec<u8>) {
        self.bundle.append(key, data.into()).unwrap();
    }
}

fn key(key: Type) -> StateKey {
    StateKey { r#type: Some(key) }
}

impl Cells for UserCells<'_> {
    fn count(&mut self) -> u64 {
        let bytes = self.get(&self.bag_key("count"));
        if bytes.is_empty() { 0 } else { u64::from_be_bytes(bytes.try_into().unwrap()) }
    }

    fn set_count(&mut self, count: u64) {
        let key = self.bag_key("count");
        self.bundle.clear(&key).unwrap();
        if count > 0 {
            self.append(&key, count.to_be_bytes().to_vec());
        }
    }

    fn bag(&mut self) -> Vec<u8> {
        self.get(&self.bag_key("bag"))
    }

    fn add_to_bag(&mut self, value: u8) {
        self.append(&self.bag_key("bag"), vec![value]);
    }

    fn clear_bag(&mut self) {
        self.bundle.clear(&self.bag_key("bag")).unwrap();
    }

    fn map_keys(&mut self) -> Vec<u8> {
        self.get(&self.map_keys_key())
    }

    fn map_entry(&mut self, key: u8) -> Vec<u8> {
        self.get(&self.map_key(key))
    }

    fn add_to_map(&mut self, key: u8, value: u8) {
        self.append(&self.map_key(key), vec![value]);
    }

    fn clear_map_entry(&mut self, key: u8) {
        self.bundle.clear(&self.map_key(key)).unwrap();
    }

    fn clear_map(&mut self) {
        self.bundle.clear(&self.map_keys_key()).unwrap();
    }

    fn list(&mut self, range: (i64, i64)) -> Vec<(i64, u8)> {
        let data = self.get(&self.list_key(range));
        let mut reader = Reader::new(&data);
        let mut entries = Vec::new();
        while !reader.is_empty() {
            let at = reader.varint().unwrap().cast_signed();
            entries.push((at, reader.length_prefixed().unwrap()[0]));
        }
        entries
    }

    fn add_to_list(&mut self, at: i64, value: u8) {
        let mut entry = Vec::new();
        put_varint(&mut entry, at.cast_unsigned());
        put_length_prefixed(&mut entry, &[value]);
        self.append(&self.list_key((i64::MIN, i64::MAX)), entry);
    }

    fn clear_list(&mut self, range: (i64, i64)) {
        self.bundle.clear(&self.list_key(range)).unwrap();
    }

    fn set_timer(&mut self, family: Family, tag: u8, at: Option<(Timestamp, Timestamp)>) {
        let mut timer = key_bytes(self.key).to_vec();
        put_length_prefixed(&mut timer, &[tag]);
        put_windows(&mut timer, &Windows::One(self.window.clone()), &self.windows);
        match at {
            Some((fire, hold)) => {
                timer.push(0);
                put_timestamp(&mut timer, fire);
                put_timestamp(&mut timer, hold);
                put_pane(&mut timer, &PaneInfo::NO_FIRING);
            }
            None => timer.push(1),
        }
        self.bundle.set_timers(family_name(family), &timer.into(), None).unwrap();
    }
}
