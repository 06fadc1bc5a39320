//! Reads the windows of side inputs and keeps their views.

use std::sync::Arc;

use purlin_proto::pipeline::{WindowingStrategy, trigger};

use super::cache::ViewCache;
use super::contents::SideName;
use super::{SideWindow, ViewFn};
use crate::exec::unit::{UnitResult, UnitSpec};
use crate::exec::{Failure, PortCodec, Router, WindowFunction};
use crate::window::Window;

/// A side input, as the pipeline's author declared it.
pub struct SideSource<V> {
    /// The local name of the input.
    pub(crate) local_name: String,
    /// Makes the view.
    pub(crate) view: Arc<dyn ViewFn<V>>,
}

impl<V> Clone for SideSource<V> {
    fn clone(&self) -> Self {
        Self { local_name: self.local_name.clone(), view: Arc::clone(&self.view) }
    }
}

/// The side inputs of a transform while it runs: one [`SideReader`] or a tuple of them.
pub trait SideViews: Sized + Send + 'static {
    /// What they are made from.
    type Sources: Clone + Send + Sync + 'static;
    /// What closures get: a reference for each side input.
    type Refs<'a>;

    /// Readers for a unit.
    ///
    /// # Errors
    /// When the descriptor does not describe the side inputs.
    fn open(sources: &Self::Sources, spec: &UnitSpec<'_>) -> UnitResult<Self>;

    /// Whether elements of all windows see the same.
    fn is_global(&self) -> bool;

    /// Makes current what elements in window `main` see.
    ///
    /// # Errors
    /// When a side input cannot be read, or its elements allow no such view.
    fn load(&mut self, main: &Window, router: &Arc<Router>) -> UnitResult;

    /// The current views.
    fn refs(&self) -> Self::Refs<'_>;

    /// Lets go of views that another bundle cannot use, between bundles.
    fn forget(&mut self);
}

/// Reads one side input.
pub struct SideReader<V> {
    name: Arc<SideName>,
    codec: Arc<dyn PortCodec>,
    window_fn: WindowFunction,
    view: Arc<dyn ViewFn<V>>,
    /// Whether windows may have several panes, of which the later ones count.
    is_latest: bool,
    views: ViewCache<Arc<V>>,
    /// The main window that was asked for last, and its view.
    current: Option<(Window, usize)>,
}

impl<V> SideReader<V> {
    fn new(source: &SideSource<V>, spec: &UnitSpec<'_>) -> UnitResult<Self> {
        let name = &source.local_name;
        let missing = || Failure::new(format!("side input `{name}` is not described"));
        let collection = spec.transform.inputs.get(name).ok_or_else(missing)?;
        let strategy = windowing(spec, collection).ok_or_else(missing)?;
        Ok(Self {
            name: Arc::new(SideName {
                transform_id: spec.transform_id.to_owned(),
                local_name: name.clone(),
            }),
            codec: Arc::clone(spec.codecs.get(collection).ok_or_else(missing)?),
            window_fn: spec.window_fns.get(strategy.window_fn.as_ref().ok_or_else(missing)?)?,
            view: Arc::clone(&source.view),
            is_latest: has_panes(strategy),
            views: ViewCache::default(),
            current: None,
        })
    }

    fn position(&mut self, window: Window, router: &Arc<Router>) -> UnitResult<usize> {
        if let Some(position) = self.views.used(&window) {
            return Ok(position);
        }
        let contents = SideWindow::new(router, &self.name, &window, &self.codec, self.is_latest);
        let token = contents.cache_token(self.view.pattern())?;
        if let Some(position) = self.views.reuse(&window, token.as_ref()) {
            return Ok(position);
        }
        let (view, size_bytes) = self.view.view(contents)?;
        Ok(self.views.insert(window, Arc::new(view), token, size_bytes))
    }

    /// Lets go of what the view at a position has kept, where that is too much.
    fn renew(&mut self, position: usize) {
        if let Some(view) = self.view.renewed(self.views.get(position)) {
            self.views.replace(position, Arc::new(view));
        }
    }

    /// The view that was loaded last.
    pub(super) fn current(&self) -> &Arc<V> {
        let current = self.current.as_ref().map_or(0, |(_, position)| *position);
        self.views.get(current)
    }

    /// Whether this reads the view that `view` makes.
    pub(super) fn is_of(&self, view: &Arc<dyn ViewFn<V>>) -> bool {
        std::ptr::addr_eq(Arc::as_ptr(&self.view), Arc::as_ptr(view))
    }
}

/// The windowing of a collection, where the descriptor describes it.
fn windowing<'a>(spec: &UnitSpec<'a>, collection: &str) -> Option<&'a WindowingStrategy> {
    let collection = spec.descriptor.pcollections.get(collection)?;
    spec.descriptor.windowing_strategies.get(&collection.windowing_strategy_id)
}

/// Whether the windows of a collection may have several panes.
fn has_panes(windowing: &WindowingStrategy) -> bool {
    let trigger = windowing.trigger.as_ref().and_then(|trigger| trigger.trigger.as_ref());
    windowing.allowed_lateness > 0 || !matches!(trigger, None | Some(trigger::Trigger::Default(_)))
}

impl<V: Send + Sync + 'static> SideViews for SideReader<V> {
    type Sources = SideSource<V>;
    type Refs<'a> = &'a V;

    fn open(source: &SideSource<V>, spec: &UnitSpec<'_>) -> UnitResult<Self> {
        Self::new(source, spec)
    }

    fn is_global(&self) -> bool {
        self.window_fn.is_global()
    }

    fn load(&mut self, main: &Window, router: &Arc<Router>) -> UnitResult {
        let position = match &self.current {
            Some((current, position)) if current == main => *position,
            _ => {
                let position = self.position(self.window_fn.side_input_window(main)?, router)?;
                self.current = Some((main.clone(), position));
                position
            }
        };
        self.renew(position);
        Ok(())
    }

    fn refs(&self) -> &V {
        self.current()
    }

    fn forget(&mut self) {
        let Self { view, views, .. } = self;
        views.next_bundle(|kept| view.grown_bytes(kept));
        self.current = None;
    }
}

macro_rules! tuples {
    ($($view:ident $index:tt),*) => {
        impl<$($view: Send + Sync + 'static),*> SideViews for ($(SideReader<$view>,)*) {
            type Sources = ($(SideSource<$view>,)*);
            type Refs<'a> = ($(&'a $view,)*);

            fn open(sources: &Self::Sources, spec: &UnitSpec<'_>) -> UnitResult<Self> {
                Ok(($(SideReader::new(&sources.$index, spec)?,)*))
            }
            fn is_global(&self) -> bool {
                true $(&& self.$index.is_global())*
            }
            fn load(&mut self, main: &Window, router: &Arc<Router>) -> UnitResult {
                $(self.$index.load(main, router)?;)*
                Ok(())
            }
            fn refs(&self) -> Self::Refs<'_> {
                ($(self.$index.refs(),)*)
            }
            fn forget(&mut self) {
                $(self.$index.forget();)*
            }
        }
    };
}

tuples!(A 0);
tuples!(A 0, B 1);
tuples!(A 0, B 1, C 2);
tuples!(A 0, B 1, C 2, D 3);
