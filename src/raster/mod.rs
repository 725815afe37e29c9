//! Pixels: decode, orient, colour, alpha, resample, encode. Knows no model.
//!
//! A picture is a [`Raster`]: interleaved rows of sRGB samples with straight alpha. [`probe`] and [`decode`] make
//! one from the bytes of a file, whatever its format, orientation and colour space; [`Encoder`] turns bands of
//! rows back into a file, each band on whichever thread has it.

mod alpha;
mod animation;
mod colour;
mod decode;
mod encode;
mod exif;
mod metadata;
mod orient;
mod picture;
mod regions;
mod resample;
mod sniff;
mod tiff_tag;

pub use alpha::{bleed_alpha, constant_alpha, flatten};
pub use animation::{Animation, AnimationEncoder, AnimationOptions, Frame, FrameArea};
pub use colour::ToProfile;
pub use decode::{DecodeOptions, Decoded, FailOn, Header, decode, probe};
pub use encode::{Band, EncodeOptions, Encoder, Joiner, encode, max_side};
pub use metadata::Metadata;
pub use picture::{LUMA, Raster, Samples, colours_of, has_alpha};
pub use regions::Depth;
pub use resample::resample;
pub use sniff::Format;
