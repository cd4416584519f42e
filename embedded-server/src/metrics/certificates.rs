//! Certificates, the server's own and those of its clients, and handshakes that fail.

use jiff::{SignedDuration, Timestamp};
use prometheus::{Gauge, Histogram, IntCounter, IntCounterVec};

use super::family::Family;

const HOUR: f64 = 3600.0;
const DAY: f64 = 24.0 * HOUR;
/// Source: `apiserver/pkg/authentication/request/x509/x509.go`.
const REMAINING: &[f64] = &[
    0.0,
    HOUR / 2.0,
    HOUR,
    2.0 * HOUR,
    6.0 * HOUR,
    12.0 * HOUR,
    DAY,
    2.0 * DAY,
    4.0 * DAY,
    7.0 * DAY,
    30.0 * DAY,
    90.0 * DAY,
    180.0 * DAY,
    360.0 * DAY,
];

/// Watches over certificates.
#[derive(Debug)]
pub struct CertificateMetrics {
    client: Histogram,
    serving: Gauge,
    reloads: IntCounterVec,
    handshake_errors: IntCounter,
}

impl CertificateMetrics {
    pub(super) fn new(of: &Family<'_>) -> Self {
        Self {
            client: of.histogram(
                "apiserver_client_certificate_expiration_seconds",
                "How long the certificates that requests come with are still valid, in seconds.",
                REMAINING,
            ),
            serving: of.gauge(
                "embedded_server_serving_certificate_expiration_timestamp_seconds",
                "When the serving certificate expires, in seconds since 1970.",
            ),
            reloads: of.counters(
                "embedded_server_serving_certificate_reloads_total",
                "Exchanges of the serving certificate; one that failed left the old one in place.",
                &["status"],
            ),
            handshake_errors: of.counter(
                "apiserver_tls_handshake_errors_total",
                "Connections that ended before there was TLS.",
            ),
        }
    }

    /// Counts a request that came with a certificate, by the time that is left for it.
    pub fn client(&self, left: SignedDuration) {
        self.client.observe(left.as_secs_f64());
    }

    /// Says until when the serving certificate is valid.
    pub fn serving(&self, not_after: Timestamp) {
        self.serving.set(not_after.as_duration().as_secs_f64());
    }

    /// Counts an exchange of the serving certificate.
    pub fn reloaded(&self, worked: bool) {
        self.reloads.with_label_values(&[if worked { "success" } else { "failure" }]).inc();
    }

    /// Counts a connection that ended before there was TLS.
    pub fn handshake_failed(&self) {
        self.handshake_errors.inc();
    }
}
