//! From a picture to a larger one: plans tiles, runs them on the workers, stitches their results, reports progress and can
//! be cancelled.
//!
//! | file | what |
//! |---|---|
//! | `job`, `decoded_job` | one image from bytes to a picture, and from there to a result |
//! | `options`, `output_spec`, `result` | what a caller asks for, what follows for the result, and the result |
//! | `ticket`, `places` | the counters of images; those of an instance that are worked on and wait |
//! | `admission`, `deadline`, `expected_time`, `memory` | when an image may begin beside those of the process: deadlines, the time and memory that it will take |
//! | `source`, `hooks` | decoding and preparation; the caller's code on pixels |
//! | `networks`, `route`, `size` | the networks of an instance; which of them run, and how often, for a picture and its final size |
//! | `passes`, `pass` | the passes of a job; the tiles of one |
//! | `plan`, `tiling` | where tiles are cut; the cost model that chooses how many |
//! | `channel_runs` | which channels go through the network together |
//! | `tile`, `pixels`, `canvas` | one tile: pixels to planes, the networks, planes to pixels, stitching |
//! | `tile_run` | the network over a tile, and those that take its place in parts |
//! | `view`, `mask`, `parts` | the geometry of a network's run over a tile; what of it another network's result replaces; the rectangles that a network runs on for that |
//! | `guard`, `drawn`, `replaced` | what a network has blown up; what of a picture was drawn; how much that was |
//! | `settled` | what needs no network: what alpha hides, and alpha that stays |
//! | `finish`, `frame` | alpha, background, colour profile; resampling and framing |
//! | `encoding`, `output_stream` | encoding beside inference; sending the file while it is made |
//! | `progress` | progress reports and slices |

use std::pin::Pin;

use crate::error::Error;

mod admission;
mod canvas;
mod channel_runs;
mod deadline;
mod decoded_job;
mod drawn;
mod encoding;
mod expected_time;
mod finish;
mod frame;
mod guard;
mod hooks;
mod job;
mod mask;
mod memory;
mod networks;
mod options;
mod output_spec;
mod output_stream;
mod parts;
mod pass;
mod passes;
mod pixels;
mod places;
mod plan;
mod progress;
mod replaced;
mod result;
mod route;
mod settled;
mod size;
mod source;
#[cfg(test)]
mod tests;
mod ticket;
mod tile;
mod tile_run;
mod tiling;
mod view;

type BoxFuture<T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send>>;

pub use admission::default_concurrency;
pub use guard::REACH as GUARD_REACH;
pub use hooks::{Hook, Hooks};
pub use job::Job;
pub use networks::{Artefacts, LazyNetwork, LoadedNetwork, LossyCompression, NetworkRole};
pub use options::{Alpha, Fit, Input, KeepMetadata, Limits, Options, OutputKind};
pub use output_stream::{OutputChunk, OutputReceiver, OutputSender, StreamHeader, output_stream};
pub use places::{DEFAULT_MAX_PENDING, Places};
pub use progress::{Listener, Progress, Rect, Slice, TileDone};
pub use result::{ResultData, Stages, Upscaled};
pub use route::Networks;
pub use source::MAX_READERS;
pub use ticket::{Counters, Counts, Outcome, Ticket};
