//! The one task that writes: turns what is queued into groups, each one transaction.
//!
//! A write is answered when its transaction is committed, or when it is certain that it is not. When the connection
//! breaks while a group is being committed, that is not certain: the next connection looks for the signature of the
//! group, and only where that cannot be done in time the answer is [`StorageError::Unknown`].

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, sleep};

use super::fault::{Fault, chain};
use super::lane::Lane;
use super::plan::Plan;
use super::session::Session;
use super::transaction::{self, Begun, Signature};
use crate::storage::{Key, KeyValue, Result, Revision, StorageError, Write};

/// The most writes that share a transaction.
const GROUP_WRITES: usize = 256;

/// The bytes of values after which a group takes no further write.
const GROUP_BYTES: usize = 4 << 20;

/// How long a write may wait for its turn.
const QUEUED: Duration = Duration::from_secs(10);

/// How long, and how often, it is looked for a group whose outcome is unknown.
const LOOKED_FOR: Duration = Duration::from_secs(15);
const PAUSE: Duration = Duration::from_millis(100);

/// A write and who waits for it.
#[derive(Debug)]
pub(super) struct Commit {
    pub(super) key: Key,
    pub(super) write: Write,
    pub(super) came: Instant,
    pub(super) answer: oneshot::Sender<Result<Revision>>,
}

/// The committer's own state.
#[derive(Debug)]
pub(super) struct Committer {
    pub(super) lane: Arc<Lane>,
    pub(super) queue: mpsc::Receiver<Commit>,
    pub(super) signature: Signature,
    /// Is told after each group.
    pub(super) news: watch::Sender<()>,
}

/// Why no write of a group can be answered as done.
#[derive(Clone, Debug)]
enum Failure {
    /// None happened.
    Nothing(Fault),
    /// All or none happened.
    Unknown(Fault),
}

impl Committer {
    /// Works until nobody can ask any more and all that is queued is answered.
    pub(super) async fn run(mut self) {
        while let Some(group) = self.next_group().await {
            self.settle(group).await;
        }
    }

    /// Waits for a write and takes what else is queued.
    async fn next_group(&mut self) -> Option<Vec<Commit>> {
        let mut group = vec![self.queue.recv().await?];
        let mut bytes = group[0].size();
        while group.len() < GROUP_WRITES && bytes < GROUP_BYTES {
            let Ok(commit) = self.queue.try_recv() else { break };
            bytes += commit.size();
            group.push(commit);
        }
        Some(group)
    }

    async fn settle(&mut self, group: Vec<Commit>) {
        let (late, group): (Vec<_>, Vec<_>) =
            group.into_iter().partition(|commit| commit.came.elapsed() > QUEUED);
        let tired = Failure::Nothing(Fault::Silent(QUEUED));
        late.into_iter().for_each(|commit| commit.answer(Err(tired.clone())));
        if group.is_empty() {
            return;
        }
        match self.store(&group).await {
            Ok(answers) => {
                self.news.send_replace(());
                group.into_iter().zip(answers).for_each(|(commit, answer)| commit.answer(answer));
            }
            Err(failure) => {
                failure.log(group.len());
                group.into_iter().for_each(|commit| commit.answer(Err(failure.clone())));
            }
        }
    }

    async fn store(&mut self, group: &[Commit]) -> std::result::Result<Vec<Answer>, Failure> {
        let (session, begun) = self.begin(group).await.map_err(Failure::Nothing)?;
        let mut plan = Plan::new(begun.place, begun.heads);
        let revisions: Vec<_> = group.iter().map(|commit| plan.write(&commit.key, &commit.write)).collect();
        let refused = group.iter().zip(&revisions).filter(|(_, revision)| revision.is_none());
        let refused: Vec<_> = refused.map(|(commit, _)| commit.key.as_str()).collect();
        let standing = self.write(&session, &plan, &refused).await?;
        let answer = |(commit, revision): (&Commit, Option<Revision>)| match (revision, &standing) {
            (Some(revision), _) => Ok(Done::Written(revision)),
            (None, Ok(standing)) => Ok(Done::Refused(standing.get(&commit.key).cloned())),
            (None, Err(fault)) => Err(Failure::Nothing(fault.clone())),
        };
        Ok(group.iter().zip(revisions).map(answer).collect())
    }

    /// Begins a transaction; once more when the connection turns out to be broken.
    async fn begin(&self, group: &[Commit]) -> std::result::Result<(Arc<Session>, Begun), Fault> {
        let keys: Vec<_> = group.iter().map(|commit| commit.key.as_str()).collect();
        let begin = |session: Arc<Session>| {
            let keys = &keys;
            async move {
                let begun = transaction::begin(&session, keys).await;
                // Nobody else may have a session that is in the middle of a transaction.
                let begun = begun.inspect_err(|_| session.give_up())?;
                Ok((session, begun))
            }
        };
        self.lane.ask(begin).await
    }

    /// Writes and commits; returns what stands under `refused`, or why that is not known.
    async fn write(
        &mut self,
        session: &Session,
        plan: &Plan,
        refused: &[&str],
    ) -> std::result::Result<Standing, Failure> {
        if plan.changes().is_empty() {
            let standing = transaction::end(session, refused).await;
            let standing = standing.inspect_err(|_| session.give_up());
            return standing.map(Ok).map_err(Failure::Nothing);
        }
        self.signature.batch += 1;
        match transaction::commit(session, plan, refused, &self.signature).await {
            Ok(standing) => Ok(Ok(standing)),
            Err(fault) => {
                session.give_up();
                match self.find_out().await {
                    Some(true) => Ok(Err(fault)),
                    Some(false) => Err(Failure::Nothing(fault)),
                    None => Err(Failure::Unknown(fault)),
                }
            }
        }
    }

    /// Finds out whether the last transaction happened, if that can be done in time.
    async fn find_out(&self) -> Option<bool> {
        let began = Instant::now();
        loop {
            match self.look().await {
                Ok(happened) => return Some(happened),
                Err(_) if began.elapsed() > LOOKED_FOR => return None,
                Err(_) => sleep(PAUSE).await,
            }
        }
    }

    async fn look(&self) -> std::result::Result<bool, Fault> {
        let session = self.lane.session().await?;
        let happened = transaction::happened(&session, &self.signature).await;
        happened.inspect_err(|_| session.give_up())
    }
}

/// What stands under keys, or why it is not known.
type Standing = std::result::Result<HashMap<Key, KeyValue>, Fault>;

/// What a write came to.
type Answer = std::result::Result<Done, Failure>;

/// A write that was decided.
#[derive(Debug)]
enum Done {
    Written(Revision),
    Refused(Option<KeyValue>),
}

impl Commit {
    fn size(&self) -> usize {
        self.write.value().map_or(0, bytes::Bytes::len)
    }

    fn answer(self, answer: Answer) {
        let answer = match answer {
            Ok(Done::Written(revision)) => Ok(revision),
            Ok(Done::Refused(current)) => Err(StorageError::Conflict { current }),
            Err(Failure::Nothing(fault)) => Err(fault.into()),
            Err(Failure::Unknown(fault)) => Err(StorageError::Unknown(fault.into())),
        };
        // Whoever gave up waiting needs no answer.
        let _ = self.answer.send(answer);
    }
}

impl Failure {
    fn log(&self, writes: usize) {
        match self {
            Self::Nothing(fault) => tracing::warn!(error = %chain(fault), writes, "writes failed"),
            Self::Unknown(fault) => {
                tracing::error!(error = %chain(fault), writes, "it is unknown whether writes happened");
            }
        }
    }
}
