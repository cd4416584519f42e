//! The one task that follows the store for all watches of the process.
//!
//! A notification only says that there may be something new, and may get lost; so does a commit of this process.
//! What is new is read from the table of changes, at the latest after [`POLL`]. The newest changes are kept for
//! watches to take, within bounds; who is further behind reads for himself.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::RwLock;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::fault::{Fault, chain};
use super::lane::Lane;
use super::reader::{self, Chunk, ChunkLimit, number_of, revision_of};
use super::session::Session;
use crate::storage::{Changes, Event, Prefix, Result};

/// How long nothing is asked when nothing is heard.
const POLL: Duration = Duration::from_secs(1);

/// How long to wait after a failure; the lane waits longer where it lasts.
const PAUSE: Duration = Duration::from_millis(50);

/// How much is read at once.
pub(super) const CHUNK: ChunkLimit = ChunkLimit { changes: 256, bytes: 4 << 20 };

/// How much is kept for watches.
const KEPT_EVENTS: usize = 512;
const KEPT_BYTES: usize = 8 << 20;

/// The newest changes, and how far the history goes.
#[derive(Debug)]
pub(super) struct Feed {
    tail: RwLock<Tail>,
    progress: watch::Sender<Progress>,
}

/// How far the store has come, as far as it is known here.
#[derive(Clone, Debug)]
pub(super) struct Progress {
    /// The last revision whose change is known.
    pub(super) revision: i64,
    /// Changes up to this revision are forgotten.
    pub(super) compacted: i64,
    /// Counts how often the history was exchanged for another.
    pub(super) epoch: u64,
    ended: bool,
}

/// The changes after `begin`, one for each revision.
#[derive(Debug)]
struct Tail {
    begin: i64,
    events: VecDeque<Event>,
    bytes: usize,
}

impl Feed {
    /// Begins at a revision.
    pub(super) fn new(revision: i64, compacted: i64) -> Self {
        let progress = Progress { revision, compacted, epoch: 0, ended: false };
        let tail = Tail { begin: revision, events: VecDeque::new(), bytes: 0 };
        Self { tail: RwLock::new(tail), progress: watch::Sender::new(progress) }
    }

    /// Returns a view of the progress that can be waited on.
    pub(super) fn subscribe(&self) -> watch::Receiver<Progress> {
        self.progress.subscribe()
    }

    /// Returns how far the store has come, unless it is closed.
    pub(super) fn check(&self) -> Result<Progress> {
        self.progress.borrow().check()
    }

    /// Ends all watches.
    pub(super) fn end(&self) {
        self.progress.send_modify(|progress| progress.ended = true);
    }

    /// Returns the changes below `prefix` after `after`, which is before the known end of the history; none when
    /// some are not kept any more.
    pub(super) fn after(&self, after: i64, prefix: &Prefix) -> Option<Changes> {
        let tail = self.tail.read();
        let skipped = usize::try_from(after - tail.begin).ok()?;
        let events = tail.events.iter().skip(skipped);
        let up_to = tail.events.back()?.revision;
        let events: Vec<_> = events.filter(|event| prefix.contains(&event.key)).cloned().collect();
        Some(Changes { events, up_to })
    }

    /// Adds what was read after the known end.
    fn add(&self, chunk: Chunk) {
        let Chunk { events, compacted, .. } = chunk;
        let last = events.last().map(|event| number_of(event.revision));
        self.tail.write().extend(events);
        self.progress.send_if_modified(|progress| {
            progress.compacted = compacted;
            progress.revision = last.unwrap_or(progress.revision);
            last.is_some()
        });
    }

    /// Begins anew with another history.
    fn restart(&self, revision: i64, compacted: i64) {
        *self.tail.write() = Tail { begin: revision, events: VecDeque::new(), bytes: 0 };
        self.progress.send_modify(|progress| {
            let epoch = progress.epoch + 1;
            *progress = Progress { revision, compacted, epoch, ended: progress.ended };
        });
    }
}

impl Progress {
    /// Returns how far the store has come, unless it is closed.
    pub(super) fn check(&self) -> Result<Self> {
        if self.ended { Err(Fault::Closed.into()) } else { Ok(self.clone()) }
    }

    /// Tells whether there is something to say to who has seen everything up to `revision` of the history `epoch`.
    pub(super) fn is_news_to(&self, revision: i64, epoch: u64) -> bool {
        self.ended || self.epoch != epoch || self.revision > revision
    }
}

impl Tail {
    fn extend(&mut self, events: Vec<Event>) {
        for event in events {
            self.bytes += event.size();
            self.events.push_back(event);
        }
        while self.events.len() > KEPT_EVENTS || self.bytes > KEPT_BYTES {
            let Some(event) = self.events.pop_front() else { break };
            self.bytes -= event.size();
            self.begin = number_of(event.revision);
        }
    }
}

/// Follows the store until aborted. `news` tells that there may be something new.
pub(super) async fn run(feed: Arc<Feed>, lane: Arc<Lane>, mut news: watch::Receiver<()>) {
    let mut told = false;
    loop {
        let fault = match lane.session().await {
            Ok(session) => {
                if std::mem::take(&mut told) {
                    tracing::info!("the changes in PostgreSQL are followed again");
                }
                follow(&feed, &session, &mut news).await
            }
            Err(fault) => fault,
        };
        if !std::mem::replace(&mut told, true) {
            tracing::warn!(error = %chain(&fault), "the changes in PostgreSQL cannot be followed");
        }
        sleep(PAUSE).await;
    }
}

/// Follows the store as long as the session lasts, and returns why it did not.
async fn follow(feed: &Feed, session: &Session, news: &mut watch::Receiver<()>) -> Fault {
    loop {
        news.mark_unchanged();
        match read_on(feed, session).await {
            Ok(true) => {}
            // Nobody says anything, or the one who tells is gone: both are to look again.
            Ok(false) => drop(timeout(POLL, news.changed()).await),
            Err(fault) => return fault,
        }
    }
}

/// Reads what is new, and tells whether there is more.
async fn read_on(feed: &Feed, session: &Session) -> std::result::Result<bool, Fault> {
    let seen = feed.progress.borrow().revision;
    let chunk = reader::changes(session, seen, CHUNK).await?;
    if chunk.head < seen || chunk.compacted > seen {
        let fault = Fault::WentBack { seen, found: chunk.head };
        tracing::warn!(error = %fault, "watches begin anew");
        feed.restart(chunk.head, chunk.compacted);
        return Ok(false);
    }
    let more = chunk.events.last().is_some_and(|event| event.revision < revision_of(chunk.head));
    feed.add(chunk);
    Ok(more)
}
