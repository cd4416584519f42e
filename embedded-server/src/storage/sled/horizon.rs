//! Which part of the history is visible: nothing newer than what is durable, nothing older than what is kept.
//!
//! Readers never wait for the committer. They read at a cut, the last durable revision, and ignore what the
//! committer has already put into the tree above it. While a cut is held, nothing it needs is compacted.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::watch;

use crate::storage::{Result, Revision, StorageError};

/// The bounds of the visible history.
#[derive(Debug)]
pub(super) struct Horizon {
    progress: watch::Sender<Progress>,
    marks: Mutex<Marks>,
}

/// How far the store has come.
#[derive(Clone, Debug)]
pub(super) struct Progress {
    /// The last durable revision.
    pub(super) revision: u64,
    /// Why the store serves no more.
    ended: Option<Ended>,
}

/// Why a store serves no more.
#[derive(Clone, Debug, thiserror::Error)]
pub(super) enum Ended {
    #[error("the store is closed")]
    Closed,
    #[error("the store has failed and needs a restart: {0}")]
    Failed(Arc<str>),
}

#[derive(Debug)]
struct Marks {
    /// Changes up to this revision may be forgotten.
    compacted: u64,
    /// The revisions that are being read at, and by how many.
    cuts: BTreeMap<u64, usize>,
}

/// A revision that is being read at; what it needs is kept until this is dropped.
#[derive(Debug)]
pub(super) struct Cut<'h> {
    horizon: &'h Horizon,
    /// The revision to read at.
    pub(super) revision: u64,
    /// The end of the forgotten part of the log.
    pub(super) oldest: u64,
}

impl Progress {
    /// Returns the last durable revision, unless the store has ended.
    pub(super) fn check(&self) -> Result<u64> {
        match &self.ended {
            None => Ok(self.revision),
            Some(ended) => Err(StorageError::Unavailable(ended.clone().into())),
        }
    }

    /// Tells whether there is something to say to who has seen everything up to `revision`.
    pub(super) fn is_news_to(&self, revision: u64) -> bool {
        self.ended.is_some() || self.revision > revision
    }
}

impl Horizon {
    pub(super) fn new(revision: u64, compacted: u64) -> Self {
        let progress = watch::Sender::new(Progress { revision, ended: None });
        Self { progress, marks: Mutex::new(Marks { compacted, cuts: BTreeMap::new() }) }
    }

    /// Returns the last durable revision.
    pub(super) fn check(&self) -> Result<u64> {
        self.progress.borrow().check()
    }

    /// Returns a view of the progress that can be waited on.
    pub(super) fn subscribe(&self) -> watch::Receiver<Progress> {
        self.progress.subscribe()
    }

    /// Starts to read at the last durable revision.
    pub(super) fn cut(&self) -> Result<Cut<'_>> {
        let mut marks = self.marks.lock();
        let revision = self.check()?;
        Ok(self.hold(&mut marks, revision))
    }

    /// Starts to read the changes after `revision`.
    ///
    /// # Errors
    /// [`StorageError::Compacted`] when some of them are forgotten.
    pub(super) fn cut_at(&self, revision: u64) -> Result<Cut<'_>> {
        let mut marks = self.marks.lock();
        self.check()?;
        if revision < marks.compacted {
            return Err(StorageError::Compacted { oldest: Revision(marks.compacted) });
        }
        Ok(self.hold(&mut marks, revision))
    }

    fn hold(&self, marks: &mut Marks, revision: u64) -> Cut<'_> {
        *marks.cuts.entry(revision).or_default() += 1;
        Cut { horizon: self, revision, oldest: marks.compacted }
    }

    /// Lets readers see everything up to `revision`, which is durable.
    pub(super) fn publish(&self, revision: u64) {
        self.progress.send_modify(|progress| progress.revision = revision);
    }

    /// Forbids to read changes up to `wanted`, or as far as no reader needs them, and returns how far that is.
    pub(super) fn compact(&self, wanted: u64) -> u64 {
        let mut marks = self.marks.lock();
        let needed = marks.cuts.keys().next().copied().unwrap_or(u64::MAX);
        let allowed = wanted.min(needed).min(self.progress.borrow().revision);
        marks.compacted = marks.compacted.max(allowed);
        marks.compacted
    }

    /// Ends the store; the first reason stays.
    pub(super) fn end(&self, ended: Ended) {
        self.progress.send_modify(|progress| {
            progress.ended.get_or_insert(ended);
        });
    }
}

impl Drop for Cut<'_> {
    fn drop(&mut self) {
        let mut marks = self.horizon.marks.lock();
        if let Some(readers) = marks.cuts.get_mut(&self.revision) {
            *readers -= 1;
            if *readers == 0 {
                marks.cuts.remove(&self.revision);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_compacted_that_a_reader_needs() {
        let horizon = Horizon::new(10, 0);
        let cut = horizon.cut_at(4).unwrap();
        assert_eq!(horizon.compact(8), 4);
        drop(cut);
        assert_eq!(horizon.compact(8), 8);
        assert!(matches!(horizon.cut_at(7), Err(StorageError::Compacted { oldest: Revision(8) })));
    }

    #[test]
    fn nothing_is_compacted_that_is_not_durable() {
        let horizon = Horizon::new(10, 0);
        assert_eq!(horizon.compact(11), 10);
    }

    #[test]
    fn the_first_reason_to_end_stays() {
        let horizon = Horizon::new(0, 0);
        horizon.end(Ended::Failed("disk".into()));
        horizon.end(Ended::Closed);
        let StorageError::Unavailable(reason) = horizon.check().unwrap_err() else { panic!("not ended") };
        assert!(reason.to_string().contains("disk"));
    }
}
