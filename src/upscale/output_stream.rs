//! An encoded result that is sent in chunks while the rest of it is still being computed.

use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use tokio::sync::mpsc;

use super::admission::Admitted;
use crate::error::Error;
use crate::raster::Format;

/// What is known of a file before its first byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamHeader {
    pub format: Format,
    pub width: u32,
    pub height: u32,
    pub channels: u8,
    /// The names of the networks that make it.
    pub model: String,
}

/// A part of a result, in order: one header, then bytes.
#[derive(Debug, PartialEq, Eq)]
pub enum OutputChunk {
    Header(StreamHeader),
    Bytes(Vec<u8>),
}

/// The end of an output stream that a job writes to.
#[derive(Clone)]
pub struct OutputSender {
    chunks: mpsc::Sender<OutputChunk>,
    /// The job that writes.
    admitted: Arc<OnceLock<Weak<Admitted>>>,
}

/// The end of an output stream that a caller reads from.
pub type OutputReceiver = mpsc::Receiver<OutputChunk>;

/// Chunks that may wait for a slow reader, beside the bands that are being compressed; then the tiles wait.
const MAX_WAITING: usize = 2;

/// A reader that lets the work wait for longer gives the image's turn to another: whoever opens many streams before the
/// first is read would otherwise wait for ever.
const MAX_DELAY: Duration = Duration::from_millis(100);

/// Both ends of a new output stream.
pub fn output_stream() -> (OutputSender, OutputReceiver) {
    let (sender, receiver) = mpsc::channel(MAX_WAITING);
    (OutputSender { chunks: sender, admitted: Arc::default() }, receiver)
}

impl OutputSender {
    /// Tells the job when a reader delays it.
    pub fn belongs_to(&self, admitted: &Arc<Admitted>) {
        _ = self.admitted.set(Arc::downgrade(admitted));
    }
}

/// Sends a chunk when there is room for it.
///
/// # Errors
/// [`Error::Aborted`] where the receiver was dropped.
pub async fn send(sender: &OutputSender, chunk: OutputChunk) -> Result<(), Error> {
    let room = match tokio::time::timeout(MAX_DELAY, sender.chunks.reserve()).await {
        Ok(room) => room,
        Err(_) => {
            if let Some(admitted) = sender.admitted.get().and_then(Weak::upgrade) {
                admitted.stall();
            }
            sender.chunks.reserve().await
        }
    };
    room.map_err(|_| Error::Aborted)?.send(chunk);
    Ok(())
}
