//! A store in memory: for tests, for trying things out, and as the simplest reading of the contract.
//!
//! One mutex guards one ordered map and one bounded log, so the order of commits is the order of revisions.
//! Nothing survives the process: of the contract's first promise it keeps all but durability.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt};
use parking_lot::Mutex;
use tokio::sync::watch;

use super::{
    Backend, Changes, Event, Key, KeyValue, Prefix, Result, Revision, Snapshot, StorageError, Write,
};

/// How many events a store keeps when nothing else is said.
const DEFAULT_WINDOW: usize = 100_000;

/// How many events a watch takes over at once.
const CHUNK: usize = 512;

/// A [`Backend`] that forgets everything when it is dropped.
#[derive(Debug)]
pub struct Memory {
    shared: Arc<Shared>,
}

/// What a store and its watches share.
#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// Tells watches to look again; its value is of no matter.
    wake: watch::Sender<()>,
}

/// The values, and the events that led to them.
#[derive(Debug)]
struct State {
    live: BTreeMap<Key, (Bytes, Revision)>,
    /// The events after `compacted`, one per revision.
    log: VecDeque<Event>,
    compacted: Revision,
    window: usize,
    closed: bool,
}

impl Memory {
    /// Returns an empty store that remembers 100,000 events.
    pub fn new() -> Self {
        Self::with_window(DEFAULT_WINDOW)
    }

    /// Returns an empty store that remembers the last `events` events.
    pub fn with_window(events: usize) -> Self {
        let state = State {
            live: BTreeMap::new(),
            log: VecDeque::new(),
            compacted: Revision::FIRST,
            window: events,
            closed: false,
        };
        Self { shared: Arc::new(Shared { state: Mutex::new(state), wake: watch::Sender::new(()) }) }
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Backend for Memory {
    async fn get(&self, key: &Key) -> Result<Option<KeyValue>> {
        let state = self.shared.state.lock();
        state.check_open()?;
        Ok(state.current(key))
    }

    async fn list(&self, prefix: &Prefix) -> Result<Snapshot> {
        let state = self.shared.state.lock();
        state.check_open()?;
        Ok(Snapshot { revision: state.revision(), oldest: state.compacted, items: state.below(prefix) })
    }

    async fn commit(&self, key: &Key, write: Write) -> Result<Revision> {
        let revision = self.shared.state.lock().commit(key, write)?;
        self.shared.wake.send_replace(());
        Ok(revision)
    }

    async fn watch(&self, prefix: &Prefix, after: Revision) -> Result<BoxStream<'static, Result<Changes>>> {
        self.shared.state.lock().check_known(after)?;
        let follower = Follower {
            shared: Arc::clone(&self.shared),
            wake: self.shared.wake.subscribe(),
            prefix: prefix.clone(),
            after,
            over: false,
        };
        Ok(stream::unfold(follower, Follower::next).boxed())
    }

    async fn revision(&self) -> Result<Revision> {
        let state = self.shared.state.lock();
        state.check_open()?;
        Ok(state.revision())
    }

    async fn close(&self) {
        self.shared.close();
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        self.shared.close();
    }
}

impl Shared {
    fn close(&self) {
        let mut state = self.state.lock();
        state.closed = true;
        state.live.clear();
        state.log.clear();
        self.wake.send_replace(());
    }
}

impl State {
    fn check_open(&self) -> Result<()> {
        if self.closed { Err(StorageError::Unavailable("the store is closed".into())) } else { Ok(()) }
    }

    /// Fails when the events after `after` are not all known.
    fn check_known(&self, after: Revision) -> Result<()> {
        self.check_open()?;
        if after < self.compacted { Err(StorageError::Compacted { oldest: self.compacted }) } else { Ok(()) }
    }

    fn revision(&self) -> Revision {
        self.log.back().map_or(self.compacted, |event| event.revision)
    }

    fn current(&self, key: &Key) -> Option<KeyValue> {
        let (value, revision) = self.live.get(key)?;
        Some(KeyValue { key: key.clone(), value: value.clone(), revision: *revision })
    }

    fn below(&self, prefix: &Prefix) -> Vec<KeyValue> {
        self.live
            .range(Key::from_stored(prefix.as_str())..)
            .take_while(|(key, _)| prefix.contains(key))
            .map(|(key, (value, revision))| KeyValue {
                key: key.clone(),
                value: value.clone(),
                revision: *revision,
            })
            .collect()
    }

    fn commit(&mut self, key: &Key, write: Write) -> Result<Revision> {
        self.check_open()?;
        let current = self.live.get(key);
        let value = match (write, current.map(|(_, revision)| *revision)) {
            (Write::Create(value), None) => Some(value),
            (Write::Update { expect, value }, Some(revision)) if revision == expect => Some(value),
            (Write::Delete { expect }, Some(revision)) if revision == expect => None,
            _ => return Err(StorageError::Conflict { current: self.current(key) }),
        };
        Ok(self.apply(key, value))
    }

    fn apply(&mut self, key: &Key, value: Option<Bytes>) -> Revision {
        let revision = self.revision().next();
        let previous = match &value {
            Some(value) => self.live.insert(key.clone(), (value.clone(), revision)),
            None => self.live.remove(key),
        };
        self.log.push_back(Event { key: key.clone(), revision, value, previous });
        while self.log.len() > self.window {
            self.compacted = self.log.pop_front().map_or(self.compacted, |event| event.revision);
        }
        revision
    }

    /// Returns some of the events after `after`, whatever their keys.
    fn after(&self, after: Revision) -> impl Iterator<Item = &Event> {
        let known = usize::try_from(after.0.saturating_sub(self.compacted.0)).unwrap_or(usize::MAX);
        self.log.iter().skip(known).take(CHUNK)
    }
}

/// A watch and where it stands.
struct Follower {
    shared: Arc<Shared>,
    wake: watch::Receiver<()>,
    prefix: Prefix,
    after: Revision,
    over: bool,
}

impl Follower {
    async fn next(mut self) -> Option<(Result<Changes>, Self)> {
        while !self.over {
            self.wake.mark_unchanged();
            match self.take_over() {
                Ok(Some(changes)) => return Some((Ok(changes), self)),
                // The sender lives as long as `shared` does.
                Ok(None) => self.wake.changed().await.unwrap_or_default(),
                Err(error) => {
                    self.over = true;
                    return Some((Err(error), self));
                }
            }
        }
        None
    }

    /// Takes over a chunk of new events, if there are any.
    fn take_over(&mut self) -> Result<Option<Changes>> {
        let state = self.shared.state.lock();
        state.check_known(self.after)?;
        let before = self.after;
        let mut events = Vec::new();
        for event in state.after(before) {
            self.after = event.revision;
            if self.prefix.contains(&event.key) {
                events.push(event.clone());
            }
        }
        Ok((self.after > before).then_some(Changes { events, up_to: self.after }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::conformance;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn memory_keeps_every_promise() {
        let make = async || Arc::new(Memory::with_window(conformance::WINDOW)) as Arc<dyn Backend>;
        conformance::run(conformance::WINDOW, make).await;
    }

    #[tokio::test]
    async fn memory_keeps_every_promise_on_one_thread() {
        let make = async || Arc::new(Memory::with_window(conformance::WINDOW)) as Arc<dyn Backend>;
        conformance::run(conformance::WINDOW, make).await;
    }
}
