//! What a run is given beside its input.

use std::sync::Arc;

use crate::workers::Cancel;

/// Can stop a run, and receives its progress.
#[derive(Clone)]
pub struct RunContext {
    pub cancel: Cancel,
    /// Called now and then with the share of the run that is done, from 0 to 1, on the thread that runs it: it must not
    /// block. Networks in ONNX Runtime's own kernels report nothing before they are done.
    pub on_progress: Arc<dyn Fn(f64) + Send + Sync>,
}
