//! Finds ports that nobody listens on.

use std::{net::TcpListener, process};

use crate::failure::{Failure, Outcome};

/// Below the range from which the system picks ports of outgoing connections: such a connection
/// could take the port between this look and the broker's start.
const FIRST: u16 = 20_000;
const COUNT: u16 = 12_000;

/// `count` different free ports.
pub(super) fn free(count: usize) -> Outcome<Vec<u16>> {
    // Two checkouts on one machine should not look at the same ports first.
    let start = u16::try_from(process::id() * 31 % u32::from(COUNT)).expect("below COUNT, a u16");
    let candidates = (0..COUNT).map(|step| FIRST + (start + step) % COUNT);
    let free: Vec<_> = candidates.filter(|port| is_free(*port)).take(count).collect();
    if free.len() == count { Ok(free) } else { Err(Failure::new("no free port on 127.0.0.1")) }
}

fn is_free(port: u16) -> bool {
    TcpListener::bind(("127.0.0.1", port)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_in_use_is_not_offered() {
        let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        assert!(!is_free(taken.local_addr().unwrap().port()));
    }

    #[test]
    fn ports_differ() {
        let mut ports = free(6).unwrap();
        ports.sort_unstable();
        ports.dedup();
        assert_eq!(ports.len(), 6);
    }
}
