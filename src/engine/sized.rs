//! A network that is specialised for each size of picture: an engine per size, of which the last few are kept.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use super::{Engine, OnnxEngine, RunContext, Signature, Sink};
use crate::error::Error;

/// Height and width.
type Size = (usize, usize);

/// Makes the engine for a size.
pub type Maker = Box<dyn Fn(usize, usize) -> Result<OnnxEngine, Error> + Send + Sync>;

/// One size's engine, once it is made. Runs of that size wait for it; those of other sizes do not.
type Slot = Arc<Mutex<Option<Arc<OnnxEngine>>>>;

/// Engines by size.
pub struct SizedEngine {
    signature: Signature,
    make: Maker,
    /// How many sizes are kept.
    max_sizes: usize,
    /// The least recently used first.
    kept: Mutex<VecDeque<(Size, Slot)>>,
}

impl SizedEngine {
    /// Nothing is made before it is needed; `signature` is that of all sizes.
    pub fn new(signature: Signature, max_sizes: usize, make: Maker) -> SizedEngine {
        SizedEngine { signature, make, max_sizes: max_sizes.max(1), kept: Mutex::default() }
    }

    fn slot(&self, size: Size) -> Slot {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept.iter().position(|(other, _)| *other == size).and_then(|n| kept.remove(n));
        let entry = found.unwrap_or_else(|| (size, Slot::default()));
        let slot = entry.1.clone();
        kept.push_back(entry);
        while kept.len() > self.max_sizes {
            kept.pop_front();
        }
        slot
    }

    fn engine(&self, size: Size) -> Result<Arc<OnnxEngine>, Error> {
        let slot = self.slot(size);
        let mut made = slot.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(engine) = &*made {
            return Ok(engine.clone());
        }
        let engine = Arc::new((self.make)(size.0, size.1)?);
        *made = Some(engine.clone());
        Ok(engine)
    }
}

impl Engine for SizedEngine {
    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn run(
        &self,
        planes: &[f32],
        height: usize,
        width: usize,
        context: &RunContext,
        sink: Sink,
    ) -> Result<(), Error> {
        let engine = self.engine((height, width))?;
        context.cancel.check()?;
        engine.run(planes, height, width, context, sink)
    }
}
