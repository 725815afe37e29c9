//! One error type for the whole core. Every variant has a stable code that users may match on.

/// What went wrong. Messages say what was expected, what was found, and where.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An option or argument has a value outside its documented range.
    #[error("{0}")]
    InvalidArgument(String),
    /// A file, stream or URL could not be read.
    #[error("{message}")]
    Read {
        message: String,
        #[source]
        source: Option<std::io::Error>,
    },
    /// The bytes are of a known image format but broken.
    #[error("{0}")]
    Decode(String),
    /// The result could not be written in the wanted format.
    #[error("{0}")]
    Encode(String),
    /// The bytes are no image, or of a format that is not supported.
    #[error("{0}")]
    UnsupportedFormat(String),
    /// The picture, its result or the memory they need exceeds a limit.
    #[error("{0}")]
    Limit(String),
    /// No model matches the name or query.
    #[error("{0}")]
    ModelNotFound(String),
    /// The model file could not be read or understood.
    #[error("{0}")]
    ModelLoad(String),
    /// The model cannot take this picture: size, channels or divisibility.
    #[error("{0}")]
    ModelShape(String),
    /// The network failed while running.
    #[error("{0}")]
    Inference(String),
    /// The ONNX Runtime library could not be loaded.
    #[error("{0}")]
    RuntimeLoad(String),
    /// The execution provider that was asked for is not there.
    #[error("{0}")]
    Provider(String),
    /// More images are waiting than `maxPending` allows.
    #[error("{0}")]
    QueueFull(String),
    /// The result could not be there in time.
    #[error("{0}")]
    Timeout(String),
    /// The instance was disposed.
    #[error("{0}")]
    Disposed(String),
    /// The call was cancelled.
    #[error("The operation was aborted")]
    Aborted,
}

impl Error {
    /// The stable code that JavaScript sees as `err.code`.
    pub fn code(&self) -> &'static str {
        match self {
            Error::InvalidArgument(_) => "ERR_INVALID_ARG_VALUE",
            Error::Read { .. } => "ERR_UPSCALER_READ",
            Error::Decode(_) => "ERR_UPSCALER_DECODE",
            Error::Encode(_) => "ERR_UPSCALER_ENCODE",
            Error::UnsupportedFormat(_) => "ERR_UPSCALER_UNSUPPORTED_FORMAT",
            Error::Limit(_) => "ERR_UPSCALER_LIMIT",
            Error::ModelNotFound(_) => "ERR_UPSCALER_MODEL_NOT_FOUND",
            Error::ModelLoad(_) => "ERR_UPSCALER_MODEL_LOAD",
            Error::ModelShape(_) => "ERR_UPSCALER_MODEL_SHAPE",
            Error::Inference(_) => "ERR_UPSCALER_INFERENCE",
            Error::RuntimeLoad(_) => "ERR_UPSCALER_RUNTIME_LOAD",
            Error::Provider(_) => "ERR_UPSCALER_PROVIDER",
            Error::QueueFull(_) => "ERR_UPSCALER_QUEUE_FULL",
            Error::Timeout(_) => "ERR_UPSCALER_TIMEOUT",
            Error::Disposed(_) => "ERR_UPSCALER_DISPOSED",
            Error::Aborted => "ABORT_ERR",
        }
    }
}

impl From<upscaler_workers::Error> for Error {
    fn from(error: upscaler_workers::Error) -> Error {
        use upscaler_workers::Error as Work;
        match error {
            Work::Threads { .. } => Error::Limit(error.to_string()),
            Work::Configured { .. } => Error::InvalidArgument(error.to_string()),
            Work::Panicked(_) => Error::Inference(error.to_string()),
            Work::Aborted => Error::Aborted,
        }
    }
}

impl From<upscaler_kernel::Error> for Error {
    fn from(error: upscaler_kernel::Error) -> Error {
        match error {
            upscaler_kernel::Error::Spec(message) => Error::InvalidArgument(message),
            upscaler_kernel::Error::Shape(message) => Error::Inference(message),
        }
    }
}
