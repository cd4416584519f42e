//! Certificates of the tests: good ones, and those that only look so.

use std::net::SocketAddr;

use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DnType, DnValue, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, date_time_ymd,
};
use rustls::pki_types::CertificateDer;

use super::super::{Authorities, Peer};

/// Somebody who issues certificates.
pub(super) struct Authority {
    pub(super) certificate: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    pub(super) fn new(name: &str) -> Self {
        Self::until(name, 2040)
    }

    /// An authority that is valid before a year begins.
    pub(super) fn until(name: &str, year: i32) -> Self {
        let params = authority_params(name, year);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap().der().clone();
        Self { certificate, issuer: Issuer::new(params, key) }
    }

    /// An authority by the word of this one.
    pub(super) fn intermediate(&self, name: &str, year: i32) -> Self {
        let params = authority_params(name, year);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap().der().clone();
        Self { certificate, issuer: Issuer::new(params, key) }
    }

    pub(super) fn issues(&self, params: &CertificateParams) -> CertificateDer<'static> {
        params.signed_by(&KeyPair::generate().unwrap(), &self.issuer).unwrap().der().clone()
    }

    /// Issues a certificate for client authentication.
    pub(super) fn client(&self, name: &str) -> Peer {
        peer(vec![self.issues(&client(name))])
    }

    pub(super) fn bundle(authorities: &[&Self]) -> Authorities {
        let certificates: Vec<_> = authorities.iter().map(|one| one.certificate.clone()).collect();
        Authorities::new(&certificates).unwrap()
    }
}

fn authority_params(name: &str, year: i32) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(year, 1, 1);
    params
}

/// What a certificate for client authentication says.
pub(super) fn client(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    if !name.is_empty() {
        params.distinguished_name.push(DnType::CommonName, name);
    }
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params.not_before = date_time_ymd(2021, 1, 1);
    params.not_after = date_time_ymd(2030, 1, 1);
    params
}

/// Adds the attribute in which the uid stands.
pub(super) fn with_uid(mut params: CertificateParams, uid: &str) -> CertificateParams {
    let kind = DnType::CustomDnType(vec![1, 3, 6, 1, 4, 1, 57683, 2]);
    params.distinguished_name.push(kind, DnValue::Utf8String(uid.to_owned()));
    params
}

/// An extension that nobody knows but everybody has to heed.
pub(super) fn with_critical_extension(mut params: CertificateParams) -> CertificateParams {
    let mut extension = CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 99999, 1], vec![5, 0]);
    extension.set_criticality(true);
    params.custom_extensions = vec![extension];
    params
}

/// A certificate that nobody but its owner signed.
pub(super) fn self_signed(name: &str) -> Peer {
    let certificate = client(name).self_signed(&KeyPair::generate().unwrap()).unwrap();
    peer(vec![certificate.der().clone()])
}

pub(super) fn peer(certificates: Vec<CertificateDer<'static>>) -> Peer {
    Peer::new(SocketAddr::from(([192, 0, 2, 1], 1)), certificates)
}
