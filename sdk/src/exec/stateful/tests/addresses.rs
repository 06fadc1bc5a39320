//! Where a runner is told that state is.

use purlin_proto::fn_execution::state_key::Type;
use purlin_proto::fn_execution::{OrderedListRange, StateKey};

use crate::exec::stateful::address::{Address, ScopeKey};
use crate::exec::stateful::ordered::Range;

#[test]
fn state_keys_say_transform_cell_window_and_key() {
    let scope = ScopeKey::new(b"\x01kwindow".as_slice().into(), 2);
    let mut last = StateKey::default();
    let mut address = Address { transform_id: "t1", cell: "c", scope: &scope, last: &mut last };
    let kind = |key: &StateKey| key.r#type.clone().expect("it has one");
    let Type::BagUserState(bag) = kind(address.bag()) else { panic!("no bag") };
    assert_eq!((bag.transform_id.as_str(), bag.user_state_id.as_str()), ("t1", "c"));
    assert_eq!((&bag.key[..], &bag.window[..]), (&b"\x01k"[..], &b"window"[..]));
    let Type::MultimapKeysUserState(keys) = kind(address.map_keys()) else { panic!("no keys") };
    assert_eq!((keys.transform_id.as_str(), keys.user_state_id.as_str()), ("t1", "c"));
    assert_eq!((&keys.key[..], &keys.window[..]), (&b"\x01k"[..], &b"window"[..]));
    let values = kind(address.map_values(&b"m".as_slice().into()));
    let Type::MultimapUserState(values) = values else { panic!("no values") };
    assert_eq!((values.transform_id.as_str(), values.user_state_id.as_str()), ("t1", "c"));
    assert_eq!((&values.key[..], &values.window[..]), (&b"\x01k"[..], &b"window"[..]));
    assert_eq!(&values.map_key[..], b"m");
    let range = Range { start: -5, end: 7 };
    let Type::OrderedListUserState(list) = kind(address.list(Some(range))) else {
        panic!("no list")
    };
    assert_eq!((list.transform_id.as_str(), list.user_state_id.as_str()), ("t1", "c"));
    assert_eq!((&list.key[..], &list.window[..]), (&b"\x01k"[..], &b"window"[..]));
    assert_eq!(list.range, Some(OrderedListRange { start: -5, end: 7 }));
    // A bag of which another key was named before.
    let Type::BagUserState(before) = kind(address.bag()) else { panic!("no bag") };
    let other = ScopeKey::new(b"\x02kkw".as_slice().into(), 3);
    address.scope = &other;
    let Type::BagUserState(bag) = kind(address.bag()) else { panic!("no bag") };
    assert_eq!((&bag.key[..], &bag.window[..]), (&b"\x02kk"[..], &b"w"[..]));
    assert_eq!((bag.transform_id, bag.user_state_id), (before.transform_id, before.user_state_id));
}
