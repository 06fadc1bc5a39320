//! Triggers as trees that are played through the history of a window from its beginning.

use purlin_proto::pipeline as proto;
use purlin_proto::pipeline::trigger::Trigger as Kind;
use purlin_proto::pipeline::{TimestampTransform, timestamp_transform};
use purlin_sdk::{Timestamp, Window};

use super::history::Event;
use crate::reduce::Clocks;

/// What a trigger sees when something happens.
#[derive(Clone, Copy)]
pub(super) struct Now<'a> {
    pub(super) clocks: &'a Clocks,
    pub(super) end: Timestamp,
}

impl Now<'_> {
    fn window_is_over(&self) -> bool {
        self.clocks.input_watermark > self.end
    }
}

/// A trigger and what happened to it.
#[derive(Clone, Debug)]
pub(super) struct Tree {
    kind: Kind,
    children: Vec<Self>,
    finished: bool,
    count: i32,
    target: Option<Timestamp>,
}

/// The trigger of a window after all that happened to it.
pub(super) fn replay(fresh: &Tree, window: &Window, history: &[Event], merges: bool) -> Tree {
    let end = window.max_timestamp();
    let mut tree = fresh.clone();
    for event in history {
        match event {
            Event::Element { clocks, .. } => tree.element(merges, &Now { clocks, end }),
            Event::Fired { clocks, .. } => tree.fire(merges, &Now { clocks, end }),
            Event::Merged { clocks, is_itself, others } => {
                let mut parts: Vec<_> =
                    others.iter().map(|(w, h)| replay(fresh, w, h, merges)).collect();
                parts.extend(is_itself.then(|| tree.clone()));
                tree.merge(&parts.iter().collect::<Vec<_>>(), &Now { clocks, end });
            }
            Event::Reopened { .. } => {}
        }
    }
    tree
}

impl Tree {
    pub(super) fn new(trigger: &proto::Trigger) -> Self {
        let kind = trigger.trigger.clone().unwrap();
        let boxed = |child: &Option<Box<proto::Trigger>>| child.as_deref().cloned();
        let children = match &kind {
            Kind::AfterAll(all) => all.subtriggers.clone(),
            Kind::AfterAny(any) => any.subtriggers.clone(),
            Kind::AfterEach(each) => each.subtriggers.clone(),
            Kind::Repeat(repeat) => boxed(&repeat.subtrigger).into_iter().collect(),
            Kind::OrFinally(or) => boxed(&or.main).into_iter().chain(boxed(&or.finally)).collect(),
            Kind::AfterEndOfWindow(after) => {
                let never = proto::Trigger { trigger: Some(Kind::Never(proto::trigger::Never {})) };
                let early = boxed(&after.early_firings).unwrap_or(never);
                [early].into_iter().chain(boxed(&after.late_firings)).collect()
            }
            _ => Vec::new(),
        };
        let children = children.iter().map(Self::new).collect();
        Self { kind, children, finished: false, count: 0, target: None }
    }

    pub(super) fn is_finished(&self) -> bool {
        self.finished
    }

    fn has_late(&self) -> bool {
        self.children.len() == 2
    }

    /// As it was in the beginning.
    fn reset(&mut self) {
        self.finished = false;
        self.clear_own();
        self.children.iter_mut().for_each(Self::reset);
    }

    /// Without its pending elements, but with its progress.
    fn clear(&mut self) {
        self.clear_own();
        self.children.iter_mut().for_each(Self::clear);
    }

    fn clear_own(&mut self) {
        self.count = 0;
        self.target = None;
    }

    fn element(&mut self, merges: bool, now: &Now<'_>) {
        let arrival = now.clocks.processing_time;
        match &self.kind {
            Kind::ElementCount(_) => self.count += 1,
            Kind::AfterProcessingTime(after) => {
                let target = after.timestamp_transforms.iter().fold(arrival, transformed);
                self.target = self.target.or(Some(target));
            }
            Kind::AfterSynchronizedProcessingTime(_) => {
                self.target = self.target.or(Some(arrival));
            }
            Kind::AfterEach(_) | Kind::AfterEndOfWindow(_) if !merges => {
                let current = self.children.iter_mut().find(|child| !child.finished);
                current.into_iter().for_each(|child| child.element(merges, now));
            }
            Kind::AfterAll(_) => {
                let unfinished = self.children.iter_mut().filter(|child| !child.finished);
                unfinished.for_each(|child| child.element(merges, now));
            }
            _ => self.children.iter_mut().for_each(|child| child.element(merges, now)),
        }
    }

    pub(super) fn is_ready(&self, now: &Now<'_>) -> bool {
        let passed = |clock: Timestamp| self.target.is_some_and(|target| clock > target);
        match &self.kind {
            Kind::Default(_) => now.window_is_over(),
            Kind::Never(_) => false,
            Kind::Always(_) => true,
            Kind::ElementCount(count) => self.count >= count.element_count,
            Kind::AfterProcessingTime(_) => passed(now.clocks.processing_time),
            Kind::AfterSynchronizedProcessingTime(_) => {
                passed(now.clocks.synchronized_processing_time)
            }
            Kind::AfterEndOfWindow(_) => match self.children.as_slice() {
                [early, ..] if !early.finished => early.is_ready(now) || now.window_is_over(),
                [_, late] => late.is_ready(now),
                _ => false,
            },
            Kind::AfterEach(_) => {
                let current = self.children.iter().find(|child| !child.finished);
                current.is_some_and(|child| child.is_ready(now))
            }
            Kind::AfterAll(_) => {
                self.children.iter().all(|child| child.finished || child.is_ready(now))
            }
            Kind::AfterAny(_) => {
                self.children.iter().any(|child| child.finished || child.is_ready(now))
            }
            Kind::OrFinally(_) | Kind::Repeat(_) => self.children.iter().any(|c| c.is_ready(now)),
        }
    }

    fn fire(&mut self, merges: bool, now: &Now<'_>) {
        match &self.kind {
            Kind::Default(_) | Kind::Never(_) | Kind::Always(_) => {}
            Kind::ElementCount(_)
            | Kind::AfterProcessingTime(_)
            | Kind::AfterSynchronizedProcessingTime(_) => {
                self.clear();
                self.finished = true;
            }
            Kind::AfterEndOfWindow(_) => self.fire_phase(now),
            Kind::AfterEach(_) => {
                let current = self.children.iter_mut().find(|child| !child.finished);
                current.into_iter().for_each(|child| child.fire(merges, now));
                if merges {
                    self.clear();
                }
                self.finished = self.children.iter().all(|child| child.finished);
            }
            Kind::AfterAll(_) => {
                self.children.iter_mut().for_each(|child| child.fire(merges, now));
                self.finished = true;
            }
            Kind::AfterAny(_) => {
                for child in &mut self.children {
                    if child.is_ready(now) { child.fire(merges, now) } else { child.clear() }
                }
                self.finished = true;
            }
            Kind::OrFinally(_) => {
                if self.children[1].is_ready(now) {
                    self.children[1].fire(merges, now);
                    self.children[0].clear();
                } else {
                    self.children[0].fire(merges, now);
                }
                self.finished = self.children.iter().any(|child| child.finished);
            }
            Kind::Repeat(_) => {
                self.children[0].fire(merges, now);
                if self.children[0].finished {
                    self.children[0].reset();
                }
            }
        }
    }

    fn fire_phase(&mut self, now: &Now<'_>) {
        let is_early = !self.children[0].finished;
        self.children.iter_mut().take(1).filter(|_| is_early).for_each(Self::reset);
        if is_early && !now.window_is_over() {
            return;
        }
        self.children[0].finished = true;
        if self.has_late() {
            self.children[1].reset();
        } else {
            self.finished = true;
        }
    }

    /// Becomes the trigger of a window into which those with `parts` merged, itself among them if it
    /// was there before.
    fn merge(&mut self, parts: &[&Self], now: &Now<'_>) {
        let all_finished = parts.iter().all(|part| part.finished);
        let any_finished = parts.iter().any(|part| part.finished);
        match &self.kind {
            Kind::Default(_) | Kind::Never(_) | Kind::Always(_) => {}
            Kind::ElementCount(_) => {
                self.finished = any_finished;
                self.count = if any_finished { 0 } else { parts.iter().map(|p| p.count).sum() };
            }
            Kind::AfterProcessingTime(_) | Kind::AfterSynchronizedProcessingTime(_) => {
                let least = parts.iter().filter_map(|part| part.target).min();
                self.target = least.filter(|_| !self.finished);
            }
            Kind::AfterEndOfWindow(_) if self.children.len() == 1 && self.is_plain_end() => {
                self.finished = all_finished && now.window_is_over();
                self.children[0].finished = self.finished;
            }
            Kind::AfterEndOfWindow(_) => {
                let early_is_over = parts.iter().all(|part| part.children[0].finished);
                if early_is_over && now.window_is_over() {
                    self.children[0].finished = true;
                    self.finished = !self.has_late();
                    if self.has_late() {
                        self.merge_child(1, parts, now);
                    }
                } else {
                    self.merge_child(0, parts, now);
                    self.children[0].finished = false;
                    self.finished = false;
                    self.children.iter_mut().skip(1).for_each(Self::reset);
                }
            }
            Kind::AfterEach(_) => {
                let mut is_next = true;
                for child in 0..self.children.len() {
                    if is_next {
                        self.merge_child(child, parts, now);
                    } else {
                        self.children[child].clear();
                    }
                    is_next &= self.children[child].finished;
                }
                self.finished = is_next;
            }
            Kind::AfterAll(_) => {
                self.merge_children(parts, now);
                self.finished = self.children.iter().all(|child| child.finished);
            }
            Kind::AfterAny(_) | Kind::OrFinally(_) => {
                self.merge_children(parts, now);
                self.finished = self.children.iter().any(|child| child.finished);
            }
            Kind::Repeat(_) => self.merge_children(parts, now),
        }
    }

    fn is_plain_end(&self) -> bool {
        matches!(self.children[0].kind, Kind::Never(_))
    }

    fn merge_children(&mut self, parts: &[&Self], now: &Now<'_>) {
        (0..self.children.len()).for_each(|child| self.merge_child(child, parts, now));
    }

    fn merge_child(&mut self, child: usize, parts: &[&Self], now: &Now<'_>) {
        let parts: Vec<_> = parts.iter().map(|part| &part.children[child]).collect();
        self.children[child].merge(&parts, now);
    }
}

fn transformed(time: Timestamp, transform: &TimestampTransform) -> Timestamp {
    use timestamp_transform::TimestampTransform as Transform;
    match transform.timestamp_transform.as_ref().unwrap() {
        Transform::Delay(delay) => Timestamp(time.0 + delay.delay_millis),
        Transform::AlignTo(align) => {
            let mut aligned = time.0;
            while (aligned - align.offset) % align.period != 0 {
                aligned += 1;
            }
            Timestamp(aligned)
        }
    }
}
