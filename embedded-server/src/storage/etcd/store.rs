//! What the handle and its tasks share: the client, where things are, and how far the history is known.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use tokio::time::timeout;

use super::client::Client;
use super::fault::Fault;
use super::head::Head;
use super::layout::Layout;
use super::receipts::Receipts;
use super::recent::Recent;
use super::wire::{RangeRequest, WatchCreateRequest};

/// How long etcd may take to say how far it has compacted; it looks every tenth of a second.
const PROBE: Duration = Duration::from_secs(3);

#[derive(Debug)]
pub(super) struct Store {
    pub(super) client: Client,
    pub(super) layout: Layout,
    pub(super) recent: Recent,
    pub(super) receipts: Receipts,
    /// How far etcd is known to have compacted.
    compacted: AtomicI64,
}

impl Store {
    /// Asks etcd for the history so far.
    pub(super) async fn open(client: Client, layout: Layout) -> Result<Self, Fault> {
        let head = head(&client, &layout).await?;
        Ok(Self {
            client,
            layout,
            recent: Recent::after(head.revision()),
            receipts: Receipts::default(),
            compacted: AtomicI64::new(0),
        })
    }

    /// Returns the history as it is at some moment after the call.
    pub(super) async fn head(&self) -> Result<Head, Fault> {
        head(&self.client, &self.layout).await
    }

    /// Tells whether what was overwritten by `revision` of etcd is forgotten.
    pub(super) async fn is_compacted(&self, revision: i64) -> Result<bool, Fault> {
        let request = RangeRequest { revision: revision.max(1), ..RangeRequest::one(self.layout.nothing()) };
        match self.client.range(&request).await {
            Ok(_) => Ok(false),
            Err(Fault::Compacted) => Ok(true),
            Err(fault) => Err(fault),
        }
    }

    /// Returns the revision of etcd up to which it has compacted; it may be a little further by now.
    pub(super) async fn compacted(&self) -> Result<i64, Fault> {
        let known = self.compacted.load(Ordering::Relaxed);
        if !self.is_compacted(known).await? {
            return Ok(known);
        }
        let compacted = self.probe().await?;
        self.compacted.fetch_max(compacted, Ordering::Relaxed);
        Ok(compacted)
    }

    /// Asks for all changes of a key that has none: what is compacted is told only to those who ask for it.
    async fn probe(&self) -> Result<i64, Fault> {
        let create =
            WatchCreateRequest { key: self.layout.nothing(), start_revision: 1, ..Default::default() };
        let mut told = self.client.watch(&create).await?;
        let refused = async {
            while let Some(response) = told.message().await? {
                if response.compact_revision > 0 {
                    return Ok(response.compact_revision);
                }
            }
            Err(Fault::Malformed { missing: "compacted revision" })
        };
        timeout(PROBE, refused).await.unwrap_or(Err(Fault::Late(PROBE)))
    }
}

async fn head(client: &Client, layout: &Layout) -> Result<Head, Fault> {
    Head::answered(&client.range(&RangeRequest::one(layout.head())).await?)
}
