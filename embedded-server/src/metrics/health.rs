//! Checks of health. Source: `component-base/metrics/prometheus/slis/metrics.go`.

use prometheus::{IntCounterVec, IntGaugeVec, Registry};

use super::family::Family;

/// Counts what came of checks, apart from all other metrics.
#[derive(Debug)]
pub struct HealthMetrics {
    pub(super) registry: Registry,
    passing: IntGaugeVec,
    checks: IntCounterVec,
}

impl Default for HealthMetrics {
    fn default() -> Self {
        let registry = Registry::new();
        let of = Family(&registry);
        Self {
            passing: of.gauges(
                "kubernetes_healthcheck",
                "Whether a check passed when it was last made: 1, or else 0.",
                &["name", "type"],
            ),
            checks: of.counters(
                "kubernetes_healthchecks_total",
                "Checks by what came of them.",
                &["name", "type", "status"],
            ),
            registry,
        }
    }
}

impl HealthMetrics {
    /// Counts a check of an endpoint, for example `readyz`.
    pub fn checked(&self, name: &str, endpoint: &str, passed: bool) {
        let status = if passed { "success" } else { "error" };
        self.passing.with_label_values(&[name, endpoint]).set(i64::from(passed));
        self.checks.with_label_values(&[name, endpoint, status]).inc();
    }

    pub(super) fn reset(&self) {
        self.passing.reset();
        self.checks.reset();
    }
}
