//! Whether the file of a library is complete. The loader of Linux maps a truncated file without complaint, and the process
//! dies of SIGBUS when something beyond its end is read; those of macOS and Windows refuse it.

use std::fs::File;
use std::io::Read;
use std::path::Path;

/// An ELF file of 64 bits, in which linkers write the table of sections last.
const MAGIC: &[u8] = b"\x7fELF\x02\x01";

/// What is wrong with the file, as far as its length shows; `None` if it is complete or no ELF file.
pub fn truncation(path: &Path) -> Option<String> {
    let mut file = File::open(path).ok()?;
    let mut header = [0; 64];
    let size = file.metadata().ok()?.len();
    if file.read_exact(&mut header).is_err() {
        return Some(format!("it has {size} bytes alone"));
    }
    let expected = end_of_sections(&header)?;
    (size < expected).then(|| format!("it has {size} of {expected} bytes: it was cut off, install it again"))
}

fn end_of_sections(header: &[u8; 64]) -> Option<u64> {
    if !header.starts_with(MAGIC) {
        return None;
    }
    let word = |at: usize| u64::from(u16::from_le_bytes([header[at], header[at + 1]]));
    let start = u64::from_le_bytes(header[0x28..0x30].try_into().ok()?);
    start.checked_add(word(0x3a) * word(0x3c))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_truncated_library_is_recognised() {
        let program = std::env::current_exe().unwrap();
        assert_eq!(truncation(&program), None);
        let bytes = std::fs::read(&program).unwrap();
        let cut = std::env::temp_dir().join(format!("upscaler-cut-{}", std::process::id()));
        for length in [0, 10, 64, bytes.len() / 2, bytes.len() - 1] {
            std::fs::write(&cut, &bytes[..length]).unwrap();
            assert!(truncation(&cut).is_some(), "{length}");
        }
        std::fs::write(&cut, [b'x'; 100]).unwrap();
        assert_eq!(truncation(&cut), None, "no ELF file: the loader refuses it");
        std::fs::remove_file(&cut).unwrap();
    }
}
