//! One instance: a model, its limits, and the calls that are under way.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use napi::Env;
use napi::bindgen_prelude::PromiseRaw;
use napi_derive::napi;

use super::animation::{NativeAnimation, blocking};
use super::choice::{Alternative, candidates};
use super::enums::NativeOutcome;
use super::environment::{self, HeldFunction, Member, promise};
use super::errors::{Code, thrown};
use super::hooks::{Function, hooks};
use super::image::NativeImage;
use super::model::{NativeModelInfo, NativeModelSource};
use super::options::{InstanceOptions, UpscaleOptions};
use super::progress::{Callback, listener};
use super::result::{NativeChunk, NativeCounters, NativeResult};
use super::streams::Streams;
use crate::engine::trim_idle;
use crate::error::Error;
use crate::load_cancel::{self, LoadCancel};
use crate::model::{self, Model};
use crate::raster::Animation;
use crate::upscale::{
    Counters, DEFAULT_MAX_PENDING, Hooks, Input, Job, Limits, LoadedNetwork, Networks, Options, Places,
    Ticket, Upscaled, default_concurrency,
};
use crate::workers::{Call, Calls, Cancel, Pool, Share};

/// The caller's functions for one call.
#[napi(object, object_to_js = false)]
pub struct NativeCallbacks {
    #[napi(ts_type = "(progress: NativeProgress) => void")]
    pub progress: Option<Callback>,
    #[napi(ts_type = "NativeHook")]
    pub preprocess: Option<Function>,
    #[napi(ts_type = "NativeHook")]
    pub postprocess: Option<Function>,
}

/// An instance, as the shim holds it.
#[napi]
pub struct NativeUpscaler {
    instance: Arc<Instance>,
}

struct Instance {
    limits: Limits,
    places: Arc<Places>,
    share: Arc<Share>,
    counters: Arc<Counters>,
    state: Mutex<InstanceState>,
    streams: Streams,
    calls: Calls,
    /// Cancels the loading of the model.
    load_cancel: LoadCancel,
}

#[derive(Default)]
struct InstanceState {
    networks: Option<Arc<Networks>>,
    /// While it is held, other instances find it without reading their file.
    model: Option<Model>,
    cancels: HashMap<u32, Cancel>,
    /// Of calls that wait for their picture or the model.
    tickets: HashMap<u32, Ticket>,
    /// Of animations, whose frames are started one after the other.
    animations: HashMap<u32, Ticket>,
}

#[napi]
impl NativeUpscaler {
    /// An instance without a model.
    #[napi(constructor)]
    pub fn new(env: Env, options: InstanceOptions) -> Result<NativeUpscaler, napi::Error<Code>> {
        let threads = Pool::global().map_err(|error| thrown(error.into()))?.threads();
        let concurrency =
            options.concurrency.map_or_else(|| default_concurrency(threads), |images| images as usize);
        let instance = Arc::new(Instance {
            limits: options.limits(),
            places: Places::new(concurrency, options.max_pending.map_or(DEFAULT_MAX_PENDING, u64::from)),
            share: Share::new(options.threads.map_or(threads, |share| share as usize)),
            counters: Arc::new(Counters::default()),
            state: Mutex::default(),
            streams: Streams::default(),
            calls: Calls::default(),
            load_cancel: LoadCancel::default(),
        });
        let member: Weak<Instance> = Arc::downgrade(&instance);
        environment::join(&env, member).map_err(|error| thrown(Error::RuntimeLoad(error.reason.clone())))?;
        Ok(NativeUpscaler { instance })
    }

    /// Loads the model; before that, nothing can be upscaled. Alternatives are loaded when a picture first needs them.
    #[napi(ts_return_type = "Promise<NativeModelInfo>")]
    pub fn load<'env>(
        &self,
        env: &'env Env,
        source: NativeModelSource,
        alternatives: Option<Vec<Alternative>>,
    ) -> napi::Result<PromiseRaw<'env, NativeModelInfo>> {
        let instance = self.instance.clone();
        let parts =
            source.parts().and_then(|primary| Ok((primary, candidates(alternatives.unwrap_or_default())?)));
        let work = async move {
            let ((source, definition), others) = parts?;
            let pool = Pool::global()?;
            let lane = pool.lane(Share::new(1));
            let cancel = instance.load_cancel.clone();
            let load = move || model::load(&source, &definition, pool.threads());
            let model = lane.run(move || load_cancel::with_cancel(cancel, load)).await?;
            let network = LoadedNetwork { name: model.info.name.clone(), engines: model.engines.clone() };
            let mut state = instance.state();
            state.networks = Some(Arc::new(Networks::new(network, others)));
            Ok(state.model.insert(model).info.clone())
        };
        promise(env, work, NativeModelInfo::from)
    }

    /// Stops the loading of the model, if it is not done.
    #[napi]
    pub fn abort_load(&self) {
        self.instance.load_cancel.cancel();
    }

    /// Counts call `id` as waiting, which has no picture or no model yet: [`Self::start`] follows, or [`Self::withdraw`].
    #[napi]
    pub fn enqueue(&self, id: u32) -> Result<(), napi::Error<Code>> {
        let ticket = Ticket::new(&self.instance.counters, &self.instance.places).map_err(thrown)?;
        self.instance.state().tickets.insert(id, ticket);
        Ok(())
    }

    /// Call `id`, which was enqueued, is that of an animation: what is started of it is a frame, until [`Self::withdraw`].
    #[napi]
    pub fn begin_frames(&self, id: u32) {
        let mut state = self.instance.state();
        if let Some(mut ticket) = state.tickets.remove(&id) {
            ticket.start();
            state.animations.insert(id, ticket);
        }
    }

    /// The end of a call that was enqueued, unless it was started, and of an animation.
    #[napi]
    pub fn withdraw(&self, id: u32, outcome: NativeOutcome) {
        let ticket = {
            let mut state = self.instance.state();
            state.tickets.remove(&id).or_else(|| state.animations.remove(&id))
        };
        if let Some(ticket) = ticket {
            ticket.settle(outcome.into());
        }
    }

    /// Upscales one image. `id` names the call for [`Self::abort`] and must be free.
    #[napi(ts_return_type = "Promise<NativeResult>")]
    pub fn start<'env>(
        &self,
        env: &'env Env,
        id: u32,
        image: NativeImage,
        options: UpscaleOptions,
        callbacks: NativeCallbacks,
    ) -> napi::Result<PromiseRaw<'env, NativeResult>> {
        let NativeCallbacks { progress, preprocess, postprocess } = callbacks;
        let (progress, hooks) = (progress.map(HeldFunction::new), hooks(preprocess, postprocess));
        let call = image
            .input()
            .and_then(|input| UpscaleCall::new(&self.instance, id, input, Options::try_from(options)?));
        let work = async move {
            match call {
                Ok(call) => call.run(progress, hooks).await,
                Err(error) => Err(error),
            }
        };
        promise(env, work, NativeResult::from)
    }

    /// Opens a file of several frames, within this instance's limits; null for anything else.
    #[napi(ts_return_type = "Promise<NativeAnimation | null>")]
    pub fn open_animation<'env>(
        &self,
        env: &'env Env,
        image: NativeImage,
    ) -> napi::Result<PromiseRaw<'env, Option<NativeAnimation>>> {
        let limits = self.instance.limits;
        let input = image.input();
        let work = async move {
            match input?.in_memory(&limits).await? {
                Input::Encoded(bytes) => {
                    blocking(move || Animation::open(bytes, limits.fail_on, limits.input_pixels)).await
                }
                _ => Ok(None),
            }
        };
        promise(env, work, |animation| animation.map(NativeAnimation::new))
    }

    /// Has the encoded result of call `id`, which is not started yet, sent in chunks. [`Self::close_stream`] follows.
    #[napi]
    pub fn open_stream(&self, id: u32) {
        self.instance.streams.open(id);
    }

    /// The next chunk of the result of call `id`; `null` after the last, whether the call went well or not.
    #[napi(ts_return_type = "Promise<NativeChunk | null>")]
    pub fn next_chunk<'env>(
        &self,
        env: &'env Env,
        id: u32,
    ) -> napi::Result<PromiseRaw<'env, Option<NativeChunk>>> {
        let next = self.instance.streams.next(id);
        promise(env, async move { Ok(next.await) }, |chunk| chunk.map(NativeChunk::from))
    }

    /// Ends the stream of call `id`, and the call if it is not done.
    #[napi]
    pub fn close_stream(&self, id: u32) {
        self.instance.streams.close(id);
    }

    /// Cancels a call, if it has not settled.
    #[napi]
    pub fn abort(&self, id: u32) {
        let cancel = self.instance.state().cancels.get(&id).cloned();
        if let Some(cancel) = cancel {
            cancel.abort();
        }
    }

    /// Refuses further calls, waits for those under way, then frees the model.
    #[napi(ts_return_type = "Promise<void>")]
    pub fn dispose<'env>(&self, env: &'env Env) -> napi::Result<PromiseRaw<'env, ()>> {
        let instance = self.instance.clone();
        instance.calls.close();
        let work = async move {
            instance.calls.ended().await;
            let unused = {
                let mut state = instance.state();
                (state.networks.take(), state.model.take())
            };
            drop(unused);
            _ = tokio::task::spawn_blocking(trim_idle).await;
            Ok(())
        };
        promise(env, work, |()| ())
    }

    /// What became of this instance's images so far.
    #[napi]
    pub fn counters(&self) -> NativeCounters {
        self.instance.counters.counts().into()
    }
}

impl Member for Instance {
    /// It takes no results any more.
    fn end(&self) {
        self.load_cancel.cancel();
        self.cancel_all();
    }
}

impl Instance {
    fn state(&self) -> MutexGuard<'_, InstanceState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn cancel_all(&self) {
        let cancels: Vec<Cancel> = self.state().cancels.values().cloned().collect();
        cancels.iter().for_each(Cancel::abort);
    }
}

/// A call under way.
struct UpscaleCall {
    entry: CancelEntry,
    networks: Arc<Networks>,
    ticket: Ticket,
    input: Input,
    options: Options,
    /// The last field, dropped after the networks: with the last call the model can be freed.
    call: Call,
}

/// What cancels a call; the instance forgets it when this is dropped.
struct CancelEntry {
    instance: Arc<Instance>,
    id: u32,
    cancel: Cancel,
}

impl UpscaleCall {
    fn new(instance: &Arc<Instance>, id: u32, input: Input, options: Options) -> Result<UpscaleCall, Error> {
        let disposed = || Error::Disposed("Expected a live instance but it was disposed".to_owned());
        let call = instance.calls.begin().ok_or_else(disposed)?;
        let mut state = instance.state();
        let not_loaded = || Error::ModelLoad("Expected a loaded model but none was loaded yet".to_owned());
        let networks = state.networks.clone().ok_or_else(not_loaded)?;
        let ticket = match (state.tickets.remove(&id), state.animations.get(&id)) {
            (Some(ticket), _) => ticket,
            (None, Some(animation)) => animation.part(),
            (None, None) => Ticket::new(&instance.counters, &instance.places)?,
        };
        let cancel = Cancel::default();
        state.cancels.insert(id, cancel.clone());
        let entry = CancelEntry { instance: instance.clone(), id, cancel };
        Ok(UpscaleCall { entry, networks, ticket, input, options, call })
    }

    async fn run(self, progress: Option<HeldFunction<Callback>>, hooks: Hooks) -> Result<Upscaled, Error> {
        // The call first, so that it is dropped last.
        let UpscaleCall { call: _call, entry, networks, ticket, input, options } = self;
        let (listener, outstanding) = progress.map(|callback| listener(callback, options.slices)).unzip();
        let CancelEntry { instance, id, cancel } = &entry;
        let stream = instance.streams.take_sender(*id);
        let (limits, cancel) = (instance.limits, cancel.clone());
        let job = Job { networks, input, options, limits, cancel, hooks, listener, stream };
        let result = job.run(Pool::global()?, instance.share.clone(), ticket).await;
        if let Some(outstanding) = outstanding {
            outstanding.delivered().await;
        }
        result
    }
}

impl Drop for CancelEntry {
    fn drop(&mut self) {
        self.instance.state().cancels.remove(&self.id);
    }
}
