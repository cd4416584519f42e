//! The authority of the front proxies is exchanged while they ask.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use parking_lot::RwLock;
use tokio::task::JoinSet;

use crate::support::{ALL, Authority, Client, Kube, Setup};

/// Front proxies that ask without a pause.
struct Load {
    proxy: RwLock<Client>,
    asked: AtomicUsize,
    over: AtomicBool,
}

impl Load {
    async fn ask(self: Arc<Self>) {
        while !self.over.load(Ordering::SeqCst) {
            let proxy = self.proxy.read().clone();
            proxy.get_as("alice", ALL).await.expect(200);
            self.asked.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// Waits until a number of requests more were answered.
    async fn more(&self, requests: usize) {
        let enough = self.asked.load(Ordering::SeqCst) + requests;
        while self.asked.load(Ordering::SeqCst) < enough {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_request_is_refused_while_the_authority_is_exchanged() {
    let (kube, old, new) = (Kube::start().await, Authority::new("front"), Authority::new("front"));
    kube.publishes(&[&old], &[]);
    let mut server = Setup::of(&kube).ready();
    let load = Arc::new(Load {
        proxy: RwLock::new(server.client(&old.client("aggregator"))),
        asked: AtomicUsize::new(0),
        over: AtomicBool::new(false),
    });
    let mut asking: JoinSet<_> = (0..4).map(|_| Arc::clone(&load).ask()).collect();
    load.more(20).await;
    kube.publishes(&[&old, &new], &[]);
    server.says("took over");
    load.more(20).await;
    *load.proxy.write() = server.client(&new.client("aggregator"));
    load.more(20).await;
    kube.publishes(&[&new], &[]);
    server.says("took over");
    load.more(20).await;
    load.over.store(true, Ordering::SeqCst);
    while let Some(asked) = asking.join_next().await {
        asked.unwrap();
    }
    server.client(&old.client("aggregator")).get_as("alice", ALL).await.expect(401);
}
