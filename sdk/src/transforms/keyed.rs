//! Keys and values.

use crate::element::Element;
use crate::error::Place;
use crate::exec::map_operator;
use crate::graph::{ParDoSpec, Spec};
use crate::pcollection::PCollection;

impl<T: Element> PCollection<T> {
    /// `PCollection<T> → PCollection<(K, T)>`: each element with its key.
    #[track_caller]
    pub fn key_by<K: Element>(
        &self,
        f: impl Fn(&T) -> K + Send + Sync + 'static,
    ) -> PCollection<(K, T)> {
        let operator = map_operator(move |value: T| (f(&value), value));
        let spec = Spec::ParDo(ParDoSpec::new(operator));
        self.pipeline.step("KeyBy", Place::caller(), spec, self.id).1
    }

    /// `PCollection<T> → PCollection<(K, T)>`: all elements with the same key.
    #[track_caller]
    pub fn with_key<K: Element>(&self, key: K) -> PCollection<(K, T)> {
        let operator = map_operator(move |value: T| (key.clone(), value));
        let spec = Spec::ParDo(ParDoSpec::new(operator));
        self.pipeline.step("WithKey", Place::caller(), spec, self.id).1
    }
}

impl<K: Element, V: Element> PCollection<(K, V)> {
    /// `PCollection<(K, V)> → PCollection<(K, O)>`: changes the values.
    #[track_caller]
    pub fn map_values<O: Element>(
        &self,
        f: impl Fn(V) -> O + Send + Sync + 'static,
    ) -> PCollection<(K, O)> {
        let operator = map_operator(move |(key, value): (K, V)| (key, f(value)));
        let spec = Spec::ParDo(ParDoSpec::new(operator));
        self.pipeline.step("MapValues", Place::caller(), spec, self.id).1
    }

    /// `PCollection<(K, V)> → PCollection<(O, V)>`: changes the keys.
    #[track_caller]
    pub fn map_keys<O: Element>(
        &self,
        f: impl Fn(K) -> O + Send + Sync + 'static,
    ) -> PCollection<(O, V)> {
        let operator = map_operator(move |(key, value): (K, V)| (f(key), value));
        let spec = Spec::ParDo(ParDoSpec::new(operator));
        self.pipeline.step("MapKeys", Place::caller(), spec, self.id).1
    }

    /// `PCollection<(K, V)> → PCollection<(V, K)>`: keys become values, and values keys.
    #[track_caller]
    pub fn swap(&self) -> PCollection<(V, K)> {
        let spec = Spec::ParDo(ParDoSpec::new(map_operator(|(key, value): (K, V)| (value, key))));
        self.pipeline.step("Swap", Place::caller(), spec, self.id).1
    }

    /// The keys, once for each pair.
    #[track_caller]
    pub fn keys(&self) -> PCollection<K> {
        let spec = Spec::ParDo(ParDoSpec::new(map_operator(|(key, _): (K, V)| key)));
        self.pipeline.step("Keys", Place::caller(), spec, self.id).1
    }

    /// The values.
    #[track_caller]
    pub fn values(&self) -> PCollection<V> {
        let spec = Spec::ParDo(ParDoSpec::new(map_operator(|(_, value): (K, V)| value)));
        self.pipeline.step("Values", Place::caller(), spec, self.id).1
    }
}
