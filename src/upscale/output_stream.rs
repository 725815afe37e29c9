//! An encoded result that is sent in chunks while the rest of it is still being computed.

use tokio::sync::mpsc;

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
pub type OutputSender = mpsc::Sender<OutputChunk>;

/// The end of an output stream that a caller reads from.
pub type OutputReceiver = mpsc::Receiver<OutputChunk>;

/// Chunks that may wait for a slow reader, beside the bands that are being compressed; then the tiles wait.
const MAX_WAITING: usize = 2;

/// Both ends of a new output stream.
pub fn output_stream() -> (OutputSender, OutputReceiver) {
    mpsc::channel(MAX_WAITING)
}

/// Sends a chunk when there is room for it.
///
/// # Errors
/// [`Error::Aborted`] where the receiver was dropped.
pub async fn send(sender: &OutputSender, chunk: OutputChunk) -> Result<(), Error> {
    sender.send(chunk).await.map_err(|_| Error::Aborted)
}
