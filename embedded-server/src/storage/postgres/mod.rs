//! A store in PostgreSQL: for several servers that share it, on as many machines.
//!
//! Every change is one row of a table under its revision, written once; what stands points at its row (see
//! `migrations/` for the tables). Whoever writes locks the one row that holds the revision, so that revisions become
//! visible in their order (see [`transaction`]). Writes that come together share a transaction (see [`committer`]);
//! reads of the revision that come together share a question (see [`Barrier`]); all watches of a process share one
//! that reads the table (see [`feed`]).
//!
//! Each kind of work has a connection of its own (see [`lane`]), so that a long list keeps no read waiting, and
//! nothing waits for a server that does not answer longer than is said here. Beside the bytes, which are what counts,
//! a copy of each value is kept as JSONB, for people to query.

mod committer;
mod compactor;
mod config;
mod fault;
mod feed;
mod lane;
mod plan;
mod reader;
mod schema;
mod session;
mod tls;
mod transaction;
mod watch;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::stream::BoxStream;
use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot, watch as signal};
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep};

use self::committer::{Commit, Committer};
pub use self::config::{PostgresConfig, PostgresUrlError};
use self::fault::Fault;
use self::feed::Feed;
use self::lane::Lane;
use self::reader::{number_of, revision_of};
use self::session::{Endpoint, Purpose};
pub use self::tls::TlsFileError;
use self::transaction::Signature;
use self::watch::Follower;
use super::{
    Backend, Barrier, BoxError, Changes, Key, KeyValue, Prefix, Result, Revision, Snapshot, StorageError,
    Write,
};

/// How many requests wait for the committer before senders wait too.
const QUEUE: usize = 1024;

/// How long a statement may take: a short question, one that others wait for, and one that reads or changes much.
const QUESTION: Duration = Duration::from_secs(3);
const WRITE: Duration = Duration::from_secs(6);
const BULK: Duration = Duration::from_secs(60);

/// How long, and how often, a server that is not there is tried before opening fails.
const OPENING: Duration = Duration::from_secs(15);
const PAUSE: Duration = Duration::from_millis(500);

/// How much history a [`Postgres`] keeps.
#[derive(Clone, Debug, PartialEq)]
pub struct PostgresOptions {
    /// The most changes, or a tenth more for a while.
    pub log_events: u64,
    /// The most bytes that the changes have together.
    pub log_bytes: u64,
    /// How long changes are kept.
    pub log_age: Duration,
}

/// A [`Backend`] in a database that other processes use as well.
///
/// A write whose connection broke while it was committed is looked for with the next connection, and answered
/// [`StorageError::Unknown`] only when that cannot be made in time.
#[derive(Debug)]
pub struct Postgres {
    feed: Arc<Feed>,
    /// None once the store is closed.
    queue: Mutex<Option<mpsc::Sender<Commit>>>,
    /// Ends with the committer.
    committing: signal::Receiver<()>,
    /// Tells the feed to look.
    news: signal::Sender<()>,
    barrier: Barrier<std::result::Result<i64, Fault>>,
    lanes: Lanes,
    tasks: [AbortHandle; 2],
}

/// The connections of a process.
#[derive(Debug)]
struct Lanes {
    /// For reads of one row.
    questions: Arc<Lane>,
    /// For all that may take a while.
    bulk: Arc<Lane>,
    /// For the feed, which is told of notifications.
    followed: Arc<Lane>,
    /// For the committer.
    committed: Arc<Lane>,
}

/// Why a database cannot be opened as a store.
#[derive(Debug, thiserror::Error)]
pub enum PostgresError {
    /// A file that is named for TLS cannot be used.
    #[error(transparent)]
    TlsFile(#[from] TlsFileError),
    /// Nobody answers, or not yet.
    #[error("cannot connect to PostgreSQL at {hosts}")]
    Unreachable {
        /// Where it was looked for.
        hosts: String,
        /// What went wrong.
        #[source]
        source: BoxError,
    },
    /// The server does not let this user in, or has no such database.
    #[error("PostgreSQL at {hosts} refuses")]
    Refused {
        /// Who refuses.
        hosts: String,
        /// What it says.
        #[source]
        source: BoxError,
    },
    /// The user may not make the tables, or not use them.
    #[error("the user may not do in the database what is needed")]
    NotAllowed {
        /// What the server says.
        #[source]
        source: BoxError,
    },
    /// The server or the database is of a kind that does not do.
    #[error("PostgreSQL cannot be used: {what}")]
    Unsuitable {
        /// What is wrong with it.
        what: String,
    },
    /// A newer version of this software made the tables.
    #[error(
        "the tables in PostgreSQL have version {found}, but this version knows at most {supported}; \
         use the version that made them, or a newer one"
    )]
    NewerFormat {
        /// The version of the tables.
        found: i32,
        /// The newest version that is known.
        supported: i32,
    },
}

impl Default for PostgresOptions {
    fn default() -> Self {
        Self { log_events: 100_000, log_bytes: 256 << 20, log_age: Duration::from_secs(24 * 60 * 60) }
    }
}

impl Postgres {
    /// Opens the store, making its tables when they are missing. Waits a while for a server that is not there yet.
    ///
    /// # Errors
    /// Says what is wrong with the server, the database or the user.
    pub async fn open(
        config: PostgresConfig,
        options: PostgresOptions,
    ) -> std::result::Result<Self, PostgresError> {
        let endpoint = Arc::new(Endpoint::new(config)?);
        prepare(&endpoint).await?;
        let news = signal::Sender::new(());
        let lanes = Lanes::to(&endpoint, &news);
        let feed = lanes.begin().await.map_err(|fault| schema::failed(&endpoint, fault))?;
        let (queue, committing) = start_committer(&lanes, news.clone());
        let following = feed::run(Arc::clone(&feed), Arc::clone(&lanes.followed), news.subscribe());
        let compacting = compactor::run(Arc::clone(&lanes.bulk), options, feed.subscribe());
        let tasks = [tokio::spawn(following).abort_handle(), tokio::spawn(compacting).abort_handle()];
        let (queue, barrier) = (Mutex::new(Some(queue)), Barrier::default());
        Ok(Self { feed, queue, committing, news, barrier, lanes, tasks })
    }

    /// Ends what runs beside requests.
    fn end(&self) {
        self.queue.lock().take();
        self.feed.end();
        self.tasks.iter().for_each(AbortHandle::abort);
    }
}

impl Lanes {
    fn to(endpoint: &Arc<Endpoint>, news: &signal::Sender<()>) -> Self {
        let lane =
            |patience, listener| Arc::new(Lane::new(Arc::clone(endpoint), Purpose { patience, listener }));
        Self {
            questions: lane(QUESTION, None),
            bulk: lane(BULK, None),
            followed: lane(WRITE, Some(news.clone())),
            committed: lane(WRITE, None),
        }
    }

    /// Returns a feed that begins where the store is.
    async fn begin(&self) -> std::result::Result<Arc<Feed>, Fault> {
        let begun = self.bulk.ask(|session| async move {
            // In this order: the horizon may move in between, and must not be beyond the revision.
            let compacted = reader::compacted(&session).await?;
            Ok(Feed::new(reader::revision(&session).await?, compacted))
        });
        begun.await.map(Arc::new)
    }

    async fn close(&self) {
        for lane in [&self.questions, &self.bulk, &self.followed, &self.committed] {
            lane.close().await;
        }
    }
}

/// Starts the committer; returns its queue and what ends with it.
fn start_committer(lanes: &Lanes, news: signal::Sender<()>) -> (mpsc::Sender<Commit>, signal::Receiver<()>) {
    let (queue, requests) = mpsc::channel(QUEUE);
    let (done, committing) = signal::channel(());
    let signature = Signature { writer: uuid::Uuid::new_v4().to_string(), batch: 0 };
    let committer = Committer { lane: Arc::clone(&lanes.committed), queue: requests, signature, news };
    tokio::spawn(async move {
        committer.run().await;
        drop(done);
    });
    (queue, committing)
}

/// Makes the tables; asks again for a while when nobody answers.
async fn prepare(endpoint: &Endpoint) -> std::result::Result<(), PostgresError> {
    let began = Instant::now();
    let mut told = false;
    loop {
        match schema::prepare(endpoint).await {
            Err(error @ PostgresError::Unreachable { .. }) if began.elapsed() < OPENING => {
                if !std::mem::replace(&mut told, true) {
                    tracing::warn!(error = %fault::chain(&error), "waiting for PostgreSQL");
                }
                sleep(PAUSE).await;
            }
            prepared => return prepared,
        }
    }
}

#[async_trait]
impl Backend for Postgres {
    async fn get(&self, key: &Key) -> Result<Option<KeyValue>> {
        self.feed.check()?;
        let got = self.lanes.questions.ask(|session| async move { reader::get(&session, key).await });
        Ok(got.await?)
    }

    async fn list(&self, prefix: &Prefix) -> Result<Snapshot> {
        self.feed.check()?;
        let listed = self.lanes.bulk.ask(|session| async move { reader::list(&session, prefix).await });
        Ok(listed.await?)
    }

    async fn commit(&self, key: &Key, write: Write) -> Result<Revision> {
        let queue = self.queue.lock().clone().ok_or(Fault::Closed)?;
        let (answer, outcome) = oneshot::channel();
        let commit = Commit { key: key.clone(), write, came: Instant::now(), answer };
        queue.send(commit).await.map_err(|_| Fault::Closed)?;
        drop(queue);
        outcome.await.unwrap_or_else(|gone| Err(StorageError::Unknown(gone.into())))
    }

    async fn watch(&self, prefix: &Prefix, after: Revision) -> Result<BoxStream<'static, Result<Changes>>> {
        let (feed, lane) = (Arc::clone(&self.feed), Arc::clone(&self.lanes.bulk));
        Follower::begin(feed, lane, prefix.clone(), number_of(after)).await
    }

    async fn revision(&self) -> Result<Revision> {
        let known = self.feed.check()?.revision;
        let lane = Arc::clone(&self.lanes.questions);
        let question =
            || async move { lane.ask(|session| async move { reader::revision(&session).await }).await };
        let revision = self.barrier.pass(question).await?;
        if revision > known {
            self.news.send_replace(());
        }
        Ok(revision_of(revision))
    }

    async fn close(&self) {
        self.end();
        // Nobody ever sends: this waits until the committer is gone.
        let _ = self.committing.clone().changed().await;
        self.lanes.close().await;
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.end();
    }
}
