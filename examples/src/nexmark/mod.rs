//! Nexmark: an auction site as a stream of persons, auctions and bids, and thirteen queries of it.
//!
//! The [`Generator`] makes the [events](Event) beforehand, so that it is not what is measured;
//! [`source`] reads them as a stream whose watermark follows their event time, so that windows end
//! and timers fire on the way. Each query is a composite in a file of its own. [`Query`] has them by
//! name, for programs that run them all.

#![expect(
    clippy::needless_pass_by_value,
    reason = "transforms take collections, which are handles"
)]

mod digest;
mod generator;
mod model;
mod q0;
mod q1;
mod q10;
mod q11;
mod q12;
mod q2;
mod q3;
mod q4;
mod q5;
mod q6;
mod q7;
mod q8;
mod q9;
mod query;
mod random;
mod sold;
mod source;
mod window_end;

pub use digest::{DIGEST, OUTPUTS, digest, digest_of};
pub use generator::{Events, Generator};
pub use model::{Auction, Bid, Event, Person, auctions, bids, persons};
pub use q0::passthrough;
pub use q1::currency_conversion;
pub use q2::selection;
pub use q3::{Lead, WAIT, local_item_suggestion};
pub use q4::average_price_for_category;
pub use q5::hot_items;
pub use q6::average_selling_price_by_seller;
pub use q7::highest_bid;
pub use q8::monitor_new_users;
pub use q9::winning_bids;
pub use q10::{LogToShardedFiles, SHARDS};
pub use q11::user_sessions;
pub use q12::processing_time_windows;
pub use query::Query;
pub use source::{Source, source};
