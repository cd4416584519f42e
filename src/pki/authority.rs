//! A certificate authority: ECDSA P-256, a name of its own, random serials, key identifiers.

use std::time::Duration;

use embedded_server::server::pem;
use jiff::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, SanType, SerialNumber,
};
use time::OffsetDateTime;

use super::inspect::Facts;
use super::leaf::{Leaf, Usage};
use super::{PkiError, PrivateKey, San};

/// How far NotBefore lies in the past, so that a verifier whose clock is behind accepts a new certificate.
pub(crate) const BACKDATE: Duration = Duration::from_secs(5 * 60);

/// A certificate authority that can issue.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Authority {
    certificate: String,
    key: PrivateKey,
    facts: Facts,
}

impl Authority {
    /// Makes an authority with a new key and a name that no other has, valid for `validity` from `now`.
    pub(crate) fn generate(now: Timestamp, validity: Duration) -> Result<Self, PkiError> {
        let pair = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let mut params = parameters(now, later(now, validity)?)?;
        let name = format!("wfctl-ca-{}", &hex(&random()?)[..16]);
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.key_usages.push(KeyUsagePurpose::DigitalSignature);
        let certificate = params.self_signed(&pair)?.pem();
        Self::from_pem(certificate, PrivateKey::from(&pair))
    }

    /// Loads an authority that was made earlier.
    ///
    /// # Errors
    ///
    /// `certificate` cannot be read or is not an authority's, or `key` is not its key. Its validity is not
    /// looked at: what has expired must still be readable to be replaced.
    pub(crate) fn from_pem(certificate: String, key: PrivateKey) -> Result<Self, PkiError> {
        let facts = Facts::from_pem(&certificate)?;
        if !facts.is_authority {
            return Err(PkiError::NotAnAuthority);
        }
        facts.check_key(&key)?;
        Ok(Self { certificate, key, facts })
    }

    /// Issues a certificate for a server that is reached by `sans`; its life ends with the authority's at the
    /// latest.
    pub(crate) fn issue_serving(
        &self,
        now: Timestamp,
        validity: Duration,
        common_name: &str,
        sans: &[San],
    ) -> Result<Leaf, PkiError> {
        let mut params = self.leaf_parameters(now, validity, common_name, Usage::Server)?;
        params.subject_alt_names = sans.iter().map(alternative_name).collect::<Result<_, _>>()?;
        self.sign(&params)
    }

    /// Issues a certificate for the user `common_name` in the group `organization`; its life ends with the
    /// authority's at the latest.
    ///
    /// One group, because the library underneath holds one attribute of a kind in a name.
    pub(crate) fn issue_client(
        &self,
        now: Timestamp,
        validity: Duration,
        common_name: &str,
        organization: &str,
    ) -> Result<Leaf, PkiError> {
        let mut params = self.leaf_parameters(now, validity, common_name, Usage::Client)?;
        params.distinguished_name.push(DnType::OrganizationName, organization);
        self.sign(&params)
    }

    /// Returns the authority's certificate as PEM: what others trust.
    pub(crate) fn certificate(&self) -> &str {
        &self.certificate
    }

    /// Returns the authority's key.
    pub(crate) fn key(&self) -> &PrivateKey {
        &self.key
    }

    /// Returns what the authority's certificate says.
    pub(crate) fn facts(&self) -> &Facts {
        &self.facts
    }

    fn leaf_parameters(
        &self,
        now: Timestamp,
        validity: Duration,
        common_name: &str,
        usage: Usage,
    ) -> Result<CertificateParams, PkiError> {
        let mut params = parameters(now, later(now, validity)?.min(self.facts.not_after))?;
        params.distinguished_name.push(DnType::CommonName, common_name);
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![match usage {
            Usage::Server => ExtendedKeyUsagePurpose::ServerAuth,
            Usage::Client => ExtendedKeyUsagePurpose::ClientAuth,
        }];
        Ok(params)
    }

    fn sign(&self, params: &CertificateParams) -> Result<Leaf, PkiError> {
        let own = pem::certificates(self.certificate.as_bytes())?;
        let own = own.first().ok_or(PkiError::Unreadable)?;
        let issuer = Issuer::from_ca_cert_der(own, self.key.pair()?)?;
        let pair = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let certificate = params.signed_by(&pair, &issuer)?.pem();
        Ok(Leaf { certificate, key: PrivateKey::from(&pair) })
    }
}

fn parameters(now: Timestamp, not_after: Timestamp) -> Result<CertificateParams, PkiError> {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.not_before = moment(now.checked_sub(BACKDATE).map_err(|_| PkiError::Validity)?)?;
    params.not_after = moment(not_after)?;
    params.serial_number = Some(SerialNumber::from_slice(&random()?));
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

fn alternative_name(san: &San) -> Result<SanType, PkiError> {
    match san {
        San::Dns(name) => Ok(SanType::DnsName(name.as_str().try_into()?)),
        San::Ip(ip) => Ok(SanType::IpAddress(*ip)),
    }
}

fn later(now: Timestamp, validity: Duration) -> Result<Timestamp, PkiError> {
    now.checked_add(validity).map_err(|_| PkiError::Validity)
}

/// A certificate holds whole seconds.
fn moment(timestamp: Timestamp) -> Result<OffsetDateTime, PkiError> {
    OffsetDateTime::from_unix_timestamp(timestamp.as_second()).map_err(|_| PkiError::Validity)
}

fn random() -> Result<[u8; 16], PkiError> {
    let mut bytes = [0; 16];
    let provider = rustls::crypto::ring::default_provider();
    provider.secure_random.fill(&mut bytes).map_err(|_| PkiError::Random)?;
    Ok(bytes)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
