//! The binding: converts arguments, enqueues, settles promises. No logic: the core decides. The only module that knows
//! napi.

mod animation;
mod choice;
mod enums;
mod environment;
mod errors;
mod hooks;
mod image;
mod model;
mod options;
mod panics;
mod process;
mod progress;
mod result;
mod streams;
mod upscaler;
