//! Whether the store still answers, asked now and then: a cache that hears nothing new cannot tell by itself.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::state::Shared;
use crate::storage::Backend;

/// How long after an answer the store is asked again.
const EVERY: Duration = Duration::from_secs(2);

/// How long the store may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Asks until aborted.
pub(super) async fn watch_over(backend: Arc<dyn Backend>, shared: Arc<Shared>) {
    loop {
        sleep(EVERY).await;
        let answers = matches!(timeout(PATIENCE, backend.revision()).await, Ok(Ok(_)));
        match (shared.store_answers(answers), answers) {
            (true, false) => tracing::warn!("the store does not answer"),
            (false, true) => tracing::info!("the store answers again"),
            _ => {}
        }
    }
}
