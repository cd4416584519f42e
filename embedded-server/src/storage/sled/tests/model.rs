//! Random histories, with restarts and compaction, against the simplest model of the contract.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use proptest::prelude::*;

use super::{key, open};
use crate::storage::conformance::events as events_of;
use crate::storage::{
    Backend, Event, Key, KeyValue, Memory, Prefix, Revision, Snapshot, StorageError, Write,
};

/// A step of a history.
#[derive(Clone, Debug)]
enum Step {
    Create { name: u8, size: usize },
    Update { name: u8, size: usize, stale: bool },
    Delete { name: u8, stale: bool },
    Restart,
    Check,
}

/// The state and every event, without bounds.
#[derive(Default)]
struct Model {
    live: BTreeMap<Key, (Bytes, Revision)>,
    events: Vec<Event>,
}

impl Model {
    fn revision(&self) -> Revision {
        Revision(Revision::FIRST.0 + self.events.len() as u64)
    }

    fn expected(&self, key: &Key, stale: bool) -> Revision {
        let current = self.live.get(key).map_or(Revision::ZERO, |(_, revision)| *revision);
        if stale { current.next() } else { current }
    }

    fn write(&self, step: &Step) -> Option<(Key, Write)> {
        let value = |size: usize| Bytes::from(vec![self.events.len() as u8; size]);
        Some(match *step {
            Step::Create { name, size } => (key(name), Write::Create(value(size))),
            Step::Update { name, size, stale } => {
                let expect = self.expected(&key(name), stale);
                (key(name), Write::Update { expect, value: value(size) })
            }
            Step::Delete { name, stale } => {
                (key(name), Write::Delete { expect: self.expected(&key(name), stale) })
            }
            Step::Restart | Step::Check => return None,
        })
    }

    /// Returns the new revision, or none for a conflict.
    fn commit(&mut self, key: &Key, write: Write) -> Option<Revision> {
        let current = self.live.get(key).map(|(_, revision)| *revision);
        let value = match write {
            Write::Create(value) if current.is_none() => Some(value),
            Write::Update { expect, value } if current == Some(expect) => Some(value),
            Write::Delete { expect } if current == Some(expect) => None,
            _ => return None,
        };
        let revision = self.revision().next();
        let previous = match &value {
            Some(value) => self.live.insert(key.clone(), (value.clone(), revision)),
            None => self.live.remove(key),
        };
        self.events.push(Event { key: key.clone(), revision, value, previous });
        Some(revision)
    }

    fn current(&self, key: &Key) -> Option<KeyValue> {
        let (value, revision) = self.live.get(key)?;
        Some(KeyValue { key: key.clone(), value: value.clone(), revision: *revision })
    }
}

fn step() -> impl Strategy<Value = Step> {
    let size = || prop_oneof![8 => 0..2000_usize, 1 => 100_000..800_000_usize];
    let stale = || proptest::bool::weighted(0.15);
    prop_oneof![
        6 => (0..12_u8, size()).prop_map(|(name, size)| Step::Create { name, size }),
        8 => (0..12_u8, size(), stale()).prop_map(|(name, size, stale)| Step::Update { name, size, stale }),
        4 => (0..12_u8, stale()).prop_map(|(name, stale)| Step::Delete { name, stale }),
        1 => Just(Step::Restart),
        1 => Just(Step::Check),
    ]
}

/// Makes the write in the store and the model and compares the answers.
async fn commit(store: &dyn Backend, model: &mut Model, key: &Key, write: Write) {
    let before = model.current(key);
    match (store.commit(key, write.clone()).await, model.commit(key, write)) {
        (Ok(revision), Some(expected)) => assert_eq!(revision, expected),
        (Err(StorageError::Conflict { current }), None) => assert_eq!(current, before),
        (answer, expected) => panic!("{answer:?} instead of {expected:?}"),
    }
    assert_eq!(store.get(key).await.unwrap(), model.current(key));
}

/// Compares everything that can be read.
async fn check(store: &dyn Backend, model: &Model, window: usize) {
    let snapshot = store.list(&Prefix::all()).await.unwrap();
    assert_eq!(snapshot.revision, model.revision());
    let expected: Vec<_> = model.live.keys().filter_map(|key| model.current(key)).collect();
    assert!(snapshot.items == expected, "the list differs");
    assert!(forgotten(&snapshot) <= model.events.len().saturating_sub(window), "too much is forgotten");
    let (count, events) = log(store, model).await;
    assert!(events == model.events[count..], "the log differs");
}

/// Returns how many events are no longer known.
fn forgotten(snapshot: &Snapshot) -> usize {
    usize::try_from(snapshot.oldest.0 - Revision::FIRST.0).unwrap()
}

/// Reads all that is known of the log, and how many events are not; the store may still be forgetting.
async fn log(store: &dyn Backend, model: &Model) -> (usize, Vec<Event>) {
    loop {
        let snapshot = store.list(&Prefix::all()).await.unwrap();
        let count = forgotten(&snapshot);
        let Ok(watch) = store.watch(&Prefix::all(), snapshot.oldest).await else { continue };
        match events_of(watch).take(model.events.len() - count).try_collect().await {
            Err(StorageError::Compacted { .. }) => {}
            events => return (count, events.unwrap()),
        }
    }
}

async fn run(steps: Vec<Step>, window: usize) {
    let directory = tempfile::tempdir().unwrap();
    let reopen = || Arc::new(open(directory.path(), window as u64)) as Arc<dyn Backend>;
    let memory = Memory::with_window(window);
    let (mut store, mut of_sled, mut of_memory) = (reopen(), Model::default(), Model::default());
    for step in steps {
        if let Some((key, write)) = of_sled.write(&step) {
            commit(&*store, &mut of_sled, &key, write.clone()).await;
            commit(&memory, &mut of_memory, &key, write).await;
        } else if matches!(step, Step::Restart) {
            drop(store);
            store = reopen();
        } else {
            check(&*store, &of_sled, window).await;
            check(&memory, &of_memory, window).await;
        }
    }
    check(&*store, &of_sled, window).await;
    check(&memory, &of_memory, window).await;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_histories_match_the_model(
        steps in proptest::collection::vec(step(), 1..150),
        window in prop_oneof![Just(0_usize), 1..40_usize, Just(1000)],
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(run(steps, window));
    }
}
