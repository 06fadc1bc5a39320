//! Query 8, monitor new users: who registered and opened an auction in the same window?
//!
//! A join of persons and auctions by the seller, in fixed windows of 10 seconds; its results come at
//! the end of a window.

use std::time::Duration;

use purlin::prelude::*;

use super::model::{Event, auctions, persons};
use super::window_end::with_window_end;

/// The end of each window, with number and name of a new person and the reserve of its auction, for
/// each auction.
pub fn monitor_new_users(events: PCollection<Event>) -> PCollection<(Timestamp, (i64, Text, i64))> {
    let windows = FixedWindows::of(Duration::from_secs(10));
    let persons = persons(&events).map(|person| (person.id, person.name)).window_into(windows);
    let sellers = auctions(&events).map(|auction| (auction.seller, auction.reserve));
    let joined = persons.inner_join(&sellers.window_into(windows));
    with_window_end(&joined.map(|(id, (name, reserve))| (id, name, reserve)))
}
