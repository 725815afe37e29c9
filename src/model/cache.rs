//! A disk cache of what takes long to make: in the user's cache directory, or where
//! `UPSCALER_NODE_CACHE` says; an empty value of it turns this off.
//!
//! Nothing here fails. What cannot be read, or is damaged, is made again; what cannot be written is not kept. Files are
//! renamed into place complete, so that processes can race for them.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use sha2::{Digest, Sha256};

/// The environment variable that names another folder.
const OVERRIDE: &str = "UPSCALER_NODE_CACHE";

/// All files together may hold this much; those that were not used for the longest time go first.
const MAX_BYTES: u64 = 2 << 30;

/// A file in the making that is older than this was left behind.
const ABANDONED: Duration = Duration::from_secs(3600);

/// The length of the hash that every file begins with.
const HASH: usize = 32;

const EXTENSION: &str = "network";
const PARTIAL: &str = "partial";

/// A folder of files by key.
#[derive(Clone, Debug)]
pub struct Cache {
    folder: Option<PathBuf>,
    max_bytes: u64,
}

impl Cache {
    /// The user's cache.
    pub fn of_user() -> Cache {
        Cache { folder: folder(&|name| std::env::var_os(name)), max_bytes: MAX_BYTES }
    }

    /// The bytes that were kept under a key.
    pub fn load(&self, key: &str) -> Option<Vec<u8>> {
        let path = self.path(key)?;
        let mut bytes = fs::read(&path).ok()?;
        let (hash, content) = bytes.split_at_checked(HASH)?;
        if hash != &Sha256::digest(content)[..] {
            _ = fs::remove_file(&path);
            return None;
        }
        // It was used: others go before it.
        _ = fs::File::options()
            .append(true)
            .open(&path)
            .and_then(|file| file.set_modified(SystemTime::now()));
        bytes.drain(..HASH);
        Some(bytes)
    }

    /// Keeps bytes under a key, if that can be.
    pub fn store(&self, key: &str, content: &[u8]) {
        static STORED: AtomicU64 = AtomicU64::new(0);
        let (Some(folder), Some(path)) = (&self.folder, self.path(key)) else { return };
        if fs::create_dir_all(folder).is_err() {
            return;
        }
        let number = STORED.fetch_add(1, Ordering::Relaxed);
        let partial = folder.join(format!("{key}-{}-{number}.{PARTIAL}", std::process::id()));
        let written = write(&partial, content).and_then(|()| fs::rename(&partial, &path));
        if written.is_err() {
            _ = fs::remove_file(&partial);
        }
        self.evict(folder);
    }

    fn path(&self, key: &str) -> Option<PathBuf> {
        Some(self.folder.as_ref()?.join(format!("{key}.{EXTENSION}")))
    }

    /// Deletes abandoned partial files, and the least recently used files while all together are too large.
    fn evict(&self, folder: &Path) {
        let Ok(entries) = fs::read_dir(folder) else { return };
        let mut files = Vec::new();
        for entry in entries.flatten() {
            let (path, Ok(about)) = (entry.path(), entry.metadata()) else { continue };
            let Ok(modified) = about.modified() else { continue };
            let ours = |extension: &str| path.extension().is_some_and(|found| found == extension);
            if ours(EXTENSION) {
                files.push((modified, about.len(), path));
            } else if ours(PARTIAL) && modified.elapsed().is_ok_and(|age| age > ABANDONED) {
                _ = fs::remove_file(path);
            }
        }
        files.sort_unstable_by_key(|(modified, ..)| std::cmp::Reverse(*modified));
        let mut held = 0;
        for (_, size, path) in files {
            held += size;
            if held > self.max_bytes {
                _ = fs::remove_file(path);
            }
        }
    }
}

fn write(path: &Path, content: &[u8]) -> std::io::Result<()> {
    use std::io::Write;
    let mut file = fs::File::create_new(path)?;
    file.write_all(&Sha256::digest(content))?;
    file.write_all(content)
}

/// Where this system has a user's caches; `None` if that cannot be told, or is not wanted.
fn folder(variable: &dyn Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    if let Some(chosen) = variable(OVERRIDE) {
        return (!chosen.is_empty()).then(|| chosen.into());
    }
    let absolute = |name: &str| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let caches = if cfg!(windows) {
        absolute("LOCALAPPDATA")
    } else if cfg!(target_os = "macos") {
        absolute("HOME").map(|home| home.join("Library/Caches"))
    } else {
        absolute("XDG_CACHE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".cache")))
    };
    Some(caches?.join("upscaler-node"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A cache in a folder of its own, which goes with it.
    struct Scratch(Cache);

    impl Scratch {
        fn new(name: &str) -> Scratch {
            let name = format!("upscaler-node-cache-{name}-{}", std::process::id());
            let folder = std::env::temp_dir().join(name);
            Scratch(Cache { folder: Some(folder), max_bytes: 1000 })
        }

        fn file(&self, key: &str) -> PathBuf {
            self.0.path(key).unwrap()
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            _ = fs::remove_dir_all(self.0.folder.as_ref().unwrap());
        }
    }

    #[test]
    fn what_was_kept_is_found_again() {
        let Scratch(cache) = &Scratch::new("found");
        assert_eq!(cache.load("a"), None);
        cache.store("a", b"content");
        assert_eq!(cache.load("a").as_deref(), Some(&b"content"[..]));
        cache.store("a", b"other");
        assert_eq!(cache.load("a").as_deref(), Some(&b"other"[..]));
    }

    #[test]
    fn damaged_files_are_not_believed() {
        let scratch = Scratch::new("damaged");
        let cache = &scratch.0;
        for damage in [&b"short"[..], &[0; HASH + 7]] {
            cache.store("a", b"content");
            fs::write(scratch.file("a"), damage).unwrap();
            assert_eq!(cache.load("a"), None);
        }
        cache.store("a", b"content");
        let whole = fs::read(scratch.file("a")).unwrap();
        fs::write(scratch.file("a"), &whole[..whole.len() - 1]).unwrap();
        assert_eq!(cache.load("a"), None);
    }

    #[test]
    fn writers_that_race_leave_one_whole_file() {
        let Scratch(cache) = &Scratch::new("race");
        let contents: Vec<Vec<u8>> = (0..8).map(|n| vec![n; 100]).collect();
        std::thread::scope(|scope| {
            for content in &contents {
                scope.spawn(|| cache.store("a", content));
            }
        });
        assert!(contents.contains(&cache.load("a").unwrap()));
        assert_eq!(fs::read_dir(cache.folder.as_ref().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn the_oldest_go_when_all_together_are_too_large() {
        let scratch = Scratch::new("large");
        let cache = &scratch.0;
        for (key, age) in [("a", 30), ("b", 20), ("c", 10)] {
            cache.store(key, &[0; 400]);
            let file = fs::File::options().append(true).open(scratch.file(key)).unwrap();
            file.set_modified(SystemTime::now() - Duration::from_secs(age)).unwrap();
            // One that is used counts as recent.
            if key == "b" {
                assert!(cache.load("a").is_some());
            }
        }
        cache.store("d", b"");
        assert!(cache.load("a").is_some() && cache.load("b").is_none() && cache.load("c").is_some());
    }

    #[test]
    fn where_nothing_can_be_kept_nothing_happens() {
        let nowhere = Cache { folder: None, max_bytes: 0 };
        nowhere.store("a", b"content");
        assert_eq!(nowhere.load("a"), None);
        let in_a_file = Cache { folder: Some(PathBuf::from(file!()).join("cache")), max_bytes: 1000 };
        in_a_file.store("a", b"content");
        assert_eq!(in_a_file.load("a"), None);
    }

    #[test]
    fn the_folder_is_where_the_system_has_caches() {
        let of = |all: &'static [(&str, &str)]| {
            folder(&move |name| all.iter().find(|(key, _)| *key == name).map(|(_, value)| value.into()))
        };
        assert_eq!(of(&[(OVERRIDE, "/somewhere"), ("HOME", "/home/a")]), Some("/somewhere".into()));
        assert_eq!(of(&[(OVERRIDE, ""), ("HOME", "/home/a")]), None);
        assert_eq!(of(&[]), None);
        if cfg!(target_os = "linux") {
            assert_eq!(of(&[("HOME", "/home/a")]), Some("/home/a/.cache/upscaler-node".into()));
            let both = &[("HOME", "/home/a"), ("XDG_CACHE_HOME", "/var/a")];
            assert_eq!(of(both), Some("/var/a/upscaler-node".into()));
            // The specification has relative paths ignored.
            let relative = &[("HOME", "/home/a"), ("XDG_CACHE_HOME", "cache")];
            assert_eq!(of(relative), Some("/home/a/.cache/upscaler-node".into()));
        }
    }
}
