//! What a server shows, and speaks, below HTTP.

use std::sync::Arc;

use embedded_server::server::{Config, ServingCertificate, ServingPair, TlsPolicy};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::version::{TLS12, TLS13};
use rustls::{CipherSuite, ClientConfig, SupportedProtocolVersion};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::support::{ALL, Identity, Setup, TestServer, authorities, serving};

async fn shake_hands(
    server: &TestServer,
    version: &'static SupportedProtocolVersion,
) -> std::io::Result<TlsStream<TcpStream>> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_protocol_versions(&[version]).unwrap();
    let config = config.with_root_certificates(authorities()).with_no_client_auth();
    let stream = TcpStream::connect(server.address).await.unwrap();
    let name = ServerName::IpAddress(server.address.ip().into());
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

async fn shown(server: &TestServer) -> CertificateDer<'static> {
    let stream = shake_hands(server, &TLS13).await.unwrap();
    stream.get_ref().1.peer_certificates().unwrap()[0].clone().into_owned()
}

fn pair(identity: &Identity) -> Arc<ServingPair> {
    Arc::new(ServingPair::new(identity.chain(), identity.key()).unwrap())
}

async fn speaking(tls: TlsPolicy) -> TestServer {
    Setup::default().with(Config { tls, ..Config::default() }).start().await
}

#[tokio::test]
async fn the_certificate_is_exchanged_while_connections_last() {
    let (first, second) = (serving(), serving());
    let (pairs, current) = watch::channel(pair(&first));
    let server = Setup::default().showing(ServingCertificate::following(current)).start().await;
    let mut events = server.get(format!("{ALL}?watch=1&resourceVersion=0")).events().await;
    assert_eq!(shown(&server).await, first.chain()[0]);
    pairs.send_replace(pair(&second));
    assert_eq!(shown(&server).await, second.chain()[0]);
    server.has(crate::support::workflow("a")).await;
    assert_eq!(events.spelled().await, "ADDED a@2");
}

#[tokio::test]
async fn tls_1_2_and_1_3_are_spoken() {
    let server = TestServer::start().await;
    for version in [&TLS12, &TLS13] {
        let stream = shake_hands(&server, version).await.unwrap();
        assert_eq!(stream.get_ref().1.protocol_version(), Some(version.version));
    }
}

#[tokio::test]
async fn an_old_version_can_be_ruled_out() {
    let server = speaking(TlsPolicy::default().at_least("VersionTLS13").unwrap()).await;
    assert!(shake_hands(&server, &TLS12).await.is_err());
    assert!(shake_hands(&server, &TLS13).await.is_ok());
    let metrics = server.get("/metrics").await.expect(200).text();
    assert!(metrics.contains("\napiserver_tls_handshake_errors_total 1\n"), "{metrics}");
}

#[tokio::test]
async fn only_chosen_suites_are_spoken() {
    let chosen = "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256";
    let server = speaking(TlsPolicy::default().with_suites([chosen]).unwrap()).await;
    let stream = shake_hands(&server, &TLS12).await.unwrap();
    let suite = stream.get_ref().1.negotiated_cipher_suite().unwrap().suite();
    assert_eq!(suite, CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256);
    let server = speaking(TlsPolicy::default().with_suites(["TLS_RSA_WITH_AES_128_CBC_SHA"]).unwrap()).await;
    assert!(shake_hands(&server, &TLS12).await.is_err());
}

#[tokio::test]
async fn a_certificate_needs_its_own_key() {
    let (one, other) = (serving(), serving());
    assert!(ServingPair::new(one.chain(), other.key()).is_err());
    assert!(ServingPair::new(Vec::new(), one.key()).is_err());
}
