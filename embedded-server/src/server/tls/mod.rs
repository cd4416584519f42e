//! TLS: the serving certificate, which can be exchanged while connections last, what is spoken, and what clients may
//! show.

mod certificate;
mod client;
mod policy;

use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use tokio_rustls::TlsAcceptor;

pub(super) use self::certificate::end_of;
pub use self::certificate::{ServingCertificate, ServingPair, TlsError};
use self::client::AnyClient;
pub use self::policy::{PolicyError, TlsPolicy};

/// Returns what turns TCP connections into TLS ones.
pub(super) fn acceptor(certificate: &ServingCertificate, policy: &TlsPolicy) -> TlsAcceptor {
    let provider = Arc::new(policy.provider());
    let config =
        ServerConfig::builder_with_provider(Arc::clone(&provider)).with_protocol_versions(policy.versions());
    // A policy leaves all suites of TLS 1.3, and TLS 1.3 itself.
    #[expect(clippy::expect_used, reason = "fails only for a provider without suites")]
    let config = config.expect("suites for TLS 1.3");
    let verifier = Arc::new(AnyClient { provider });
    let mut config = config.with_client_cert_verifier(verifier).with_cert_resolver(certificate.resolver());
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    TlsAcceptor::from(Arc::new(config))
}

fn provider() -> CryptoProvider {
    rustls::crypto::ring::default_provider()
}
