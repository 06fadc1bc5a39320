//! Stateful functions made of closures, for cases that are about one thing.

use crate::error::BoxError;
use crate::exec::{Context, StatefulDoFn};
use crate::pcollection::PCollection;
use crate::state::{StateSpecs, Timer};

/// The context of such a function.
pub(super) type Cx = Context<String>;
/// What its closures return.
pub(super) type Done = Result<(), BoxError>;

type Process<C> = fn(&C, &str, i64, &mut Cx) -> Done;
type OnTimer<C> = fn(&C, Timer, &str, &mut Cx) -> Done;
type OnExpiration<C> = fn(&C, &str, &mut Cx) -> Done;

/// A stateful function from numbers of keys to texts.
pub(super) struct Keep<C> {
    cells: fn(&mut StateSpecs) -> C,
    process: Process<C>,
    on_timer: OnTimer<C>,
    on_expiration: Option<OnExpiration<C>>,
    is_sorted: bool,
}

/// One that declares these cells and timers, and does nothing yet.
pub(super) fn keep<C>(cells: fn(&mut StateSpecs) -> C) -> Keep<C> {
    Keep {
        cells,
        process: |_, _, _, _| Ok(()),
        on_timer: |_, _, _, _| Ok(()),
        on_expiration: None,
        is_sorted: false,
    }
}

impl<C: Clone + Send + Sync + 'static> Keep<C> {
    /// What it does with each number.
    pub(super) fn on(self, process: Process<C>) -> Self {
        Self { process, ..self }
    }

    /// What it does when a timer fires.
    pub(super) fn on_timer(self, on_timer: OnTimer<C>) -> Self {
        Self { on_timer, ..self }
    }

    /// What it does when a window expires.
    pub(super) fn on_expiration(self, on_expiration: OnExpiration<C>) -> Self {
        Self { on_expiration: Some(on_expiration), ..self }
    }

    /// It wants the numbers of each key in the order of their timestamps.
    pub(super) fn sorted(self) -> Self {
        Self { is_sorted: true, ..self }
    }

    /// What it gives for these.
    #[track_caller]
    pub(super) fn of(self, input: &PCollection<(String, i64)>) -> PCollection<String> {
        match (self.on_expiration.is_some(), self.is_sorted) {
            (false, false) => self.apply::<false, false>(input),
            (true, false) => self.apply::<true, false>(input),
            (false, true) => self.apply::<false, true>(input),
            (true, true) => self.apply::<true, true>(input),
        }
    }

    #[track_caller]
    fn apply<const EXPIRES: bool, const SORTED: bool>(
        self,
        input: &PCollection<(String, i64)>,
    ) -> PCollection<String> {
        let Self { cells, process, on_timer, on_expiration, .. } = self;
        let make = move |specs: &mut StateSpecs| Made::<C, EXPIRES, SORTED> {
            cells: cells(specs),
            process,
            on_timer,
            on_expiration,
        };
        // A stateful step of a stream needs a name of its own.
        let line = std::panic::Location::caller().line();
        input.par_do_stateful(make).named(&format!("Keep {line}")).main()
    }
}

#[derive(Clone)]
struct Made<C, const EXPIRES: bool, const SORTED: bool> {
    cells: C,
    process: Process<C>,
    on_timer: OnTimer<C>,
    on_expiration: Option<OnExpiration<C>>,
}

impl<C, const EXPIRES: bool, const SORTED: bool> StatefulDoFn for Made<C, EXPIRES, SORTED>
where
    C: Clone + Send + Sync + 'static,
{
    type Key = String;
    type In = i64;
    type Out = String;

    const REQUIRES_TIME_SORTED_INPUT: bool = SORTED;
    const HAS_ON_WINDOW_EXPIRATION: bool = EXPIRES;

    fn process(&mut self, key: &String, value: i64, cx: &mut Cx) -> Done {
        (self.process)(&self.cells, key, value, cx)
    }

    fn on_timer(&mut self, timer: Timer, key: &String, cx: &mut Cx) -> Done {
        (self.on_timer)(&self.cells, timer, key, cx)
    }

    fn on_window_expiration(&mut self, key: &String, cx: &mut Cx) -> Done {
        match self.on_expiration {
            Some(on_expiration) => on_expiration(&self.cells, key, cx),
            None => Ok(()),
        }
    }
}

/// Outputs a text of what it got.
pub(super) fn say(cx: &mut Cx, text: impl Into<String>) -> Done {
    cx.output(text.into());
    Ok(())
}
