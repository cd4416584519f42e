//! How many requests are answered at once. Those that may take as long as they want do not count.
//!
//! Source: `apiserver/pkg/server/filters/maxinflight.go`.

use std::sync::Arc;

use http::Response;
use http::header::{HeaderValue, RETRY_AFTER};
use parking_lot::Mutex;
use tokio::time::Instant;

use super::body::Body;
use super::response::text;
use crate::meta::{UserInfo, Verb};

/// How many requests may be answered at once; zero is no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaxInflight {
    /// Those that only read.
    pub reads: usize,
    /// All others.
    pub writes: usize,
}

impl Default for MaxInflight {
    /// As `k8s.io/apiserver`.
    fn default() -> Self {
        Self { reads: 400, writes: 200 }
    }
}

/// Counts the requests that are being answered.
#[derive(Debug)]
pub(super) struct Inflight {
    reads: Arc<Pool>,
    writes: Arc<Pool>,
}

/// Requests of one kind.
#[derive(Debug)]
struct Pool {
    most: usize,
    since: Instant,
    level: Mutex<Level>,
}

/// How many there are, and the most there were in a second and in the one before.
#[derive(Debug, Default)]
struct Level {
    now: usize,
    second: u64,
    peak: usize,
    peak_before: usize,
}

/// A request that is being answered, until this is dropped.
#[derive(Debug)]
pub(super) struct Permit(Arc<Pool>);

/// There are as many requests as may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooMany;

impl TooMany {
    /// Returns what a client is told, that one of `k8s.io/client-go` understands and obeys.
    pub(super) fn answer(self) -> Response<Body> {
        let mut response = text(429, "Too many requests, please try again later.\n");
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
        response
    }
}

impl Inflight {
    pub(super) fn new(most: MaxInflight) -> Self {
        let pool = |most| Arc::new(Pool { most, since: Instant::now(), level: Mutex::default() });
        Self { reads: pool(most.reads), writes: pool(most.writes) }
    }

    /// Counts a request; none for one that may take as long as it wants, or comes on top for a user who always gets
    /// an answer.
    ///
    /// # Errors
    /// When there are too many.
    pub(super) fn admit(&self, verb: Verb, user: &UserInfo) -> Result<Option<Permit>, TooMany> {
        let pool = match verb.as_str() {
            "watch" => return Ok(None),
            "get" | "list" => &self.reads,
            _ => &self.writes,
        };
        if pool.enter() {
            return Ok(Some(Permit(Arc::clone(pool))));
        }
        if user.is_member_of(UserInfo::MASTERS) { Ok(None) } else { Err(TooMany) }
    }

    /// Returns the most reads, and the most other requests, that there were at once in the last second.
    pub(super) fn peaks(&self) -> (usize, usize) {
        (self.reads.peak(), self.writes.peak())
    }
}

impl Pool {
    fn enter(&self) -> bool {
        let mut level = self.level.lock();
        if self.most > 0 && level.now >= self.most {
            return false;
        }
        level.turn(self.since.elapsed().as_secs());
        level.now += 1;
        level.peak = level.peak.max(level.now);
        true
    }

    fn peak(&self) -> usize {
        let mut level = self.level.lock();
        level.turn(self.since.elapsed().as_secs());
        level.peak.max(level.peak_before)
    }
}

impl Level {
    /// Goes on to `second`. What is under way at its begin was there in the second before.
    fn turn(&mut self, second: u64) {
        if second == self.second {
            return;
        }
        self.peak_before = if second == self.second + 1 { self.peak } else { self.now };
        (self.second, self.peak) = (second, self.now);
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.level.lock().now -= 1;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::advance;

    use super::*;

    fn user() -> UserInfo {
        UserInfo::anonymous()
    }

    fn master() -> UserInfo {
        UserInfo { groups: vec![UserInfo::MASTERS.to_owned()], ..UserInfo::default() }
    }

    fn inflight(reads: usize, writes: usize) -> Inflight {
        Inflight::new(MaxInflight { reads, writes })
    }

    #[tokio::test]
    async fn reads_and_writes_have_limits_of_their_own() {
        let inflight = inflight(1, 1);
        let read = inflight.admit(Verb::List, &user()).unwrap();
        assert_eq!(inflight.admit(Verb::Get, &user()).unwrap_err(), TooMany);
        let _write = inflight.admit(Verb::Delete, &user()).unwrap();
        assert_eq!(inflight.admit(Verb::Patch, &user()).unwrap_err(), TooMany);
        drop(read);
        inflight.admit(Verb::Get, &user()).unwrap();
    }

    #[tokio::test]
    async fn watches_do_not_count() {
        let inflight = inflight(1, 1);
        let _read = inflight.admit(Verb::Get, &user()).unwrap();
        assert!(inflight.admit(Verb::Watch, &user()).unwrap().is_none());
    }

    #[tokio::test]
    async fn a_member_of_masters_is_answered_on_top() {
        let inflight = inflight(1, 1);
        let _read = inflight.admit(Verb::Get, &user()).unwrap();
        assert!(inflight.admit(Verb::Get, &master()).unwrap().is_none());
    }

    #[tokio::test]
    async fn zero_is_no_limit() {
        let inflight = inflight(0, 0);
        let all: Vec<_> = (0..1000).map(|_| inflight.admit(Verb::Get, &user()).unwrap()).collect();
        assert_eq!((all.len(), inflight.peaks()), (1000, (1000, 0)));
    }

    #[tokio::test(start_paused = true)]
    async fn the_peak_is_that_of_the_last_second() {
        let inflight = inflight(10, 10);
        let three = [(); 3].map(|()| inflight.admit(Verb::Get, &user()).unwrap());
        drop(three);
        assert_eq!(inflight.peaks(), (3, 0));
        advance(Duration::from_secs(1)).await;
        assert_eq!(inflight.peaks(), (3, 0));
        advance(Duration::from_secs(1)).await;
        assert_eq!(inflight.peaks(), (0, 0));
    }
}
