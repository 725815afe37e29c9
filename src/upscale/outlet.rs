//! A result that leaves piece by piece, while the rest of it is still being made.

use tokio::sync::mpsc;

use crate::error::Error;
use crate::raster::Format;

/// What is known of a file before its first byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    pub format: Format,
    pub width: u32,
    pub height: u32,
    pub channels: u8,
    /// What the networks that make it are called.
    pub model: String,
}

/// A part of a result, in order: the head, then bytes.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece {
    Head(Head),
    Bytes(Vec<u8>),
}

/// Where pieces go.
pub type Outlet = mpsc::Sender<Piece>;

/// Where they come out.
pub type Pieces = mpsc::Receiver<Piece>;

/// Pieces that may wait for a slow reader, beside the bands that are being compressed; then the tiles wait.
const WAITING: usize = 2;

/// An outlet, and where its pieces come out.
pub fn outlet() -> (Outlet, Pieces) {
    mpsc::channel(WAITING)
}

/// Sends a piece when there is room for it.
///
/// # Errors
/// [`Error::Aborted`] where nobody reads any more.
pub async fn send(outlet: &Outlet, piece: Piece) -> Result<(), Error> {
    outlet.send(piece).await.map_err(|_| Error::Aborted)
}
