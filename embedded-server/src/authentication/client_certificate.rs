//! Users that show a certificate: the common name is the user, the organizations are the groups.
//!
//! Source: `apiserver/pkg/authentication/request/x509/x509.go`.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use parking_lot::Mutex;
use rustls::RootCertStore;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::x509::X509Name;

use super::{Authenticator, Credentials, Peer, Rejected};
use crate::clock::Clock;
use crate::meta::UserInfo;

/// How many certificates are remembered as verified.
const REMEMBERED: usize = 4096;
const CREDENTIAL_ID: &str = "authentication.kubernetes.io/credential-id";

/// Believes certificates for client authentication that chain up to an authority.
#[derive(Debug)]
pub struct ClientCertificate {
    verifier: Arc<dyn ClientCertVerifier>,
    clock: Arc<dyn Clock>,
    verified: Mutex<HashMap<[u8; 32], Verified>>,
}

/// A certificate that was found good once, so that the next request need not verify it again.
#[derive(Clone, Debug)]
struct Verified {
    user: Arc<UserInfo>,
    not_after: Timestamp,
}

impl ClientCertificate {
    /// Returns the authenticator that trusts `authorities`.
    ///
    /// # Errors
    /// When there is no authority that can be used.
    pub fn new(authorities: RootCertStore, clock: Arc<dyn Clock>) -> Result<Self, Rejected> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(authorities), provider)
            .build()
            .map_err(|error| Rejected(error.to_string()))?;
        Ok(Self { verifier, clock, verified: Mutex::default() })
    }

    fn remembered(&self, fingerprint: &[u8; 32], now: Timestamp) -> Option<Arc<UserInfo>> {
        let verified = self.verified.lock();
        verified.get(fingerprint).filter(|known| now <= known.not_after).map(|known| Arc::clone(&known.user))
    }

    fn remember(&self, fingerprint: [u8; 32], verified: Verified) {
        let mut all = self.verified.lock();
        if all.len() >= REMEMBERED {
            all.clear();
        }
        all.insert(fingerprint, verified);
    }

    fn verify(&self, peer: &Peer, now: Timestamp) -> Result<Verified, Rejected> {
        let (own, chain) = peer.certificates().split_first().ok_or_else(|| Rejected("none".to_owned()))?;
        let since_epoch = Duration::from_secs(u64::try_from(now.as_second()).unwrap_or_default());
        self.verifier
            .verify_client_cert(own, chain, UnixTime::since_unix_epoch(since_epoch))
            .map_err(|error| Rejected(format!("verifying certificate failed: {error}")))?;
        let fingerprint = peer.fingerprint().unwrap_or_default();
        read(own, &fingerprint).map_err(|why| Rejected(format!("reading certificate failed: {why}")))
    }
}

#[async_trait]
impl Authenticator for ClientCertificate {
    async fn authenticate(&self, credentials: Credentials<'_>) -> Result<Option<Arc<UserInfo>>, Rejected> {
        let Some(fingerprint) = credentials.peer.fingerprint() else { return Ok(None) };
        let now = self.clock.now();
        if let Some(user) = self.remembered(&fingerprint, now) {
            return Ok(Some(user));
        }
        let verified = self.verify(credentials.peer, now)?;
        let user = Arc::clone(&verified.user);
        self.remember(fingerprint, verified);
        Ok(Some(user))
    }
}

fn read(certificate: &CertificateDer<'_>, fingerprint: &[u8; 32]) -> Result<Verified, String> {
    let (_, parsed) = X509Certificate::from_der(certificate).map_err(|error| error.to_string())?;
    let subject = parsed.subject();
    let name = subject.iter_common_name().last().and_then(|name| name.as_str().ok());
    let name = name.ok_or("its subject has no common name")?;
    let hex: String = fingerprint.iter().map(|byte| format!("{byte:02x}")).collect();
    let user = UserInfo {
        name: name.to_owned(),
        groups: organizations(subject),
        extra: BTreeMap::from([(CREDENTIAL_ID.to_owned(), vec![format!("X509SHA256={hex}")])]),
        ..UserInfo::default()
    };
    let not_after = Timestamp::from_second(parsed.validity().not_after.timestamp());
    Ok(Verified { user: Arc::new(user), not_after: not_after.map_err(|error| error.to_string())? })
}

/// The groups of a subject, and the one of all authenticated users.
fn organizations(subject: &X509Name<'_>) -> Vec<String> {
    let named = subject.iter_organization().filter_map(|name| name.as_str().ok()).map(str::to_owned);
    named.chain([UserInfo::AUTHENTICATED.to_owned()]).collect()
}
