//! Who was asked about a write. Source of the names: `apiserver/pkg/admission/metrics/metrics.go`.

use std::time::Duration;

use prometheus::{HistogramVec, IntCounterVec};

use super::family::Family;

const LATENCY: &[f64] = &[0.005, 0.025, 0.1, 0.5, 1.0, 2.5, 10.0, 25.0];
/// Codes above are counted as this one.
const HIGHEST: u16 = 600;

/// Counts webhooks.
#[derive(Debug)]
pub struct AdmissionMetrics {
    took: HistogramVec,
    asked: IntCounterVec,
    rejections: IntCounterVec,
    open: IntCounterVec,
    errors: IntCounterVec,
    exclusions: IntCounterVec,
}

/// A webhook and what it is asked.
#[derive(Clone, Copy, Debug)]
pub struct WebhookLabels<'a> {
    /// The name of the webhook.
    pub name: &'a str,
    /// `admit` or `validating`.
    pub step: &'static str,
    /// For example `CREATE`.
    pub operation: &'static str,
}

impl AdmissionMetrics {
    pub(super) fn new(of: &Family<'_>) -> Self {
        let conditions = ["name", "kind", "type", "operation"];
        Self {
            took: of.histograms(
                "apiserver_admission_webhook_admission_duration_seconds",
                "How long webhooks take, in seconds.",
                LATENCY,
                &["name", "type", "operation", "rejected"],
            ),
            asked: of.counters(
                "apiserver_admission_webhook_request_total",
                "Questions to webhooks.",
                &["name", "type", "operation", "code", "rejected"],
            ),
            rejections: of.counters(
                "apiserver_admission_webhook_rejection_count",
                "Writes that failed because of a webhook.",
                &["name", "type", "operation", "error_type", "rejection_code"],
            ),
            open: of.counters(
                "apiserver_admission_webhook_fail_open_count",
                "Failures of webhooks that were passed over.",
                &["name", "type"],
            ),
            errors: of.counters(
                "apiserver_admission_match_condition_evaluation_errors_total",
                "Match conditions that could not be evaluated.",
                &conditions,
            ),
            exclusions: of.counters(
                "apiserver_admission_match_condition_exclusions_total",
                "Writes that match conditions spared a webhook.",
                &conditions,
            ),
        }
    }

    /// Counts a webhook that took so long and came to a code.
    pub fn asked(&self, of: WebhookLabels<'_>, code: u16, rejected: bool, took: Duration) {
        let WebhookLabels { name, step, operation } = of;
        let (code, rejected) = (code.min(HIGHEST).to_string(), if rejected { "true" } else { "false" });
        self.asked.with_label_values(&[name, step, operation, &code, rejected]).inc();
        self.took.with_label_values(&[name, step, operation, rejected]).observe(took.as_secs_f64());
    }

    /// Counts a write that failed because of a webhook.
    pub fn rejected(&self, of: WebhookLabels<'_>, why: &'static str, code: u16) {
        let code = code.min(HIGHEST).to_string();
        self.rejections.with_label_values(&[of.name, of.step, of.operation, why, &code]).inc();
    }

    /// Counts a failure of a webhook that is passed over.
    pub fn failed_open(&self, of: WebhookLabels<'_>) {
        self.open.with_label_values(&[of.name, of.step]).inc();
    }

    /// Counts a match condition that could not be evaluated.
    pub fn condition_failed(&self, of: WebhookLabels<'_>) {
        self.errors.with_label_values(&[of.name, "webhook", of.step, of.operation]).inc();
    }

    /// Counts a write that match conditions spare a webhook.
    pub fn excluded(&self, of: WebhookLabels<'_>) {
        self.exclusions.with_label_values(&[of.name, "webhook", of.step, of.operation]).inc();
    }
}
