//! When to try again.

use std::time::Duration;

use kube::runtime::utils::Backoff;

/// A pause before trying again that is always the same and short.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Soon;

impl Iterator for Soon {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        Some(Duration::from_millis(20))
    }
}

impl Backoff for Soon {
    fn reset(&mut self) {}
}
