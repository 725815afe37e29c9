//! How much memory the pictures of the process may take together: the configured limit, else a part of the memory that the
//! process may use.

use std::path::{Path, PathBuf};

use once_cell::sync::OnceCell;

use crate::error::Error;

/// The default limit of a machine with plenty of memory, in bytes.
const MAX_DEFAULT: u64 = 4 << 30;

/// The same for each core, if that is more: a tile in the network, and the picture that it is of.
const MAX_DEFAULT_PER_CORE: u64 = 256 << 20;

/// What the process holds beside pictures: Node, ONNX Runtime's library and a network of medium size.
const BASELINE: u64 = 160 << 20;

/// The least default limit: a tile of the default network takes a third of it.
const MIN_DEFAULT: u64 = 96 << 20;

static LIMIT: OnceCell<u64> = OnceCell::new();

/// Sets the memory that all pictures together may hold, in bytes, before the first picture.
///
/// # Errors
/// [`Error::InvalidArgument`] if it was set to something else before.
pub fn configure(bytes: u64) -> Result<(), Error> {
    match *LIMIT.get_or_init(|| bytes) {
        found if found == bytes => Ok(()),
        found => Err(Error::InvalidArgument(format!(
            "Expected maxMemory to be configured once, before the first image, but it was set to {found} already"
        ))),
    }
}

/// The memory that all pictures together may hold, in bytes: decoded pictures, activations, finished rows and files.
pub fn limit() -> u64 {
    *LIMIT.get_or_init(|| default_limit(available()))
}

/// Half of what the process may use beside its baseline: the other half is for what cannot be counted, such as the caches
/// of allocators and the application's own copies.
fn default_limit(available: u64) -> u64 {
    let cores = std::thread::available_parallelism().map_or(1, usize::from) as u64;
    (available.saturating_sub(BASELINE) / 2).clamp(MIN_DEFAULT, MAX_DEFAULT.max(cores * MAX_DEFAULT_PER_CORE))
}

/// What the process may use: the least of the machine's memory and the limits of its control groups.
fn available() -> u64 {
    let groups = std::fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let machine = std::fs::read_to_string("/proc/meminfo").ok().and_then(|text| total_of(&text));
    limits(&groups, Path::new("/sys/fs/cgroup")).into_iter().chain(machine).min().unwrap_or(u64::MAX)
}

/// `MemTotal:       24653412 kB`
fn total_of(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// The limits of all groups from the process's own up to the root, in both versions; "max" is none. In a container the path
/// may be that outside of it, where only the root of what is mounted is there.
fn limits(groups: &str, mounted: &Path) -> Vec<u64> {
    let mut found = Vec::new();
    for line in groups.lines() {
        let mut parts = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (parts.next(), parts.next()) else { continue };
        let (root, file) = if controllers.is_empty() {
            (mounted.to_owned(), "memory.max")
        } else if controllers.split(',').any(|name| name == "memory") {
            (mounted.join("memory"), "memory.limit_in_bytes")
        } else {
            continue;
        };
        let mut group: Option<PathBuf> = Some(root.join(path.trim_start_matches('/')));
        while let Some(folder) = group.filter(|folder| folder.starts_with(&root)) {
            let limit = std::fs::read_to_string(folder.join(file));
            found.extend(limit.ok().and_then(|text| text.trim().parse::<u64>().ok()));
            group = folder.parent().map(Path::to_owned);
        }
    }
    found
}

/// Checks that the system would allocate this much more: where it limits address space (`ulimit -v`,
/// `vm.overcommit_memory=2`), a later allocation that fails ends the process.
///
/// # Errors
/// [`Error::Limit`].
pub fn check_available(bytes: u64) -> Result<(), Error> {
    let size = usize::try_from(bytes).unwrap_or(usize::MAX).max(1);
    memmap2::MmapMut::map_anon(size).map(drop).map_err(|_| refused(bytes))
}

/// An empty vector with room for `len` values.
///
/// # Errors
/// [`Error::Limit`] where the system has no memory for it: a picture must not be able to abort the process.
pub fn vector<T>(len: usize) -> Result<Vec<T>, Error> {
    let mut vector = Vec::new();
    vector.try_reserve_exact(len).map_err(|_| refused(len.saturating_mul(size_of::<T>()) as u64))?;
    Ok(vector)
}

/// A copy of `values`.
///
/// # Errors
/// Those of [`vector`].
pub fn copied<T: Copy>(values: &[T]) -> Result<Vec<T>, Error> {
    let mut copy = vector(values.len())?;
    copy.extend_from_slice(values);
    Ok(copy)
}

/// `len` zeros, whose pages are taken from the system only when they are written.
///
/// # Errors
/// Those of [`vector`].
pub fn zeroed<T: bytemuck::Zeroable>(len: usize) -> Result<Vec<T>, Error> {
    bytemuck::allocation::try_zeroed_vec(len).map_err(|()| refused(len.saturating_mul(size_of::<T>()) as u64))
}

fn refused(bytes: u64) -> Error {
    Error::Limit(format!(
        "Expected {} MiB of memory for the picture but the system gave no more: give a smaller one, or fewer at a time \
         (maxMemory of Upscaler.configure)",
        bytes.div_ceil(1 << 20)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Tree(PathBuf);

    impl Tree {
        fn new(name: &str, files: &[(&str, &str)]) -> Tree {
            let root = std::env::temp_dir().join(format!("upscaler-cgroup-{name}-{}", std::process::id()));
            for (file, text) in files {
                let path = root.join(file);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, text).unwrap();
            }
            Tree(root)
        }
    }

    impl Drop for Tree {
        fn drop(&mut self) {
            _ = std::fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn the_least_limit_of_the_groups_above_counts() {
        let files =
            [("a/b/memory.max", "max\n"), ("a/memory.max", "536870912\n"), ("memory.max", "1073741824\n")];
        let tree = Tree::new("v2", &files);
        assert_eq!(limits("0::/a/b\n", &tree.0), [536870912, 1073741824]);
        // Within a container the path may lead nowhere.
        assert_eq!(limits("0::/elsewhere/pod\n", &tree.0), [1073741824]);
        assert_eq!(limits("0::/../..\n", &tree.0).iter().min(), Some(&1073741824));
    }

    #[test]
    fn the_first_version_has_a_folder_for_each_controller() {
        let none = "9223372036854771712\n";
        let files = [
            ("memory/docker/x/memory.limit_in_bytes", "268435456\n"),
            ("memory/memory.limit_in_bytes", none),
        ];
        let tree = Tree::new("v1", &files);
        let groups = "9:cpu,cpuacct:/docker/x\n4:memory:/docker/x\n0::/\n";
        assert_eq!(limits(groups, &tree.0).iter().min(), Some(&268435456));
        assert!(limits("nonsense\n4:memory\n", &tree.0).is_empty());
    }

    #[test]
    fn pictures_get_half_of_what_is_left() {
        assert!(default_limit(u64::MAX) >= MAX_DEFAULT);
        assert_eq!(default_limit(1 << 30), (864 << 20) / 2);
        assert_eq!(default_limit(64 << 20), MIN_DEFAULT);
        assert_eq!(total_of("MemFree: 1 kB\nMemTotal:       1024 kB\n"), Some(1 << 20));
    }

    #[test]
    fn more_than_any_machine_has_is_refused() {
        assert!(check_available(1 << 20).is_ok());
        assert_eq!(check_available(1 << 60).unwrap_err().code(), "ERR_UPSCALER_LIMIT");
        assert_eq!(vector::<u8>(1 << 60).unwrap_err().code(), "ERR_UPSCALER_LIMIT");
        assert_eq!(vector::<f32>(usize::MAX).unwrap_err().code(), "ERR_UPSCALER_LIMIT");
        assert_eq!(zeroed::<u8>(1 << 60).unwrap_err().code(), "ERR_UPSCALER_LIMIT");
        assert_eq!(copied(&[1u16, 2, 3]).unwrap(), [1, 2, 3]);
    }
}
