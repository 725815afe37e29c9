//! The JavaScript environment of the calling thread, and what must not outlive it. A worker thread that is terminated ends
//! its environment while pictures are still worked on.

use std::cell::RefCell;
use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::sync::{Arc, Weak};

use napi::Env;
use napi::bindgen_prelude::{PromiseRaw, ToNapiValue};
use tokio::sync::watch;

use super::errors::rejection;
use crate::error::Error;

thread_local! {
    static CURRENT: RefCell<Option<Environment>> = const { RefCell::new(None) };
}

struct Environment {
    end: End,
    members: Vec<Weak<dyn Member>>,
}

/// What belongs to an environment.
pub trait Member: Send + Sync {
    /// The environment ends.
    fn end(&self);
}

/// Whether an environment has ended.
#[derive(Clone)]
pub struct End(Arc<watch::Sender<bool>>);

impl End {
    /// That of the calling thread's environment. One without members has no end that anything could wait for.
    pub fn current() -> End {
        CURRENT
            .with(|current| current.borrow().as_ref().map(|environment| environment.end.clone()))
            .unwrap_or_else(End::new)
    }

    fn new() -> End {
        End(Arc::new(watch::Sender::new(false)))
    }

    /// Waits for it.
    pub async fn reached(&self) {
        // It fails only if the sender is gone, which `self` holds.
        _ = self.0.subscribe().wait_for(|ended| *ended).await;
    }
}

/// Adds a member to the calling thread's environment, for as long as it lives.
///
/// # Errors
/// Those of Node where the environment is ending.
pub fn join(env: &Env, member: Weak<dyn Member>) -> napi::Result<()> {
    CURRENT.with(|current| {
        let mut current = current.borrow_mut();
        if current.is_none() {
            env.add_env_cleanup_hook((), |()| end())?;
        }
        let environment = current.get_or_insert_with(|| Environment { end: End::new(), members: Vec::new() });
        environment.members.retain(|member| member.strong_count() > 0);
        environment.members.push(member);
        Ok(())
    })
}

fn end() {
    let Some(environment) = CURRENT.with(RefCell::take) else { return };
    environment.end.0.send_replace(true);
    environment.members.iter().filter_map(Weak::upgrade).for_each(|member| member.end());
}

/// A function of JavaScript's that other threads hold. They release it while its environment lives, and leave it alone after
/// that: Node frees its functions when the environment ends, and aborts the process where one is released after that.
pub struct HeldFunction<F> {
    function: ManuallyDrop<F>,
    end: End,
}

impl<F> HeldFunction<F> {
    /// One of the calling thread's environment.
    pub fn new(function: F) -> HeldFunction<F> {
        HeldFunction { function: ManuallyDrop::new(function), end: End::current() }
    }

    /// That of its environment.
    pub fn end(&self) -> &End {
        &self.end
    }
}

impl<F> Deref for HeldFunction<F> {
    type Target = F;

    fn deref(&self) -> &F {
        &self.function
    }
}

impl<F> Drop for HeldFunction<F> {
    fn drop(&mut self) {
        // The environment's end waits for this lock.
        let ended = self.end.0.borrow();
        if !*ended {
            // SAFETY: it is dropped nowhere else, and not used after that.
            unsafe { ManuallyDrop::drop(&mut self.function) };
        }
    }
}

/// A promise of what `work` gives, as `convert` gives it to JavaScript.
pub fn promise<'env, T: Send + 'static, R: ToNapiValue + 'static>(
    env: &'env Env,
    work: impl Future<Output = Result<T, Error>> + Send + 'static,
    convert: impl FnOnce(T) -> R + Send + 'static,
) -> napi::Result<PromiseRaw<'env, R>> {
    let end = End::current();
    let work = async move {
        let result = work.await;
        if *end.0.borrow() {
            // The promise is gone, with the function that would settle it.
            drop(result);
            return std::future::pending().await;
        }
        Ok(result)
    };
    env.spawn_future_with_callback(work, move |env, result| {
        result.map(convert).map_err(|error| rejection(env, error))
    })
}
