//! The store, and what is in it. Source of the names: `apiserver/pkg/storage/etcd3/metrics/metrics.go`.

use std::time::Duration;

use prometheus::{HistogramVec, IntCounterVec, IntGaugeVec};

use super::family::Family;

/// From a tenth of a millisecond, which is what memory takes, to what only a sick disk does.
const LATENCY: &[f64] = &[
    0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0,
];

/// Counts calls to the store and what is in it.
#[derive(Debug)]
pub struct StorageMetrics {
    duration: HistogramVec,
    errors: IntCounterVec,
    objects: IntGaugeVec,
    resource_objects: IntGaugeVec,
}

impl StorageMetrics {
    pub(super) fn new(of: &Family<'_>) -> Self {
        Self {
            duration: of.histograms(
                "embedded_server_storage_request_duration_seconds",
                "How long calls to the store take, in seconds.",
                LATENCY,
                &["operation"],
            ),
            errors: of.counters(
                "embedded_server_storage_request_errors_total",
                "Calls to the store that failed, lost races aside.",
                &["operation"],
            ),
            objects: of.gauges(
                "apiserver_storage_objects",
                "Objects in the store; apiserver_resource_objects says the same.",
                &["resource"],
            ),
            resource_objects: of.gauges(
                "apiserver_resource_objects",
                "Objects in the store.",
                &["group", "resource"],
            ),
        }
    }

    /// Counts a call that took so long.
    pub fn called(&self, operation: &'static str, took: Duration, failed: bool) {
        self.duration.with_label_values(&[operation]).observe(took.as_secs_f64());
        if failed {
            self.errors.with_label_values(&[operation]).inc();
        }
    }

    /// Says how many objects of a type there are.
    pub fn objects(&self, group: &str, resource: &str, count: usize) {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        let qualified = if group.is_empty() { resource.to_owned() } else { format!("{resource}.{group}") };
        self.objects.with_label_values(&[&qualified]).set(count);
        self.resource_objects.with_label_values(&[group, resource]).set(count);
    }
}
