//! Opening a directory: everything that can be wrong with it is found and named here.

use std::fs::{DirBuilder, File, TryLockError};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ::sled::{Config, Db, Mode};

use super::SledOptions;
use super::disk::Disk;
use super::fault::Fault;
use super::reader;
use super::record::{COMPACTED_KEY, FORMAT, FORMAT_KEY, Place, decode_format, record_revision};

/// The size of sled's log segments, fixed for the life of a database. What is larger than a quarter of one
/// becomes a file of its own, which costs two more syncs. Against sled's 512 KiB it writes objects of 1 KiB as
/// fast for a tenth less CPU.
const SEGMENT_SIZE: usize = 2 << 20;

/// The file whose presence says that the directory once was a whole store: an empty tree beside it is damage.
const MARKER: &str = "initialized";

/// How often, and how long apart, to ask again for a lock that is still held: the threads of a store that this
/// process has just dropped may hold it for a moment.
const LOCK_ATTEMPTS: u32 = 50;
const LOCK_PAUSE: Duration = Duration::from_millis(10);

/// Why a directory cannot be opened as a store.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The path leads to something else.
    #[error("{} is not a directory", path.display())]
    NotADirectory {
        /// The path that was to be opened.
        path: PathBuf,
    },
    /// The operating system refuses to create, read or write it.
    #[error("cannot use the data directory {}; check its owner, its permissions and the disk", path.display())]
    Inaccessible {
        /// The path that was to be opened.
        path: PathBuf,
        /// What the operating system says.
        #[source]
        source: io::Error,
    },
    /// Another process has it open; sled itself calls that `could not acquire lock`.
    #[error(
        "the data directory {} is locked by another process; only one server can use it at a time",
        path.display()
    )]
    Locked {
        /// The path that was to be opened.
        path: PathBuf,
    },
    /// A newer version of this software wrote it.
    #[error(
        "the data directory {} has format version {found}, but this version reads at most {supported}; \
         use the version that wrote it, or a newer one",
        path.display()
    )]
    NewerFormat {
        /// The path that was to be opened.
        path: PathBuf,
        /// The format version of the directory.
        found: u32,
        /// The newest format version that can be read.
        supported: u32,
    },
    /// What is in it cannot be what was written.
    #[error("the data directory {} is damaged; restore it from a backup", path.display())]
    Damaged {
        /// The path that was to be opened.
        path: PathBuf,
        /// What was found.
        #[source]
        source: super::super::BoxError,
    },
}

/// A directory that was opened, and where its log begins and ends.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) db: Db,
    pub(super) disk: Disk,
    pub(super) begin: Place,
    pub(super) end: Place,
}

/// Opens a directory, creating it when it is missing.
pub(super) fn open(path: &Path, options: &SledOptions) -> Result<Opened, OpenError> {
    let inaccessible = |source| inaccessible(path, source);
    create_directory(path).map_err(inaccessible)?;
    if !path.is_dir() {
        return Err(OpenError::NotADirectory { path: path.into() });
    }
    wait_for_lock(path)?;
    let db = open_engine(path, options)?;
    let new = !is_initialized(path).map_err(inaccessible)?;
    let log = Fault::catch(|| read_log(&db, new)).map_err(|fault| damaged(path, fault))?;
    let (begin, end) = log.map_err(|found| newer(path, found))?;
    db.flush().map_err(|error| engine(path, error))?;
    let disk = Disk::adopt(path).map_err(inaccessible)?;
    if new {
        File::create(path.join(MARKER)).and_then(|_| disk.sync_directory()).map_err(inaccessible)?;
    }
    Ok(Opened { db, disk, begin, end })
}

/// Tells whether a directory once was a whole store.
pub(super) fn is_initialized(path: &Path) -> io::Result<bool> {
    path.join(MARKER).try_exists()
}

/// Creates the directory, for its owner alone, unless something is there.
fn create_directory(path: &Path) -> io::Result<()> {
    if path.try_exists()? {
        return Ok(());
    }
    DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    match path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        Some(parent) => File::open(parent)?.sync_all(),
        None => Ok(()),
    }
}

/// Fails when the database file is locked and stays so. Asking before sled does gives a typed answer.
#[expect(clippy::disallowed_methods, reason = "no event says that another process let go of a file")]
fn wait_for_lock(path: &Path) -> Result<(), OpenError> {
    for _ in 0..LOCK_ATTEMPTS {
        let file = match File::options().read(true).write(true).open(path.join("db")) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            opened => opened.map_err(|source| inaccessible(path, source))?,
        };
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_PAUSE),
            Err(TryLockError::Error(source)) => return Err(inaccessible(path, source)),
        }
    }
    Err(OpenError::Locked { path: path.into() })
}

fn open_engine(path: &Path, options: &SledOptions) -> Result<Db, OpenError> {
    let config = Config::new()
        .path(path)
        .cache_capacity(options.cache_capacity)
        .mode(Mode::HighThroughput)
        .segment_size(SEGMENT_SIZE)
        .flush_every_ms(None);
    match Fault::catch(|| Ok(config.open())) {
        Ok(opened) => opened.map_err(|error| engine(path, error)),
        Err(fault) => Err(damaged(path, fault)),
    }
}

/// Reads where the log begins and ends, or returns a format version that is too new. Writes the format version
/// into a new store.
fn read_log(db: &Db, new: bool) -> Result<Result<(Place, Place), u32>, Fault> {
    match db.get(FORMAT_KEY)? {
        Some(format) => match decode_format(&format)? {
            FORMAT => {}
            0 => return Err(Fault::Malformed { what: "the format version" }),
            newer => return Ok(Err(newer)),
        },
        None if new && db.is_empty() => {
            db.insert(FORMAT_KEY, &FORMAT.to_be_bytes())?;
        }
        None => return Err(Fault::Malformed { what: "a store without a format version" }),
    }
    let begin = begin_of_log(db)?;
    Ok(Ok((begin, end_of_log(db, begin)?)))
}

/// Returns the place before the first change that is kept. Writes it into a store that has no changes; one that has
/// some without saying where they begin is of an earlier version, which counted them from one.
fn begin_of_log(db: &Db) -> Result<Place, Fault> {
    if let Some(place) = db.get(COMPACTED_KEY)? {
        return Place::decode(&place);
    }
    if db.scan_prefix(b"r").next().transpose()?.is_some() {
        return Ok(Place::default());
    }
    db.insert(COMPACTED_KEY, &Place::FIRST.encode())?;
    Ok(Place::FIRST)
}

/// Returns the place of the last change; `begin` when all changes are forgotten.
fn end_of_log(db: &Db, begin: Place) -> Result<Place, Fault> {
    let Some(last) = db.scan_prefix(b"r").next_back() else { return Ok(begin) };
    let revision = record_revision(&last?.0)?;
    if revision <= begin.revision {
        return Ok(begin);
    }
    Ok(Place { revision, position: reader::record(db, revision)?.position })
}

fn inaccessible(path: &Path, source: io::Error) -> OpenError {
    match source.kind() {
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => {
            OpenError::NotADirectory { path: path.into() }
        }
        _ => OpenError::Inaccessible { path: path.into(), source },
    }
}

fn newer(path: &Path, found: u32) -> OpenError {
    OpenError::NewerFormat { path: path.into(), found, supported: FORMAT }
}

fn damaged(path: &Path, fault: Fault) -> OpenError {
    OpenError::Damaged { path: path.into(), source: fault.into() }
}

/// Tells what sled's error at opening means.
fn engine(path: &Path, error: ::sled::Error) -> OpenError {
    match error {
        ::sled::Error::Io(error) if error.to_string().contains("could not acquire lock") => {
            OpenError::Locked { path: path.into() }
        }
        ::sled::Error::Io(error) if error.kind() != io::ErrorKind::UnexpectedEof => inaccessible(path, error),
        error => damaged(path, Fault::Engine(error)),
    }
}
