//! What happened to a job: its states and messages, for those who watch and those who come later.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use purlin_proto::jobs::job_message::MessageImportance;
use purlin_proto::jobs::job_messages_response::Response as Event;
use purlin_proto::jobs::job_state::Enum as State;
use purlin_proto::jobs::{JobMessage, JobStateEvent};
use purlin_sdk::Failure;
use tokio::sync::watch;

use crate::failure;
use crate::sync::lock;

/// How many messages are kept; the oldest go first.
const KEPT: usize = 1000;

/// The history of a job.
pub(super) struct JobLog {
    history: Mutex<History>,
    /// Counts the events, to wake those who watch.
    version: watch::Sender<u64>,
}

struct History {
    events: VecDeque<Entry>,
    /// The number of the oldest event that is kept.
    first: u64,
    state: JobStateEvent,
}

#[derive(Clone)]
enum Entry {
    State(JobStateEvent),
    Message(JobMessage, Option<Arc<Failure>>),
}

impl JobLog {
    pub(super) fn new() -> Self {
        let state = event(State::Stopped);
        let events = VecDeque::from([Entry::State(state)]);
        let history = Mutex::new(History { events, first: 0, state });
        Self { history, version: watch::Sender::new(1) }
    }

    /// The present state.
    pub(super) fn state(&self) -> JobStateEvent {
        lock(&self.history).state
    }

    /// Notes a state; none follows one in which the job has ended. Returns the state it is in.
    pub(super) fn enter(&self, state: State) -> State {
        let mut history = lock(&self.history);
        let present = history.state.state();
        if is_terminal(present) || present == state {
            return present;
        }
        history.state = event(state);
        let entry = Entry::State(history.state);
        self.push(&mut history, entry);
        state
    }

    /// Notes why the job failed.
    pub(super) fn error(&self, text: String, failure: Option<Box<Failure>>) {
        let mut history = lock(&self.history);
        let message = JobMessage {
            message_id: (history.first + history.events.len() as u64).to_string(),
            time: now().to_string(),
            importance: MessageImportance::JobMessageError.into(),
            message_text: text,
        };
        self.push(&mut history, Entry::Message(message, failure.map(Arc::from)));
    }

    fn push(&self, history: &mut History, entry: Entry) {
        history.events.push_back(entry);
        if history.events.len() > KEPT {
            history.events.pop_front();
            history.first += 1;
        }
        self.version.send_modify(|version| *version += 1);
    }

    /// A view of all events, from the first that is kept.
    pub(super) fn watch(self: &Arc<Self>, is_structured: bool) -> Watch {
        let log = Arc::clone(self);
        Watch { version: self.version.subscribe(), log, next: 0, is_structured }
    }
}

/// Reads the events of a job one after the other, as they come.
pub(super) struct Watch {
    log: Arc<JobLog>,
    version: watch::Receiver<u64>,
    next: u64,
    is_structured: bool,
}

impl Watch {
    /// The next event; `None` after the last of a job that has ended.
    pub(super) async fn next(&mut self) -> Option<Event> {
        loop {
            self.version.mark_unchanged();
            {
                let history = lock(&self.log.history);
                self.next = self.next.max(history.first);
                let index = usize::try_from(self.next - history.first).unwrap_or(usize::MAX);
                if let Some(entry) = history.events.get(index) {
                    self.next += 1;
                    return Some(entry.event(self.is_structured));
                }
                if is_terminal(history.state.state()) {
                    return None;
                }
            }
            self.version.changed().await.ok()?;
        }
    }

    /// The next state, past all messages.
    pub(super) async fn next_state(&mut self) -> Option<JobStateEvent> {
        loop {
            if let Event::StateResponse(state) = self.next().await? {
                return Some(state);
            }
        }
    }
}

impl Entry {
    fn event(&self, is_structured: bool) -> Event {
        match self {
            Self::State(state) => Event::StateResponse(*state),
            Self::Message(message, None) => Event::MessageResponse(message.clone()),
            Self::Message(message, Some(failure)) => {
                let message_text = failure::encode(failure, is_structured);
                Event::MessageResponse(JobMessage { message_text, ..message.clone() })
            }
        }
    }
}

/// Whether a job in this state has ended.
pub(crate) fn is_terminal(state: State) -> bool {
    matches!(
        state,
        State::Done | State::Failed | State::Cancelled | State::Drained | State::Updated
    )
}

fn event(state: State) -> JobStateEvent {
    JobStateEvent { state: state.into(), timestamp: Some(now()) }
}

fn now() -> prost_types::Timestamp {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    prost_types::Timestamp {
        seconds: i64::try_from(now.as_secs()).unwrap_or(i64::MAX),
        nanos: i32::try_from(now.subsec_nanos()).unwrap_or(0),
    }
}
