//! The binding: converts arguments, enqueues, settles promises. No logic: what is decided here is decided in the core.
//! The only room that knows napi.

mod animation;
mod choice;
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
