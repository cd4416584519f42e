//! What storage can be called.

use std::ffi::OsStr;

use clap_complete::engine::{CompletionCandidate, PathCompleter, ValueCompleter};

const SLED: &str = "sled:";
const KINDS: [(&str, &str); 4] = [
    (SLED, "A directory"),
    ("memory:", "Nowhere but in memory"),
    ("postgres://", "A PostgreSQL database"),
    ("etcd://", "An etcd"),
];

/// Returns how a URL may go on: with its kind, and a directory behind that of directories.
pub(super) fn of_storage(current: &OsStr) -> Vec<CompletionCandidate> {
    let typed = current.to_string_lossy();
    match typed.strip_prefix(SLED) {
        Some(path) => directories(OsStr::new(path)),
        None => KINDS.iter().filter(|(kind, _)| kind.starts_with(&*typed)).map(kind).collect(),
    }
}

fn kind((kind, help): &(&str, &'static str)) -> CompletionCandidate {
    CompletionCandidate::new(kind).help(Some((*help).into()))
}

fn directories(path: &OsStr) -> Vec<CompletionCandidate> {
    PathCompleter::dir().complete(path).into_iter().map(|found| found.add_prefix(SLED)).collect()
}
