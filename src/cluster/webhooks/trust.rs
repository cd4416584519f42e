//! Whom webhooks are believed: those that an authority of their configuration vouches for, and the authority itself.

use std::sync::Arc;

use embedded_server::server::pem;
use jiff::Timestamp;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

use crate::pki::Usage;
use crate::pki::inspect::Facts;

/// Verifies as kube-apiserver does.
///
/// The certificates that are trusted may be shown themselves: a usual webhook of few means has one that it signed
/// itself, which `openssl req -x509` marks as an authority. The verifier underneath takes authorities for nobody.
#[derive(Debug)]
pub(super) struct Trust {
    verifier: Arc<WebPkiServerVerifier>,
    trusted: Vec<CertificateDer<'static>>,
}

impl Trust {
    /// Trusts `authorities` in PEM; those of the machine where there are none.
    pub(super) fn new(authorities: &[u8], provider: Arc<CryptoProvider>) -> anyhow::Result<Self> {
        let (trusted, roots) = match authorities {
            [] => (Vec::new(), roots_of_the_machine()),
            authorities => (pem::certificates(authorities)?, pem::roots(authorities)?),
        };
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider);
        Ok(Self { verifier: verifier.build()?, trusted })
    }

    /// Says whether a certificate that is trusted as it stands is good for `name`.
    fn check_itself(
        &self,
        certificate: &CertificateDer<'_>,
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<(), Error> {
        let facts = Facts::from_der(certificate).ok_or(CertificateError::BadEncoding)?;
        let seconds = i64::try_from(now.as_secs()).ok();
        let now = seconds.and_then(|seconds| Timestamp::from_second(seconds).ok()).unwrap_or(Timestamp::MAX);
        facts.check_valid(now).map_err(|_| CertificateError::Expired)?;
        if !facts.usages.is_empty() && !facts.usages.contains(&Usage::Server) {
            return Err(CertificateError::InvalidPurpose.into());
        }
        verify_server_name(&ParsedCertificate::try_from(certificate)?, name)
    }
}

fn roots_of_the_machine() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots
}

impl ServerCertVerifier for Trust {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verified = self.verifier.verify_server_cert(certificate, intermediates, name, ocsp, now);
        if verified.is_ok() || !self.trusted.contains(certificate) {
            return verified;
        }
        self.check_itself(certificate, name, now).map(|()| ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, KeyPair, date_time_ymd};

    use super::*;

    /// 2026-01-01.
    const NOW: u64 = 1_767_225_600;

    /// A certificate that may issue others, and that its owner signed.
    fn own(change: impl FnOnce(&mut CertificateParams)) -> rcgen::Certificate {
        let mut params = CertificateParams::new(vec!["hook.ns.svc".to_owned()]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        change(&mut params);
        params.self_signed(&KeyPair::generate().unwrap()).unwrap()
    }

    fn verify(trusted: &rcgen::Certificate, shown: &rcgen::Certificate, name: &str) -> Result<(), String> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let trust = Trust::new(trusted.pem().as_bytes(), provider).unwrap();
        let now = UnixTime::since_unix_epoch(Duration::from_secs(NOW));
        let name = ServerName::try_from(name).unwrap();
        let verified = trust.verify_server_cert(shown.der(), &[], &name, &[], now);
        verified.map(drop).map_err(|error| error.to_string())
    }

    #[test]
    fn a_certificate_that_is_trusted_itself_is_good_for_its_names() {
        let hook = own(|_| ());
        assert_eq!(verify(&hook, &hook, "hook.ns.svc"), Ok(()));
        assert!(verify(&hook, &hook, "other.ns.svc").unwrap_err().contains("other.ns.svc"));
    }

    #[test]
    fn nobody_else_signs_for_himself() {
        let stranger = own(|_| ());
        assert!(verify(&own(|_| ()), &stranger, "hook.ns.svc").is_err());
    }

    #[test]
    fn trust_ends_with_the_certificate_and_with_what_it_is_for() {
        let over = own(|params| params.not_after = date_time_ymd(2025, 1, 1));
        assert!(verify(&over, &over, "hook.ns.svc").is_err());
        let to_come = own(|params| params.not_before = date_time_ymd(2027, 1, 1));
        assert!(verify(&to_come, &to_come, "hook.ns.svc").is_err());
        let client = own(|params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth]);
        assert!(verify(&client, &client, "hook.ns.svc").is_err());
    }
}
