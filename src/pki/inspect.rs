//! What a certificate says, and whether it is still good: pure decisions on bytes and a moment.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use embedded_server::server::pem;
use jiff::{SignedDuration, Timestamp};
use rcgen::PublicKeyData;
use thiserror::Error;
use x509_parser::prelude::{ASN1Time, FromDer, GeneralName, X509Certificate};

use super::leaf::Usage;
use super::{Fingerprint, PkiError, PrivateKey, San};

/// What a certificate says, as far as wfctl acts on it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Facts {
    /// The first moment of validity.
    pub(crate) not_before: Timestamp,
    /// The last moment of validity.
    pub(crate) not_after: Timestamp,
    /// The names that it is good for.
    pub(crate) sans: BTreeSet<San>,
    /// Whether it may issue others.
    pub(crate) is_authority: bool,
    /// What a leaf may be used for.
    pub(crate) usages: Vec<Usage>,
    der: Vec<u8>,
}

/// Why a certificate should be replaced.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub(crate) enum Unhealthy {
    /// Its life has not begun: the clock went back.
    #[error("it is not valid yet")]
    NotYetValid,
    /// Its life is over.
    #[error("it has expired")]
    Expired,
    /// Less than a third of its life is left.
    #[error("less than a third of its life is left")]
    Aged,
    /// It cannot be read.
    #[error("it cannot be read")]
    Unreadable,
    /// The authority did not issue it.
    #[error("it was issued by another authority")]
    Chain,
    /// It is missing a name.
    #[error("it is not good for every name that is needed")]
    Names,
    /// It is for another use.
    #[error("it is for another use")]
    Usage,
}

impl Facts {
    /// Reads the first certificate of `pem`.
    pub(crate) fn from_pem(pem: &str) -> Result<Self, PkiError> {
        let certificates = pem::certificates(pem.as_bytes())?;
        let der = certificates.first().ok_or(PkiError::Unreadable)?;
        Self::from_der(der).ok_or(PkiError::Unreadable)
    }

    /// Says whether the certificate's life has begun and at least a third of it is left.
    pub(crate) fn check_life(&self, now: Timestamp) -> Result<(), Unhealthy> {
        if now < self.not_before {
            return Err(Unhealthy::NotYetValid);
        }
        let life = self.not_after.duration_since(self.not_before);
        let left = self.not_after.duration_since(now);
        if left < life / 3 || left <= SignedDuration::ZERO { Err(Unhealthy::Aged) } else { Ok(()) }
    }

    /// Says whether the certificate is valid at `now`.
    pub(crate) fn check_valid(&self, now: Timestamp) -> Result<(), Unhealthy> {
        if now < self.not_before {
            return Err(Unhealthy::NotYetValid);
        }
        if now > self.not_after { Err(Unhealthy::Expired) } else { Ok(()) }
    }

    /// Says whether `key` is the certificate's key.
    pub(crate) fn check_key(&self, key: &PrivateKey) -> Result<(), PkiError> {
        let ours = key.pair()?.subject_public_key_info();
        let theirs = parse(&self.der).ok_or(PkiError::Unreadable)?.public_key().raw.to_vec();
        if ours == theirs { Ok(()) } else { Err(PkiError::KeyMismatch) }
    }

    /// Says whether `issuer` signed the certificate.
    pub(crate) fn check_chain(&self, issuer: &Self) -> Result<(), Unhealthy> {
        let leaf = parse(&self.der).ok_or(Unhealthy::Unreadable)?;
        let issuer = parse(&issuer.der).ok_or(Unhealthy::Unreadable)?;
        if leaf.issuer().as_raw() != issuer.subject().as_raw() {
            return Err(Unhealthy::Chain);
        }
        leaf.verify_signature(Some(issuer.public_key())).map_err(|_| Unhealthy::Chain)
    }

    /// Says whether the certificate is for `usage` alone.
    pub(crate) fn check_usage(&self, usage: Usage) -> Result<(), Unhealthy> {
        if self.usages == [usage] { Ok(()) } else { Err(Unhealthy::Usage) }
    }

    /// Says whether the certificate is good for all of `names`.
    pub(crate) fn check_names(&self, names: &[San]) -> Result<(), Unhealthy> {
        let covered = names.iter().all(|name| self.sans.contains(name));
        if covered { Ok(()) } else { Err(Unhealthy::Names) }
    }

    /// Returns what the certificate is known by.
    pub(crate) fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.der)
    }

    /// Returns the certificate itself.
    pub(crate) fn der(&self) -> &[u8] {
        &self.der
    }

    /// Reads one certificate.
    pub(crate) fn from_der(der: &[u8]) -> Option<Self> {
        let certificate = parse(der)?;
        Some(Self {
            not_before: timestamp(certificate.validity().not_before)?,
            not_after: timestamp(certificate.validity().not_after)?,
            sans: names(&certificate)?,
            is_authority: certificate.is_ca(),
            usages: usages(&certificate)?,
            der: der.to_vec(),
        })
    }
}

fn parse(der: &[u8]) -> Option<X509Certificate<'_>> {
    X509Certificate::from_der(der).ok().map(|(_, certificate)| certificate)
}

fn timestamp(time: ASN1Time) -> Option<Timestamp> {
    Timestamp::from_second(time.timestamp()).ok()
}

fn names(certificate: &X509Certificate<'_>) -> Option<BTreeSet<San>> {
    let extension = certificate.subject_alternative_name().ok()?;
    let names = extension.map(|extension| &extension.value.general_names).into_iter().flatten();
    Some(names.filter_map(name).collect())
}

fn name(name: &GeneralName<'_>) -> Option<San> {
    match name {
        GeneralName::DNSName(name) => Some(San::Dns((*name).to_owned())),
        GeneralName::IPAddress(octets) => address(octets).map(San::Ip),
        _ => None,
    }
}

fn address(octets: &[u8]) -> Option<IpAddr> {
    let v4 = <[u8; 4]>::try_from(octets).ok().map(|octets| IpAddr::V4(Ipv4Addr::from(octets)));
    v4.or_else(|| <[u8; 16]>::try_from(octets).ok().map(|octets| IpAddr::V6(Ipv6Addr::from(octets))))
}

fn usages(certificate: &X509Certificate<'_>) -> Option<Vec<Usage>> {
    let Some(extension) = certificate.extended_key_usage().ok()? else {
        return Some(Vec::new());
    };
    let server = extension.value.server_auth.then_some(Usage::Server);
    let client = extension.value.client_auth.then_some(Usage::Client);
    Some(server.into_iter().chain(client).collect())
}
