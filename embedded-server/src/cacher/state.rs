//! What readers and the writer share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::RwLock;
use tokio::sync::watch;
use tokio::time::Instant;

use super::CacheError;
use super::object::Describe;
use super::remembered::Remembered;
use super::view::{Objects, View};
use super::window::{Change, Limits, Window};
use crate::meta::Revision;
use crate::metrics::CacheFacts;

/// The state behind its lock, which is held only to copy pointers, and the revision it has reached.
#[derive(Debug)]
pub(super) struct Shared {
    state: RwLock<State>,
    progress: watch::Sender<Revision>,
    following: AtomicBool,
    answering: AtomicBool,
    describe: Arc<dyn Describe>,
    received: AtomicU64,
    loads: AtomicU64,
    expired: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    objects: Objects,
    window: Window,
    remembered: Remembered,
    revision: Revision,
    /// Counts how often the store was found at an earlier revision than before, as after a restored backup;
    /// watchers that saw the later one end.
    epoch: u64,
}

impl Shared {
    pub(super) fn new(describe: Arc<dyn Describe>, progress: watch::Sender<Revision>) -> Self {
        Self {
            state: RwLock::default(),
            progress,
            following: AtomicBool::new(false),
            answering: AtomicBool::new(true),
            describe,
            received: AtomicU64::new(0),
            loads: AtomicU64::new(0),
            expired: AtomicU64::new(0),
        }
    }

    pub(super) fn facts(&self, limits: Limits) -> CacheFacts {
        CacheFacts {
            received: self.received.load(Ordering::Relaxed),
            loads: self.loads.load(Ordering::Relaxed),
            expired: self.expired.load(Ordering::Relaxed),
            revision: self.progress.borrow().0,
            capacity: limits.changes,
        }
    }

    /// Counts a watcher that was too slow.
    pub(super) fn count_expired(&self) {
        self.expired.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn describe(&self) -> &Arc<dyn Describe> {
        &self.describe
    }

    pub(super) fn is_following(&self) -> bool {
        self.following.load(Ordering::Acquire) && self.answering.load(Ordering::Acquire)
    }

    /// Notes whether the store answers, and returns whether it did before.
    pub(super) fn store_answers(&self, answers: bool) -> bool {
        self.answering.swap(answers, Ordering::AcqRel)
    }

    pub(super) fn stopped_following(&self) {
        self.following.store(false, Ordering::Release);
    }

    pub(super) fn epoch(&self) -> u64 {
        self.state.read().epoch
    }

    pub(super) fn len(&self) -> usize {
        self.state.read().objects.len()
    }

    pub(super) fn view(&self) -> View {
        let state = self.state.read();
        View::new(state.objects.clone(), state.revision, state.epoch)
    }

    /// Keeps a state at hand, unless it is of a history that the store has left.
    pub(super) fn remember(&self, view: &View) {
        let mut state = self.state.write();
        if view.epoch() == state.epoch && view.revision() >= state.window.oldest() {
            state.remembered.add(view.clone());
        }
    }

    /// Returns a state that is at hand, or goes back from the newest one by undoing what changed since.
    pub(super) fn view_at(&self, revision: Revision) -> Result<View, CacheError> {
        let (mut objects, epoch, undo) = {
            let state = self.state.read();
            state.check_known(revision)?;
            if let Some(view) = state.remembered.at(revision) {
                return Ok(view.clone());
            }
            let undo: Vec<_> = state.window.after(revision, usize::MAX).rev().map(Arc::clone).collect();
            (state.objects.clone(), state.epoch, undo)
        };
        for change in undo {
            match (&change.previous, &change.object) {
                (Some(previous), _) => {
                    objects.insert(Arc::clone(previous.shared_key()), Arc::clone(previous));
                }
                (None, Some(object)) => {
                    objects.remove(object.key());
                }
                (None, None) => {}
            }
        }
        Ok(View::new(objects, revision, epoch))
    }

    pub(super) fn check_known(&self, after: Revision) -> Result<(), CacheError> {
        self.state.read().check_known(after)
    }

    /// Returns up to `most` changes after `after` and the revision up to which there is nothing else, or how
    /// it failed when they are no longer known.
    pub(super) fn changes_after(
        &self,
        after: Revision,
        most: usize,
    ) -> Result<(Vec<Arc<Change>>, Revision), CacheError> {
        let state = self.state.read();
        state.check_known(after)?;
        let changes: Vec<_> = state.window.after(after, most).map(Arc::clone).collect();
        let complete = changes.len() < most;
        let reached = changes.last().filter(|_| !complete).map_or(state.revision, |change| change.revision);
        Ok((changes, reached.max(after)))
    }

    /// Takes over a state that was loaded.
    pub(super) fn load(&self, objects: Objects, window: Window, revision: Revision) {
        {
            let mut state = self.state.write();
            let epoch = state.epoch + u64::from(revision < state.revision);
            let mut remembered = std::mem::take(&mut state.remembered);
            if epoch != state.epoch {
                remembered = Remembered::default();
            }
            remembered.forget_before(window.oldest());
            *state = State { objects, window, remembered, revision, epoch };
        }
        self.loads.fetch_add(1, Ordering::Relaxed);
        self.following.store(true, Ordering::Release);
        self.progress.send_replace(revision);
    }

    /// Applies changes that reach to `revision`.
    pub(super) fn apply(&self, changes: Vec<Arc<Change>>, revision: Revision, limits: Limits) {
        self.received.fetch_add(changes.len() as u64, Ordering::Relaxed);
        {
            let mut state = self.state.write();
            for change in changes {
                match (&change.object, &change.previous) {
                    (Some(object), _) => {
                        state.objects.insert(Arc::clone(object.shared_key()), Arc::clone(object));
                    }
                    (None, Some(previous)) => {
                        state.objects.remove(previous.key());
                    }
                    (None, None) => {}
                }
                state.window.push(change);
            }
            state.revision = state.revision.max(revision);
            state.window.trim(limits, Instant::now());
            let oldest = state.window.oldest();
            state.remembered.forget_before(oldest);
        }
        self.progress.send_if_modified(|seen| {
            let moved = *seen < revision;
            *seen = revision.max(*seen);
            moved
        });
    }
}

impl State {
    fn check_known(&self, after: Revision) -> Result<(), CacheError> {
        let oldest = self.window.oldest();
        if after < oldest { Err(CacheError::TooOld { wanted: after, oldest }) } else { Ok(()) }
    }
}
