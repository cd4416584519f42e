//! A request to a pod, over a TLS connection of its own.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use embedded_server::clock::Clock;
use embedded_server::server::pem;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::time_provider::TimeProvider;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::body::Body;
use super::pki::Identity;

/// How a pod did not answer, in the words of Go's HTTP client.
#[derive(Debug)]
pub(super) struct Unreached(pub(super) String);

impl fmt::Display for Unreached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whose server certificates are good.
#[derive(Clone, Copy)]
pub(super) enum Trust<'a> {
    Everybodys,
    /// Those of the authorities in a PEM bundle.
    Of(&'a [u8]),
}

/// A caller of pods.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    config: Arc<ClientConfig>,
}

impl Caller {
    /// Shows a certificate where it is given one.
    ///
    /// # Errors
    /// When the bundle holds no authority.
    pub(super) fn new(
        clock: Arc<dyn Clock>,
        trust: Trust<'_>,
        identity: Option<&Identity>,
    ) -> Result<Self, Unreached> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_details(Arc::clone(&provider), Arc::new(Now(clock)));
        let builder = builder.with_safe_default_protocol_versions().map_err(other)?;
        let builder = match trust {
            Trust::Everybodys => {
                builder.dangerous().with_custom_certificate_verifier(Arc::new(Anybody(provider)))
            }
            Trust::Of(bundle) => builder.with_root_certificates(roots(bundle)?),
        };
        let config = match identity.map(Identity::der) {
            Some((chain, key)) => builder.with_client_auth_cert(chain, key).map_err(other)?,
            None => builder.with_no_client_auth(),
        };
        Ok(Self { config: Arc::new(config) })
    }

    /// Sends a request to `address`, where `name` is expected.
    ///
    /// # Errors
    /// When there is no answer.
    pub(super) async fn send(
        &self,
        address: SocketAddr,
        name: &str,
        request: Request<Body>,
    ) -> Result<Response<Incoming>, Unreached> {
        let stream = self.shake_hands(address, name).await?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(other)?;
        // It ends with the answer; how, the answer tells.
        tokio::spawn(connection);
        sender.send_request(request).await.map_err(other)
    }

    /// Connects to `address`, where `name` is expected.
    ///
    /// # Errors
    /// When nobody listens, or not who was expected.
    pub(super) async fn shake_hands(
        &self,
        address: SocketAddr,
        name: &str,
    ) -> Result<TlsStream<TcpStream>, Unreached> {
        let stream = TcpStream::connect(address).await.map_err(|error| refused(address, &error))?;
        let name = ServerName::try_from(name.to_owned()).map_err(other)?;
        let stream = TlsConnector::from(Arc::clone(&self.config)).connect(name, stream).await;
        stream.map_err(|error| untrusted(&error))
    }
}

fn roots(bundle: &[u8]) -> Result<RootCertStore, Unreached> {
    let mut roots = RootCertStore::empty();
    if !bundle.is_empty() {
        let unreadable =
            |_| Unreached("unable to load root certificates: unable to parse bytes as PEM block".to_owned());
        roots.add_parsable_certificates(pem::certificates(bundle).map_err(unreadable)?);
    }
    Ok(roots)
}

fn other(error: impl fmt::Display) -> Unreached {
    Unreached(error.to_string())
}

fn refused(address: SocketAddr, error: &io::Error) -> Unreached {
    let why = match error.kind() {
        io::ErrorKind::ConnectionRefused => "connection refused".to_owned(),
        _ => error.to_string(),
    };
    Unreached(format!("dial tcp {address}: connect: {why}"))
}

fn untrusted(error: &io::Error) -> Unreached {
    let fault = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
    let why = match fault {
        Some(Error::InvalidCertificate(fault)) => x509(fault),
        Some(fault) => return Unreached(format!("remote error: {fault}")),
        None => return Unreached(error.to_string()),
    };
    Unreached(format!("tls: failed to verify certificate: x509: {why}"))
}

fn x509(fault: &CertificateError) -> String {
    match fault {
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => {
            "certificate has expired or is not yet valid".to_owned()
        }
        CertificateError::NotValidForName => "certificate is not valid for any names".to_owned(),
        CertificateError::NotValidForNameContext { expected, presented } => {
            let presented: Vec<_> = presented.iter().map(|name| dns_name(name)).collect();
            format!("certificate is valid for {}, not {}", presented.join(", "), expected.to_str())
        }
        _ => "certificate signed by unknown authority".to_owned(),
    }
}

fn dns_name(presented: &str) -> &str {
    presented.strip_prefix("DnsName(\"").and_then(|name| name.strip_suffix("\")")).unwrap_or(presented)
}

/// The time of the cluster, for certificates.
#[derive(Debug)]
struct Now(Arc<dyn Clock>);

impl TimeProvider for Now {
    fn current_time(&self) -> Option<UnixTime> {
        let seconds = u64::try_from(self.0.now().as_second()).ok()?;
        Some(UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds)))
    }
}

/// Believes every certificate.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
