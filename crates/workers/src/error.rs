//! What can go wrong with work that is queued.

/// Why there is no result.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The operating system gives no more threads.
    #[error("Expected to start {threads} threads but: {source}")]
    Threads { threads: usize, source: std::io::Error },
    /// The number of threads was chosen before.
    #[error(
        "Expected threads to be configured once, before the first model, but they were set to {found} already"
    )]
    Configured { found: usize },
    /// The work panicked.
    #[error("Expected the work to finish but it panicked: {0}")]
    Panicked(String),
    /// It was cancelled, or discarded before it began.
    #[error("The operation was aborted")]
    Aborted,
}
