//! From a picture to a larger one: plan tiles, run them on the workers, stitch, report progress, stop when told.

mod admission;
mod canvas;
mod channel_runs;
mod deadline;
mod encoding;
mod finish;
mod frame;
mod guard;
mod hooks;
mod job;
mod network_memory;
mod networks;
mod options;
mod outlet;
mod pass;
mod pixels;
mod plan;
mod progress;
mod size;
mod source;
#[cfg(test)]
mod tests;
mod tile;
mod tiling;
mod whole;

pub use admission::{Counters, Counts, Outcome, Places, Ticket, usual_concurrency};
pub use hooks::{Hook, Hooks};
pub use job::{Data, Job, Stages, Upscaled};
pub use networks::{Artefacts, Candidate, Compression, Network, Networks, Role};
pub use options::{Alpha, Fit, Input, KeepMetadata, Limits, Options, Output};
pub use outlet::{Head, Outlet, Piece, Pieces, outlet};
pub use progress::{Listener, Progress, Rect, Slice, TileDone};
