//! The invariant on which every informer stands: what a client puts together from a list and the events that
//! follow it is what a list at the same revision shows; through lost connections, a store that fails and
//! windows that are too short.

use std::collections::BTreeMap;

use futures::FutureExt;
use proptest::prelude::*;

use super::*;
use crate::codec::EventType;

/// What happens, one after the other.
#[derive(Clone, Debug)]
enum Step {
    Put(usize, usize),
    Remove(usize),
    /// The client reads what there is.
    Read,
    /// The client loses its connection.
    Disconnect,
    /// The cache loses the store.
    Cut,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (0..5_usize, 0..3_usize).prop_map(|(name, label)| Step::Put(name, label)),
        3 => (0..5_usize).prop_map(Step::Remove),
        2 => Just(Step::Read),
        1 => Just(Step::Disconnect),
        1 => Just(Step::Cut),
    ];
    proptest::collection::vec(step, 1..60)
}

const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];
const LABELS: [&str; 3] = ["x", "y", "z"];

/// A client that keeps its own copy of what a selector selects.
struct Informer {
    selector: &'static str,
    /// Whether the first objects come as a list or as the beginning of the watch.
    lists: bool,
    copy: BTreeMap<String, Revision>,
    /// Up to where the copy is complete; none before the first list.
    seen: Option<Revision>,
    watcher: Option<Watcher>,
}

impl Informer {
    fn new(selector: &'static str, lists: bool) -> Self {
        Self { selector, lists, copy: BTreeMap::new(), seen: None, watcher: None }
    }

    /// Connects unless connected; begins anew where the cache has forgotten too much.
    async fn connect(&mut self, cache: &Cacher) {
        while self.watcher.is_none() {
            let from = match (self.seen, self.lists) {
                (Some(seen), _) => WatchFrom::After(seen),
                (None, false) => WatchFrom::State(GetOptions::MostRecent),
                (None, true) => WatchFrom::After(self.list(cache).await),
            };
            match cache.watch(selecting(self.selector), from).await {
                Ok(watcher) => self.watcher = Some(watcher),
                Err(CacheError::TooOld { .. }) => self.forget(),
                Err(error) => panic!("{error}"),
            }
        }
    }

    fn forget(&mut self) {
        self.copy.clear();
        self.seen = None;
        self.watcher = None;
    }

    async fn list(&mut self, cache: &Cacher) -> Revision {
        let view = cache.view(GetOptions::MostRecent).await.unwrap();
        let filter = selecting(self.selector);
        let objects = view.matching(&filter, None);
        self.copy = objects.map(|object| (object.key().to_owned(), object.revision())).collect();
        self.seen = Some(view.revision());
        view.revision()
    }

    /// Reads until the copy is of revision `wanted`.
    async fn read(&mut self, cache: &Cacher, wanted: Revision) {
        loop {
            self.connect(cache).await;
            let watcher = self.watcher.as_mut().unwrap();
            match watcher.next().now_or_never() {
                Some(Some(Delivery::Event(event))) => self.take(&event),
                Some(Some(Delivery::InitialEnd(revision))) => self.seen = Some(revision),
                Some(Some(Delivery::Expired(_))) => self.forget(),
                Some(None) => self.watcher = None,
                None if watcher.revision() >= wanted && self.seen.is_some() => {
                    self.seen = Some(watcher.revision());
                    return;
                }
                None => tokio::task::yield_now().await,
            }
        }
    }

    fn take(&mut self, event: &WatchEvent) {
        let object: Value = serde_json::from_slice(&event.object()).unwrap();
        let key = format!("ns/{}", object["metadata"]["name"].as_str().unwrap());
        if let Some(seen) = self.seen {
            assert!(event.revision() > seen, "events go forward");
            self.seen = Some(event.revision());
        }
        let there = match event.kind() {
            EventType::Deleted => self.copy.remove(&key),
            _ => self.copy.insert(key.clone(), event.revision()),
        };
        assert_eq!(event.kind() == EventType::Added, there.is_none(), "{key} in {:?}", event.kind());
    }

    /// Reads, and compares the copy with a list of the same revision.
    async fn check(&mut self, cache: &Cacher, store: &Flaky) {
        let view = cache.view(GetOptions::MostRecent).await.unwrap();
        self.read(cache, view.revision()).await;
        let seen = self.seen.unwrap();
        assert_eq!(seen, store.revision().await.unwrap());
        let copy: Vec<String> =
            self.copy.iter().map(|(key, at)| format!("{}@{at}", key.replace("ns/", ""))).collect();
        let listed = cache.view_at(seen).await.unwrap();
        assert_eq!(copy, spelled(&listed, &selecting(self.selector)));
    }
}

async fn stays_true(steps: Vec<Step>, changes: usize, events: usize) {
    let store = Flaky::remembering(events);
    let cache = cache(&store, changes).await;
    let mut informers = [
        Informer::new("", true),
        Informer::new("app=x", true),
        Informer::new("app!=x", false),
        Informer::new("app in (y,z)", false),
    ];
    for step in steps {
        match step {
            Step::Put(name, label) => {
                store.put(NAMES[name], LABELS[label]).await;
            }
            Step::Remove(name) => store.remove(NAMES[name]).await,
            Step::Read => {
                for informer in &mut informers {
                    informer.check(&cache, &store).await;
                }
            }
            // Whoever disconnects before all of a first state has arrived has to begin anew.
            Step::Disconnect => informers.iter_mut().for_each(|informer| match informer.seen {
                Some(_) => informer.watcher = None,
                None => informer.forget(),
            }),
            Step::Cut => store.cut(),
        }
    }
    for informer in &mut informers {
        informer.check(&cache, &store).await;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn what_is_put_together_from_events_is_what_a_list_shows(
        steps in steps(),
        changes in prop_oneof![1..6_usize, Just(1000)],
        events in prop_oneof![1..12_usize, Just(1000)],
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
        runtime.unwrap().block_on(stays_true(steps, changes, events));
    }
}
