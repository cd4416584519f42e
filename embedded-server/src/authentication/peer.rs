//! The other end of a connection.

use std::net::SocketAddr;

use rustls::pki_types::CertificateDer;
use sha2::{Digest, Sha256};

/// The address and the certificates of whoever is at the other end of a connection. It has proved to hold the
/// first certificate's key; whether the certificates are to be trusted is for an authenticator to say.
#[derive(Clone, Debug)]
pub struct Peer {
    address: SocketAddr,
    certificates: Vec<CertificateDer<'static>>,
    fingerprint: Option<[u8; 32]>,
}

impl Peer {
    /// Returns the peer that showed `certificates`, its own first.
    pub fn new(address: SocketAddr, certificates: Vec<CertificateDer<'static>>) -> Self {
        let fingerprint = certificates.first().map(|own| Sha256::digest(own).into());
        Self { address, certificates, fingerprint }
    }

    /// Returns the peer's address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the certificates, the peer's own first; none when it showed none.
    pub fn certificates(&self) -> &[CertificateDer<'static>] {
        &self.certificates
    }

    /// Returns the SHA-256 of the peer's own certificate.
    pub fn fingerprint(&self) -> Option<[u8; 32]> {
        self.fingerprint
    }
}
