//! What the engine knows about a stage whose keys have state: the numbers of its cells and timer
//! families, its windows, and how late its elements may be.

use purlin_proto::pipeline::{ParDoPayload, StateSpec, WindowingStrategy, time_domain};
use purlin_proto::urns::{transforms as urn, user_states};
use purlin_sdk::coders::windowed::WindowCoder;
use purlin_sdk::coders::{CoderSpec, Skipper};
use purlin_sdk::{Error, Timestamp, Window};

use super::change::Timer;
use super::grouping::Grouping;
use crate::plan::{Plan, SdkStage, StageId, StageKind, par_do_payload};
use crate::user_windows::UserWindowsSlot;

/// What the engine knows about a stage whose keys have state.
#[derive(Debug)]
pub(crate) struct KeyedFacts {
    /// The names and kinds of its cells, by number.
    pub(super) cells: Vec<(String, CellKind)>,
    /// Its timer families, by number.
    pub(super) families: Vec<Family>,
    pub(super) windows: WindowCoder,
    /// The allowed lateness, in milliseconds.
    pub(super) lateness: i64,
    pub(super) kind: Kind,
}

/// What a stage with state does.
#[derive(Debug)]
pub(super) enum Kind {
    /// Calls a user's function.
    User(User),
    /// Groups by key and window.
    Grouping(Box<Grouping>),
}

/// A user's function with state.
#[derive(Debug)]
pub(super) struct User {
    pub(super) transform_id: String,
    /// Finds the ends of keys in timers.
    pub(super) key: Skipper,
    /// The family by which the function is told that a window expires.
    pub(super) on_expiration: Option<u16>,
    /// The engine's own family of elements that wait to be sorted; those of the user come before.
    pub(super) sorting: u16,
    /// The engine's own family that drops the state of a window.
    pub(super) expiry: u16,
    /// Whether it gets its elements in the order of their timestamps.
    pub(super) is_time_sorted: bool,
}

/// How a cell is read and written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum CellKind {
    /// As values in the order of arrival.
    Bag,
    /// As values by map key.
    Map,
    /// As entries by sort key.
    List,
}

impl CellKind {
    fn of(spec: &StateSpec) -> Self {
        let protocol = spec.protocol.as_ref().map_or("", |protocol| protocol.urn.as_str());
        match protocol {
            user_states::MULTIMAP => Self::Map,
            user_states::ORDERED_LIST => Self::List,
            _ => Self::Bag,
        }
    }
}

/// A family of timers.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Family {
    pub(super) name: String,
    pub(super) clock: Clock,
}

/// Which clock timers wait for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Domain {
    /// The watermark.
    Event,
    /// The wall clock.
    Processing,
}

/// Which of the timers of a key that are due at the same time fires first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Rank {
    /// That which passes on elements that were sorted: they are processed before timers of their time.
    Sorting,
    /// Those of the user's function or the grouping.
    Own,
    /// That which drops the state of a window.
    Expiry,
}

/// When a timer that is set for a time fires.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Clock {
    /// Once the watermark has reached it.
    EventTime,
    /// Once the watermark has passed it.
    AfterEventTime,
    /// Once the wall clock has reached it.
    ProcessingTime,
    /// Once the wall clock has passed it.
    AfterProcessingTime,
    /// Never: it only holds the watermark.
    Never,
}

/// The engine's own families of a user's stage: of elements that wait to be sorted, and of windows
/// that expire.
const OWN_FAMILIES: [&str; 2] = ["sorting", "expiry"];

impl KeyedFacts {
    /// The facts of each stage, `None` for those without state.
    pub(crate) fn of_plan(plan: &Plan, slot: &UserWindowsSlot) -> Result<Vec<Option<Self>>, Error> {
        plan.stages.iter().map(|stage| Self::of_stage(plan, stage.id, slot)).collect()
    }

    fn of_stage(
        plan: &Plan,
        stage: StageId,
        slot: &UserWindowsSlot,
    ) -> Result<Option<Self>, Error> {
        let stage = &plan.stages[stage.0];
        match &stage.kind {
            StageKind::Sdk(sdk) if needs_state(sdk) => Self::of_user(plan, sdk).map(Some),
            StageKind::GroupByKey { input, .. } => {
                let collection = &plan.collections[input.0];
                if Grouping::is_plain(&collection.windowing) {
                    return Ok(None);
                }
                let spec = CoderSpec::from_proto(
                    &collection.coders,
                    &collection.windowing.window_coder_id,
                );
                let windows = spec.and_then(|spec| WindowCoder::from_spec(&spec));
                let windows = windows.map_err(|error| internal(&stage.name, &error))?;
                Grouping::facts(&collection.windowing, windows, slot).map(Some)
            }
            _ => Ok(None),
        }
    }

    fn of_user(plan: &Plan, sdk: &SdkStage) -> Result<Self, Error> {
        let (transform_id, payload) = keyed_transform(sdk)?;
        let collection = &plan.collections[sdk.input.0];
        let spec = CoderSpec::from_proto(&collection.coders, &collection.coder_id);
        let key = spec.and_then(|spec| match spec.as_kv() {
            Some((key, _)) => Skipper::new(key),
            None => Skipper::new(&spec),
        });
        let key = key.map_err(|error| internal(&transform_id, &error))?;
        let windowing = &collection.windowing;
        let windows = CoderSpec::from_proto(&collection.coders, &windowing.window_coder_id)
            .and_then(|spec| WindowCoder::from_spec(&spec))
            .map_err(|error| internal(&transform_id, &error))?;
        let mut families = user_families(&payload);
        let on_expiration = position(&families, &payload.on_window_expiration_timer_family_spec);
        let sorting = number(families.len())?;
        let expiry = number(families.len() + 1)?;
        families.extend(
            OWN_FAMILIES.map(|name| Family { name: name.to_owned(), clock: Clock::AfterEventTime }),
        );
        Ok(Self {
            cells: payload
                .state_specs
                .iter()
                .map(|(name, spec)| (name.clone(), CellKind::of(spec)))
                .collect(),
            families,
            windows,
            lateness: lateness(windowing),
            kind: Kind::User(User {
                transform_id,
                key,
                on_expiration,
                sorting,
                expiry,
                is_time_sorted: payload.requires_time_sorted_input,
            }),
        })
    }

    /// The number and kind of a cell.
    pub(super) fn cell(&self, name: &str) -> Option<(u16, CellKind)> {
        let at = self.cells.iter().position(|(cell, _)| cell == name)?;
        Some((u16::try_from(at).ok()?, self.cells[at].1))
    }

    /// The number of a timer family.
    pub(crate) fn family(&self, name: &str) -> Option<u16> {
        position(&self.families, name)
    }

    pub(super) fn clock(&self, family: u16) -> Clock {
        self.families.get(usize::from(family)).map_or(Clock::Never, |family| family.clock)
    }

    /// When a timer of a family is due, and by which clock; `None` if never.
    ///
    /// Where a function gets its elements sorted, a timer of event time waits for them: until no
    /// element of its time or before can come any more, and those that came were processed.
    pub(super) fn place(&self, family: u16, timer: Timer) -> Option<(Domain, Timestamp)> {
        let after = |at: Timestamp| Timestamp(at.0.saturating_add(1));
        match self.clock(family) {
            Clock::EventTime if self.is_time_sorted() => {
                Some((Domain::Event, after(self.accepted_until(timer.fire))))
            }
            Clock::EventTime => Some((Domain::Event, timer.fire)),
            Clock::AfterEventTime => Some((Domain::Event, after(timer.fire))),
            Clock::ProcessingTime => Some((Domain::Processing, timer.fire)),
            Clock::AfterProcessingTime => Some((Domain::Processing, after(timer.fire))),
            Clock::Never => None,
        }
    }

    pub(super) fn rank(&self, family: u16) -> Rank {
        match &self.kind {
            Kind::User(user) if family == user.sorting => Rank::Sorting,
            Kind::User(user) if family == user.expiry => Rank::Expiry,
            _ => Rank::Own,
        }
    }

    pub(super) fn is_expiry(&self, family: u16) -> bool {
        self.rank(family) == Rank::Expiry
    }

    fn is_time_sorted(&self) -> bool {
        matches!(&self.kind, Kind::User(user) if user.is_time_sorted)
    }

    /// Whether of the timers of a key that are due one fires at a time.
    pub(super) fn is_one_timer_a_key(&self) -> bool {
        matches!(self.kind, Kind::User(_))
    }

    /// The last watermark at which an element of this time is accepted where input is sorted.
    pub(super) fn accepted_until(&self, timestamp: Timestamp) -> Timestamp {
        let at = Timestamp(timestamp.0.saturating_add(self.lateness));
        // The end of time itself lets everything pass.
        at.min(Timestamp(Timestamp::MAX.0 - 2))
    }

    /// Whether the state of a window goes before the end of the input. What ends with the global
    /// window needs no timer for it, unless the function is told: then nothing is left to wait for.
    pub(super) fn windows_may_expire(&self) -> bool {
        let is_told = matches!(&self.kind, Kind::User(user) if user.on_expiration.is_some());
        self.windows != WindowCoder::Global || is_told
    }

    /// The last time at which elements of a window are accepted and its state is kept.
    pub(super) fn expires_at(&self, window: &Window) -> Timestamp {
        self.accepted_until(window.max_timestamp())
    }
}

fn needs_state(sdk: &SdkStage) -> bool {
    sdk.is_keyed
        || keyed_transform(sdk).is_ok_and(|(_, payload)| payload.requires_time_sorted_input)
}

/// The transform of a stage that has state, timers or sorted input: it is the first.
fn keyed_transform(sdk: &SdkStage) -> Result<(String, ParDoPayload), Error> {
    let transforms = sdk.descriptor.transforms.iter();
    let mut par_dos = transforms.filter(|(_, transform)| {
        transform.spec.as_ref().is_some_and(|spec| spec.urn == urn::PAR_DO)
    });
    let found = par_dos.find_map(|(id, transform)| {
        let payload = par_do_payload(id, transform).ok()?;
        let is_keyed = !payload.state_specs.is_empty()
            || !payload.timer_family_specs.is_empty()
            || payload.requires_time_sorted_input;
        is_keyed.then(|| (id.clone(), payload))
    });
    found
        .ok_or_else(|| Error::Internal("a stage with state has no transform with state".to_owned()))
}

fn user_families(payload: &ParDoPayload) -> Vec<Family> {
    let families = payload.timer_family_specs.iter();
    families
        .map(|(name, spec)| Family {
            name: name.clone(),
            clock: match spec.time_domain() {
                time_domain::Enum::ProcessingTime => Clock::ProcessingTime,
                _ => Clock::EventTime,
            },
        })
        .collect()
}

fn position(families: &[Family], name: &str) -> Option<u16> {
    let at = families.iter().position(|family| family.name == name)?;
    u16::try_from(at).ok()
}

fn number(count: usize) -> Result<u16, Error> {
    u16::try_from(count)
        .map_err(|_| Error::Internal(format!("{count} families of timers are more than 65,535")))
}

/// The allowed lateness of a windowing strategy, in milliseconds.
pub(super) fn lateness(windowing: &WindowingStrategy) -> i64 {
    windowing.allowed_lateness.max(0)
}

fn internal(what: &str, error: &dyn std::fmt::Display) -> Error {
    Error::Internal(format!("the keys of `{what}`: {error}"))
}
