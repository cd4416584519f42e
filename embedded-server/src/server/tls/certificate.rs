//! The serving certificate as new connections get to see it. Who exchanges it, and where from, is for others to know.

use std::sync::Arc;

use jiff::Timestamp;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio::sync::watch;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::server::pem::{self, PemError};

/// Why a certificate cannot be served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// Certificate and key do not belong together, or the key is of no known kind.
    #[error("the serving certificate cannot be used: {0}")]
    Unusable(#[from] rustls::Error),
    /// The certificate is not PEM, or holds no certificate.
    #[error("the serving certificate cannot be read: {0}")]
    Certificate(#[source] PemError),
    /// The key is not PEM, or holds no key.
    #[error("the serving key cannot be read: {0}")]
    Key(#[source] PemError),
    /// What is in the PEM block is no certificate.
    #[error("the serving certificate cannot be understood: {0}")]
    Malformed(String),
    /// Nobody would believe the certificate any more.
    #[error("the serving certificate expired at {0}")]
    Expired(Timestamp),
}

/// A certificate, with those up to its authority, and its key.
#[derive(Clone, Debug)]
pub struct ServingPair {
    certified: Arc<CertifiedKey>,
    not_after: Timestamp,
}

impl ServingPair {
    /// Returns the pair of a certificate, the leaf first, and its key.
    ///
    /// # Errors
    /// When the two do not belong together.
    pub fn new(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Result<Self, TlsError> {
        let not_after = chain.first().map_or(Ok(Timestamp::MIN), |leaf| end_of(leaf))?;
        let certified = Arc::new(CertifiedKey::from_der(chain, key, &super::provider())?);
        Ok(Self { certified, not_after })
    }

    /// Returns the pair that stands in PEM, the leaf first.
    ///
    /// # Errors
    /// When one of the two cannot be read, or they do not belong together.
    pub fn from_pem(certificate: &[u8], key: &[u8]) -> Result<Self, TlsError> {
        let chain = pem::certificates(certificate).map_err(TlsError::Certificate)?;
        Self::new(chain, pem::private_key(key).map_err(TlsError::Key)?)
    }

    /// Returns the last moment at which the certificate is valid.
    pub fn not_after(&self) -> Timestamp {
        self.not_after
    }

    /// Checks that the certificate is not over at `now`.
    ///
    /// # Errors
    /// When it is.
    pub fn check_current(&self, now: Timestamp) -> Result<(), TlsError> {
        if now > self.not_after { Err(TlsError::Expired(self.not_after)) } else { Ok(()) }
    }
}

/// Returns the last moment at which a certificate is valid.
pub(in crate::server) fn end_of(leaf: &CertificateDer<'_>) -> Result<Timestamp, TlsError> {
    let (_, parsed) =
        X509Certificate::from_der(leaf).map_err(|error| TlsError::Malformed(error.to_string()))?;
    let end = Timestamp::from_second(parsed.validity().not_after.timestamp());
    Ok(end.unwrap_or(Timestamp::MAX))
}

/// What new connections get to see: at each moment the newest pair.
#[derive(Clone, Debug)]
pub struct ServingCertificate(watch::Receiver<Arc<ServingPair>>);

impl ServingCertificate {
    /// Serves one certificate, the leaf first, with its key, for ever.
    ///
    /// # Errors
    /// When the two do not belong together.
    pub fn new(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Result<Self, TlsError> {
        Ok(Self::fixed(ServingPair::new(chain, key)?))
    }

    /// Serves one pair for ever.
    pub fn fixed(pair: ServingPair) -> Self {
        Self(watch::channel(Arc::new(pair)).1)
    }

    /// Serves whatever pair was sent last.
    pub fn following(pairs: watch::Receiver<Arc<ServingPair>>) -> Self {
        Self(pairs)
    }

    /// Returns the pair that new connections get to see now.
    pub fn current(&self) -> Arc<ServingPair> {
        Arc::clone(&self.0.borrow())
    }

    /// Waits until another pair is served; for ever where none will be.
    pub(in crate::server) async fn changed(&mut self) {
        if self.0.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    pub(super) fn resolver(&self) -> Arc<dyn ResolvesServerCert> {
        Arc::new(Resolver(self.clone()))
    }
}

/// Gives every new connection the certificate of that moment.
#[derive(Debug)]
struct Resolver(ServingCertificate);

impl ResolvesServerCert for Resolver {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.current().certified))
    }
}
