//! Every URN of Beam's model, each exactly once.
//!
//! Beam writes them as options of enum values; here they are plain constants, grouped by what they
//! name, such as [`transforms::PAR_DO`] or [`coders::VARINT`]. A test compares [`ALL`] with Beam's
//! own descriptors in both directions.

mod external;
mod graph;
mod monitoring;
mod types;
mod workers;

pub use external::{annotations, expansion_methods, managed};
pub use graph::{display_data, side_inputs, transforms, user_states, window_fns};
pub use monitoring::{metric_labels, metric_types, metrics};
pub use types::{coders, logical_types};
pub use workers::{
    artifacts, environments, fn_api, protocols, requirements, resource_hints, runner_protocols,
};

/// A table of names such as `coders::VARINT` and their URNs.
type Table = &'static [(&'static str, &'static str)];

/// Writes each URN once and derives both its constant and its row in the file's table.
macro_rules! urns {
    ($($(#[$doc:meta])* pub mod $group:ident { $($name:ident = $urn:literal;)* })*) => {
        $(
            $(#[$doc])*
            pub mod $group {
                $(#[doc = concat!("`", $urn, "`")] pub const $name: &str = $urn;)*
            }
        )*

        /// The rows of this file for [`super::ALL`].
        pub(super) const TABLE: super::Table = &[
            $($((concat!(stringify!($group), "::", stringify!($name)), $group::$name),)*)*
        ];
    };
}
use urns;

/// The tables of all the files.
const TABLES: [Table; 5] =
    [external::TABLE, graph::TABLE, monitoring::TABLE, types::TABLE, workers::TABLE];

/// Every URN by the name of its constant, such as `("coders::VARINT", "beam:coder:varint:v1")`.
pub const ALL: Table = &joined::<{ rows() }>();

/// How many rows all the tables have.
const fn rows() -> usize {
    let (mut rows, mut table) = (0, 0);
    while table < TABLES.len() {
        rows += TABLES[table].len();
        table += 1;
    }
    rows
}

/// All the tables in one (`concat` of slices is not `const`).
const fn joined<const N: usize>() -> [(&'static str, &'static str); N] {
    let mut all = [("", ""); N];
    let (mut next, mut table) = (0, 0);
    while table < TABLES.len() {
        let mut row = 0;
        while row < TABLES[table].len() {
            all[next] = TABLES[table][row];
            next += 1;
            row += 1;
        }
        table += 1;
    }
    all
}
