//! What pods wrote.

use std::collections::HashMap;
use std::path::PathBuf;
use std::{fs, io};

use parking_lot::Mutex;

/// The files that hold it.
#[derive(Debug, Default)]
pub(super) struct Logs(Mutex<HashMap<(String, String), Runs>>);

#[derive(Debug, Default)]
struct Runs {
    /// The newest last.
    files: Vec<PathBuf>,
    ended: usize,
}

impl Logs {
    /// Begins a file for a run of a pod.
    pub(super) fn begin(&self, namespace: &str, name: &str, path: PathBuf) -> io::Result<fs::File> {
        let file = fs::File::create(&path)?;
        self.0.lock().entry((namespace.to_owned(), name.to_owned())).or_default().files.push(path);
        Ok(file)
    }

    /// Ends the newest run of a pod.
    pub(super) fn end(&self, namespace: &str, name: &str) {
        if let Some(runs) = self.0.lock().get_mut(&(namespace.to_owned(), name.to_owned())) {
            runs.ended = runs.files.len();
        }
    }

    /// Returns what a pod wrote in its last run, or in the last one that ended.
    pub(super) fn read(&self, namespace: &str, name: &str, previous: bool) -> Option<String> {
        let all = self.0.lock();
        let runs = all.get(&(namespace.to_owned(), name.to_owned()))?;
        let count = if previous { runs.ended } else { runs.files.len() };
        fs::read_to_string(&runs.files[count.checked_sub(1)?]).ok()
    }
}
