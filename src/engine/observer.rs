//! Runs a network for its intermediate values, without tiles or queue, for calibration.

use ort::session::Session;
use ort::session::builder::GraphOptimizationLevel;
use ort::value::TensorRef;

use super::runtime;
use crate::error::Error;

/// A network with any number of outputs in ONNX Runtime's own kernels.
pub struct Observer {
    session: Session,
}

impl Observer {
    /// Loads an `.onnx` whose one input is an image.
    ///
    /// # Errors
    /// [`Error::RuntimeLoad`] without ONNX Runtime, [`Error::ModelLoad`] if it refuses the network.
    pub fn new(onnx: &[u8], threads: usize) -> Result<Observer, Error> {
        let environment = runtime::environment()?;
        let build = || -> ort::Result<Session> {
            Session::builder(environment)?
                .with_optimization_level(GraphOptimizationLevel::All)?
                .with_intra_threads(threads)?
                .with_inter_threads(1)?
                .with_intra_op_spinning(false)?
                .with_memory_pattern(false)?
                // Calibration runs float32 networks alone; the exact int8 sums cost nothing there.
                .with_config_entry("session.x64quantprecision", "1")?
                .with_log_level(ort::logging::LogLevel::Fatal)?
                .commit_from_memory(onnx)
        };
        let session = build()
            .map_err(|error| Error::ModelLoad(format!("ONNX Runtime cannot load the network: {error}")))?;
        Ok(Observer { session })
    }

    /// Runs the network on planes `[channels, height, width]` and calls `show` with the name and the values of every output.
    ///
    /// # Errors
    /// [`Error::Inference`] if the network fails or gives anything but floats.
    pub fn run(
        &mut self,
        planes: &[f32],
        [channels, height, width]: [usize; 3],
        show: &mut dyn FnMut(&str, &[f32]),
    ) -> Result<(), Error> {
        let failed = |error: ort::Error| Error::Inference(format!("ONNX Runtime failed: {error}"));
        let input = TensorRef::from_array_view(([1, channels, height, width], planes)).map_err(failed)?;
        let outputs = self.session.run([input.into()]).map_err(failed)?;
        for (name, value) in outputs.iter() {
            let (_, values) = value.try_extract_tensor::<f32>().map_err(failed)?;
            show(name, values);
        }
        Ok(())
    }
}
