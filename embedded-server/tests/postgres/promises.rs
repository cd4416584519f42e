//! The contract of all backends.

use std::sync::Arc;

use embedded_server::storage::conformance::{self, Open};
use futures::FutureExt;

use crate::{open, shared};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL"]
async fn postgres_keeps_every_promise() {
    let server = shared();
    conformance::run(conformance::WINDOW, async || open(&server.empty()).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL"]
async fn several_instances_keep_every_promise_together() {
    let server = shared();
    let make = async || {
        let url: Arc<str> = server.empty().into();
        Arc::new(move || {
            let url = Arc::clone(&url);
            async move { open(&url).await }.boxed()
        }) as Open
    };
    conformance::run_shared(conformance::WINDOW, make).await;
}
