//! Results that leave piece by piece, by the call that makes them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::upscale::{Outlet, Piece, Pieces, outlet};

/// The streams of an instance.
#[derive(Default)]
pub struct Streams {
    open: Mutex<HashMap<u32, Stream>>,
}

struct Stream {
    /// Until the call has begun.
    outlet: Option<Outlet>,
    pieces: Arc<tokio::sync::Mutex<Pieces>>,
}

impl Streams {
    /// Begins a stream for call `id`.
    pub fn open(&self, id: u32) {
        let (outlet, pieces) = outlet();
        let pieces = Arc::new(tokio::sync::Mutex::new(pieces));
        self.streams().insert(id, Stream { outlet: Some(outlet), pieces });
    }

    /// Where call `id` sends its result, if it was opened; to be asked once, by the call.
    pub fn outlet(&self, id: u32) -> Option<Outlet> {
        self.streams().get_mut(&id)?.outlet.take()
    }

    /// The next piece of call `id`; none after the last, or where there is no such stream.
    pub fn next(&self, id: u32) -> impl Future<Output = Option<Piece>> + Send + 'static {
        let pieces = self.streams().get(&id).map(|stream| stream.pieces.clone());
        async move { pieces?.lock().await.recv().await }
    }

    /// Ends a stream, and its call if that is not done.
    pub fn close(&self, id: u32) {
        self.streams().remove(&id);
    }

    fn streams(&self) -> MutexGuard<'_, HashMap<u32, Stream>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
