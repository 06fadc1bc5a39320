//! One window of a side input, as the runner gives it out.

use std::sync::{Arc, Weak};

use bytes::{Bytes, BytesMut};
use purlin_proto::fn_execution::StateKey;
use purlin_proto::fn_execution::state_key::{
    IterableSideInput, MultimapKeysSideInput, MultimapKeysValuesSideInput, MultimapSideInput, Type,
};
use purlin_proto::urns::side_inputs;

use crate::coders::windowed::WindowCoder;
use crate::exec::unit::UnitResult;
use crate::exec::{Failure, PortCodec, Router};
use crate::window::Window;

/// How a view reads its side input, which the pipeline's proto declares.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AccessPattern {
    /// All elements.
    Iterable,
    /// The values of a key.
    Multimap,
}

impl AccessPattern {
    /// Its name in a pipeline's proto.
    #[must_use]
    pub fn urn(self) -> &'static str {
        match self {
            Self::Iterable => side_inputs::ITERABLE,
            Self::Multimap => side_inputs::MULTIMAP,
        }
    }
}

/// The name of a side input in its stage.
pub(super) struct SideName {
    pub(super) transform_id: String,
    pub(super) local_name: String,
}

/// One window of a side input: its elements can be read while the bundle runs for which it was
/// made, or a later one that sees the same elements.
pub struct SideWindow {
    /// The stage, which owns what holds this.
    router: Weak<Router>,
    name: Arc<SideName>,
    encoded: Bytes,
    pub(super) codec: Arc<dyn PortCodec>,
    /// Whether later elements stand for what earlier ones said.
    pub(super) is_latest: bool,
}

impl SideWindow {
    pub(super) fn new(
        router: &Arc<Router>,
        name: &Arc<SideName>,
        window: &Window,
        codec: &Arc<dyn PortCodec>,
        is_latest: bool,
    ) -> Self {
        let mut encoded = Vec::new();
        WindowCoder::of(window).put_window(&mut encoded, window);
        Self {
            router: Arc::downgrade(router),
            name: Arc::clone(name),
            encoded: encoded.into(),
            codec: Arc::clone(codec),
            is_latest,
        }
    }

    /// What stays the same as long as the elements do, where the runner says so.
    pub(super) fn cache_token(&self, pattern: AccessPattern) -> UnitResult<Option<Bytes>> {
        let key = match pattern {
            AccessPattern::Iterable => self.elements(),
            AccessPattern::Multimap => self.keys(),
        };
        self.router()?.cache_token(&key)
    }

    /// All elements, encoded.
    pub(super) fn all(&self) -> UnitResult<Bytes> {
        self.router()?.read_state(&self.elements())
    }

    /// The values of an encoded key, encoded.
    pub(super) fn values(&self, key: Vec<u8>) -> UnitResult<Bytes> {
        let (transform_id, side_input_id, window) = self.parts();
        let key = MultimapSideInput { transform_id, side_input_id, window, key: key.into() };
        self.router()?.read_state(&state_key(Type::MultimapSideInput(key)))
    }

    /// A page of the encoded elements, which may end inside one; an empty `token` asks for the first.
    pub(super) fn page_of_elements(&self, token: &Bytes) -> UnitResult<(Bytes, Bytes)> {
        self.page(&self.elements(), token)
    }

    /// A page of the encoded keys; an empty `token` asks for the first.
    pub(super) fn page_of_keys(&self, token: &Bytes) -> UnitResult<(Bytes, Bytes)> {
        self.page(&self.keys(), token)
    }

    /// The first keys, each with an iterable of its values, encoded: up to the page that fills
    /// `size_bytes`. Says whether these are all. If not, they may end inside a key's values.
    pub(super) fn first_entries(&self, size_bytes: usize) -> UnitResult<(Bytes, bool)> {
        let (transform_id, side_input_id, window) = self.parts();
        let key = MultimapKeysValuesSideInput { transform_id, side_input_id, window };
        let key = state_key(Type::MultimapKeysValuesSideInput(key));
        let (first, mut next) = self.page(&key, &Bytes::new())?;
        if next.is_empty() || first.len() >= size_bytes {
            return Ok((first, next.is_empty()));
        }
        let mut data = BytesMut::from(first);
        while !next.is_empty() && data.len() < size_bytes {
            let (page, token) = self.page(&key, &next)?;
            data.extend_from_slice(&page);
            next = token;
        }
        Ok((data.freeze(), next.is_empty()))
    }

    fn page(&self, key: &StateKey, token: &Bytes) -> UnitResult<(Bytes, Bytes)> {
        let page = self.router()?.with_host(|host| host.get_state(key, token))?;
        Ok((page.data, page.next))
    }

    fn elements(&self) -> StateKey {
        let (transform_id, side_input_id, window) = self.parts();
        state_key(Type::IterableSideInput(IterableSideInput {
            transform_id,
            side_input_id,
            window,
        }))
    }

    fn keys(&self) -> StateKey {
        let (transform_id, side_input_id, window) = self.parts();
        let key = MultimapKeysSideInput { transform_id, side_input_id, window };
        state_key(Type::MultimapKeysSideInput(key))
    }

    fn parts(&self) -> (String, String, Bytes) {
        let SideName { transform_id, local_name } = &*self.name;
        (transform_id.clone(), local_name.clone(), self.encoded.clone())
    }

    fn router(&self) -> UnitResult<Arc<Router>> {
        let gone = || Failure::new("a side input was read after its stage had ended");
        self.router.upgrade().ok_or_else(gone)
    }
}

fn state_key(of: Type) -> StateKey {
    StateKey { r#type: Some(of) }
}
