//! What others are asked: whose a token is, who may do what. Source of the names:
//! `apiserver/pkg/authentication/authenticatorfactory/metrics.go`,
//! `apiserver/pkg/authorization/authorizerfactory/metrics.go`.

use std::time::Duration;

use prometheus::{HistogramVec, IntCounterVec};

use super::family::Family;

const LATENCY: &[f64] = &[0.25, 0.5, 0.7, 1.0, 1.5, 3.0, 5.0, 10.0];

/// Counts questions of one kind.
#[derive(Debug)]
pub struct DelegationMetrics {
    asked: IntCounterVec,
    took: HistogramVec,
}

impl DelegationMetrics {
    pub(super) fn authentication(of: &Family<'_>) -> Self {
        Self {
            asked: of.counters("apiserver_delegated_authn_request_total", "Reviews of tokens.", &["code"]),
            took: of.histograms(
                "apiserver_delegated_authn_request_duration_seconds",
                "How long reviews of tokens take, in seconds.",
                LATENCY,
                &["code"],
            ),
        }
    }

    pub(super) fn authorization(of: &Family<'_>) -> Self {
        Self {
            asked: of.counters("apiserver_delegated_authz_request_total", "Reviews of access.", &["code"]),
            took: of.histograms(
                "apiserver_delegated_authz_request_duration_seconds",
                "How long reviews of access take, in seconds.",
                LATENCY,
                &["code"],
            ),
        }
    }

    /// Counts a question that took so long and was answered with a code of HTTP; none when there was no answer.
    pub fn asked(&self, code: Option<u16>, took: Duration) {
        let code = code.map_or_else(|| "<error>".to_owned(), |code| code.to_string());
        self.asked.with_label_values(&[&code]).inc();
        self.took.with_label_values(&[&code]).observe(took.as_secs_f64());
    }
}
