//! Several certificates that are trusted together, as in a caBundle.

use std::collections::BTreeSet;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use embedded_server::server::pem;
use jiff::Timestamp;

use super::inspect::{Facts, Unhealthy};
use super::{Fingerprint, PkiError};

/// The length of a line of PEM.
const PEM_LINE: usize = 64;

/// Certificates of authorities, each once, in an order that is kept.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Bundle(Vec<Facts>);

impl Bundle {
    /// Reads all certificates of `pem`.
    ///
    /// # Errors
    ///
    /// There is none, or one of them cannot be read: then it is not known who is trusted.
    pub(crate) fn from_pem(pem: &str) -> Result<Self, PkiError> {
        let read = |der: &_| Facts::from_der(der).ok_or(PkiError::Unreadable);
        let certificates = pem::certificates(pem.as_bytes())?;
        Ok(certificates.iter().map(|der| read(der)).collect::<Result<Vec<_>, _>>()?.into_iter().collect())
    }

    /// Writes all certificates as PEM.
    pub(crate) fn to_pem(&self) -> String {
        self.0.iter().map(|certificate| pem_block(certificate.der())).collect()
    }

    /// Returns the certificates of both, those of `self` first.
    pub(crate) fn merge(&self, other: &Self) -> Self {
        self.0.iter().chain(&other.0).cloned().collect()
    }

    /// Returns the certificates whose fingerprints are in `kept`.
    pub(crate) fn only(&self, kept: &BTreeSet<Fingerprint>) -> Self {
        self.0.iter().filter(|certificate| kept.contains(&certificate.fingerprint())).cloned().collect()
    }

    /// Returns what its certificates are known by.
    pub(crate) fn fingerprints(&self) -> BTreeSet<Fingerprint> {
        self.0.iter().map(Facts::fingerprint).collect()
    }

    /// Returns its certificates, in their order.
    pub(crate) fn certificates(&self) -> impl Iterator<Item = &Facts> {
        self.0.iter()
    }

    /// Returns the certificate that issued `leaf`, if it is here.
    pub(crate) fn issuer_of(&self, leaf: &Facts) -> Option<&Facts> {
        self.0.iter().find(|issuer| leaf.check_chain(issuer).is_ok())
    }

    /// Says whether a client that trusts the bundle accepts `leaf` at `now`.
    pub(crate) fn check(&self, leaf: &Facts, now: Timestamp) -> Result<(), Unhealthy> {
        leaf.check_valid(now)?;
        self.issuer_of(leaf).ok_or(Unhealthy::Chain)?.check_valid(now)
    }
}

impl FromIterator<Facts> for Bundle {
    fn from_iter<I: IntoIterator<Item = Facts>>(certificates: I) -> Self {
        let mut seen = BTreeSet::new();
        Self(certificates.into_iter().filter(|certificate| seen.insert(certificate.fingerprint())).collect())
    }
}

fn pem_block(der: &[u8]) -> String {
    let body = BASE64_STANDARD.encode(der);
    let mut block = String::from("-----BEGIN CERTIFICATE-----\n");
    let mut rest = body.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(PEM_LINE));
        block += line;
        block.push('\n');
        rest = after;
    }
    block + "-----END CERTIFICATE-----\n"
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::pki::{Authority, SERVICE, service_names};

    const DAY: Duration = Duration::from_secs(24 * 60 * 60);

    fn now() -> Timestamp {
        "2026-01-01T00:00:00Z".parse().unwrap()
    }

    fn authority() -> Authority {
        Authority::generate(now(), 30 * DAY).unwrap()
    }

    fn leaf(authority: &Authority, validity: Duration) -> Facts {
        let names = service_names(SERVICE, "workflow-system");
        Facts::from_pem(&authority.issue_serving(now(), validity, SERVICE, &names).unwrap().certificate)
            .unwrap()
    }

    fn bundle(authorities: &[&Authority]) -> Bundle {
        authorities.iter().map(|authority| authority.facts().clone()).collect()
    }

    #[test]
    fn what_was_written_is_read_back_in_its_order() {
        let [one, two] = [authority(), authority()];
        let pem = format!("{}{}", one.certificate(), two.certificate());
        let read = Bundle::from_pem(&pem).unwrap();
        assert_eq!(read, bundle(&[&one, &two]));
        assert_eq!(Bundle::from_pem(&read.to_pem()).unwrap(), read);
    }

    #[test]
    fn nothing_and_damage_are_no_bundle() {
        let damaged = "-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----\n";
        assert!(Bundle::from_pem("").is_err());
        assert!(Bundle::from_pem(&format!("{}{damaged}", authority().certificate())).is_err());
    }

    #[test]
    fn merging_keeps_each_certificate_once() {
        let [one, two, three] = [authority(), authority(), authority()];
        let merged = bundle(&[&one, &two]).merge(&bundle(&[&two, &three]));
        assert_eq!(merged, bundle(&[&one, &two, &three]));
    }

    #[test]
    fn what_is_not_kept_is_dropped() {
        let [one, two] = [authority(), authority()];
        let both = bundle(&[&one, &two]);
        assert_eq!(both.only(&bundle(&[&two]).fingerprints()), bundle(&[&two]));
    }

    #[test]
    fn a_leaf_is_accepted_while_it_and_its_issuer_are_valid() {
        let [one, two] = [authority(), authority()];
        let leaf = leaf(&one, DAY);
        let later = |days: i64| now() + jiff::SignedDuration::from_hours(24 * days);
        assert_eq!(bundle(&[&two, &one]).check(&leaf, now()), Ok(()));
        assert_eq!(bundle(&[&two]).check(&leaf, now()), Err(Unhealthy::Chain));
        assert_eq!(bundle(&[&one]).check(&leaf, later(2)), Err(Unhealthy::Expired));
        assert_eq!(bundle(&[&one]).check(&leaf, later(-1)), Err(Unhealthy::NotYetValid));
    }

    #[test]
    fn a_fingerprint_is_that_of_openssl() {
        let fingerprint = Fingerprint::of(b"abc");
        let hex = "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD";
        assert_eq!(fingerprint.to_string(), hex);
        assert_eq!(format!("{fingerprint:.16}"), hex[..16]);
    }
}
