//! A result that leaves piece by piece, while the rest of it is still being made.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, mpsc};

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
#[derive(Clone)]
pub struct Outlet {
    pieces: mpsc::Sender<Piece>,
    turn: Arc<Mutex<Option<OwnedSemaphorePermit>>>,
}

/// Where they come out.
pub type Pieces = mpsc::Receiver<Piece>;

/// Pieces that may wait for a slow reader, beside the bands that are being compressed; then the tiles wait.
const WAITING: usize = 2;

/// A reader that lets the work wait for longer gives the picture's turn to another: whoever opens many streams before
/// the first is read would otherwise wait for ever.
const PATIENCE: Duration = Duration::from_millis(100);

/// An outlet, and where its pieces come out.
pub fn outlet() -> (Outlet, Pieces) {
    let (sender, receiver) = mpsc::channel(WAITING);
    (Outlet { pieces: sender, turn: Arc::default() }, receiver)
}

impl Outlet {
    /// Keeps the picture's turn for as long as pieces leave without delay.
    pub fn hold(&self, turn: OwnedSemaphorePermit) {
        *self.turn.lock().unwrap_or_else(PoisonError::into_inner) = Some(turn);
    }
}

/// Sends a piece when there is room for it.
///
/// # Errors
/// [`Error::Aborted`] where nobody reads any more.
pub async fn send(outlet: &Outlet, piece: Piece) -> Result<(), Error> {
    let room = match tokio::time::timeout(PATIENCE, outlet.pieces.reserve()).await {
        Ok(room) => room,
        Err(_) => {
            drop(outlet.turn.lock().unwrap_or_else(PoisonError::into_inner).take());
            outlet.pieces.reserve().await
        }
    };
    room.map_err(|_| Error::Aborted)?.send(piece);
    Ok(())
}
