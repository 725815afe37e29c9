//! `cargo +nightly miri test --manifest-path tests/miri/Cargo.toml`: the global allocator, and the pool of blocks that ONNX
//! Runtime is given.

#[path = "../../../src/allocator.rs"]
pub mod allocator;
#[path = "../../../src/engine/block_pool.rs"]
pub mod block_pool;

/// What the pool asks the core for.
pub mod memory {
    /// The limit on the memory of all pictures, in bytes.
    pub fn limit() -> u64 {
        4 << 30
    }
}
