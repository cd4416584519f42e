//! What pods wrote.

use std::collections::HashMap;
use std::path::PathBuf;
use std::{fs, io};

use parking_lot::Mutex;

/// The files that hold it, the newest last.
#[derive(Debug, Default)]
pub(super) struct Logs(Mutex<HashMap<(String, String), Vec<PathBuf>>>);

impl Logs {
    /// Begins a file for a run of a pod.
    pub(super) fn begin(&self, namespace: &str, name: &str, path: PathBuf) -> io::Result<fs::File> {
        let file = fs::File::create(&path)?;
        self.0.lock().entry((namespace.to_owned(), name.to_owned())).or_default().push(path);
        Ok(file)
    }

    /// Returns what a pod wrote in its last run, or in the one before.
    pub(super) fn read(&self, namespace: &str, name: &str, previous: bool) -> Option<String> {
        let files = self.0.lock();
        let runs = files.get(&(namespace.to_owned(), name.to_owned()))?;
        let at = runs.len().checked_sub(if previous { 2 } else { 1 })?;
        fs::read_to_string(&runs[at]).ok()
    }
}
