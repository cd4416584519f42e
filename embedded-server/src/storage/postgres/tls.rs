//! TLS as libpq's `sslmode` has it: from none at all to a verified chain and name.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{self, CryptoProvider};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::storage::BoxError;

/// How much is asked of the server's certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// There is no TLS.
    Disable,
    /// TLS where the server has it, with whatever certificate.
    Prefer,
    /// TLS with whatever certificate.
    Require,
    /// A certificate of a trusted authority.
    VerifyCa,
    /// A certificate of a trusted authority, with the host's name in it.
    VerifyFull,
}

/// Whom to trust.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Roots {
    /// Whom this machine trusts.
    System,
    /// The authorities in a file.
    File(PathBuf),
}

/// What a URL says of TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TlsSettings {
    pub(super) mode: Mode,
    pub(super) roots: Option<Roots>,
    /// The files with the client's certificate and key.
    pub(super) identity: Option<(PathBuf, PathBuf)>,
}

/// A file that cannot be used for TLS.
#[derive(Debug, thiserror::Error)]
#[error("{} cannot be used for TLS", path.display())]
pub struct TlsFileError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    #[source]
    pub source: BoxError,
}

impl FromStr for Mode {
    type Err = ();

    fn from_str(mode: &str) -> Result<Self, ()> {
        match mode {
            "disable" => Ok(Self::Disable),
            "prefer" => Ok(Self::Prefer),
            "require" => Ok(Self::Require),
            "verify-ca" => Ok(Self::VerifyCa),
            "verify-full" => Ok(Self::VerifyFull),
            _ => Err(()),
        }
    }
}

impl From<Mode> for SslMode {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::Disable => Self::Disable,
            Mode::Prefer => Self::Prefer,
            Mode::Require | Mode::VerifyCa | Mode::VerifyFull => Self::Require,
        }
    }
}

impl TlsSettings {
    /// Reads the files that are named and returns what makes connections.
    pub(super) fn connector(&self) -> Result<MakeRustlsConnect, TlsFileError> {
        let provider = Arc::new(crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider));
        let versions = builder.with_safe_default_protocol_versions();
        let builder = versions.map_err(|error| unusable(Path::new("TLS"), error))?;
        let builder =
            builder.dangerous().with_custom_certificate_verifier(Arc::new(self.verifier(provider)?));
        let config = match &self.identity {
            None => builder.with_no_client_auth(),
            Some((certificate, key)) => builder
                .with_client_auth_cert(certificates(certificate)?, private_key(key)?)
                .map_err(|error| unusable(certificate, error))?,
        };
        Ok(MakeRustlsConnect::new(config))
    }

    fn verifier(&self, provider: Arc<CryptoProvider>) -> Result<Verifier, TlsFileError> {
        let chain = match &self.roots {
            Some(roots) => Some(verifier_of_chains(roots, &provider)?),
            None => None,
        };
        Ok(Verifier { chain, name: self.mode == Mode::VerifyFull, provider })
    }
}

fn verifier_of_chains(
    roots: &Roots,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<WebPkiServerVerifier>, TlsFileError> {
    let (path, trusted) = match roots {
        Roots::System => (Path::new("sslrootcert=system"), rustls_native_certs::load_native_certs().certs),
        Roots::File(path) => (path.as_path(), certificates(path)?),
    };
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(trusted);
    let builder = WebPkiServerVerifier::builder_with_provider(Arc::new(store), Arc::clone(provider));
    builder.build().map_err(|error| unusable(path, error))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsFileError> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    let found: Vec<_> = read.map_err(|error| unusable(path, error))?;
    if found.is_empty() { Err(unusable(path, "there is no certificate in it")) } else { Ok(found) }
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsFileError> {
    PrivateKeyDer::from_pem_file(path).map_err(|error| unusable(path, error))
}

fn unusable(path: &Path, source: impl Into<BoxError>) -> TlsFileError {
    TlsFileError { path: path.to_owned(), source: source.into() }
}

/// Verifies as much as the mode asks for. That the server holds the key of its certificate is always verified.
#[derive(Debug)]
struct Verifier {
    /// None takes any certificate.
    chain: Option<Arc<WebPkiServerVerifier>>,
    /// Whether the certificate has to name the host.
    name: bool,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let Some(chain) = &self.chain else { return Ok(ServerCertVerified::assertion()) };
        match chain.verify_server_cert(certificate, intermediates, name, ocsp, now) {
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if !self.name => Ok(ServerCertVerified::assertion()),
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
