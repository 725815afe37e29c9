//! AVIF and JPEG XL of other encoders, as other decoders read them: `tests/fixtures/modern/PROVENANCE.md`.

use super::*;
use crate::raster::decode::cases::visible;

fn modern(name: &str) -> Vec<u8> {
    fixture(&format!("../modern/{name}"))
}

/// The largest difference from what is expected, of 255, and the mean of all.
fn difference(name: &str) -> (f32, f32) {
    let found =
        decode(&modern(name), &DecodeOptions::default()).unwrap_or_else(|e| panic!("{name}: {e}")).raster;
    let expected = modern(&format!("{name}.expected.png"));
    let expected = decode(&expected, &DecodeOptions::default()).unwrap().raster;
    assert_eq!((found.width, found.height), (expected.width, expected.height), "{name}");
    let pairs = visible(&found).into_iter().zip(visible(&expected));
    let all: Vec<f32> = pairs.flat_map(|(a, b)| [0, 1, 2, 3].map(|i| (a[i] - b[i]).abs())).collect();
    (all.iter().copied().fold(0.0, f32::max), all.iter().sum::<f32>() / all.len() as f32)
}

#[test]
fn print_all() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/modern");
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        if name.ends_with(".avif") || name.ends_with(".jxl") {
            let header = probe(&modern(&name), 0).unwrap();
            println!("{name} {header:?} {:?}", difference(&name));
        }
    }
}
