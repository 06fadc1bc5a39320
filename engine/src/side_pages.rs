//! What a stage reads of its side inputs, as answers to its requests for state.

use bytes::Bytes;
use purlin_proto::fn_execution::StateKey;
use purlin_proto::fn_execution::state_key::{IterableSideInput, Type};
use purlin_sdk::Window;
use purlin_sdk::coders::Reader;
use purlin_sdk::exec::{Failure, Framing, StatePage};

use crate::bundle::{GroupSlice, HeldSlice};
use crate::plan::{CollectionId, SideInput, StageId, StageKind};
use crate::shuffle::{Shuffle, end_of};
use crate::side_inputs::SideInputs;
use crate::side_lookup::Ask;

/// Answers a read of a side input: the page that `token` asks for, of the contents that `stage`
/// sees.
///
/// # Errors
/// When the stage has no such side input, or the key names something else.
pub fn read_side_input(
    shuffle: &Shuffle,
    stage: StageId,
    contents: &SideInputs,
    key: &StateKey,
    token: &Bytes,
) -> Result<StatePage, Box<Failure>> {
    let view = View { shuffle, stage, contents };
    match &key.r#type {
        Some(Type::IterableSideInput(key)) => view.iterable(key, token),
        Some(Type::MultimapSideInput(key)) => {
            let side = (key.transform_id.as_str(), key.side_input_id.as_str());
            view.by_key(side, &key.window, token, Ask::Values(&key.key))
        }
        Some(Type::MultimapKeysSideInput(key)) => {
            let side = (key.transform_id.as_str(), key.side_input_id.as_str());
            view.by_key(side, &key.window, token, Ask::Keys)
        }
        Some(Type::MultimapKeysValuesSideInput(key)) => {
            let side = (key.transform_id.as_str(), key.side_input_id.as_str());
            view.by_key(side, &key.window, token, Ask::KeysAndValues)
        }
        _ => Err(unsupported("user state")),
    }
}

/// What tells the present contents of a side input's window from those at other times: as long as
/// it stays the same, a reader may keep what it made of them. `None` for what is no side input.
pub(crate) fn side_input_token(
    shuffle: &Shuffle,
    stage: StageId,
    contents: &SideInputs,
    key: &StateKey,
) -> Option<Bytes> {
    let (transform_id, name, window) = match key.r#type.as_ref()? {
        Type::IterableSideInput(key) => (&key.transform_id, &key.side_input_id, &key.window),
        Type::MultimapSideInput(key) => (&key.transform_id, &key.side_input_id, &key.window),
        Type::MultimapKeysSideInput(key) => (&key.transform_id, &key.side_input_id, &key.window),
        Type::MultimapKeysValuesSideInput(key) => {
            (&key.transform_id, &key.side_input_id, &key.window)
        }
        _ => return None,
    };
    let view = View { shuffle, stage, contents };
    let collection = view.collection(transform_id, name).ok()?;
    let window = view.side_window(collection, window).ok()?;
    let version = contents.version(collection, &window);
    Some(Bytes::copy_from_slice(&version.to_be_bytes()))
}

/// The side inputs of a stage, each with what tells its present contents from those at other times.
pub fn side_input_tokens<'a>(
    shuffle: &'a Shuffle,
    stage: StageId,
    contents: &'a SideInputs,
) -> impl Iterator<Item = (&'a SideInput, Bytes)> {
    let sdk = shuffle.plan().stages[stage.0].sdk();
    sdk.into_iter().flat_map(|sdk| &sdk.side_inputs).map(|side| {
        let version = contents.version_of_all(side.collection);
        (side, Bytes::copy_from_slice(&version.to_be_bytes()))
    })
}

struct View<'a> {
    shuffle: &'a Shuffle,
    stage: StageId,
    contents: &'a SideInputs,
}

impl View<'_> {
    /// The page that a token asks for: one slice a page.
    fn iterable(&self, key: &IterableSideInput, token: &Bytes) -> Result<StatePage, Box<Failure>> {
        let collection = self.collection(&key.transform_id, &key.side_input_id)?;
        let window = self.side_window(collection, &key.window)?;
        let mut slices = self.contents.window(collection, &window);
        let position = position(token)?;
        let Some(slice) = slices.nth(position) else { return Ok(StatePage::default()) };
        let next = match slices.next() {
            Some(_) => Bytes::copy_from_slice(&(position as u64 + 1).to_be_bytes()),
            None => Bytes::new(),
        };
        Ok(StatePage { data: self.values(collection, slice)?, next })
    }

    /// The values of a slice without their headers.
    fn values(&self, collection: CollectionId, slice: &HeldSlice) -> Result<Bytes, Box<Failure>> {
        let slice = self.shuffle.load(collection, slice, |it| {
            it.chunk.index.is_none() && (it.elements.is_some() || it.chunk.framing == Framing::Each)
        })?;
        Ok(values(&slice))
    }

    fn by_key(
        &self,
        (transform_id, name): (&str, &str),
        window: &Bytes,
        token: &Bytes,
        ask: Ask<'_>,
    ) -> Result<StatePage, Box<Failure>> {
        let side = self.side(transform_id, name)?;
        if !side.by_key {
            let problem = format!("side input `{name}` was not declared as one of keys");
            return Err(Failure::new(problem));
        }
        let window = self.side_window(side.collection, window)?;
        match self.contents.by_key(side.collection, &window) {
            Some((index, kept)) => {
                index.page(self.shuffle, (side.collection, kept), ask, position(token)?)
            }
            None => Ok(StatePage::default()),
        }
    }

    fn collection(&self, transform_id: &str, name: &str) -> Result<CollectionId, Box<Failure>> {
        self.side(transform_id, name).map(|side| side.collection)
    }

    fn side(&self, transform_id: &str, name: &str) -> Result<&SideInput, Box<Failure>> {
        let StageKind::Sdk(sdk) = &self.shuffle.plan().stages[self.stage.0].kind else {
            return Err(Failure::new("a stage of the runner has no side inputs"));
        };
        let mut sides = sdk.side_inputs.iter();
        let side = sides.find(|side| side.transform_id == transform_id && side.local_name == name);
        let missing = || Failure::new(format!("no side input is named `{name}`"));
        side.ok_or_else(missing)
    }

    fn side_window(
        &self,
        collection: CollectionId,
        encoded: &Bytes,
    ) -> Result<Window, Box<Failure>> {
        let coder = self.shuffle.window_coder(collection);
        let window = coder.read_window(&mut Reader::shared(encoded));
        window.map_err(|error| Failure::new(format!("a side input's window is none: {error}")))
    }
}

fn position(token: &Bytes) -> Result<usize, Box<Failure>> {
    if token.is_empty() {
        return Ok(0);
    }
    let bytes = <[u8; 8]>::try_from(token.as_ref())
        .map_err(|_| Failure::new("a continuation token is not one of this runner's"))?;
    Ok(usize::try_from(u64::from_be_bytes(bytes)).unwrap_or(usize::MAX))
}

/// The values of a slice without their headers.
fn values(slice: &GroupSlice) -> Bytes {
    let chunk = &slice.chunk;
    match (&chunk.framing, &chunk.index, &slice.elements) {
        (Framing::Constant(_), _, None) => chunk.data.clone(),
        (_, Some(index), elements) => {
            let mut data = Vec::new();
            let mut add = |row: usize| {
                let start = index[row].value as usize;
                data.extend_from_slice(&chunk.data[start..end_of(chunk, index, row)]);
            };
            match elements {
                Some(rows) => rows.iter().for_each(|row| add(*row as usize)),
                None => (0..index.len()).for_each(add),
            }
            data.into()
        }
        // The shuffle indexes chunks with headers wherever a side input reads them.
        (_, None, _) => Bytes::new(),
    }
}

/// What a request gets that the engine cannot serve yet.
pub(crate) fn unsupported(feature: &str) -> Box<Failure> {
    Failure::new(format!("this runner does not support {feature}"))
}
