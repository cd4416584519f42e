//! A store in etcd: for several servers that share what they keep.
//!
//! Each key is a key of etcd (see [`layout`]); revisions are etcd's own, those of this store's changes among all
//! that etcd counts. Every change also writes one key more, the head. It makes a store independent of who else uses
//! the same etcd: the revision of the last change is read there, linearizably, and is always one that the watch
//! tells, without asking etcd for progress. (Up to 3.4.24 and 3.5.7 such notifications may come before the events
//! they speak of.) It also holds the number of the write, by which a write whose answer was lost is found again in
//! the history (see [`commit`]).
//!
//! One watch per process tells all changes (see [`feed`]); what is older is asked for when somebody wants it.
//! Nothing has a lease.

mod client;
mod commit;
mod compactor;
mod fault;
mod feed;
mod follower;
mod head;
mod layout;
mod lines;
mod lister;
mod receipts;
mod recent;
mod store;
mod story;
mod url;
mod wire;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::stream::BoxStream;
use parking_lot::Mutex;
use tokio::sync::RwLock;
use tokio::task::JoinSet;

use self::client::Client;
use self::fault::Fault;
use self::head::from_etcd;
use self::layout::Layout;
use self::store::Store;
pub use self::url::EtcdUrlError;
use self::wire::RangeRequest;
use super::{
    Backend, Barrier, Changes, Key, KeyValue, Prefix, Result, Revision, Snapshot, StorageError, Write,
};

/// Where etcd is, and what of it is this store's own. `Debug` shows no password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EtcdConfig {
    /// The servers: `HOST:PORT`, at least one.
    pub endpoints: Vec<String>,
    /// What the keys of this store begin with.
    pub prefix: String,
    /// How to find out who the servers are; without it, nothing is encrypted.
    pub tls: Option<EtcdTls>,
    /// Who asks.
    pub user: Option<EtcdUser>,
    /// For how long overwritten values are kept where nobody else compacts; none to leave that to others.
    pub compaction: Option<Duration>,
}

/// Files in PEM form; read again for each new connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EtcdTls {
    /// The authorities that servers are trusted by.
    pub ca: PathBuf,
    /// The certificate to show, and its key.
    pub client: Option<(PathBuf, PathBuf)>,
}

/// A user of etcd. `Debug` does not show the password.
#[derive(Clone, PartialEq, Eq)]
pub struct EtcdUser {
    /// The name.
    pub name: String,
    /// The password.
    pub password: String,
}

/// A [`Backend`] in etcd 3.4 or later.
///
/// Dropping it ends the connections; [`Backend::close`] waits for the writes that are under way.
#[derive(Debug)]
pub struct Etcd {
    store: Arc<Store>,
    barrier: Barrier<std::result::Result<Revision, Arc<Fault>>>,
    /// Shared by the writes under way; taken whole by who closes.
    writing: RwLock<()>,
    tasks: Mutex<JoinSet<()>>,
}

impl Etcd {
    /// Connects to etcd.
    ///
    /// # Errors
    /// [`StorageError::Unavailable`] when no server answers, or none lets this user in; [`StorageError::Corrupt`]
    /// when what is stored below the prefix is of a later version.
    pub async fn open(config: EtcdConfig) -> Result<Self> {
        let client = Client::new(&config)?;
        client.authenticate().await?;
        let store = Arc::new(Store::open(client, Layout::below(&config.prefix)).await?);
        let mut tasks = JoinSet::new();
        tasks.spawn(feed::run(Arc::clone(&store)));
        if let Some(interval) = config.compaction {
            tasks.spawn(compactor::run(Arc::clone(&store), interval));
        }
        let (barrier, writing) = (Barrier::default(), RwLock::default());
        Ok(Self { store, barrier, writing, tasks: Mutex::new(tasks) })
    }
}

#[async_trait]
impl Backend for Etcd {
    async fn get(&self, key: &Key) -> Result<Option<KeyValue>> {
        self.store.recent.check_open()?;
        let answer = self.store.client.range(&RangeRequest::one(self.store.layout.object(key))).await?;
        Ok(answer.kvs.into_iter().next().map(|stored| KeyValue {
            key: key.clone(),
            value: stored.value,
            revision: from_etcd(stored.mod_revision),
        }))
    }

    async fn list(&self, prefix: &Prefix) -> Result<Snapshot> {
        self.store.recent.check_open()?;
        lister::list(&self.store, prefix).await
    }

    async fn commit(&self, key: &Key, write: Write) -> Result<Revision> {
        let _writing = self.writing.read().await;
        self.store.recent.check_open()?;
        commit::commit(&self.store, key, write).await
    }

    async fn watch(&self, prefix: &Prefix, after: Revision) -> Result<BoxStream<'static, Result<Changes>>> {
        self.store.recent.check_open()?;
        follower::follow(Arc::clone(&self.store), prefix.clone(), after).await
    }

    async fn revision(&self) -> Result<Revision> {
        self.store.recent.check_open()?;
        let store = Arc::clone(&self.store);
        let ask = || async move { Ok(store.head().await.map_err(Arc::new)?.revision()) };
        let answer = self.barrier.pass(ask).await;
        answer.map_err(|fault| StorageError::Unavailable(fault.into()))
    }

    async fn close(&self) {
        let _nobody_writes = self.writing.write().await;
        self.store.recent.close();
        self.tasks.lock().abort_all();
    }
}

impl fmt::Debug for EtcdUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EtcdUser").field("name", &self.name).finish_non_exhaustive()
    }
}
