//! One network as a pool of ONNX Runtime sessions, created when they are first needed, each used by one worker at a time.
//!
//! A run that finds the network and the other workers unused gets a session with all threads, so that one small picture has
//! every core without being cut; runs side by side get sessions with few threads, which is faster in total. Results are the
//! same.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use once_cell::sync::OnceCell;
use ort::environment::Environment;
use ort::session::builder::GraphOptimizationLevel;
use ort::session::{RunOptions, Session};
use ort::value::TensorRef;

use super::operators::{self, RegisteredProgram};
use super::processor::has_int8_dot_product;
use super::{Engine, RunContext, Signature, Sink, exit_guard, out_of_memory, runtime};
use crate::error::Error;
use crate::load_cancel;
use crate::workers::{max_begun, pause, spare_threads};

/// What a session of ONNX Runtime holds per byte of the model's file, which is nearly all weights: its own copy of them,
/// and the one reordered for its kernels.
const SESSION_BYTES_PER_MODEL_BYTE: usize = 2;

/// All sessions of one network together may hold this much. A larger network gets fewer sessions, with more threads
/// each; two always fit for networks up to 64 million parameters.
const SESSION_MEMORY: usize = 1 << 30;

/// Set when a session with our operators was made. ONNX Runtime looks whether it knows their domain and then adds it, both
/// without a lock: two first sessions at once would add it twice, which is an error.
static FIRST_OPERATORS: OnceCell<()> = OnceCell::new();

/// How sessions are made.
#[derive(Clone, Copy, Debug)]
pub struct SessionOptions {
    /// Workers that may run the network at the same time.
    pub workers: usize,
}

/// A network as ONNX Runtime takes it.
pub struct OnnxModel {
    /// The bytes of an ONNX file with one input and one output.
    pub bytes: Vec<u8>,
    /// The program that its node of our operator names, if there is one.
    pub program: Option<RegisteredProgram>,
}

/// A network in ONNX Runtime.
pub struct OnnxEngine {
    signature: Signature,
    model: OnnxModel,
    pool: Mutex<SessionPool>,
    returned: Condvar,
    /// What a run does between two bands.
    between_bands: fn(),
}

/// The sessions of a network that are not in use.
struct SessionPool {
    /// One session with all threads, for a run without others beside it.
    exclusive: Option<Sessions>,
    /// Sessions that run side by side.
    shared: Sessions,
    /// How many sessions are in use.
    leased: usize,
}

impl Drop for OnnxEngine {
    fn drop(&mut self) {
        let _guard = exit_guard::hold_on_any_thread();
        let pool = self.pool.get_mut().unwrap_or_else(PoisonError::into_inner);
        pool.shared.free.clear();
        pool.exclusive = None;
    }
}

/// Sessions of one kind.
struct Sessions {
    threads: usize,
    free: Vec<Session>,
    /// How many more may be created.
    remaining: usize,
}

impl Sessions {
    fn new(sessions: usize, threads: usize) -> Sessions {
        Sessions { threads, free: Vec::new(), remaining: sessions }
    }
}

/// How many threads sessions have.
#[derive(Clone, Copy)]
enum SessionThreads {
    /// One each.
    One,
    /// All workers, divided among the sessions that run side by side.
    Divided,
}

/// The two kinds of sessions.
#[derive(Clone, Copy)]
enum SessionKind {
    Exclusive,
    Shared,
}

impl SessionPool {
    /// `affordable` sessions at most. Runs in ONNX Runtime's kernels use the threads of their session; runs of a program use
    /// spare workers, on sessions of one thread.
    fn new(workers: usize, affordable: usize, threads: SessionThreads) -> SessionPool {
        if let SessionThreads::One = threads {
            // A parked run keeps its session.
            return SessionPool {
                exclusive: None,
                shared: Sessions::new(max_begun(workers).min(affordable), 1),
                leased: 0,
            };
        }
        // One worker, or memory for one session: it serves both purposes.
        let shared = if workers > 1 && affordable > 1 { workers.min(affordable - 1) } else { 0 };
        SessionPool {
            exclusive: Some(Sessions::new(1, workers)),
            shared: Sessions::new(shared, workers.div_ceil(shared.max(1))),
            leased: 0,
        }
    }

    /// The kind of session for the next run; `spare`: whether there are threads that nobody else needs.
    fn next(&self, spare: bool) -> SessionKind {
        let serves_both = self.shared.free.is_empty() && self.shared.remaining == 0;
        match &self.exclusive {
            Some(_) if self.leased == 0 && (spare || serves_both) => SessionKind::Exclusive,
            _ => SessionKind::Shared,
        }
    }

    fn sessions(&mut self, kind: SessionKind) -> &mut Sessions {
        match (kind, &mut self.exclusive) {
            (SessionKind::Exclusive, Some(sessions)) => sessions,
            _ => &mut self.shared,
        }
    }
}

impl OnnxEngine {
    /// Loads the network.
    ///
    /// # Errors
    /// [`Error::RuntimeLoad`] without ONNX Runtime, [`Error::ModelLoad`] if it refuses the network.
    pub fn new(model: OnnxModel, signature: Signature, options: SessionOptions) -> Result<OnnxEngine, Error> {
        let affordable = (SESSION_MEMORY / (model.bytes.len() * SESSION_BYTES_PER_MODEL_BYTE).max(1)).max(1);
        let threads = if model.program.is_some() { SessionThreads::One } else { SessionThreads::Divided };
        let workers = options.workers.max(1);
        // A parked run keeps its session. Where there are fewer than runs may have begun, all of them could be kept so, while
        // those that hold the workers wait for one: there no run parks.
        let between_bands = if affordable < max_begun(workers) { || () } else { pause };
        let pool = Mutex::new(SessionPool::new(workers, affordable, threads));
        let engine = OnnxEngine { signature, model, pool, returned: Condvar::new(), between_bands };
        // The first session is made here, so that a bad network fails when it is loaded.
        drop(engine.lease(true)?);
        Ok(engine)
    }

    /// The convolution kernels in use: an instruction set of our own, or `onnxruntime`.
    pub fn kernels(&self) -> &'static str {
        self.model.program.as_ref().map_or("onnxruntime", RegisteredProgram::kernels)
    }

    fn pool(&self) -> MutexGuard<'_, SessionPool> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lease(&self, spare: bool) -> Result<Lease<'_>, Error> {
        let mut pool = self.pool();
        loop {
            let kind = pool.next(spare);
            let sessions = pool.sessions(kind);
            if let Some(session) = sessions.free.pop() {
                pool.leased += 1;
                return Ok(Lease { engine: self, kind, session: Some(session) });
            }
            if sessions.remaining > 0 {
                sessions.remaining -= 1;
                let threads = sessions.threads;
                pool.leased += 1;
                drop(pool);
                return self.make(kind, threads);
            }
            pool = self.returned.wait(pool).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Creates a session that `lease` has counted.
    fn make(&self, kind: SessionKind, threads: usize) -> Result<Lease<'_>, Error> {
        match self.session(threads) {
            Ok(session) => Ok(Lease { engine: self, kind, session: Some(session) }),
            Err(error) => {
                let mut pool = self.pool();
                pool.sessions(kind).remaining += 1;
                pool.leased -= 1;
                drop(pool);
                self.returned.notify_one();
                Err(error)
            }
        }
    }

    fn session(&self, threads: usize) -> Result<Session, Error> {
        let environment = runtime::environment()?;
        let build = || {
            let _guard = exit_guard::hold();
            let session = self.build(environment, threads);
            load_cancel::check()?;
            session.map_err(|error| {
                let refused = format!("ONNX Runtime cannot load the network: {error}");
                out_of_memory::error_of(&error).unwrap_or(Error::ModelLoad(refused))
            })
        };
        if self.model.program.is_none() || FIRST_OPERATORS.get().is_some() {
            return build();
        }
        let mut first = None;
        FIRST_OPERATORS.get_or_try_init(|| build().map(|session| first = Some(session)))?;
        // Another thread was first.
        first.map_or_else(build, Ok)
    }

    fn build(&self, environment: &'static Environment, threads: usize) -> ort::Result<Session> {
        // Tiles of a few shapes follow each other: a memory pattern per shape would only be kept, not reused.
        let mut builder = Session::builder(environment)?;
        if self.model.program.is_some() {
            builder = builder.with_operators(operators::domain()?)?;
        }
        let mut builder = builder
            .with_optimization_level(GraphOptimizationLevel::All)?
            .with_intra_threads(threads)?
            .with_inter_threads(1)?
            .with_intra_op_spinning(threads > 1)?
            // Threads wait for each other's operators without sleeping, but for the next run asleep.
            .with_config_entry("session.force_spinning_stop", "1")?
            .with_memory_pattern(false)?
            .with_env_allocators()?
            // Where sums of products of bytes would overflow: unsigned weights, whose products are widened first. They are
            // 2.8 times slower where nothing overflows.
            .with_config_entry("session.x64quantprecision", if has_int8_dot_product() { "0" } else { "1" })?
            .with_log_level(ort::logging::LogLevel::Fatal)?;
        let canceler = builder.canceler();
        let _hook = load_cancel::hook(move || _ = canceler.cancel());
        builder.commit_from_memory(&self.model.bytes)
    }
}

impl Engine for OnnxEngine {
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
        let cancel = &context.cancel;
        let min_size = self.signature.limits.min_size;
        if height < min_size.0 || width < min_size.1 {
            return Err(Error::ModelShape(format!(
                "Expected a picture of at least {}x{} pixels, of which something is left within the network, but received \
                 {width}x{height}",
                min_size.1, min_size.0
            )));
        }
        let mut lease = self.lease(spare_threads() > 0)?;
        let failed = |error: ort::Error| {
            out_of_memory::error_of(&error)
                .unwrap_or_else(|| Error::Inference(format!("ONNX Runtime failed: {error}")))
        };
        let options = Arc::new(RunOptions::new().map_err(failed)?);
        let _hook = cancel.hook({
            let options = options.clone();
            // It fails only without an API, and then nothing runs.
            move || _ = options.terminate()
        });
        cancel.check()?;
        let input = TensorRef::from_array_view(([1, self.signature.channels_in, height, width], planes))
            .map_err(failed)?;
        let session = lease.session();
        let result = operators::in_context(context, self.between_bands, || {
            session.run_with_options([input.into()], &*options)
        });
        cancel.check()?;
        let outputs = result.map_err(failed)?;
        let (shape, values) = outputs[0].try_extract_tensor::<f32>().map_err(failed)?;
        match shape[..] {
            [1, channels, height, width] if channels as usize == self.signature.channels_out => {
                sink(values, height as usize, width as usize)
            }
            _ => Err(Error::ModelShape(format!(
                "Expected the network to give [1, {}, height, width] but found {shape:?}",
                self.signature.channels_out
            ))),
        }
    }
}

/// A session in use; it goes back when this is dropped.
struct Lease<'a> {
    engine: &'a OnnxEngine,
    kind: SessionKind,
    session: Option<Session>,
}

impl Lease<'_> {
    fn session(&mut self) -> &mut Session {
        self.session.as_mut().unwrap_or_else(|| unreachable!("a lease holds its session until it is dropped"))
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        if let Some(session) = self.session.take() {
            let mut pool = self.engine.pool();
            pool.sessions(self.kind).free.push(session);
            pool.leased -= 1;
            drop(pool);
            self.engine.returned.notify_one();
        }
    }
}
