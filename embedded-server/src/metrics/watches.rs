//! What is sent to watchers. Source: `apiserver/pkg/endpoints/metrics/metrics.go`.

use prometheus::{Histogram, HistogramVec, IntCounter, IntCounterVec};

use super::family::Family;

const SIZES: &[f64] = &[1024.0, 2048.0, 4096.0, 8192.0, 16384.0, 32768.0, 65536.0, 131_072.0];
const OF: &[&str] = &["group", "version", "resource"];

/// Counts events.
#[derive(Debug)]
pub struct WatchMetrics {
    events: IntCounterVec,
    sizes: HistogramVec,
}

/// Counts the events of one watch.
#[derive(Clone, Debug)]
pub struct Events {
    events: IntCounter,
    sizes: Histogram,
}

impl WatchMetrics {
    pub(super) fn new(of: &Family<'_>) -> Self {
        Self {
            events: of.counters("apiserver_watch_events_total", "Events that were sent to watchers.", OF),
            sizes: of.histograms(
                "apiserver_watch_events_sizes",
                "How large events are, in bytes.",
                SIZES,
                OF,
            ),
        }
    }

    /// Returns what counts the events of a watch.
    pub fn of(&self, group: &str, version: &str, resource: &str) -> Events {
        let values = [group, version, resource];
        Events {
            events: self.events.with_label_values(&values),
            sizes: self.sizes.with_label_values(&values),
        }
    }

    pub(super) fn reset(&self) {
        self.events.reset();
        self.sizes.reset();
    }
}

impl Events {
    /// Counts an event of `size` bytes.
    pub fn sent(&self, size: usize) {
        self.events.inc();
        self.sizes.observe(size as f64);
    }
}
