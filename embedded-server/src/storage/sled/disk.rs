//! The barrier between written and durable.
//!
//! On Linux sled 0.34's flush ends in `sync_file_range`, which writes pages out but neither the file's size and
//! block map nor the disk's own cache: it survives a killed process, not a power cut. Values too large for a
//! log segment go to files of their own below `blobs`, which sled does not sync at all. Both are made durable
//! here, through descriptors of our own: `fdatasync` works on the file, whoever wrote to it.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Makes everything durable that sled has written before.
pub(super) type Barrier = Box<dyn FnMut() -> io::Result<()> + Send>;

/// How coarse a file system's clock may be: a directory that changed this recently may have changed again
/// without its time showing it.
const CLOCK_GRAIN: Duration = Duration::from_secs(2);

/// The files of an open database.
#[derive(Debug)]
pub(super) struct Disk {
    directory: File,
    log: File,
    blobs: Blobs,
}

/// The directory of large values, and which of them are durable.
#[derive(Debug)]
struct Blobs {
    path: PathBuf,
    directory: File,
    durable: HashSet<OsString>,
    /// When the directory had changed at the last scan, if that was long enough ago to rely on.
    settled: Option<SystemTime>,
}

impl Disk {
    /// Takes over the directory of an open database and makes all that is in it durable.
    pub(super) fn adopt(path: &Path) -> io::Result<Self> {
        let blobs = path.join("blobs");
        let mut disk = Self {
            directory: File::open(path)?,
            log: File::open(path.join("db"))?,
            blobs: Blobs {
                directory: File::open(&blobs)?,
                path: blobs,
                durable: HashSet::new(),
                settled: None,
            },
        };
        for entry in fs::read_dir(path)? {
            File::open(entry?.path())?.sync_all()?;
        }
        disk.sync_directory()?;
        disk.sync()?;
        Ok(disk)
    }

    /// Makes the names of new files durable; those that sled adds while it is open are only blobs.
    pub(super) fn sync_directory(&self) -> io::Result<()> {
        self.directory.sync_all()
    }

    /// Returns when everything written before is on the disk.
    pub(super) fn sync(&mut self) -> io::Result<()> {
        // Blobs first: the log points at them.
        self.blobs.sync()?;
        self.log.sync_data()
    }
}

impl Blobs {
    #[expect(
        clippy::disallowed_methods,
        reason = "compared with what the file system stamped by the same clock"
    )]
    fn sync(&mut self) -> io::Result<()> {
        let changed = self.directory.metadata()?.modified()?;
        if self.settled == Some(changed) {
            return Ok(());
        }
        self.sync_new()?;
        let age = SystemTime::now().duration_since(changed).unwrap_or_default();
        self.settled = (age > CLOCK_GRAIN).then_some(changed);
        Ok(())
    }

    /// Syncs the files that came since the last scan, and the directory when there were any.
    fn sync_new(&mut self) -> io::Result<()> {
        let present = fs::read_dir(&self.path)?
            .map(|entry| Ok(entry?.file_name()))
            .collect::<io::Result<HashSet<_>>>()?;
        let mut grown = false;
        for name in present.difference(&self.durable) {
            grown |= sync_file(&self.path.join(name))?;
        }
        if grown {
            self.directory.sync_all()?;
        }
        self.durable = present;
        Ok(())
    }
}

/// Syncs a file and tells whether it was still there: sled removes blobs that nothing points at any more.
fn sync_file(path: &Path) -> io::Result<bool> {
    match File::open(path) {
        Ok(file) => file.sync_all().map(|()| true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}
