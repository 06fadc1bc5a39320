//! What a bundle sends on its worker's data stream.

use bytes::Bytes;
use purlin_proto::fn_execution::{Elements, elements};
use purlin_sdk::Failure;
use tokio::sync::mpsc::Sender;

use crate::stage::Terminators;
use crate::transport::{LARGEST_MESSAGE, MESSAGE_SLACK};

/// The size at which a message is sent.
const FLUSH_BYTES: usize = 1 << 20;

/// Collects the outputs of one bundle into messages of about a mebibyte.
pub(super) struct Outbox {
    instruction: String,
    stream: Sender<Elements>,
    message: Elements,
    bytes: usize,
}

impl Outbox {
    pub(super) fn new(instruction: &str, stream: Sender<Elements>) -> Self {
        let message = Elements::default();
        Self { instruction: instruction.to_owned(), stream, message, bytes: 0 }
    }

    /// Adds whole elements for a write node.
    pub(super) fn data(&mut self, sink: &str, data: Bytes) -> Result<(), Box<Failure>> {
        self.make_room(data.len())?;
        // A reader may take the timers of a message before its data.
        if !self.message.timers.is_empty() {
            self.flush()?;
        }
        self.bytes += data.len();
        self.message.data.push(elements::Data {
            instruction_id: self.instruction.clone(),
            transform_id: sink.to_owned(),
            data,
            is_last: false,
        });
        Ok(())
    }

    /// Adds timers of a family.
    pub(super) fn timers(
        &mut self,
        transform: &str,
        family: &str,
        timers: Bytes,
    ) -> Result<(), Box<Failure>> {
        self.make_room(timers.len())?;
        if !self.message.data.is_empty() {
            self.flush()?;
        }
        self.bytes += timers.len();
        self.message.timers.push(elements::Timers {
            instruction_id: self.instruction.clone(),
            transform_id: transform.to_owned(),
            timer_family_id: family.to_owned(),
            timers,
            is_last: false,
        });
        Ok(())
    }

    /// Sends what is left and then all terminators, in one last message without elements: readers
    /// differ in what they make of elements beside a terminator.
    pub(super) fn finish(&mut self, terminators: &Terminators) -> Result<(), Box<Failure>> {
        self.flush()?;
        self.message = terminators.message(&self.instruction);
        self.flush()
    }

    fn make_room(&mut self, size: usize) -> Result<(), Box<Failure>> {
        if size > LARGEST_MESSAGE - MESSAGE_SLACK {
            return Err(Failure::new(format!(
                "{size} bytes of elements do not fit into a message, which has at most \
                 {LARGEST_MESSAGE} bytes"
            )));
        }
        if self.bytes > 0 && self.bytes + size > FLUSH_BYTES { self.flush() } else { Ok(()) }
    }

    /// Blocks while the stream is full: that is how a fast bundle waits for a slow runner.
    fn flush(&mut self) -> Result<(), Box<Failure>> {
        if self.message.data.is_empty() && self.message.timers.is_empty() {
            return Ok(());
        }
        self.bytes = 0;
        let message = std::mem::take(&mut self.message);
        self.stream
            .blocking_send(message)
            .map_err(|_| Failure::new("the data stream to the runner has ended"))
    }
}
