//! What user code sees of the bundle around it.

use std::marker::PhantomData;
use std::sync::Arc;

use super::guard::Trouble;
use super::metrics::MetricValue;
use super::outlet::{AnyOutlet, Link, Outlet, TaggedOutlet};
use super::router::Router;
use super::stateful::Keyed;
use super::unit::{Cx, UnitResult, UnitSpec};
use super::watermark::WatermarkEstimator;
use super::{Batch, Column, SideOpeners, Sides, Stamps};
use crate::element::Element;
use crate::error::BoxError;
use crate::time::Timestamp;
use crate::window::{PaneInfo, Stamp, ValueKind, Window};

/// The name and type of an additional output of a [`DoFn`](crate::DoFn).
///
/// ```
/// use purlin_sdk::Tag;
///
/// const MALFORMED: Tag<String> = Tag::new("malformed");
/// ```
pub struct Tag<T> {
    name: &'static str,
    element: PhantomData<fn() -> T>,
}

impl<T> Tag<T> {
    /// A tag; its name must be unique among the outputs of a transform.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self { name, element: PhantomData }
    }

    /// The name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }
}

impl<T> Clone for Tag<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Tag<T> {}

/// The local name of a transform's main output.
pub(crate) const MAIN_OUTPUT: &str = "out";

/// What a [`DoFn`](crate::DoFn) sees of the bundle around it: the current element's time and
/// window, and where its outputs go.
pub struct Context<Out> {
    link: Option<Link>,
    main: Outlet<Out>,
    tagged: Vec<TaggedOutlet>,
    current: Stamp,
    watermark: Option<Timestamp>,
    estimator: WatermarkEstimator,
    /// Updates since the last flush.
    metrics: Vec<(String, MetricValue)>,
    /// The state cells and timers of a stateful function.
    keyed: Option<Box<Keyed>>,
    sides: Sides,
    /// A mistake of the user's function in a call that could not return it.
    trouble: Option<BoxError>,
}

impl<Out: Element> Context<Out> {
    pub(crate) fn new(spec: &UnitSpec<'_>, sides: &SideOpeners) -> UnitResult<Self> {
        let tagged = spec.ports.iter().filter(|(name, _)| *name != MAIN_OUTPUT);
        Ok(Self {
            link: None,
            main: Outlet::new(spec.port(MAIN_OUTPUT).unwrap_or_else(|| spec.only_port())),
            tagged: tagged
                .map(|(name, port)| TaggedOutlet { name: name.clone(), port: *port, outlet: None })
                .collect(),
            current: Stamp::default(),
            watermark: None,
            estimator: WatermarkEstimator::Manual,
            metrics: Vec::new(),
            keyed: None,
            sides: Sides::open(sides, spec)?,
            trouble: None,
        })
    }

    /// Sends an element on, with the timestamp and windows of the current one.
    pub fn output(&mut self, value: Out) {
        self.main.push_current(value, &self.current);
        if self.main.is_full() {
            self.send_main();
        }
    }

    fn send_main(&mut self) {
        self.main.send(self.link.as_ref());
    }

    /// Sends many elements on, each with the timestamp and windows of the current one. Cheaper than
    /// one by one where a source makes many at once.
    pub fn output_all(&mut self, values: Vec<Out>) {
        self.send_main();
        let stamps = Stamps::constant(self.current.clone());
        self.main.send_all(Batch::new(values, stamps), self.link.as_ref());
    }

    /// Sends an element on with another timestamp, which must not be before the current one's
    /// unless the transform reads a source.
    pub fn output_with_timestamp(&mut self, value: Out, timestamp: Timestamp) {
        let timestamp = timestamp.clamped();
        self.observe(timestamp);
        self.main.push_at(value, &self.current, timestamp);
        if self.main.is_full() {
            self.send_main();
        }
    }

    /// Sends many elements on, each with the timestamp that `time` says, which must not be before the
    /// current one's unless the transform reads a source. Cheaper than one by one where a source makes
    /// many at once.
    pub fn output_all_with_timestamps(
        &mut self,
        values: Vec<Out>,
        time: impl FnMut(&Out) -> Timestamp,
    ) {
        self.send_main();
        let times: Vec<_> = values.iter().map(time).map(Timestamp::clamped).collect();
        if let Some(latest) = times.iter().max() {
            self.observe(*latest);
        }
        let mut stamps = Stamps::constant(self.current.clone());
        stamps.timestamps = Column::Each(times);
        self.main.send_all(Batch::new(values, stamps), self.link.as_ref());
    }

    /// Sends an element to an additional output. It is dropped where nothing reads that output.
    pub fn output_to<T: Element>(&mut self, tag: &Tag<T>, value: T) {
        let Some(tagged) = self.tagged.iter_mut().find(|tagged| tagged.name == tag.name) else {
            return;
        };
        let port = tagged.port;
        let outlet = tagged.outlet.get_or_insert_with(|| Box::new(Outlet::<T>::new(port)));
        // The graph gave this output the type of the tag of this name; another tag of the same
        // name and another type was refused when the graph was built.
        if let Some(outlet) = outlet.as_any().downcast_mut::<Outlet<T>>() {
            outlet.push(value, &self.current);
            if outlet.is_full() {
                outlet.send(self.link.as_ref());
            }
        }
    }

    /// The current element's event time.
    #[must_use]
    pub fn timestamp(&self) -> Timestamp {
        self.current.timestamp
    }

    /// The current element's window; of several, the first.
    #[must_use]
    pub fn window(&self) -> &Window {
        &self.current.windows.as_slice()[0]
    }

    /// The firing that the current element came from.
    #[must_use]
    pub fn pane(&self) -> PaneInfo {
        self.current.pane
    }

    /// Whether the current element is new or takes back what came before: the outputs made of it
    /// are of the same kind.
    #[must_use]
    pub fn value_kind(&self) -> ValueKind {
        self.current.value_kind
    }

    /// Adds to a counter of this transform.
    pub fn count(&mut self, name: &str, amount: i64) {
        self.metric(name, MetricValue::Counter(amount));
    }

    /// Adds a value to a distribution of this transform.
    pub fn distribution(&mut self, name: &str, value: i64) {
        let one = MetricValue::Distribution { count: 1, sum: value, min: value, max: value };
        self.metric(name, one);
    }

    /// Sets a gauge of this transform.
    pub fn gauge(&mut self, name: &str, value: i64) {
        self.metric(name, MetricValue::Gauge { at: Timestamp::now(), value });
    }

    /// Has `call` called once the effects of this bundle are durable, and nothing of what it sent
    /// on is left in any queue. At most once: it is lost with its worker, and not called when the
    /// job fails.
    pub fn on_commit(&mut self, call: impl FnOnce() -> Result<(), BoxError> + Send + 'static) {
        if let Some(link) = &self.link {
            link.router.effects(|effects| effects.finalizers.push(Box::new(call)));
        }
    }

    /// Promises, in a splittable DoFn, that no later output of this restriction is before
    /// `watermark`. It counts whatever the [`WatermarkEstimator`]; the watermark never goes back.
    pub fn set_watermark(&mut self, watermark: Timestamp) {
        self.watermark = self.watermark.max(Some(watermark.clamped()));
    }

    fn observe(&mut self, timestamp: Timestamp) {
        if self.estimator == WatermarkEstimator::Increasing {
            self.set_watermark(timestamp);
        }
    }

    /// Keeps an update until the next flush: a transform has few metrics and may update them with
    /// every element.
    fn metric(&mut self, name: &str, value: MetricValue) {
        match self.metrics.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => known.merge(value),
            None => self.metrics.push((name.to_owned(), value)),
        }
    }

    fn flush_metrics(&mut self) {
        let Some(Link { router, unit }) = &self.link else { return };
        let transform = router.transform_id(*unit);
        if !self.metrics.is_empty() {
            router.effects(|effects| {
                for (name, value) in self.metrics.drain(..) {
                    effects.metrics.update(transform, &name, value);
                }
            });
        }
    }

    pub(crate) fn bind(&mut self, cx: &Cx<'_>) {
        self.link = Some(Link { router: Arc::clone(cx.router), unit: cx.unit });
        // What is given before the first element must not have the stamp of the last bundle's.
        self.set_current(Stamp::default());
        // An earlier bundle may have ended early.
        self.sides.forget();
    }

    pub(crate) fn set_current(&mut self, stamp: Stamp) {
        self.current = stamp;
        self.main.is_renewed();
    }

    /// The same stamp as before at another time is that of what is being processed.
    pub(crate) fn set_timestamp(&mut self, timestamp: Timestamp) {
        self.current.timestamp = timestamp;
        self.main.is_renewed();
    }

    /// The stamp of what is being processed.
    pub(crate) fn current(&self) -> &Stamp {
        &self.current
    }

    pub(crate) fn set_keyed(&mut self, keyed: Keyed) {
        self.keyed = Some(Box::new(keyed));
    }

    /// The state cells and timers of a stateful function, during a bundle.
    pub(crate) fn keyed(&mut self) -> Option<(&mut Keyed, &Router)> {
        Some((self.keyed.as_deref_mut()?, self.link.as_ref()?.router.as_ref()))
    }

    pub(crate) fn state(&self) -> Option<&Keyed> {
        self.keyed.as_deref()
    }

    /// Whether elements of different windows see different side inputs, so that one in several
    /// windows must be processed in each.
    pub(crate) fn observes_windows(&self) -> bool {
        self.sides.observe_windows()
    }

    /// Reads a side input as the current window sees it.
    pub(crate) fn read_side<R>(
        &mut self,
        read: impl FnOnce(&mut Sides, &Window, &Arc<Router>) -> Result<R, BoxError>,
    ) -> Result<R, BoxError> {
        let Some(link) = &self.link else {
            return Err("side inputs cannot be read outside a bundle".into());
        };
        read(&mut self.sides, &self.current.windows.as_slice()[0], &link.router)
    }

    /// Remembers a mistake until the user's function returns; the first counts.
    pub(crate) fn note(&mut self, error: BoxError) {
        self.trouble.get_or_insert(error);
    }

    pub(crate) fn take_trouble(&mut self) -> Option<BoxError> {
        self.trouble.take()
    }

    /// Makes the outputs of the current element plain ones.
    pub(crate) fn make_plain(&mut self) {
        self.current.value_kind = ValueKind::Insert;
        self.main.is_renewed();
    }

    pub(crate) fn set_estimator(&mut self, estimator: WatermarkEstimator) {
        self.estimator = estimator;
    }

    /// The watermark that the work has reached, and forgets it.
    pub(crate) fn take_watermark(&mut self) -> Option<Timestamp> {
        if self.estimator == WatermarkEstimator::WallTime {
            self.set_watermark(Timestamp::now());
        }
        self.watermark.take()
    }

    /// Sends what is buffered, and reports a failure that an earlier output met.
    pub(crate) fn flush(&mut self) -> UnitResult {
        self.flush_metrics();
        self.send_main();
        for tagged in &mut self.tagged {
            if let Some(outlet) = &mut tagged.outlet {
                outlet.send(self.link.as_ref());
            }
        }
        self.check()
    }

    /// The failure that an output met, if any.
    pub(crate) fn check(&mut self) -> UnitResult {
        if let Some(error) = self.trouble.take() {
            return Err(Trouble::User(error).into_failure());
        }
        match &self.link {
            Some(link) if link.router.has_failed() => {
                Err(link.router.effects(|effects| effects.failure.clone().unwrap_or_default()))
            }
            _ => Ok(()),
        }
    }

    /// Flushes at the end of a bundle and lets go of the stage.
    pub(crate) fn release(&mut self) -> UnitResult {
        let result = self.flush();
        self.sides.forget();
        self.link = None;
        result
    }
}
