//! Who looks on while a network runs.

use std::sync::Arc;

use super::Cancel;

/// May stop a run, and is told how far it has got.
#[derive(Clone)]
pub struct Watch {
    pub cancel: Cancel,
    /// Called now and then with the share of the run that is done, from 0 to 1, on the thread that runs it: it must not
    /// block. Networks in ONNX Runtime's own kernels tell nothing before they are done.
    pub told: Arc<dyn Fn(f64) + Send + Sync>,
}
