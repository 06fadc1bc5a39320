//! Side inputs of functions with a context, which read them by handles.

use std::any::Any;
use std::sync::Arc;

use super::{SideReader, SideSource, SideViews, ViewFn};
use crate::element::Element;
use crate::error::BoxError;
use crate::exec::unit::{UnitResult, UnitSpec};
use crate::exec::{Batch, Context, Router, Stamps, helpful};
use crate::window::{Stamp, Window, Windows};

/// The handle of a side input, kept in a field of a DoFn and read by [`Context::side`].
///
/// It is made where a DoFn is applied to a collection
/// [with side inputs](crate::PCollection::with_side_input).
pub struct SideView<V> {
    view: Arc<dyn ViewFn<V>>,
}

impl<V> SideView<V> {
    pub(crate) fn new(view: Arc<dyn ViewFn<V>>) -> Self {
        Self { view }
    }
}

impl<V> Clone for SideView<V> {
    fn clone(&self) -> Self {
        Self { view: Arc::clone(&self.view) }
    }
}

/// A declared side input, whose type is erased.
pub(crate) trait OpenSide: Send + Sync {
    fn open(&self, spec: &UnitSpec<'_>) -> UnitResult<Box<dyn AnySide>>;
}

impl<V: Send + Sync + 'static> OpenSide for SideSource<V> {
    fn open(&self, spec: &UnitSpec<'_>) -> UnitResult<Box<dyn AnySide>> {
        Ok(Box::new(SideReader::open(self, spec)?))
    }
}

/// The side inputs that a transform declares.
pub(crate) type SideOpeners = Vec<Arc<dyn OpenSide>>;

/// A [`SideReader`] whose type is erased.
pub(crate) trait AnySide: Send {
    fn is_global(&self) -> bool;
    fn forget(&mut self);
    fn as_any(&mut self) -> &mut dyn Any;
}

impl<V: Send + Sync + 'static> AnySide for SideReader<V> {
    fn is_global(&self) -> bool {
        SideViews::is_global(self)
    }

    fn forget(&mut self) {
        SideViews::forget(self);
    }

    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
}

/// The side inputs of a function with a context.
#[derive(Default)]
pub(crate) struct Sides(Vec<Box<dyn AnySide>>);

impl Sides {
    pub(crate) fn open(openers: &SideOpeners, spec: &UnitSpec<'_>) -> UnitResult<Self> {
        openers.iter().map(|opener| opener.open(spec)).collect::<UnitResult<_>>().map(Self)
    }

    /// Whether elements of different windows see different contents.
    pub(crate) fn observe_windows(&self) -> bool {
        self.0.iter().any(|side| !side.is_global())
    }

    /// Lets go of views that another bundle cannot use, between bundles.
    pub(crate) fn forget(&mut self) {
        self.0.iter_mut().for_each(|side| side.forget());
    }

    fn read<V: Send + Sync + 'static>(
        &mut self,
        view: &SideView<V>,
        main: &Window,
        router: &Arc<Router>,
    ) -> Result<Arc<V>, BoxError> {
        let mut readers =
            self.0.iter_mut().filter_map(|side| side.as_any().downcast_mut::<SideReader<V>>());
        let Some(reader) = readers.find(|reader| reader.is_of(&view.view)) else {
            return Err(helpful(
                "the side input was not declared by this transform".into(),
                "apply it by `with_side_input(…)`, which hands out the handles of its side inputs",
            ));
        };
        reader.load(main, router)?;
        Ok(Arc::clone(reader.current()))
    }
}

impl<Out: Element> Context<Out> {
    /// A side input, as the window of the current element or timer sees it.
    ///
    /// It is made once for each window and kept while its contents stay the same; what is returned
    /// is a reference to it.
    ///
    /// # Errors
    /// When the handle was made for another transform, or the elements of the side input allow no
    /// such view.
    pub fn side<V: Send + Sync + 'static>(
        &mut self,
        view: &SideView<V>,
    ) -> Result<Arc<V>, BoxError> {
        self.read_side(|sides, main, router| sides.read(view, main, router))
    }
}

/// The elements of a batch, each in one window.
pub(crate) fn in_each_window<T: Clone>(Batch { values, stamps }: Batch<T>) -> Batch<T> {
    let mut out = Batch::new(Vec::new(), Stamps::default());
    for (row, value) in values.into_iter().enumerate() {
        let stamp = stamps.get(row);
        let windows = stamp.windows.as_slice();
        for (window, value) in windows.iter().zip(std::iter::repeat_n(value, windows.len())) {
            let stamp = Stamp { windows: Windows::One(window.clone()), ..stamp };
            out.stamps.push(&stamp, out.values.len());
            out.values.push(value);
        }
    }
    out
}
