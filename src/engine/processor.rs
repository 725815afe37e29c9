//! Processor features that decide which kernels ONNX Runtime uses.

use super::operators::kernels_limited_to_avx2;

/// Whether the processor sums products of bytes in 32 bits: VNNI of x86, the dot product of ARM. Without, x86 sums pairs
/// of products in 16 bits, which overflow. A processor whose kernels are to be those of AVX2 is treated as one that has
/// no more than AVX2.
pub fn has_int8_dot_product() -> bool {
    !kernels_limited_to_avx2() && detected()
}

#[cfg(target_arch = "x86_64")]
fn detected() -> bool {
    is_x86_feature_detected!("avx512vnni") || is_x86_feature_detected!("avxvnni")
}

#[cfg(target_arch = "aarch64")]
fn detected() -> bool {
    std::arch::is_aarch64_feature_detected!("dotprod")
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn detected() -> bool {
    false
}
