//! What conformance cannot see: the directory, restarts, crashes and failures of the disk.
#![expect(clippy::needless_pass_by_value, reason = "names are written where they are used: `key(1)`")]

mod barrier;
mod crash;
mod load;
mod model;
mod restart;

use std::sync::Arc;

use super::{Sled, SledOptions};
use crate::storage::{Backend, Key, Revision, Write, conformance};

/// Opens a store that remembers `events` events, however large.
fn open(path: &std::path::Path, events: u64) -> Sled {
    Sled::open(path, SledOptions { log_events: events, log_bytes: u64::MAX, ..SledOptions::default() })
        .unwrap()
}

fn key(name: impl ToString) -> Key {
    Key::from_stored(&format!("g/things/ns/{}", name.to_string()))
}

async fn create(store: &Sled, name: impl ToString, value: impl ToString) -> Revision {
    store.commit(&key(name), Write::Create(value.to_string().into())).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sled_keeps_every_promise() {
    let root = tempfile::tempdir().unwrap();
    let count = std::sync::atomic::AtomicU32::new(0);
    let make = async || {
        let number = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let store = open(&root.path().join(number.to_string()), conformance::WINDOW as u64);
        Arc::new(store) as Arc<dyn Backend>
    };
    conformance::run(conformance::WINDOW, make).await;
}
