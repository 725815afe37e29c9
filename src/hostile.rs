//! Untrusted files: whatever their bytes are, decoders and readers of models give a result or a typed error, in memory that
//! is in proportion to the limit on pixels and to the file, and never panic.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

#[path = "../fuzz/src/mutate/mod.rs"]
mod mutate;

use crate::error::Error;
use crate::format;
use crate::graph::Network;
use crate::raster::{Animation, DecodeOptions, FailOn, decode, probe};

/// Counts what the thread holds, and the most that it has held.
struct Counting;

thread_local! {
    static HELD: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
}

fn count(bytes: isize) {
    // The counters are gone while a thread ends.
    _ = HELD.try_with(|held| {
        held.set(held.get() + bytes);
        PEAK.try_with(|peak| peak.set(peak.get().max(held.get())))
    });
}

// SAFETY: everything is left to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: as for this function.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: as for this function.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: as for this function.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size as isize - layout.size() as isize);
        // SAFETY: as for this function.
        unsafe { System.realloc(block, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The most bytes that `work` holds at one time beyond what there was before.
fn peak<T>(work: impl FnOnce() -> T) -> usize {
    let before = HELD.get();
    PEAK.set(before);
    drop(work());
    (PEAK.get() - before).max(0) as usize
}

const MIB: usize = 1 << 20;

/// Every copy of a picture that may be there at one time: decoded, converted, turned; 16 bits and four channels each.
const BYTES_PER_PIXEL: u64 = 4 * 8;

/// The limit on pixels of those that are changed.
const LIMIT: u64 = 100_000;

/// What decoders need beside pictures: windows and tables.
const TABLES: usize = 24 * MIB;

fn folder(name: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.into_iter().map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
}

fn is_picture(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    ["png", "jpg", "gif", "tif", "tiff", "webp", "bmp", "avif", "jxl", "ico", "ppm", "pbm", "qoi"]
        .contains(&extension)
}

/// Decodes in the strictest and in the most lenient way.
fn decode_both(bytes: &[u8], limit: u64, what: &dyn Fn() -> String) {
    for fail_on in [FailOn::Warning, FailOn::None] {
        let options = DecodeOptions {
            fail_on,
            limit_pixels: Some(limit),
            keep_metadata: true,
            ..DecodeOptions::default()
        };
        let taken = peak(|| {
            _ = probe(bytes, 0);
            frames(bytes, fail_on, limit, what);
            match decode(bytes, &options) {
                Ok(decoded) => {
                    let pixels = u64::from(decoded.raster.width) * u64::from(decoded.raster.height);
                    assert!(pixels <= limit, "{}: {pixels} pixels", what());
                }
                Err(Error::Decode(_) | Error::Limit(_) | Error::UnsupportedFormat(_)) => {}
                Err(other) => panic!("{}: {} {other}", what(), other.code()),
            }
        });
        let most = (limit * BYTES_PER_PIXEL) as usize + TABLES + 8 * bytes.len();
        assert!(taken <= most, "{}: {} MiB with {fail_on:?}", what(), taken / MIB);
    }
}

/// The first frames of an animation, as they are shown.
fn frames(bytes: &[u8], fail_on: FailOn, limit: u64, what: &dyn Fn() -> String) {
    let opened = Animation::open(bytes.to_vec(), fail_on, Some(limit));
    let Ok(Some(mut animation)) = opened else { return };
    for _ in 0..3 {
        match animation.next_frame() {
            Ok(Some(_)) => {}
            Ok(None) | Err(Error::Decode(_) | Error::Limit(_)) => break,
            Err(other) => panic!("{}: {} {other}", what(), other.code()),
        }
    }
}

#[test]
fn small_files_that_claim_to_be_large_take_little_memory() {
    for (path, bytes) in folder("hostile").into_iter().filter(|(path, _)| is_picture(path)) {
        for limit in [10_000, 1_000_000] {
            decode_both(&bytes, limit, &|| format!("{} up to {limit} pixels", path.display()));
        }
    }
}

#[test]
fn every_flipped_byte_and_every_truncation_of_pictures() {
    const LARGEST_SAMPLE: usize = 600;
    // The decoders of these are ten times as slow: one change in so many.
    let folders = [("raster", 1), ("small", 1), ("modern", 7)];
    for ((path, bytes), step) in
        folders.into_iter().flat_map(|(name, step)| samples(name).map(move |s| (s, step)))
    {
        if bytes.len() > LARGEST_SAMPLE {
            continue;
        }
        for change in mutations(&bytes).step_by(step) {
            decode_both(&change.bytes, LIMIT, &|| format!("{} with {}", path.display(), change.name));
        }
    }
}

/// Pictures of a folder, without what they should become.
fn samples(name: &str) -> impl Iterator<Item = (PathBuf, Vec<u8>)> {
    let picture = |path: &Path| is_picture(path) && !path.to_string_lossy().contains("expected");
    folder(name).into_iter().filter(move |(path, _)| picture(path))
}

/// What the fuzzer's own mutations make of the samples: sizes, counts, offsets and lengths changed where the format has them.
/// Most must get past the header, or the fuzzer would see nothing of the decoders.
#[test]
fn pictures_with_changed_fields_get_past_their_headers() {
    const LARGEST_SAMPLE: usize = 5000;
    const SEEDS: u32 = 12;
    let mut reached: BTreeMap<String, [u32; 2]> = BTreeMap::new();
    for (path, bytes) in ["raster", "small", "modern", "hostile"].into_iter().flat_map(samples) {
        if bytes.len() > LARGEST_SAMPLE {
            continue;
        }
        let Ok(header) = probe(&bytes, 0) else { continue };
        let [past, all] = reached.entry(header.format.to_string()).or_default();
        for seed in 0..SEEDS {
            let mut changed = bytes.clone();
            if mutate::picture(&mut changed, bytes.len(), seed) {
                decode_both(&changed, LIMIT, &|| format!("{} with seed {seed}", path.display()));
                *all += 1;
                *past += u32::from(probe(&changed, 0).is_ok());
            }
        }
    }
    for (format, [past, all]) in reached {
        println!("{format}: {past} of {all} get past the header");
        assert!(all >= SEEDS || format == "PNM", "{format}: {all} were changed");
        assert!(4 * past >= all, "{format}: {past} of {all} get past the header");
    }
}

struct Mutation {
    name: String,
    bytes: Vec<u8>,
}

/// Cut after every byte; every byte with its lowest or highest bit turned, of all ones, and zero.
fn mutations(bytes: &[u8]) -> impl Iterator<Item = Mutation> {
    let cut = (0..bytes.len())
        .map(|length| Mutation { name: format!("{length} bytes"), bytes: bytes[..length].to_vec() });
    let changed = (0..bytes.len()).flat_map(move |at| {
        let old = bytes[at];
        [old ^ 1, old ^ 0x80, 0xff, 0].into_iter().filter(move |new| *new != old).map(move |new| {
            let mut changed = bytes.to_vec();
            changed[at] = new;
            Mutation { name: format!("byte {at} = {new:#04x}"), bytes: changed }
        })
    });
    cut.chain(changed)
}

/// What a network of some hundred bytes may take while it is read.
const MODEL: usize = 64 * MIB;

fn read_model(what: &dyn Fn() -> String, read: impl FnOnce() -> Result<Network, Error>) {
    let taken = peak(|| {
        let result = read().and_then(Network::optimised);
        match result {
            Ok(_) | Err(Error::ModelLoad(_) | Error::ModelShape(_) | Error::Limit(_)) => {}
            Err(other) => panic!("{}: {} {other}", what(), other.code()),
        }
    });
    assert!(taken <= MODEL, "{}: {} MiB", what(), taken / MIB);
}

#[test]
fn every_flipped_byte_and_every_truncation_of_an_onnx_file() {
    for name in ["id1", "nn2"] {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("fuzz/seeds/onnx/{name}.onnx"));
        let bytes = std::fs::read(file).unwrap();
        for change in mutations(&bytes) {
            read_model(&|| format!("{name} with {}", change.name), || {
                Network::from_model(format::onnx::read(&change.bytes)?)
            });
        }
    }
}

/// As for pictures: what is changed field by field is still an ONNX file, and most are networks up to where they are wrong.
#[test]
fn onnx_files_with_changed_fields_are_read() {
    const SEEDS: u32 = 40;
    let (mut read, mut imported, mut all) = (0, 0, 0);
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds/onnx");
    for entry in std::fs::read_dir(seeds).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        if format::onnx::read(&bytes).and_then(Network::from_model).is_err() {
            // A seed of something that is refused.
            continue;
        }
        for seed in 0..SEEDS {
            let mut changed = bytes.clone();
            changed.resize(bytes.len() + 4096, 0);
            let Some(size) = mutate::onnx(&mut changed, bytes.len(), bytes.len() + 4096, seed) else {
                continue;
            };
            let changed = &changed[..size];
            let network = || format::onnx::read(changed).and_then(Network::from_model);
            all += 1;
            read += u32::from(format::onnx::read(changed).is_ok());
            imported += u32::from(network().is_ok());
            read_model(&|| format!("{} with seed {seed}", path.display()), network);
        }
    }
    println!("{read} of {all} are read, {imported} are networks");
    assert!(all >= 3 * SEEDS && 3 * read >= 2 * all && 4 * imported >= all, "{read} and {imported} of {all}");
}

#[test]
fn every_flipped_byte_and_every_truncation_of_an_ncnn_model() {
    let file = |extension: &str| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/ncnn");
        std::fs::read(folder.join(format!("borders.{extension}"))).unwrap()
    };
    let (param, weights) = (file("param"), file("bin"));
    let read = |param: &[u8], weights: &[u8]| {
        let text = std::str::from_utf8(param).map_err(|error| Error::ModelLoad(error.to_string()))?;
        Network::from_model(format::ncnn::read(text, weights)?)
    };
    for change in mutations(&param) {
        read_model(&|| format!(".param with {}", change.name), || read(&change.bytes, &weights));
    }
    for change in mutations(&weights).step_by(7) {
        read_model(&|| format!(".bin with {}", change.name), || read(&param, &change.bytes));
    }
}
