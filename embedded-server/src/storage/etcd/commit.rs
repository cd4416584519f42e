//! One change: a transaction that compares and sets, and that is asked about when its answer is lost.
//!
//! A write that was sent and not answered may have happened, may happen yet, or not. Replacing and removing a value
//! can be asked for again: a revision comes once, so no two of the same requests can both succeed. Whether an
//! earlier one did is seen in the history, where each write has left its number in the head. Creating a value is
//! not asked for again, since what it assumes can come true twice.

use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, sleep, timeout_at};

use super::fault::Fault;
use super::head::{Head, from_etcd, to_etcd};
use super::receipts::Receipt;
use super::store::Store;
use super::wire::{
    self, Compare, DeleteRangeRequest, PutRequest, RangeRequest, Request, TxnRequest, TxnResponse,
};
use crate::storage::{Key, KeyValue, Result, Revision, StorageError, Write};

/// How long it may take to find out what became of a write, and how long to wait before etcd is asked again.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(100);

/// A write that is under way.
struct Attempt<'s> {
    store: &'s Store,
    key: &'s Key,
    request: TxnRequest,
    receipt: Receipt,
    era: u64,
    deadline: Instant,
}

/// Makes one change and returns its revision.
pub(super) async fn commit(store: &Store, key: &Key, write: Write) -> Result<Revision> {
    let receipt = store.receipts.expect();
    let creates = matches!(write, Write::Create(_));
    let attempt = Attempt {
        request: request(store, key, write, receipt.id.head()),
        store,
        key,
        receipt,
        era: store.recent.era(),
        deadline: Instant::now() + PATIENCE,
    };
    match attempt.send().await {
        Ok(answer) => attempt.answered(&answer),
        Err(fault) if !fault.leaves_open_what_happened() => Err(fault.into()),
        Err(fault) if creates => attempt.look_for_it(fault).await,
        Err(fault) => attempt.ask_again(fault).await,
    }
}

/// Returns a transaction that makes a change if the key is in the state that it assumes, and else reads the key and
/// the head.
fn request(store: &Store, key: &Key, write: Write, head: Bytes) -> TxnRequest {
    let stored = store.layout.object(key);
    // No value was ever written at revision zero, which etcd takes for the revision of what is not there.
    let expected = |revision: Revision| if revision == Revision::ZERO { -1 } else { to_etcd(revision) };
    let put = |value| Request::Put(PutRequest { key: stored.clone(), value });
    let (state, change) = match write {
        Write::Create(value) => (0, put(value)),
        Write::Update { expect, value } => (expected(expect), put(value)),
        Write::Delete { expect } => {
            (expected(expect), Request::DeleteRange(DeleteRangeRequest { key: stored.clone() }))
        }
    };
    let mark = Request::Put(PutRequest { key: store.layout.head(), value: head });
    let read = |key| Request::Range(RangeRequest::one(key)).into();
    TxnRequest {
        compare: vec![Compare::changed_at(stored.clone(), state)],
        success: vec![change.into(), mark.into()],
        failure: vec![read(stored), read(store.layout.head())],
    }
}

impl Attempt<'_> {
    /// Sends the request to a server that can be reached.
    async fn send(&self) -> std::result::Result<TxnResponse, Fault> {
        let mut others = self.store.client.servers();
        loop {
            match self.store.client.txn(&self.request).await {
                Err(Fault::Unreachable(_)) if others > 0 => others -= 1,
                answer => return answer,
            }
        }
    }

    /// Reads the answer to the only request that was sent.
    fn answered(&self, answer: &TxnResponse) -> Result<Revision> {
        if answer.succeeded {
            return Ok(from_etcd(wire::revision(answer.header)));
        }
        Err(StorageError::Conflict { current: self.current(answer) })
    }

    /// Asks until there is an answer; it is about all requests that were sent.
    async fn ask_again(&self, unanswered: Fault) -> Result<Revision> {
        while Instant::now() < self.deadline {
            sleep(PAUSE).await;
            match self.send().await {
                Ok(answer) if answer.succeeded => return self.answered(&answer),
                Ok(answer) => return self.refused(&answer, unanswered).await,
                Err(error) => tracing::debug!(%error, key = %self.key, "a write is still without an answer"),
            }
        }
        Err(StorageError::Unknown(unanswered.into()))
    }

    /// Tells whether an earlier request is the reason why a later one is refused.
    async fn refused(&self, answer: &TxnResponse, unanswered: Fault) -> Result<Revision> {
        let head = range(answer, 1).map(|head| Head::of(head, wire::revision(answer.header)));
        let Some(Ok(head)) = head else { return Err(StorageError::Unknown(unanswered.into())) };
        match self.is_in_history(&head).await {
            Some(true) => self.receipt.revision().ok_or(StorageError::Unknown(unanswered.into())),
            Some(false) => self.answered(answer),
            None => Err(StorageError::Unknown(unanswered.into())),
        }
    }

    /// Looks whether the request was carried out. That it was not does not mean that it will not be.
    async fn look_for_it(&self, unanswered: Fault) -> Result<Revision> {
        while Instant::now() < self.deadline {
            match self.store.head().await {
                Ok(head) => {
                    self.is_in_history(&head).await;
                    break;
                }
                Err(_) => sleep(PAUSE).await,
            }
        }
        self.receipt.revision().ok_or(StorageError::Unknown(unanswered.into()))
    }

    /// Reads the history up to `head`, and tells whether the write is in it; none when that cannot be known.
    async fn is_in_history(&self, head: &Head) -> Option<bool> {
        let known = self.store.recent.reached(head.revision(), self.era);
        let known = timeout_at(self.deadline, known).await;
        matches!(known, Ok(Ok(()))).then(|| self.receipt.revision().is_some())
    }

    /// Returns what is stored, according to a refusal.
    fn current(&self, answer: &TxnResponse) -> Option<KeyValue> {
        let stored = range(answer, 0)?.kvs.first()?;
        Some(KeyValue {
            key: self.key.clone(),
            value: stored.value.clone(),
            revision: from_etcd(stored.mod_revision),
        })
    }
}

fn range(answer: &TxnResponse, number: usize) -> Option<&wire::RangeResponse> {
    answer.responses.get(number)?.range.as_ref()
}
