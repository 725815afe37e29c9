//! One network as ONNX Runtime sessions: as many as there are workers, made when they are first needed, each used by
//! one worker at a time.

use std::sync::{Arc, Condvar, Mutex, PoisonError};

use ort::session::builder::GraphOptimizationLevel;
use ort::session::{RunOptions, Session};
use ort::value::TensorRef;

use super::{Cancel, Engine, Signature, Sink, runtime};
use crate::error::Error;

/// What ONNX Runtime holds per byte of weights: its own copy, and the one reordered for its kernels.
const MEMORY_PER_WEIGHT_BYTE: usize = 2;

/// All sessions of one network together may hold this much. A larger network gets fewer sessions, with more threads
/// each; two always fit for networks up to 64 million parameters.
const SESSION_MEMORY: usize = 1 << 30;

/// How sessions are made.
#[derive(Clone, Copy, Debug)]
pub struct SessionOptions {
    /// Workers that may run the network at the same time.
    pub workers: usize,
}

/// A network in ONNX Runtime.
pub struct OnnxEngine {
    signature: Signature,
    model: Vec<u8>,
    sessions: usize,
    threads_per_session: usize,
    idle: Mutex<Idle>,
    returned: Condvar,
}

struct Idle {
    sessions: Vec<Session>,
    made: usize,
}

impl OnnxEngine {
    /// Loads the network from `model`, the bytes of an ONNX file with one input and one output.
    ///
    /// # Errors
    /// [`Error::RuntimeLoad`] without ONNX Runtime, [`Error::ModelLoad`] if it refuses the network.
    pub fn new(model: Vec<u8>, signature: Signature, options: SessionOptions) -> Result<OnnxEngine, Error> {
        let affordable = SESSION_MEMORY / (model.len() * MEMORY_PER_WEIGHT_BYTE).max(1);
        let sessions = options.workers.clamp(1, affordable.max(1));
        let engine = OnnxEngine {
            signature,
            model,
            sessions,
            threads_per_session: options.workers.div_ceil(sessions),
            idle: Mutex::new(Idle { sessions: Vec::new(), made: 0 }),
            returned: Condvar::new(),
        };
        // The first session is made here, so that a bad network fails when it is loaded.
        drop(engine.lease()?);
        Ok(engine)
    }

    fn lease(&self) -> Result<Lease<'_>, Error> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(session) = idle.sessions.pop() {
                return Ok(Lease { engine: self, session: Some(session) });
            }
            if idle.made < self.sessions {
                idle.made += 1;
                drop(idle);
                return match self.session() {
                    Ok(session) => Ok(Lease { engine: self, session: Some(session) }),
                    Err(error) => {
                        self.idle.lock().unwrap_or_else(PoisonError::into_inner).made -= 1;
                        Err(Error::ModelLoad(format!("ONNX Runtime cannot load the network: {error}")))
                    }
                };
            }
            idle = self.returned.wait(idle).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn session(&self) -> ort::Result<Session> {
        let environment = runtime::environment().map_err(|error| ort::Error::new(error.to_string()))?;
        // Tiles of a few shapes follow each other: a memory pattern per shape would only be kept, not reused.
        Session::builder(environment)?
            .with_optimization_level(GraphOptimizationLevel::All)?
            .with_intra_threads(self.threads_per_session)?
            .with_inter_threads(1)?
            .with_intra_op_spinning(false)?
            .with_memory_pattern(false)?
            .with_log_level(ort::logging::LogLevel::Fatal)?
            .commit_from_memory(&self.model)
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
        cancel: &Cancel,
        sink: Sink,
    ) -> Result<(), Error> {
        let mut lease = self.lease()?;
        let failed = |error: ort::Error| Error::Inference(format!("ONNX Runtime failed: {error}"));
        let options = Arc::new(RunOptions::new().map_err(failed)?);
        let _hook = cancel.hook({
            let options = options.clone();
            // It fails only without an API, and then nothing runs.
            move || _ = options.terminate()
        });
        cancel.check()?;
        let input = TensorRef::from_array_view(([1, self.signature.channels_in, height, width], planes))
            .map_err(failed)?;
        let result = lease.session().run_with_options([input.into()], &*options);
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
            self.engine.idle.lock().unwrap_or_else(PoisonError::into_inner).sessions.push(session);
            self.engine.returned.notify_one();
        }
    }
}
