//! A runner's tables of state and timers, for tests of units.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard};

use bytes::Bytes;
use purlin_proto::fn_execution::StateKey;
use purlin_proto::fn_execution::state_key::Type;

use crate::coders::Reader;
use crate::exec::{Chunk, Failure, Host, StatePage};
use crate::time::Timestamp;

/// A host that keeps state and timers in memory, and says what was asked of it.
#[derive(Clone, Default)]
pub(crate) struct StateHost(Arc<Mutex<Tables>>);

#[derive(Default)]
struct Tables {
    /// By cell, window and key.
    bags: BTreeMap<Cell, Vec<u8>>,
    maps: BTreeMap<Cell, BTreeMap<Bytes, Vec<u8>>>,
    lists: BTreeMap<Cell, Vec<(i64, Bytes)>>,
    log: Vec<String>,
    timers: Vec<(String, String, Bytes)>,
    now: Timestamp,
    /// How many bytes a page has at most; 0 for any number.
    page: usize,
}

type Cell = (String, Bytes, Bytes);

impl StateHost {
    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.0.lock().expect("no test panics here")
    }

    /// What was asked of it since it was last asked for that.
    pub(crate) fn log(&self) -> Vec<String> {
        std::mem::take(&mut self.tables().log)
    }

    /// The timers that were set and cleared: transform, family and bytes.
    pub(crate) fn timers(&self) -> Vec<(String, String, Bytes)> {
        std::mem::take(&mut self.tables().timers)
    }

    pub(crate) fn set_time(&self, now: Timestamp) {
        self.tables().now = now;
    }

    pub(crate) fn set_page(&self, bytes: usize) {
        self.tables().page = bytes;
    }
}

/// The first of some bytes.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().take(40).fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes all");
        text
    })
}

/// A cell and how its key is shown.
fn cell(key: &StateKey) -> Result<(Cell, String), Box<Failure>> {
    let Some(key) = &key.r#type else { return Err(Failure::new("a state key of no type")) };
    let (cell, window, user_key, part) = match key {
        Type::BagUserState(bag) => (&bag.user_state_id, &bag.window, &bag.key, String::new()),
        Type::MultimapKeysUserState(map) => {
            (&map.user_state_id, &map.window, &map.key, "[keys]".to_owned())
        }
        Type::MultimapUserState(map) => {
            (&map.user_state_id, &map.window, &map.key, format!("[{}]", hex(&map.map_key)))
        }
        Type::OrderedListUserState(list) => {
            let range = list.range.map(|range| format!("[{}..{}]", range.start, range.end));
            (&list.user_state_id, &list.window, &list.key, range.unwrap_or_default())
        }
        _ => return Err(Failure::new("this is no user state")),
    };
    let shown = format!("{cell}{part}@{}", hex(user_key));
    Ok(((cell.clone(), window.clone(), user_key.clone()), shown))
}

impl Tables {
    fn read(&mut self, key: &StateKey) -> Result<Vec<u8>, Box<Failure>> {
        let (cell, shown) = cell(key)?;
        self.log.push(format!("get {shown}"));
        Ok(match key.r#type.as_ref().expect("it has one") {
            Type::MultimapKeysUserState(_) => {
                let keys = self.maps.get(&cell).into_iter().flat_map(BTreeMap::keys);
                keys.flat_map(|key| key.to_vec()).collect()
            }
            Type::MultimapUserState(map) => {
                let values = self.maps.get(&cell).and_then(|all| all.get(&map.map_key));
                values.cloned().unwrap_or_default()
            }
            Type::OrderedListUserState(list) => {
                let range = list.range.ok_or_else(|| Failure::new("a list is read in a range"))?;
                let all = self.lists.get(&cell).into_iter().flatten();
                let found = all.filter(|(key, _)| (range.start..range.end).contains(key));
                found.flat_map(|(_, entry)| entry.to_vec()).collect()
            }
            _ => self.bags.get(&cell).cloned().unwrap_or_default(),
        })
    }

    fn append(&mut self, key: &StateKey, data: &[u8]) -> Result<(), Box<Failure>> {
        let (cell, shown) = cell(key)?;
        self.log.push(format!("append {shown} {}", hex(data)));
        match key.r#type.as_ref().expect("it has one") {
            Type::BagUserState(_) => self.bags.entry(cell).or_default().extend(data),
            Type::MultimapUserState(map) => {
                let values = self.maps.entry(cell).or_default();
                values.entry(map.map_key.clone()).or_default().extend(data);
            }
            Type::OrderedListUserState(list) if list.range.is_none() => {
                let mut reader = Reader::new(data);
                while !reader.is_empty() {
                    let start = reader.position();
                    let key = reader.varint().expect("a sort key").cast_signed();
                    reader.skip_length_prefixed().expect("a value");
                    let entry = Bytes::copy_from_slice(reader.since(start));
                    self.lists.entry(cell.clone()).or_default().push((key, entry));
                }
                self.lists.entry(cell).or_default().sort_by_key(|(key, _)| *key);
            }
            _ => return Err(Failure::new("nothing can be appended there")),
        }
        Ok(())
    }

    fn clear(&mut self, key: &StateKey) -> Result<(), Box<Failure>> {
        let (cell, shown) = cell(key)?;
        self.log.push(format!("clear {shown}"));
        match key.r#type.as_ref().expect("it has one") {
            Type::BagUserState(_) => drop(self.bags.remove(&cell)),
            Type::MultimapKeysUserState(_) => drop(self.maps.remove(&cell)),
            Type::MultimapUserState(map) => {
                self.maps.entry(cell).or_default().remove(&map.map_key);
            }
            Type::OrderedListUserState(list) => {
                let range = list.range.ok_or_else(|| Failure::new("a range is cleared"))?;
                let all = self.lists.entry(cell).or_default();
                all.retain(|(key, _)| !(range.start..range.end).contains(key));
            }
            _ => return Err(Failure::new("that cannot be cleared")),
        }
        Ok(())
    }
}

impl Host for StateHost {
    fn emit(&mut self, sink: &str, chunk: Chunk) -> Result<(), Box<Failure>> {
        self.tables().log.push(format!("emit {} to {sink}", chunk.count));
        Ok(())
    }

    fn get_state(&mut self, key: &StateKey, token: &Bytes) -> Result<StatePage, Box<Failure>> {
        let mut tables = self.tables();
        let data = Bytes::from(tables.read(key)?);
        let start = token.first_chunk().map_or(0, |at| usize::from_be_bytes(*at));
        let end = if tables.page == 0 { data.len() } else { data.len().min(start + tables.page) };
        let next = if end < data.len() { end.to_be_bytes().to_vec() } else { Vec::new() };
        Ok(StatePage { data: data.slice(start..end), next: next.into() })
    }

    fn append_state(&mut self, key: &StateKey, data: Bytes) -> Result<(), Box<Failure>> {
        self.tables().append(key, &data)
    }

    fn clear_state(&mut self, key: &StateKey) -> Result<(), Box<Failure>> {
        self.tables().clear(key)
    }

    fn set_timers(&mut self, id: &str, family: &str, timers: Bytes) -> Result<(), Box<Failure>> {
        let mut tables = self.tables();
        tables.log.push(format!("timers {family}"));
        tables.timers.push((id.to_owned(), family.to_owned(), timers));
        Ok(())
    }

    fn processing_time(&mut self) -> Timestamp {
        self.tables().now
    }
}
