//! Somebody who asks without a pause, and whom no answer may disappoint.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use parking_lot::RwLock;
use tokio::task::JoinSet;

use super::{ALL, Client};

/// Front proxies that list Workflows for alice, each as soon as it has an answer.
pub(crate) struct Load {
    shared: Arc<Shared>,
    asking: JoinSet<()>,
}

struct Shared {
    proxy: RwLock<Client>,
    asked: AtomicUsize,
    over: AtomicBool,
}

impl Load {
    /// Begins to ask.
    pub(crate) fn of(proxy: Client) -> Self {
        let shared =
            Shared { proxy: RwLock::new(proxy), asked: AtomicUsize::new(0), over: AtomicBool::new(false) };
        let shared = Arc::new(shared);
        let asking = (0..4).map(|_| Arc::clone(&shared).ask()).collect();
        Self { shared, asking }
    }

    /// Asks through another client from now on.
    pub(crate) fn goes_through(&self, proxy: Client) {
        *self.shared.proxy.write() = proxy;
    }

    /// Waits until some requests more were answered.
    pub(crate) async fn goes_on(&self) {
        let enough = self.shared.asked.load(Ordering::SeqCst) + 20;
        while self.shared.asked.load(Ordering::SeqCst) < enough {
            tokio::task::yield_now().await;
        }
    }

    /// Ends; fails when a request did.
    pub(crate) async fn ends(mut self) {
        self.shared.over.store(true, Ordering::SeqCst);
        while let Some(asked) = self.asking.join_next().await {
            asked.unwrap();
        }
    }
}

impl Shared {
    async fn ask(self: Arc<Self>) {
        while !self.over.load(Ordering::SeqCst) {
            let proxy = self.proxy.read().clone();
            proxy.get_as("alice", ALL).await.expect(200);
            self.asked.fetch_add(1, Ordering::SeqCst);
        }
    }
}
