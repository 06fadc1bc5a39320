//! Which elements of a collection an assertion is about.

use std::fmt;

use crate::window::{PaneInfo, Stamp, Timing, Window};

/// Some panes of a window.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Scope {
    pub(super) window: Window,
    pub(super) panes: Panes,
}

/// Which panes of a window.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Panes {
    All,
    OnTime,
    Early,
    Late,
    Final,
    Only,
    NotLate,
}

impl Scope {
    /// Whether it has an element of this stamp.
    pub(super) fn holds(&self, stamp: &Stamp) -> bool {
        stamp.windows.as_slice().contains(&self.window) && self.panes.hold(stamp.pane)
    }
}

impl Panes {
    fn hold(self, pane: PaneInfo) -> bool {
        match self {
            Self::All => true,
            Self::OnTime => pane.timing == Timing::OnTime,
            Self::Early => pane.timing == Timing::Early,
            Self::Late => pane.timing == Timing::Late,
            Self::Final => pane.is_last,
            Self::Only => pane.is_first && pane.is_last,
            Self::NotLate => pane.timing != Timing::Late,
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.panes {
            Panes::All => "in",
            Panes::OnTime => "in the on-time pane of",
            Panes::Early => "in the early panes of",
            Panes::Late => "in the late panes of",
            Panes::Final => "in the final pane of",
            Panes::Only => "in the only pane of",
            Panes::NotLate => "in the panes that are not late of",
        })?;
        match &self.window {
            Window::Global => f.write_str(" the global window"),
            window => write!(f, " the window {window}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;
    use crate::window::{IntervalWindow, Windows};

    fn held(timing: Timing, is_first: bool, is_last: bool) -> Vec<Panes> {
        use Panes::{All, Early, Final, Late, NotLate, OnTime, Only};
        let pane = PaneInfo { timing, is_first, is_last, index: 0, on_time_index: 0 };
        let all = [All, OnTime, Early, Late, Final, Only, NotLate];
        all.into_iter().filter(|panes| panes.hold(pane)).collect()
    }

    #[test]
    fn each_pane_is_in_the_scopes_that_name_it() {
        use Panes::{All, Early, Final, Late, NotLate, OnTime, Only};
        assert_eq!(held(Timing::Early, true, false), [All, Early, NotLate]);
        assert_eq!(held(Timing::OnTime, true, true), [All, OnTime, Final, Only, NotLate]);
        assert_eq!(held(Timing::Late, false, true), [All, Late, Final]);
        assert_eq!(held(Timing::Unknown, true, true), [All, Final, Only, NotLate]);
    }

    #[test]
    fn an_element_of_another_window_is_in_no_scope() {
        let window = |start| IntervalWindow::new(Timestamp(start), Timestamp(start + 10)).into();
        let scope = Scope { window: window(0), panes: Panes::All };
        let stamp = |windows: Vec<Window>| Stamp { windows: windows.into(), ..Stamp::default() };
        assert!(scope.holds(&stamp(vec![window(-5), window(0)])));
        assert!(!scope.holds(&stamp(vec![window(5)])));
        assert!(!scope.holds(&Stamp { windows: Windows::GLOBAL, ..Stamp::default() }));
        assert_eq!(scope.to_string(), "in the window [0 ms, 10 ms)");
    }
}
