//! The one thread that writes: turns what is queued into groups, each one batch and one barrier.
//!
//! Invariant: a write is answered, and its revision published, only after the barrier that followed its batch.
//! When a batch or its barrier fails, what is on the disk is unknown, and so is whether a second barrier would
//! tell the truth: the kernel may have dropped the dirty pages. The store ends there and says so.

use std::sync::Arc;

use ::sled::Db;
use tokio::sync::{mpsc, oneshot};

use super::SledOptions;
use super::disk::Barrier;
use super::fault::Fault;
use super::horizon::Ended;
use super::plan::{Forgotten, Plan};
use super::record::Place;
use super::store::Store;
use crate::storage::{Key, Result, Revision, StorageError, Write};

/// The most writes that share a batch.
const GROUP_WRITES: usize = 256;

/// The bytes of values after which a group takes no further write.
const GROUP_BYTES: usize = 4 << 20;

/// The most changes that one batch forgets; more than it adds, so that the log shrinks under any load.
const COMPACTION_STEP: usize = 2 * GROUP_WRITES;

/// What the committer is asked to do.
#[derive(Debug)]
pub(super) enum Request {
    /// Make a change.
    Commit(Commit),
    /// End the store after what is queued before this.
    Close,
}

/// A write and who waits for it.
#[derive(Debug)]
pub(super) struct Commit {
    pub(super) key: Key,
    pub(super) write: Write,
    pub(super) answer: oneshot::Sender<Result<Revision>>,
}

/// The committer's own state.
pub(super) struct Committer {
    pub(super) store: Arc<Store>,
    pub(super) db: Db,
    pub(super) barrier: Barrier,
    pub(super) queue: mpsc::Receiver<Request>,
    pub(super) options: SledOptions,
    /// The end of the log: the last change.
    pub(super) end: Place,
    /// The beginning of the log: the last change that is forgotten.
    pub(super) begin: Place,
}

/// The writes that share a batch.
#[derive(Debug, Default)]
struct Group {
    commits: Vec<Commit>,
    bytes: usize,
    /// Whether the store ends after this group.
    last: bool,
}

impl Committer {
    /// Works until the store is closed, every sender is gone or something fails; then gives the directory free.
    pub(super) fn run(mut self) {
        let mut idle = false;
        let ended = loop {
            let group = self.next_group(idle);
            let last = group.last;
            match self.settle(group) {
                Ok(compacted) => idle = !compacted,
                Err(reason) => break Ended::Failed(reason),
            }
            if last {
                break Ended::Closed;
            }
        };
        self.finish(&ended);
    }

    /// Collects what is queued; waits for something to be unless the log is too long and not stuck.
    fn next_group(&mut self, idle: bool) -> Group {
        let mut group = Group::default();
        if idle || !self.log_is_too_long(self.begin, self.end) {
            group.take(self.queue.blocking_recv());
        }
        while group.has_room() {
            match self.queue.try_recv() {
                Ok(request) => group.take(Some(request)),
                Err(mpsc::error::TryRecvError::Empty) => break,
                Err(mpsc::error::TryRecvError::Disconnected) => group.take(None),
            }
        }
        group
    }

    /// Makes a group durable and answers it; tells whether the log was shortened.
    fn settle(&mut self, group: Group) -> std::result::Result<bool, Arc<str>> {
        let begin = self.begin;
        match Fault::catch(|| self.store_group(&group.commits)) {
            Ok(answers) => {
                for (commit, answer) in group.commits.into_iter().zip(answers) {
                    // Whoever gave up waiting needs no answer.
                    let _ = commit.answer.send(answer);
                }
                Ok(self.begin != begin)
            }
            Err(fault) => Err(self.fail(group.commits, &fault)),
        }
    }

    fn store_group(&mut self, commits: &[Commit]) -> std::result::Result<Vec<Result<Revision>>, Fault> {
        let mut plan = Plan::new(&self.db, self.end);
        let answers = commits.iter().map(|commit| plan.write(&commit.key, &commit.write));
        let answers = answers.collect::<std::result::Result<_, _>>()?;
        let begin = self.compact(&mut plan)?;
        let Some((batch, end)) = plan.finish() else { return Ok(answers) };
        self.db.apply_batch(batch)?;
        self.db.flush()?;
        (self.barrier)().map_err(Fault::Sync)?;
        (self.begin, self.end) = (begin, end);
        self.store.horizon().publish(end.revision);
        Ok(answers)
    }

    /// Adds to `plan` the removal of the oldest changes, as far as the log is too long, nobody reads them and
    /// the step allows; returns where the log begins afterwards.
    fn compact(&self, plan: &mut Plan<'_>) -> std::result::Result<Place, Fault> {
        let forgotten = self.forgettable(plan.end())?;
        let Some(last) = forgotten.last() else { return Ok(self.begin) };
        let allowed = self.store.horizon().compact(last.place.revision);
        let mut begin = self.begin;
        for change in forgotten.iter().take_while(|change| change.place.revision <= allowed) {
            plan.forget(change)?;
            begin = change.place;
        }
        if begin != self.begin {
            plan.begin_log_at(begin);
        }
        Ok(begin)
    }

    /// Reads the durable changes that the log has too many when it ends at `end`, at most a step.
    fn forgettable(&self, end: Place) -> std::result::Result<Vec<Forgotten>, Fault> {
        let mut forgotten: Vec<Forgotten> = Vec::new();
        let mut begin = self.begin;
        let more = |begin: Place| begin.revision < self.end.revision && self.log_is_too_long(begin, end);
        while more(begin) && forgotten.len() < COMPACTION_STEP {
            let change = Forgotten::read(&self.db, begin.revision + 1)?;
            begin = change.place;
            forgotten.push(change);
        }
        Ok(forgotten)
    }

    fn log_is_too_long(&self, begin: Place, end: Place) -> bool {
        end.revision.saturating_sub(begin.revision) > self.options.log_events
            || end.position.saturating_sub(begin.position) > self.options.log_bytes
    }

    /// Ends the store and tells those whose writes may or may not have happened.
    fn fail(&self, commits: Vec<Commit>, fault: &Fault) -> Arc<str> {
        let reason: Arc<str> = describe(fault).into();
        tracing::error!(%reason, "the store has failed");
        self.store.horizon().end(Ended::Failed(Arc::clone(&reason)));
        for commit in commits {
            let _ = commit.answer.send(Err(StorageError::Unknown(reason.as_ref().into())));
        }
        reason
    }

    fn finish(mut self, ended: &Ended) {
        self.store.horizon().end(ended.clone());
        drop(self.db);
        self.store.end(ended.clone());
        while let Ok(request) = self.queue.try_recv() {
            if let Request::Commit(commit) = request {
                let _ = commit.answer.send(Err(StorageError::Unavailable(ended.clone().into())));
            }
        }
        // Dropping the queue tells those who wait in `close` that the directory is free.
    }
}

impl Group {
    fn has_room(&self) -> bool {
        !self.last && self.commits.len() < GROUP_WRITES && self.bytes < GROUP_BYTES
    }

    /// Adds a request; none stands for the end of all requests.
    fn take(&mut self, request: Option<Request>) {
        match request {
            Some(Request::Commit(commit)) => {
                self.bytes += commit.write.value().map_or(0, |value| value.len());
                self.commits.push(commit);
            }
            Some(Request::Close) | None => self.last = true,
        }
    }
}

/// Writes a fault and its causes in one line.
fn describe(fault: &Fault) -> String {
    let causes = std::iter::successors(Some(fault as &dyn std::error::Error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
