//! Results that are sent in chunks, by the call that makes them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::upscale::{OutputChunk, OutputReceiver, OutputSender, output_stream};

/// The output streams of an instance, by call.
#[derive(Default)]
pub struct Streams {
    open: Mutex<HashMap<u32, Stream>>,
}

struct Stream {
    /// Until the call has begun.
    sender: Option<OutputSender>,
    receiver: Arc<tokio::sync::Mutex<OutputReceiver>>,
}

impl Streams {
    /// Opens a stream for call `id`.
    pub fn open(&self, id: u32) {
        let (sender, receiver) = output_stream();
        let receiver = Arc::new(tokio::sync::Mutex::new(receiver));
        self.streams().insert(id, Stream { sender: Some(sender), receiver });
    }

    /// The end that call `id` writes to, if it was opened; the call takes it once.
    pub fn take_sender(&self, id: u32) -> Option<OutputSender> {
        self.streams().get_mut(&id)?.sender.take()
    }

    /// The next chunk of call `id`; none after the last, or where there is no such stream.
    pub fn next(&self, id: u32) -> impl Future<Output = Option<OutputChunk>> + Send + 'static {
        let receiver = self.streams().get(&id).map(|stream| stream.receiver.clone());
        async move { receiver?.lock().await.recv().await }
    }

    /// Ends a stream, and its call if that is not done.
    pub fn close(&self, id: u32) {
        self.streams().remove(&id);
    }

    fn streams(&self) -> MutexGuard<'_, HashMap<u32, Stream>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
