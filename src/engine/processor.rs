//! Processor features that decide which kernels ONNX Runtime uses.

/// Whether the processor sums products of bytes in 32 bits: VNNI of x86, the dot product of ARM. Without, x86 sums pairs
/// of products in 16 bits, which overflow.
#[cfg(target_arch = "x86_64")]
pub fn has_int8_dot_product() -> bool {
    is_x86_feature_detected!("avx512vnni") || is_x86_feature_detected!("avxvnni")
}

#[cfg(target_arch = "aarch64")]
pub fn has_int8_dot_product() -> bool {
    std::arch::is_aarch64_feature_detected!("dotprod")
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
pub fn has_int8_dot_product() -> bool {
    false
}
