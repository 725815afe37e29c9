//! upscale
