//! What kube-apiserver expects of a replica, and whether a certificate meets it: pure.

use std::sync::Arc;

use jiff::Timestamp;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, RootCertStore};
use thiserror::Error;

use crate::pki::SERVICE;
use crate::pki::bundle::Bundle;
use crate::pki::inspect::Facts;

/// What a server is checked against.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expectation<'a> {
    /// Who is trusted.
    pub(crate) trust: &'a Bundle,
    /// The name that it is asked for by.
    pub(crate) host: &'a str,
    /// The moment at which it has to be valid.
    pub(crate) now: Timestamp,
}

/// Why a certificate does not meet an expectation.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub(crate) enum Rejected {
    /// There is none, or it cannot be read.
    #[error("it shows no certificate that can be read")]
    Unreadable,
    /// Nobody who is trusted issued it.
    #[error("no authority in the caBundle issued it")]
    Issuer,
    /// Somebody who is trusted issued it, but is not valid.
    #[error("the authority in the caBundle that issued it is not valid now")]
    IssuerNotValid,
    /// Its life is over.
    #[error("it has expired")]
    Expired,
    /// Its life has not begun.
    #[error("it is not valid yet")]
    NotYetValid,
    /// It is good for other names.
    #[error("it is not good for the name {0}")]
    Name(String),
    /// Something else; the text of the verifier.
    #[error("it does not verify: {0}")]
    Other(String),
}

/// Returns the name by which kube-apiserver asks for the server in `namespace`.
pub(crate) fn host(namespace: &str) -> String {
    format!("{SERVICE}.{namespace}.svc")
}

impl Expectation<'_> {
    /// Says whether kube-apiserver accepts a server that shows `chain`, the leaf first.
    ///
    /// Unlike the verifier underneath, and like kube-apiserver, it asks of the authority too that it be valid.
    pub(crate) fn check(&self, chain: &[CertificateDer<'_>]) -> Result<(), Rejected> {
        let (leaf, others) = chain.split_first().ok_or(Rejected::Unreadable)?;
        let facts = Facts::from_der(leaf).ok_or(Rejected::Unreadable)?;
        let name = ServerName::try_from(self.host).map_err(|_| self.rejected_name())?;
        let verified = self.verifier().ok_or(Rejected::Issuer).and_then(|verifier| {
            let verified = verifier.verify_server_cert(leaf, others, &name, &[], self.moment());
            verified.map(drop).map_err(|error| self.rejected(error))
        });
        match verified {
            Err(Rejected::Issuer) if self.trust.issuer_of(&facts).is_some() => Err(Rejected::IssuerNotValid),
            verified => verified,
        }
    }

    /// There is none where nobody is trusted.
    fn verifier(&self) -> Option<Arc<WebPkiServerVerifier>> {
        let valid = self.trust.certificates().filter(|authority| authority.check_valid(self.now).is_ok());
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(valid.map(|authority| CertificateDer::from_slice(authority.der())));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build().ok()
    }

    fn moment(&self) -> UnixTime {
        let seconds = u64::try_from(self.now.as_second()).unwrap_or(0);
        UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds))
    }

    fn rejected(&self, error: rustls::Error) -> Rejected {
        use CertificateError::*;
        match error {
            rustls::Error::InvalidCertificate(UnknownIssuer) => Rejected::Issuer,
            rustls::Error::InvalidCertificate(Expired | ExpiredContext { .. }) => Rejected::Expired,
            rustls::Error::InvalidCertificate(NotValidYet | NotValidYetContext { .. }) => {
                Rejected::NotYetValid
            }
            rustls::Error::InvalidCertificate(NotValidForName | NotValidForNameContext { .. }) => {
                self.rejected_name()
            }
            rustls::Error::InvalidCertificate(BadEncoding) => Rejected::Unreadable,
            other => Rejected::Other(other.to_string()),
        }
    }

    fn rejected_name(&self) -> Rejected {
        Rejected::Name(self.host.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use embedded_server::server::pem;
    use jiff::SignedDuration;

    use super::*;
    use crate::pki::{Authority, Leaf, San};

    const DAY: Duration = Duration::from_secs(24 * 60 * 60);
    const HOST: &str = "workflow-apiserver.workflow-system.svc";

    fn now() -> Timestamp {
        "2026-01-01T00:00:00Z".parse().unwrap()
    }

    fn authority() -> Authority {
        Authority::generate(now(), 30 * DAY).unwrap()
    }

    fn issued(authority: &Authority, name: &str) -> Leaf {
        authority.issue_serving(now(), DAY, SERVICE, &[San::from(name)]).unwrap()
    }

    fn check(trusted: &[&Authority], leaf: &Leaf, days: i64) -> Result<(), Rejected> {
        let trust: Bundle = trusted.iter().map(|authority| authority.facts().clone()).collect();
        let now = now() + SignedDuration::from_hours(24 * days) - SignedDuration::from_secs(1);
        let chain = pem::certificates(leaf.certificate.as_bytes()).unwrap();
        Expectation { trust: &trust, host: HOST, now }.check(&chain)
    }

    #[test]
    fn a_leaf_of_somebody_trusted_for_the_right_name_is_accepted() {
        let [one, two] = [authority(), authority()];
        assert_eq!(check(&[&one, &two], &issued(&two, HOST), 1), Ok(()));
    }

    #[test]
    fn a_leaf_of_a_stranger_is_rejected_and_so_is_any_where_nobody_is_trusted() {
        let [one, two] = [authority(), authority()];
        assert_eq!(check(&[&one], &issued(&two, HOST), 1), Err(Rejected::Issuer));
        assert_eq!(check(&[], &issued(&two, HOST), 1), Err(Rejected::Issuer));
    }

    #[test]
    fn a_leaf_is_rejected_before_and_after_its_life() {
        let one = authority();
        assert_eq!(check(&[&one], &issued(&one, HOST), -1), Err(Rejected::IssuerNotValid));
        assert_eq!(check(&[&one], &issued(&one, HOST), 2), Err(Rejected::Expired));
    }

    #[test]
    fn a_leaf_whose_authority_has_expired_is_rejected() {
        let short = Authority::generate(now(), DAY).unwrap();
        assert_eq!(check(&[&short], &issued(&short, HOST), 2), Err(Rejected::IssuerNotValid));
    }

    #[test]
    fn a_leaf_for_another_name_is_rejected_with_the_name_that_was_wanted() {
        let one = authority();
        let other = issued(&one, "workflow-apiserver.elsewhere.svc");
        assert_eq!(check(&[&one], &other, 1), Err(Rejected::Name(HOST.to_owned())));
    }

    #[test]
    fn a_client_certificate_serves_nobody() {
        let one = authority();
        let client = one.issue_client(now(), DAY, SERVICE, "group").unwrap();
        assert!(matches!(check(&[&one], &client, 1), Err(Rejected::Other(_) | Rejected::Name(_))));
    }

    #[test]
    fn nothing_is_no_certificate() {
        let trust = Bundle::default();
        let expectation = Expectation { trust: &trust, host: HOST, now: now() };
        assert_eq!(expectation.check(&[]), Err(Rejected::Unreadable));
    }
}
