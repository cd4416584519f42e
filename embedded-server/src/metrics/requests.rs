//! Requests and their answers. Source: `apiserver/pkg/endpoints/metrics/metrics.go`.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::RwLock;
use prometheus::{Histogram, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec};

use super::family::Family;

/// The part of the server that counts; there is but one.
const COMPONENT: &str = "apiserver";
const LATENCY: &[f64] = &[
    0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 1.25, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 15.0,
    20.0, 30.0, 45.0, 60.0,
];
const SIZES: &[f64] = &[1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];
const WHAT: &[&str] = &["verb", "group", "version", "resource", "subresource", "scope", "component"];

/// What a request is counted as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub struct Labels {
    pub verb: &'static str,
    pub dry_run: &'static str,
    pub group: &'static str,
    pub version: &'static str,
    pub resource: &'static str,
    pub subresource: &'static str,
    pub scope: &'static str,
}

/// Counts requests.
#[derive(Debug)]
pub struct RequestMetrics {
    total: IntCounterVec,
    duration: HistogramVec,
    sli_duration: HistogramVec,
    sizes: HistogramVec,
    terminations: IntCounterVec,
    aborts: IntCounterVec,
    long_running: IntGaugeVec,
    inflight: IntGaugeVec,
    /// The metrics of requests that were seen before, so that the next one like them need not look for each.
    known: RwLock<HashMap<(Labels, u16), Arc<Series>>>,
}

/// All that counts requests of one kind with one outcome.
#[derive(Debug)]
struct Series {
    total: IntCounter,
    duration: Histogram,
    sli_duration: Option<Histogram>,
    sizes: Option<Histogram>,
}

/// A request that takes as long as it wants, until this is dropped.
#[derive(Debug)]
pub struct LongRunning(IntGauge);

impl RequestMetrics {
    pub(super) fn new(of: &Family<'_>) -> Self {
        let dry_run = with(WHAT, &["dry_run"]);
        Self {
            total: of.counters(
                "apiserver_request_total",
                "Requests by what they ask for and how they are answered.",
                &with(&dry_run, &["code"]),
            ),
            duration: of.histograms(
                "apiserver_request_duration_seconds",
                "How long requests take, in seconds.",
                LATENCY,
                &dry_run,
            ),
            sli_duration: of.histograms(
                "apiserver_request_sli_duration_seconds",
                "How long requests take, in seconds, without what is not the server's own.",
                &LATENCY[2..],
                WHAT,
            ),
            sizes: of.histograms(
                "apiserver_response_sizes",
                "How large the answers to reads are, in bytes.",
                SIZES,
                WHAT,
            ),
            terminations: of.counters(
                "apiserver_request_terminations_total",
                "Requests that the server ended in self-defense.",
                &with(WHAT, &["code"]),
            ),
            aborts: of.counters(
                "apiserver_request_aborts_total",
                "Requests whose answer was not sent to its end.",
                &WHAT[..6],
            ),
            long_running: of.gauges(
                "apiserver_longrunning_requests",
                "Requests under way that may take as long as they want.",
                WHAT,
            ),
            inflight: of.gauges(
                "apiserver_current_inflight_requests",
                "The most requests that were under way at once in the last second.",
                &["request_kind"],
            ),
            known: RwLock::default(),
        }
    }

    /// Counts a request that was answered with `code` and a body of `size` bytes.
    pub fn answered(&self, what: &Labels, code: u16, took: Duration, size: u64) {
        let series = self.series(what, code);
        let seconds = took.as_secs_f64();
        series.total.inc();
        series.duration.observe(seconds);
        if let Some(sli_duration) = &series.sli_duration {
            sli_duration.observe(seconds);
        }
        if let Some(sizes) = &series.sizes {
            sizes.observe(size as f64);
        }
    }

    /// Counts a request that was turned away because of all the others.
    pub fn dropped(&self, what: &Labels) {
        self.total.with_label_values(&what.values(&[what.dry_run, "429"])).inc();
        self.terminated(what, 429);
    }

    /// Counts a request that the server ended with `code` to protect itself.
    pub fn terminated(&self, what: &Labels, code: u16) {
        self.terminations.with_label_values(&what.values(&[&code.to_string()])).inc();
    }

    /// Counts a request whose answer was not sent to its end.
    pub fn aborted(&self, what: &Labels) {
        self.aborts.with_label_values(&what.values(&[])[..6]).inc();
    }

    /// Counts a request that may take as long as it wants, from now on.
    pub fn long_running(&self, what: &Labels) -> LongRunning {
        let gauge = self.long_running.with_label_values(&what.values(&[]));
        gauge.inc();
        LongRunning(gauge)
    }

    /// Says how many reads, and how many other requests, were under way at once.
    pub fn inflight(&self, reads: usize, writes: usize) {
        for (kind, count) in [("readOnly", reads), ("mutating", writes)] {
            self.inflight.with_label_values(&[kind]).set(i64::try_from(count).unwrap_or(i64::MAX));
        }
    }

    pub(super) fn reset(&self) {
        self.known.write().clear();
        self.total.reset();
        self.duration.reset();
        self.sli_duration.reset();
        self.sizes.reset();
        self.terminations.reset();
        self.aborts.reset();
    }

    fn series(&self, what: &Labels, code: u16) -> Arc<Series> {
        let key = (*what, code);
        if let Some(known) = self.known.read().get(&key) {
            return Arc::clone(known);
        }
        let series = Arc::new(self.find(what, code));
        Arc::clone(self.known.write().entry(key).or_insert(series))
    }

    fn find(&self, what: &Labels, code: u16) -> Series {
        let real = what.dry_run.is_empty();
        let read = matches!(what.verb, "GET" | "LIST");
        Series {
            total: self.total.with_label_values(&what.values(&[what.dry_run, &code.to_string()])),
            duration: self.duration.with_label_values(&what.values(&[what.dry_run])),
            sli_duration: real.then(|| self.sli_duration.with_label_values(&what.values(&[]))),
            sizes: read.then(|| self.sizes.with_label_values(&what.values(&[]))),
        }
    }
}

impl Labels {
    /// Returns the values of the labels in [`WHAT`], and `more`.
    fn values<'a>(&self, more: &[&'a str]) -> Vec<&'a str> {
        let own =
            [self.verb, self.group, self.version, self.resource, self.subresource, self.scope, COMPONENT];
        own.iter().chain(more).copied().collect()
    }
}

impl Drop for LongRunning {
    fn drop(&mut self) {
        self.0.dec();
    }
}

fn with<'a>(labels: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    labels.iter().chain(more).copied().collect()
}
