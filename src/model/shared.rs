//! Instances with the same model share its sessions.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use once_cell::sync::Lazy;
use sha2::{Digest, Sha256};

use crate::engine::{OnnxEngine, SessionOptions, Signature, SizedEngine};
use crate::error::Error;

type Key = [u8; 32];
type Slot<E> = Arc<Mutex<Weak<E>>>;
type Slots<E> = Mutex<HashMap<Key, Slot<E>>>;

static ENGINES: Lazy<Slots<OnnxEngine>> = Lazy::new(Mutex::default);
static SIZED: Lazy<Slots<SizedEngine>> = Lazy::new(Mutex::default);

/// The engine for a network (its bytes) and a signature: the one that another instance holds, or a new one from `make`.
/// Two calls at once for the same network load it once; other networks are not held up.
pub fn engine(
    network: &[u8],
    signature: &Signature,
    options: SessionOptions,
    make: impl FnOnce() -> Result<OnnxEngine, Error>,
) -> Result<Arc<OnnxEngine>, Error> {
    one_of(&ENGINES, key(network, signature, options), make)
}

/// As [`engine`], for a network that is another one for every size; `digest` is that of its file.
pub fn sized_engine(
    digest: &[u8],
    signature: &Signature,
    options: SessionOptions,
    make: impl FnOnce() -> Result<SizedEngine, Error>,
) -> Result<Arc<SizedEngine>, Error> {
    one_of(&SIZED, key(digest, signature, options), make)
}

fn one_of<E>(engines: &Slots<E>, key: Key, make: impl FnOnce() -> Result<E, Error>) -> Result<Arc<E>, Error> {
    let slot = {
        let mut engines = engines.lock().unwrap_or_else(PoisonError::into_inner);
        engines.retain(|_, slot| {
            Arc::strong_count(slot) > 1 || slot.try_lock().is_ok_and(|e| e.strong_count() > 0)
        });
        engines.entry(key).or_default().clone()
    };
    let mut shared = slot.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(engine) = shared.upgrade() {
        return Ok(engine);
    }
    let engine = Arc::new(make()?);
    *shared = Arc::downgrade(&engine);
    Ok(engine)
}

fn key(network: &[u8], signature: &Signature, options: SessionOptions) -> Key {
    let mut hash = Sha256::new();
    hash.update(network);
    hash.update(format!("{signature:?}{options:?}"));
    hash.finalize().into()
}
