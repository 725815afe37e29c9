//! A cache on disk for networks that take long to convert, in the folder that `UPSCALER_NODE_CACHE` names; without the
//! variable there is none.
//!
//! Cached networks are run, so they must be trusted: the folder and its files belong to this user and only this user can
//! write them, and each file holds the hash of its key and content.
//!
//! Nothing here fails. An entry that cannot be read, or is damaged, is made again; one that cannot be written is not kept.
//! Files are renamed into place when they are complete, so that processes can race for them.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use sha2::{Digest, Sha256};

use crate::files;

/// The environment variable that names the folder.
const FOLDER: &str = "UPSCALER_NODE_CACHE";

/// All files together may hold this much; the least recently used are evicted first.
const MAX_BYTES: u64 = 2 << 30;

/// A partial file that is older than this was abandoned by its writer.
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
    /// The cache that the environment asks for.
    pub fn of_user() -> Cache {
        let chosen = std::env::var_os(FOLDER).filter(|folder| !folder.is_empty());
        Cache { folder: chosen.map(PathBuf::from), max_bytes: MAX_BYTES }
    }

    /// The bytes of a key.
    pub fn load(&self, key: &str) -> Option<Vec<u8>> {
        let path = self.path(key)?;
        if !private::is_private(self.folder.as_ref()?) || !private::is_private(&path) {
            return None;
        }
        let mut bytes = files::read(&path, self.max_bytes, &|| false).ok()?;
        if bytes.split_at_checked(HASH).is_none_or(|(hash, content)| hash != digest(key, content)) {
            self.discard(key);
            return None;
        }
        // Marks it as recently used.
        _ = fs::File::options()
            .append(true)
            .open(&path)
            .and_then(|file| file.set_modified(SystemTime::now()));
        bytes.drain(..HASH);
        Some(bytes)
    }

    /// Deletes the entry of a key, whose content is not what it should be.
    pub fn discard(&self, key: &str) {
        _ = self.path(key).map(fs::remove_file);
    }

    /// Stores bytes under a key, if possible.
    pub fn store(&self, key: &str, content: &[u8]) {
        static STORED: AtomicU64 = AtomicU64::new(0);
        let (Some(folder), Some(path)) = (&self.folder, self.path(key)) else { return };
        if private::create_folder(folder).is_err() || !private::is_private(folder) {
            return;
        }
        let number = STORED.fetch_add(1, Ordering::Relaxed);
        let partial = folder.join(format!("{key}-{}-{number}.{PARTIAL}", std::process::id()));
        let written = write(&partial, key, content).and_then(|()| fs::rename(&partial, &path));
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

fn write(path: &Path, key: &str, content: &[u8]) -> std::io::Result<()> {
    use std::io::Write;
    let mut file = private::create_file(path)?;
    file.write_all(&digest(key, content))?;
    file.write_all(content)
}

fn digest(key: &str, content: &[u8]) -> [u8; HASH] {
    let mut hash = Sha256::new_with_prefix(Sha256::digest(key));
    hash.update(content);
    hash.finalize().into()
}

/// Files that only this user can write.
#[cfg(unix)]
mod private {
    use std::fs::{self, DirBuilder, File};
    use std::io;
    use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
    use std::path::Path;

    pub fn create_folder(path: &Path) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(path)
    }

    pub fn create_file(path: &Path) -> io::Result<File> {
        File::options().write(true).create_new(true).mode(0o600).open(path)
    }

    /// A link is not: what it leads to may be another at any time.
    pub fn is_private(path: &Path) -> bool {
        // SAFETY: it only returns a number.
        let user = unsafe { libc::geteuid() };
        fs::symlink_metadata(path)
            .is_ok_and(|about| !about.is_symlink() && about.uid() == user && about.mode() & 0o022 == 0)
    }
}

/// Windows gives the folders of a user to this user alone.
#[cfg(not(unix))]
mod private {
    use std::fs::{self, File};
    use std::io;
    use std::path::Path;

    pub fn create_folder(path: &Path) -> io::Result<()> {
        fs::create_dir_all(path)
    }

    pub fn create_file(path: &Path) -> io::Result<File> {
        File::create_new(path)
    }

    pub fn is_private(path: &Path) -> bool {
        fs::symlink_metadata(path).is_ok_and(|about| !about.is_symlink())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A cache in a folder of its own, which goes with it.
    struct ScratchCache(Cache);

    impl ScratchCache {
        fn new(name: &str) -> ScratchCache {
            let name = format!("upscaler-node-cache-{name}-{}", std::process::id());
            let folder = std::env::temp_dir().join(name);
            ScratchCache(Cache { folder: Some(folder), max_bytes: 1000 })
        }

        fn file(&self, key: &str) -> PathBuf {
            self.0.path(key).unwrap()
        }
    }

    impl Drop for ScratchCache {
        fn drop(&mut self) {
            _ = fs::remove_dir_all(self.0.folder.as_ref().unwrap());
        }
    }

    #[test]
    fn what_was_kept_is_found_again() {
        let ScratchCache(cache) = &ScratchCache::new("found");
        assert_eq!(cache.load("a"), None);
        cache.store("a", b"content");
        assert_eq!(cache.load("a").as_deref(), Some(&b"content"[..]));
        cache.store("a", b"other");
        assert_eq!(cache.load("a").as_deref(), Some(&b"other"[..]));
    }

    #[test]
    fn damaged_files_are_not_believed() {
        let scratch = ScratchCache::new("damaged");
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
        let ScratchCache(cache) = &ScratchCache::new("race");
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
        let scratch = ScratchCache::new("large");
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
    fn an_entry_is_believed_only_under_its_own_key() {
        let scratch = ScratchCache::new("keys");
        let cache = &scratch.0;
        cache.store("a", b"content");
        fs::copy(scratch.file("a"), scratch.file("b")).unwrap();
        assert_eq!(cache.load("b"), None);
        assert!(!scratch.file("b").exists(), "it is discarded");
        cache.discard("a");
        assert_eq!(cache.load("a"), None);
    }

    #[cfg(unix)]
    #[test]
    fn what_others_can_write_is_not_believed() {
        use std::os::unix::fs::PermissionsExt;
        let scratch = ScratchCache::new("private");
        let (cache, file) = (&scratch.0, scratch.file("a"));
        let folder = cache.folder.clone().unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let set = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        cache.store("a", b"content");
        assert_eq!((mode(&folder), mode(&file)), (0o700, 0o600));

        set(&file, 0o620);
        assert_eq!(cache.load("a"), None);
        set(&file, 0o600);
        set(&folder, 0o777);
        assert_eq!(cache.load("a"), None);
        cache.store("b", b"content");
        set(&folder, 0o700);
        assert!(cache.load("a").is_some() && !scratch.file("b").exists());

        let elsewhere = folder.join("elsewhere");
        fs::rename(&file, &elsewhere).unwrap();
        std::os::unix::fs::symlink(&elsewhere, &file).unwrap();
        assert_eq!(cache.load("a"), None);
    }
}
