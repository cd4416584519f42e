//! What a rotation has to say, in order.

use std::fmt;

use jiff::Timestamp;
use parking_lot::Mutex;
use serde::Serialize;

use crate::pki::rotate::Phase;

/// Something that was found, done or waited for.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub(crate) struct Entry {
    /// When, by the clock of the cluster.
    pub(crate) at: Timestamp,
    /// Where the rotation stood.
    pub(crate) phase: Phase,
    /// The words for it.
    pub(crate) message: String,
}

/// Keeps what is said, and shows it at once. What is said again is not news.
pub(crate) struct Journal {
    entries: Mutex<Vec<Entry>>,
    show: Box<dyn Fn(&Entry) + Send + Sync>,
}

impl Journal {
    /// Shows each entry with `show`.
    pub(crate) fn new(show: impl Fn(&Entry) + Send + Sync + 'static) -> Self {
        Self { entries: Mutex::default(), show: Box::new(show) }
    }

    /// Says something.
    pub(crate) fn say(&self, at: Timestamp, phase: Phase, message: impl Into<String>) {
        let entry = Entry { at, phase, message: message.into() };
        let mut entries = self.entries.lock();
        if entries.last().is_none_or(|last| (last.phase, &last.message) != (phase, &entry.message)) {
            (self.show)(&entry);
            entries.push(entry);
        }
    }

    /// Returns all that was said.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        self.entries.lock().clone()
    }
}

impl fmt::Debug for Journal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.entries.lock().fmt(formatter)
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.phase, self.message)
    }
}
