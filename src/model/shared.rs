//! Shares values, such as engines, among instances for as long as one of them uses it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use sha2::{Digest, Sha256};

use crate::error::Error;

/// Identifies a value: a digest of all that it depends on.
pub type Key = [u8; 32];

type Slot<T> = Arc<Mutex<Weak<T>>>;

/// Values by key, each shared for as long as it is held.
pub struct SharedCache<T>(Mutex<HashMap<Key, Slot<T>>>);

impl<T> Default for SharedCache<T> {
    fn default() -> Self {
        SharedCache(Mutex::default())
    }
}

impl<T> SharedCache<T> {
    /// The value that is held under this key, or a new one from `make`. Two calls at once for the same key make it once;
    /// they do not block other keys.
    pub fn get(&self, key: Key, make: impl FnOnce() -> Result<T, Error>) -> Result<Arc<T>, Error> {
        let slot = {
            let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            slots.retain(|_, slot| {
                Arc::strong_count(slot) > 1 || slot.try_lock().is_ok_and(|held| held.strong_count() > 0)
            });
            slots.entry(key).or_default().clone()
        };
        let mut held = slot.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(thing) = held.upgrade() {
            return Ok(thing);
        }
        let thing = Arc::new(make()?);
        *held = Arc::downgrade(&thing);
        Ok(thing)
    }
}

/// The key of some bytes and a description of what is done with them.
pub fn key(bytes: &[u8], description: &str) -> Key {
    let mut hash = Sha256::new();
    hash.update(bytes);
    hash.update(description);
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thing_is_made_once_while_it_is_held_and_again_after() {
        let shared = SharedCache::<u32>::default();
        let one = key(b"network", "options");
        assert_ne!(one, key(b"network", "others"));
        let held = shared.get(one, || Ok(1)).unwrap();
        assert_eq!(*shared.get(one, || Ok(2)).unwrap(), 1);
        assert_eq!(*shared.get(key(b"other", "options"), || Ok(3)).unwrap(), 3);
        drop(held);
        assert_eq!(*shared.get(one, || Ok(4)).unwrap(), 4);
    }

    #[test]
    fn a_failure_is_not_kept() {
        let shared = SharedCache::<u32>::default();
        let one = key(b"", "");
        assert!(shared.get(one, || Err(Error::Aborted)).is_err());
        assert_eq!(*shared.get(one, || Ok(1)).unwrap(), 1);
    }
}
