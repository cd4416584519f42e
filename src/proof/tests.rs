//! Handshakes with a server on this machine that shows what a test wants.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use embedded_server::clock::{Clock, SystemClock};
use embedded_server::server::pem;
use jiff::{SignedDuration, Timestamp};
use rustls::ServerConfig;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::handshake::shown;
use super::*;
use crate::pki::bundle::Bundle;
use crate::pki::inspect::Facts;
use crate::pki::{Authority, Leaf, San, service_names};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const HOST: &str = "workflow-apiserver.workflow-system.svc";

fn authority() -> Authority {
    Authority::generate(SystemClock.now() - SignedDuration::from_hours(48), 30 * DAY).unwrap()
}

fn leaf(authority: &Authority, names: &[San], from: SignedDuration) -> Leaf {
    authority.issue_serving(SystemClock.now() + from, DAY, "test", names).unwrap()
}

fn healthy(authority: &Authority) -> Leaf {
    leaf(authority, &service_names("workflow-apiserver", "workflow-system"), SignedDuration::ZERO)
}

fn tls(leaf: &Leaf) -> TlsAcceptor {
    let chain = pem::certificates(leaf.certificate.as_bytes()).unwrap();
    let key = pem::private_key(leaf.key.expose_pem().as_bytes()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    TlsAcceptor::from(Arc::new(config.with_no_client_auth().with_single_cert(chain, key).unwrap()))
}

/// Serves one handshake after the other.
async fn server(leaf: &Leaf) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, tls) = (listener.local_addr().unwrap(), tls(leaf));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(tls.accept(stream));
        }
    });
    address
}

fn trust(authority: &Authority) -> Bundle {
    [authority.facts().clone()].into_iter().collect()
}

async fn handshake(leaf: &Leaf, trust: &Bundle, now: Timestamp) -> Shown {
    let stream = tokio::net::TcpStream::connect(server(leaf).await).await.unwrap();
    shown(stream, &Expectation { trust, host: HOST, now }).await.unwrap()
}

async fn verdict(leaf: &Leaf, trust: &Bundle) -> Result<(), Rejected> {
    let shown = handshake(leaf, trust, SystemClock.now()).await;
    assert_eq!(shown.leaf, Facts::from_pem(&leaf.certificate).unwrap());
    shown.verdict
}

#[tokio::test]
async fn a_good_certificate_is_shown_and_believed() {
    let authority = authority();
    assert_eq!(verdict(&healthy(&authority), &trust(&authority)).await, Ok(()));
}

#[tokio::test]
async fn what_is_not_believed_is_shown_all_the_same() {
    let [authority, other] = [authority(), authority()];
    let expired = leaf(&authority, &[HOST.into()], SignedDuration::from_hours(-30));
    let foreign = healthy(&other);
    let wrong = leaf(&authority, &["localhost".into()], SignedDuration::ZERO);
    let trust = trust(&authority);
    assert_eq!(verdict(&expired, &trust).await, Err(Rejected::Expired));
    assert_eq!(verdict(&foreign, &trust).await, Err(Rejected::Issuer));
    assert_eq!(verdict(&wrong, &trust).await, Err(Rejected::Name(HOST.to_owned())));
    assert_eq!(verdict(&foreign, &Bundle::default()).await, Err(Rejected::Issuer));
}

#[tokio::test]
async fn validity_is_judged_by_the_clock_that_is_given() {
    let authority = authority();
    let (leaf, trust) = (healthy(&authority), trust(&authority));
    let tomorrow = SystemClock.now() + SignedDuration::from_hours(25);
    assert_eq!(handshake(&leaf, &trust, tomorrow).await.verdict, Err(Rejected::Expired));
}

#[tokio::test]
async fn who_speaks_no_tls_shows_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { while listener.accept().await.is_ok() {} });
    let stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let trust = Bundle::default();
    let expectation = Expectation { trust: &trust, host: HOST, now: SystemClock.now() };
    assert_eq!(shown(stream, &expectation).await.unwrap_err().to_string(), "no TLS handshake");
}
