//! Watches that are held in the background, and how often they broke off.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::{StreamExt, TryStreamExt};
use http::Request;
use kube::api::DynamicObject;
use serde::Serialize;
use serde_json::Value;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::answer::API;
use crate::cluster::Client;

/// Watches that are held until this is dropped.
#[derive(Debug, Default)]
pub(crate) struct Watches {
    reconnects: Arc<AtomicU64>,
    watchers: JoinSet<()>,
}

/// How watches fared.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Watched {
    /// How many were held at once.
    pub(crate) held: usize,
    /// How often one of them broke off, and had to be opened again.
    pub(crate) reconnects: u64,
}

/// How a watch ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Ended {
    /// Nobody answered, or not with a watch.
    NeverBegan,
    /// It broke off.
    BrokeOff,
}

impl Watches {
    /// Lets each of `watchers` hold a watch, and again `pause` after it ended.
    pub(crate) fn start<W, F>(watchers: impl IntoIterator<Item = W>, pause: Duration) -> Self
    where
        W: Fn() -> F + Send + 'static,
        F: Future<Output = Ended> + Send + 'static,
    {
        let mut watches = Self::default();
        for watcher in watchers {
            watches.watchers.spawn(go_on(watcher, pause, Arc::clone(&watches.reconnects)));
        }
        watches
    }

    /// Says how they fared so far.
    pub(crate) fn count(&self) -> Watched {
        Watched { held: self.watchers.len(), reconnects: self.reconnects.load(Ordering::Relaxed) }
    }
}

async fn go_on<F: Future<Output = Ended>>(
    watch: impl Fn() -> F,
    pause: Duration,
    reconnects: Arc<AtomicU64>,
) {
    loop {
        if watch().await == Ended::BrokeOff {
            reconnects.fetch_add(1, Ordering::Relaxed);
        }
        sleep(pause).await;
    }
}

/// Watches the Workflows of all namespaces from now on, until that ends. Bookmarks keep it from looking idle.
pub(crate) async fn watch(client: &Client) -> Ended {
    let Ok(from) = newest(client).await else { return Ended::NeverBegan };
    let path = format!("{API}/workflows?watch=true&allowWatchBookmarks=true&resourceVersion={from}");
    let Ok(request) = Request::get(path).body(Vec::new()) else { return Ended::NeverBegan };
    let Ok(events) = client.request_events::<DynamicObject>(request).await else { return Ended::NeverBegan };
    let mut events = std::pin::pin!(events.into_stream());
    while let Some(Ok(_)) = events.next().await {}
    Ended::BrokeOff
}

async fn newest(client: &Client) -> Result<String, kube::Error> {
    let request = Request::get(format!("{API}/workflows?limit=1")).body(Vec::new());
    let list: Value = client.request(request.map_err(kube::Error::HttpError)?).await?;
    Ok(list["metadata"]["resourceVersion"].as_str().unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAUSE: Duration = Duration::from_millis(100);

    /// Ends so every second.
    fn ending(how: Ended) -> impl Fn() -> futures::future::BoxFuture<'static, Ended> {
        move || {
            Box::pin(async move {
                sleep(Duration::from_secs(1) - PAUSE).await;
                how
            })
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_breaks_off_is_counted_and_what_never_began_is_not() {
        let watches = Watches::start([ending(Ended::BrokeOff), ending(Ended::NeverBegan)], PAUSE);
        sleep(3 * Duration::from_secs(1)).await;
        assert_eq!(watches.count(), Watched { held: 2, reconnects: 3 });
    }

    #[tokio::test(start_paused = true)]
    async fn what_lasts_is_held() {
        let watches = Watches::start([std::future::pending], PAUSE);
        sleep(Duration::from_secs(3600)).await;
        assert_eq!(watches.count(), Watched { held: 1, reconnects: 0 });
    }
}
