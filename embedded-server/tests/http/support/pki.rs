//! The certificates of the tests: made once for all of them.

use std::sync::{Arc, LazyLock};

use embedded_server::authentication::{Authorities, FrontProxies, FrontProxyConfig, RemoteHeaders};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::RootCertStore;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// A certificate and its key, or the lack of both.
pub(crate) struct Identity(Option<(CertificateDer<'static>, PrivatePkcs8KeyDer<'static>)>);

/// An administrator: a member of `system:masters`.
pub(crate) static MASTER: LazyLock<Identity> = LazyLock::new(|| OWN.client("admin", "system:masters"));
/// A user whom nobody has allowed anything.
pub(crate) static STRANGER: LazyLock<Identity> = LazyLock::new(|| OWN.client("stranger", "guests"));
/// An administrator by the word of an authority that the server does not trust.
pub(crate) static FOREIGNER: LazyLock<Identity> =
    LazyLock::new(|| Authority::new("foreign").client("admin", "system:masters"));
/// A front proxy.
pub(crate) static PROXY: LazyLock<Identity> = LazyLock::new(|| FRONT.client("aggregator", "none"));
/// Somebody else whom the front proxies' authority knows.
pub(crate) static OTHER_PROXY: LazyLock<Identity> = LazyLock::new(|| FRONT.client("somebody", "none"));
/// Somebody who shows no certificate.
pub(crate) static NOBODY: LazyLock<Identity> = LazyLock::new(|| Identity(None));
/// What the server shows.
pub(super) static SERVING: LazyLock<Identity> = LazyLock::new(serving);

static OWN: LazyLock<Authority> = LazyLock::new(|| Authority::new("own"));
static FRONT: LazyLock<Authority> = LazyLock::new(|| Authority::new("front"));

struct Authority {
    certificate: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap().der().clone();
        Self { certificate, issuer: Issuer::new(params, key) }
    }

    fn client(&self, name: &str, group: &str) -> Identity {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.distinguished_name.push(DnType::OrganizationName, group);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.issue(&params)
    }

    fn issue(&self, params: &CertificateParams) -> Identity {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap().der().clone();
        Identity(Some((certificate, PrivatePkcs8KeyDer::from(key.serialize_der()))))
    }
}

impl Identity {
    /// Returns the certificates to show; none for somebody without.
    pub(crate) fn chain(&self) -> Vec<CertificateDer<'static>> {
        self.0.iter().map(|(certificate, _)| certificate.clone()).collect()
    }

    /// Returns the key, of one who has a certificate.
    pub(crate) fn key(&self) -> PrivateKeyDer<'static> {
        let (_, key) = self.0.as_ref().expect("an identity with a key");
        key.clone_key().into()
    }

    pub(super) fn is_nobody(&self) -> bool {
        self.0.is_none()
    }
}

/// Returns another certificate that a server can show.
pub(crate) fn serving() -> Identity {
    let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    OWN.issue(&params)
}

/// Returns whose word the server takes about clients.
pub(crate) fn trusted() -> Authorities {
    Authorities::new(std::slice::from_ref(&OWN.certificate)).unwrap()
}

/// Returns the front proxies that a cluster has: those that are called `aggregator`.
pub(crate) fn proxies() -> FrontProxies {
    FrontProxies::Known(Arc::new(FrontProxyConfig {
        authorities: Authorities::new(std::slice::from_ref(&FRONT.certificate)).unwrap(),
        allowed_names: vec!["aggregator".to_owned()],
        headers: RemoteHeaders::standard(),
    }))
}

/// Returns whom clients trust.
pub(crate) fn authorities() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add(OWN.certificate.clone()).unwrap();
    roots
}
