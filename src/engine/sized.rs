//! A network that is specialised for each size of picture: an engine per size, of which the last few are kept.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::{Engine, OnnxEngine, RunContext, Signature, Sink};
use crate::error::Error;

type HeightWidth = (usize, usize);

/// Makes the engine for a size.
pub type Maker = Box<dyn Fn(usize, usize) -> Result<OnnxEngine, Error> + Send + Sync>;

/// One size's engine, once it is made. Runs of that size wait for it; those of other sizes do not.
type EngineSlot = Arc<Mutex<Option<Arc<OnnxEngine>>>>;

/// Engines by size.
pub struct SizedEngine {
    signature: Signature,
    make: Maker,
    /// How many sizes are kept.
    max_sizes: usize,
    /// The least recently used first.
    kept: Arc<KeptSizes>,
}

/// The networks made for single sizes.
type KeptSizes = Mutex<VecDeque<(HeightWidth, EngineSlot)>>;

/// The sizes that all such networks keep.
static ALL: Mutex<Vec<Weak<KeptSizes>>> = Mutex::new(Vec::new());

/// Drops all sizes but the last used one of each network.
pub fn trim_idle() {
    let mut all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
    all.retain(|kept| kept.strong_count() > 0);
    let kept: Vec<Arc<KeptSizes>> = all.iter().filter_map(Weak::upgrade).collect();
    drop(all);
    for kept in kept {
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        let others = kept.len().saturating_sub(1);
        let dropped: Vec<_> = kept.drain(..others).collect();
        // What they own takes a while to free.
        drop(kept);
        drop(dropped);
    }
}

impl SizedEngine {
    /// Nothing is made before it is needed; `signature` is that of all sizes.
    pub fn new(signature: Signature, max_sizes: usize, make: Maker) -> SizedEngine {
        let kept = Arc::<KeptSizes>::default();
        ALL.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::downgrade(&kept));
        SizedEngine { signature, make, max_sizes: max_sizes.max(1), kept }
    }

    fn slot(&self, size: HeightWidth) -> EngineSlot {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept.iter().position(|(other, _)| *other == size).and_then(|n| kept.remove(n));
        let entry = found.unwrap_or_else(|| (size, EngineSlot::default()));
        let slot = entry.1.clone();
        kept.push_back(entry);
        while kept.len() > self.max_sizes {
            kept.pop_front();
        }
        slot
    }

    fn engine(&self, size: HeightWidth) -> Result<Arc<OnnxEngine>, Error> {
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
