//! What a server counts and measures, under the names that dashboards and alerts for Kubernetes API servers look for.
//!
//! Knows no HTTP and no resource types: who counts says what. Names without an equivalent there begin with
//! `embedded_server_`.

mod admission;
mod cache;
mod certificates;
mod delegation;
mod family;
mod health;
mod requests;
mod storage;
mod watches;

use std::sync::Arc;

use prometheus::{Encoder, IntCounter, IntGaugeVec, Registry, TextEncoder};

pub use self::admission::{AdmissionMetrics, WebhookLabels};
pub use self::cache::{CacheFacts, CacheMetrics};
pub use self::certificates::CertificateMetrics;
pub use self::delegation::DelegationMetrics;
use self::family::Family;
pub use self::health::HealthMetrics;
pub use self::requests::{Labels, LongRunning, RequestMetrics};
pub use self::storage::StorageMetrics;
pub use self::watches::{Events, WatchMetrics};

/// All metrics of a server; clones share them.
#[derive(Clone, Debug)]
pub struct Metrics(Arc<All>);

#[derive(Debug)]
struct All {
    registry: Registry,
    admission: AdmissionMetrics,
    requests: RequestMetrics,
    watches: WatchMetrics,
    storage: StorageMetrics,
    cache: CacheMetrics,
    certificates: CertificateMetrics,
    health: HealthMetrics,
    delegated_authentication: DelegationMetrics,
    delegated_authorization: DelegationMetrics,
    audit_events: IntCounter,
    authenticated: IntCounter,
    rejected: IntCounter,
    build: IntGaugeVec,
}

/// The labels of `kubernetes_build_info`.
const BUILD: &[&str] = &[
    "major",
    "minor",
    "git_version",
    "git_commit",
    "git_tree_state",
    "build_date",
    "go_version",
    "compiler",
    "platform",
];

impl Default for Metrics {
    fn default() -> Self {
        let registry = Registry::new();
        let of = Family(&registry);
        of.process();
        let authentications = of.counters(
            "authentication_attempts",
            "Requests by what came of asking who makes them.",
            &["result"],
        );
        Self(Arc::new(All {
            admission: AdmissionMetrics::new(&of),
            requests: RequestMetrics::new(&of),
            watches: WatchMetrics::new(&of),
            storage: StorageMetrics::new(&of),
            cache: CacheMetrics::new(&of),
            health: HealthMetrics::default(),
            delegated_authentication: DelegationMetrics::authentication(&of),
            delegated_authorization: DelegationMetrics::authorization(&of),
            certificates: CertificateMetrics::new(&of),
            audit_events: of.counter("apiserver_audit_event_total", "Audit events that were written."),
            authenticated: authentications.with_label_values(&["success"]),
            rejected: authentications.with_label_values(&["error"]),
            build: of.gauges("kubernetes_build_info", "What the server was built from; always 1.", BUILD),
            registry,
        }))
    }
}

impl Metrics {
    /// Returns those of admission.
    pub fn admission(&self) -> &AdmissionMetrics {
        &self.0.admission
    }

    /// Returns those of requests.
    pub fn requests(&self) -> &RequestMetrics {
        &self.0.requests
    }

    /// Returns those of watches.
    pub fn watches(&self) -> &WatchMetrics {
        &self.0.watches
    }

    /// Returns those of the store and of what is in it.
    pub fn storage(&self) -> &StorageMetrics {
        &self.0.storage
    }

    /// Returns those of the watch caches.
    pub fn cache(&self) -> &CacheMetrics {
        &self.0.cache
    }

    /// Returns those of health.
    pub fn health(&self) -> &HealthMetrics {
        &self.0.health
    }

    /// Returns those of reviews that say whose a token is.
    pub fn delegated_authentication(&self) -> &DelegationMetrics {
        &self.0.delegated_authentication
    }

    /// Returns those of reviews that say who may do what.
    pub fn delegated_authorization(&self) -> &DelegationMetrics {
        &self.0.delegated_authorization
    }

    /// Returns those of certificates and handshakes.
    pub fn certificates(&self) -> &CertificateMetrics {
        &self.0.certificates
    }

    /// Counts an audit event.
    pub fn audit_event(&self) {
        self.0.audit_events.inc();
    }

    /// Counts a request whose maker was, or was not, found out.
    pub fn authentication(&self, known: bool) {
        if known { self.0.authenticated.inc() } else { self.0.rejected.inc() }
    }

    /// Says what the server was built from, in the order of `major`, `minor`, `git_version`, `git_commit`,
    /// `git_tree_state`, `build_date`, `go_version`, `compiler` and `platform`.
    pub fn build(&self, facts: [&str; 9]) {
        self.0.build.reset();
        self.0.build.with_label_values(&facts).set(1);
    }

    /// Returns the present values in the text format of Prometheus, and its media type.
    pub fn render(&self) -> (Vec<u8>, &'static str) {
        written(&self.0.registry)
    }

    /// Returns those of health in the same way; they are not among the others.
    pub fn render_health(&self) -> (Vec<u8>, &'static str) {
        written(&self.0.health.registry)
    }

    /// Forgets what was counted of requests and watches.
    pub fn reset(&self) {
        self.0.requests.reset();
        self.0.watches.reset();
    }

    /// Forgets what was counted of health.
    pub fn reset_health(&self) {
        self.0.health.reset();
    }
}

fn written(registry: &Registry) -> (Vec<u8>, &'static str) {
    let mut text = Vec::new();
    // Writing to memory works, and the registry leaves out families without a value.
    if let Err(error) = TextEncoder::new().encode(&registry.gather(), &mut text) {
        tracing::error!(%error, "cannot write the metrics down");
    }
    (text, "text/plain; version=0.0.4; charset=utf-8")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_counted_is_told_in_text() {
        let metrics = Metrics::default();
        metrics.audit_event();
        metrics.build(["1", "36", "v1.36.0", "", "", "", "", "rustc", "linux/amd64"]);
        let (text, media_type) = metrics.render();
        let text = String::from_utf8(text).unwrap();
        assert_eq!(media_type, "text/plain; version=0.0.4; charset=utf-8");
        assert!(text.contains("# TYPE apiserver_audit_event_total counter\napiserver_audit_event_total 1\n"));
        assert!(text.contains("git_version=\"v1.36.0\""), "{text}");
        assert!(text.contains("\nprocess_resident_memory_bytes "), "{text}");
        assert!(text.contains("\nprocess_open_fds "), "{text}");
    }
}
