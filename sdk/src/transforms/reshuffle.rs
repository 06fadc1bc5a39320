//! Redistribution.

use crate::element::Element;
use crate::error::Place;
use crate::graph::Spec;
use crate::pcollection::PCollection;

impl<T: Element> PCollection<T> {
    /// Redistributes the elements over workers, and keeps steps before and after it apart: few
    /// expensive elements are then processed in parallel. Timestamps, windows and panes stay.
    #[track_caller]
    pub fn reshuffle(&self) -> Self {
        self.pipeline.step("Reshuffle", Place::caller(), Spec::Reshuffle, self.id).1
    }
}
