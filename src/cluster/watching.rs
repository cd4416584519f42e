//! Watches of the cluster, and what is said when they fail.

use std::pin::pin;

use futures::{Stream, StreamExt};
use kube::runtime::watcher::{self, Error};

use super::failure::words;

/// Hands on what a watch of `what` tells, for as long as it lasts. Says why the watch fails where it does, once for
/// each reason; where it is forbidden, with `remedy`.
pub(super) async fn each<T>(
    changes: impl Stream<Item = watcher::Result<T>>,
    what: &str,
    remedy: &str,
    mut take: impl FnMut(T),
) {
    let mut changes = pin!(changes);
    let mut said = String::new();
    while let Some(change) = changes.next().await {
        match change.map_err(|error| reason(&error, remedy)) {
            Ok(change) => take(change),
            Err(why) if why == said => tracing::debug!("{what} still cannot be watched"),
            Err(why) => {
                tracing::warn!("{what} cannot be watched: {why}");
                said = why;
            }
        }
    }
}

fn reason(error: &Error, remedy: &str) -> String {
    match error {
        Error::InitialListFailed(error) | Error::WatchStartFailed(error) | Error::WatchFailed(error) => {
            let forbidden = matches!(error, kube::Error::Api(status) if status.is_forbidden());
            if forbidden { format!("{}; {remedy}", words(error)) } else { words(error) }
        }
        Error::WatchError(status) => status.message.clone(),
        Error::NoResourceVersion => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use kube::core::Status;

    use super::*;

    #[test]
    fn only_what_is_forbidden_comes_with_a_remedy() {
        let failed = |reason: &str| {
            let status = Status::failure("what it says", reason).boxed();
            Error::InitialListFailed(kube::Error::Api(status))
        };
        assert_eq!(reason(&failed("Forbidden"), "ask"), "what it says; ask");
        assert_eq!(reason(&failed("Timeout"), "ask"), "what it says");
    }
}
