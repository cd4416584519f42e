//! Certificate authorities whose word is taken about clients, and the certificates they were found to stand behind.
//!
//! Source: `apiserver/pkg/authentication/request/x509/x509.go`.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use parking_lot::Mutex;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::{CertificateDer, TrustAnchor, UnixTime};
use webpki::{EndEntityCert, KeyUsage, VerifiedPath, anchor_from_trusted_cert};
use x509_parser::der_parser::{Oid, oid};
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::x509::X509Name;

use super::{Peer, Rejected};
use crate::meta::UserInfo;

/// How many certificates are remembered as verified.
const REMEMBERED: usize = 4096;
const CREDENTIAL_ID: &str = "authentication.kubernetes.io/credential-id";
/// The attribute of a subject that holds the user's uid.
const UID: Oid<'static> = oid!(1.3.6.1.4.1.57683.2);

/// A bundle of certificate authorities. Remembers whom it verified, so that only the first request on a
/// connection costs a signature; another bundle begins without memories.
#[derive(Debug)]
pub struct Authorities {
    trusted: Vec<Trusted>,
    verified: Mutex<HashMap<[u8; 32], Arc<Verified>>>,
}

#[derive(Debug)]
struct Trusted {
    anchor: TrustAnchor<'static>,
    life: Life,
}

/// Both ends of a certificate's validity, inclusive.
#[derive(Clone, Copy, Debug)]
struct Life {
    not_before: Timestamp,
    not_after: Timestamp,
}

/// What a verified certificate says of its owner.
#[derive(Debug)]
pub(super) struct Verified {
    /// The subject's common name; empty where it has none.
    pub(super) common_name: String,
    /// The user that the subject stands for; none without a common name.
    pub(super) user: Result<Option<Arc<UserInfo>>, Rejected>,
    /// When every certificate of the chain is valid.
    life: Life,
}

impl Authorities {
    /// Trusts `certificates`.
    ///
    /// # Errors
    /// When one of them cannot be an authority, or there are none.
    pub fn new(certificates: &[CertificateDer<'static>]) -> Result<Self, Rejected> {
        if certificates.is_empty() {
            return Err(Rejected("there is no certificate authority".to_owned()));
        }
        let trusted = certificates.iter().map(trusted).collect::<Result<_, _>>()?;
        Ok(Self { trusted, verified: Mutex::default() })
    }

    /// Returns what is known of the owner of a peer's certificate.
    ///
    /// # Errors
    /// When no chain of valid certificates for client authentication leads from it to an authority at `now`.
    pub(super) fn verify(&self, peer: &Peer, now: Timestamp) -> Result<Arc<Verified>, Rejected> {
        let fingerprint = peer.fingerprint().unwrap_or_default();
        let known = self.verified.lock().get(&fingerprint).map(Arc::clone);
        if let Some(known) = known.filter(|known| known.life.covers(now)) {
            return Ok(known);
        }
        let verified = Arc::new(self.inspect(peer, now, &fingerprint)?);
        self.remember(fingerprint, Arc::clone(&verified));
        Ok(verified)
    }

    fn remember(&self, fingerprint: [u8; 32], verified: Arc<Verified>) {
        let mut all = self.verified.lock();
        if all.len() >= REMEMBERED {
            all.clear();
        }
        all.insert(fingerprint, verified);
    }

    fn inspect(&self, peer: &Peer, now: Timestamp, fingerprint: &[u8; 32]) -> Result<Verified, Rejected> {
        let (own, others) =
            peer.certificates().split_first().ok_or_else(|| Rejected("no certificate".to_owned()))?;
        let life = self.life_of_chain(own, others, now).map_err(|why| refused(&why))?;
        let (_, parsed) = X509Certificate::from_der(own).map_err(|why| refused(&why.to_string()))?;
        let subject = parsed.subject();
        let common_name = subject.iter_common_name().last().and_then(|name| name.as_str().ok());
        let common_name = common_name.unwrap_or_default().to_owned();
        let user = user(&common_name, subject, fingerprint);
        Ok(Verified { common_name, user, life })
    }

    fn life_of_chain(
        &self,
        own: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        now: Timestamp,
    ) -> Result<Life, String> {
        let alive = self.trusted.iter().filter(|trusted| trusted.life.covers(now));
        let anchors: Vec<_> = alive.map(|trusted| trusted.anchor.clone()).collect();
        let owner = EndEntityCert::try_from(own).map_err(|error| error.to_string())?;
        let moment = Duration::from_secs(u64::try_from(now.as_second()).unwrap_or_default());
        let path = owner.verify_for_usage(
            default_provider().signature_verification_algorithms.all,
            &anchors,
            others,
            UnixTime::since_unix_epoch(moment),
            KeyUsage::client_auth(),
            None,
            None,
        );
        self.shortest(own, &path.map_err(|error| error.to_string())?)
    }

    fn shortest(&self, own: &CertificateDer<'_>, path: &VerifiedPath<'_>) -> Result<Life, String> {
        let intermediates = path.intermediate_certificates().map(|certificate| life(&certificate.der()));
        let anchor = self.trusted.iter().find(|trusted| trusted.anchor == *path.anchor());
        let lives = intermediates.chain(anchor.map(|trusted| Ok(trusted.life)));
        lives.fold(life(own), |shortest, life| Ok(shortest?.within(life?)))
    }
}

impl Life {
    fn covers(self, now: Timestamp) -> bool {
        self.not_before <= now && now <= self.not_after
    }

    fn within(self, other: Self) -> Self {
        Self {
            not_before: self.not_before.max(other.not_before),
            not_after: self.not_after.min(other.not_after),
        }
    }
}

fn refused(why: &str) -> Rejected {
    Rejected(format!("verifying certificate failed: {why}"))
}

fn trusted(certificate: &CertificateDer<'static>) -> Result<Trusted, Rejected> {
    let unusable = |why: String| Rejected(format!("a certificate cannot be an authority: {why}"));
    let anchor = anchor_from_trusted_cert(certificate).map_err(|error| unusable(error.to_string()))?;
    Ok(Trusted { anchor: anchor.to_owned(), life: life(certificate).map_err(unusable)? })
}

fn life(certificate: &CertificateDer<'_>) -> Result<Life, String> {
    let (_, parsed) = X509Certificate::from_der(certificate).map_err(|error| error.to_string())?;
    let moment = |seconds| Timestamp::from_second(seconds).map_err(|error| error.to_string());
    let validity = parsed.validity();
    Ok(Life {
        not_before: moment(validity.not_before.timestamp())?,
        not_after: moment(validity.not_after.timestamp())?,
    })
}

/// The common name is the user, the organizations are the groups.
fn user(
    common_name: &str,
    subject: &X509Name<'_>,
    fingerprint: &[u8; 32],
) -> Result<Option<Arc<UserInfo>>, Rejected> {
    if common_name.is_empty() {
        return Ok(None);
    }
    let hex: String = fingerprint.iter().map(|byte| format!("{byte:02x}")).collect();
    let groups = subject.iter_organization().filter_map(|name| name.as_str().ok());
    let user = UserInfo {
        name: common_name.to_owned(),
        uid: uid(subject)?,
        groups: groups.map(str::to_owned).collect(),
        extra: BTreeMap::from([(CREDENTIAL_ID.to_owned(), vec![format!("X509SHA256={hex}")])]),
    };
    Ok(Some(Arc::new(user.authenticated())))
}

fn uid(subject: &X509Name<'_>) -> Result<String, Rejected> {
    let uids: Vec<_> = subject.iter_by_oid(&UID).map(|uid| uid.as_str().unwrap_or_default()).collect();
    match uids.as_slice() {
        [] => Ok(String::new()),
        [""] => Err(Rejected("the certificate's uid is empty or no text".to_owned())),
        [uid] => Ok((*uid).to_owned()),
        uids => Err(Rejected(format!("expected 1 UID, but found multiple: {uids:?}"))),
    }
}
