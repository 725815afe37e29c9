//! The string unions of lib/native.d.ts, one enum each, and what they stand for in the core.

use napi_derive::napi;

use crate::model;
use crate::raster;
use crate::upscale;

/// A string union: its members are the variants in lower case.
macro_rules! string_union {
    ($(#[$documentation:meta])* $name:ident for $core:ty { $($variant:ident),+ $(,)? }) => {
        $(#[$documentation])*
        #[napi(string_enum = "lowercase")]
        #[derive(Clone, Copy, PartialEq, Eq)]
        pub enum $name {
            $($variant),+
        }

        impl From<$name> for $core {
            fn from(name: $name) -> $core {
                match name {
                    $($name::$variant => <$core>::$variant),+
                }
            }
        }
    };
}

string_union! {
    /// The form of a result.
    NativeOutput for upscale::OutputKind { Encoded, Raw, Tensor }
}
string_union! {
    /// The file format of a result.
    NativeFormat for raster::Format { Png, Jpeg, Webp, Avif, Tiff, Gif }
}
string_union! {
    /// The file format of an animation.
    NativeAnimationFormat for raster::Format { Gif, Webp, Png }
}
string_union! {
    /// How the picture fits a box.
    NativeFit for upscale::Fit { Cover, Contain, Fill, Inside, Outside }
}
string_union! {
    /// What becomes of an alpha channel.
    NativeAlpha for upscale::Alpha { Model, Resample, Remove }
}
string_union! {
    /// Which metadata the result carries.
    NativeKeepMetadata for upscale::KeepMetadata { None, Icc, All }
}
string_union! {
    /// How bad an input may be.
    NativeFailOn for raster::FailOn { None, Truncated, Error, Warning }
}
string_union! {
    /// How weights are stored.
    NativeStorage for model::Storage { Float32, Float16 }
}
string_union! {
    /// The arithmetic of a model.
    NativePrecision for model::Precision { Fp32, Int8 }
}
string_union! {
    /// How a call ended that was never started, or whose frames were.
    NativeOutcome for upscale::Outcome { Done, Failed, Aborted }
}

/// The form in which an image is given.
#[napi(string_enum = "lowercase")]
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum NativeImageKind {
    /// The bytes of a file.
    Encoded,
    /// The path of a file.
    Path,
    /// Interleaved samples.
    Raw,
    /// Interleaved floats.
    Tensor,
}

/// For which pictures an alternative takes the place of an instance's own model.
#[napi(string_enum = "lowercase")]
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum NativeRole {
    /// Clean ones.
    Clean,
    /// Those with compression artefacts.
    Compressed,
    /// Parts of pictures that another network of the same scale has blown up.
    Fallback,
    /// Parts of clean pictures that were drawn by a program.
    Drawn,
    /// Alpha beside colours.
    Alpha,
}

/// The format of a model's file.
#[napi(string_enum = "lowercase")]
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum NativeFileFormat {
    Onnx,
    Tfjs,
    Ncnn,
}

impl From<model::FileFormat> for NativeFileFormat {
    fn from(format: model::FileFormat) -> NativeFileFormat {
        match format {
            model::FileFormat::Onnx => NativeFileFormat::Onnx,
            model::FileFormat::Tfjs => NativeFileFormat::Tfjs,
            model::FileFormat::Ncnn => NativeFileFormat::Ncnn,
        }
    }
}
