//! Reads files whose paths come from outside: regular files alone, opened once, up to a limit. Pipes and devices may block
//! forever or never end, and opening some of them has effects.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Bytes that are read between two checks for cancellation.
const CHUNK: usize = 4 << 20;

/// Bytes of the longest path that a message repeats.
const LONGEST_SHOWN: usize = 300;

/// Why a file was not read.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// An error of the system.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// A folder, a pipe, a device, a socket.
    #[error("it is no regular file")]
    Irregular,
    /// It has more bytes than the limit.
    #[error("it has more than {0} bytes")]
    Large(u64),
    /// The reading was cancelled.
    #[error("the reading was cancelled")]
    Cancelled,
}

/// Reads a regular file of at most `max_bytes` bytes, until `is_cancelled`.
///
/// # Errors
/// See [`Refused`]. It reveals neither the file's contents nor its length.
pub fn read(path: &Path, max_bytes: u64, is_cancelled: &dyn Fn() -> bool) -> Result<Vec<u8>, Refused> {
    let file = open(path)?;
    // Of the open file: the path may lead to another by now.
    let about = file.metadata()?;
    if !about.is_file() {
        return Err(Refused::Irregular);
    }
    if about.len() > max_bytes {
        return Err(Refused::Large(max_bytes));
    }
    let mut bytes = Vec::new();
    // One byte more, to see the end.
    let expected = usize::try_from(about.len()).unwrap_or(usize::MAX).saturating_add(1);
    bytes.try_reserve_exact(expected).map_err(|_| Refused::Io(io::ErrorKind::OutOfMemory.into()))?;
    loop {
        if is_cancelled() {
            return Err(Refused::Cancelled);
        }
        let read = (&file).take(CHUNK as u64).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > max_bytes {
            return Err(Refused::Large(max_bytes));
        }
        if read == 0 {
            return Ok(bytes);
        }
    }
}

/// A path for a message. A text longer than paths are may be something else, such as a data URL, and is not repeated.
pub fn shown(path: &Path) -> String {
    let text = path.display().to_string();
    if text.len() <= LONGEST_SHOWN { text } else { format!("a path of {} characters", text.chars().count()) }
}

/// Opens without blocking: `open` of a pipe without a writer would never return.
#[cfg(unix)]
fn open(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    File::options().read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(path)
}

#[cfg(not(unix))]
fn open(path: &Path) -> io::Result<File> {
    File::open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Folder(std::path::PathBuf);

    impl Folder {
        fn new(name: &str) -> Folder {
            let path = std::env::temp_dir().join(format!("upscaler-files-{name}-{}", std::process::id()));
            std::fs::create_dir_all(&path).unwrap();
            Folder(path)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            _ = std::fs::remove_dir_all(&self.0);
        }
    }

    const NEVER: fn() -> bool = || false;

    #[test]
    fn a_file_is_read_up_to_the_limit() {
        let folder = Folder::new("limit");
        let path = folder.0.join("file");
        for size in [0, 1, CHUNK, CHUNK + 1] {
            let content: Vec<u8> = (0..size).map(|n| n as u8).collect();
            std::fs::write(&path, &content).unwrap();
            assert_eq!(read(&path, size as u64, &NEVER).unwrap(), content);
            if size > 0 {
                assert!(matches!(read(&path, size as u64 - 1, &NEVER), Err(Refused::Large(_))));
            }
        }
        assert!(matches!(read(&path, u64::MAX, &|| true), Err(Refused::Cancelled)));
        assert!(matches!(read(&folder.0.join("missing"), 9, &NEVER), Err(Refused::Io(_))));
    }

    #[cfg(unix)]
    #[test]
    fn folders_pipes_devices_and_sockets_are_refused_at_once() {
        let folder = Folder::new("kinds");
        let pipe = folder.0.join("pipe");
        let name = std::ffi::CString::new(pipe.to_str().unwrap()).unwrap();
        // SAFETY: the name ends with null.
        assert_eq!(unsafe { libc::mkfifo(name.as_ptr(), 0o600) }, 0);
        let link = folder.0.join("link");
        std::os::unix::fs::symlink("/dev/zero", &link).unwrap();
        for path in [&pipe, &link, &folder.0, Path::new("/dev/zero"), Path::new("/dev/tty")] {
            assert!(
                matches!(read(path, u64::MAX, &NEVER), Err(Refused::Irregular | Refused::Io(_))),
                "{}",
                path.display()
            );
        }
        let socket = folder.0.join("socket");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        assert!(matches!(read(&socket, u64::MAX, &NEVER), Err(Refused::Io(_))));
    }

    #[test]
    fn a_path_that_is_too_long_for_a_message_is_counted() {
        assert_eq!(shown(Path::new("models/mine.onnx")), "models/mine.onnx");
        assert_eq!(shown(Path::new(&"ä".repeat(150))), "ä".repeat(150));
        assert_eq!(shown(Path::new(&"ä".repeat(151))), "a path of 151 characters");
    }

    /// Files in /proc have length 0 and contents.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_that_is_longer_than_it_says() {
        assert!(!read(Path::new("/proc/self/maps"), 1 << 30, &NEVER).unwrap().is_empty());
        assert!(matches!(read(Path::new("/proc/self/maps"), 10, &NEVER), Err(Refused::Large(10))));
    }
}
