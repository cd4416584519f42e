//! The watch caches. Source of the names: `apiserver/pkg/storage/cacher/metrics/metrics.go`.

use parking_lot::Mutex;
use prometheus::{IntCounterVec, IntGaugeVec};

use super::family::Family;

const OF: &[&str] = &["group", "resource"];
/// Revisions are told without what is before their last fifteen digits: that is as far as a number of Prometheus goes.
const DIGITS: u64 = 1_000_000_000_000_000;

/// Tells what is known of each cache.
#[derive(Debug)]
pub struct CacheMetrics {
    received: IntCounterVec,
    dispatched: IntCounterVec,
    loads: IntCounterVec,
    expired: IntCounterVec,
    revision: IntGaugeVec,
    capacity: IntGaugeVec,
    telling: Mutex<()>,
}

/// What a cache knows of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheFacts {
    /// How many changes it was told of, each of which watchers see at once.
    pub received: u64,
    /// How often it was loaded.
    pub loads: u64,
    /// How many watchers ended because they were too slow.
    pub expired: u64,
    /// How far it is.
    pub revision: u64,
    /// How many changes it can hold.
    pub capacity: usize,
}

impl CacheMetrics {
    pub(super) fn new(of: &Family<'_>) -> Self {
        Self {
            received: of.counters(
                "apiserver_watch_cache_events_received_total",
                "Changes that the cache was told of.",
                OF,
            ),
            dispatched: of.counters(
                "apiserver_watch_cache_events_dispatched_total",
                "Changes that watchers could see.",
                OF,
            ),
            loads: of.counters(
                "apiserver_watch_cache_initializations_total",
                "How often the cache was loaded from the store.",
                OF,
            ),
            expired: of.counters(
                "apiserver_terminated_watchers_total",
                "Watchers that ended because they were too slow.",
                OF,
            ),
            revision: of.gauges(
                "apiserver_watch_cache_resource_version",
                "How far the cache is: the last fifteen digits of its revision.",
                OF,
            ),
            capacity: of.gauges("watch_cache_capacity", "How many changes the cache can hold.", OF),
            telling: Mutex::new(()),
        }
    }

    /// Tells of the cache of a resource. What is counted only grows.
    pub fn tell(&self, group: &str, resource: &str, facts: CacheFacts) {
        let _one_at_a_time = self.telling.lock();
        let of = [group, resource];
        let counted = |counters: &IntCounterVec, total: u64| {
            let counter = counters.with_label_values(&of);
            counter.inc_by(total.saturating_sub(counter.get()));
        };
        counted(&self.received, facts.received);
        counted(&self.dispatched, facts.received);
        counted(&self.loads, facts.loads);
        counted(&self.expired, facts.expired);
        self.revision.with_label_values(&of).set(gauge(facts.revision % DIGITS));
        self.capacity.with_label_values(&of).set(gauge(u64::try_from(facts.capacity).unwrap_or(u64::MAX)));
    }
}

fn gauge(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
