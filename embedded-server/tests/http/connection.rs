//! Connections: TLS, the settings of HTTP/2, and how much a request may say.

use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, SupportedProtocolVersion, version};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::support::{MASTER, Protocol, TestServer, authorities};

async fn connect(
    server: &TestServer,
    protocols: &[&[u8]],
    version: &'static SupportedProtocolVersion,
) -> TlsStream<TcpStream> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_protocol_versions(&[version]).unwrap();
    let mut config = config.with_root_certificates(authorities()).with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    let stream = TcpStream::connect(server.address).await.unwrap();
    let name = ServerName::IpAddress(server.address.ip().into());
    TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap()
}

#[tokio::test]
async fn tls_1_2_and_1_3_are_spoken_and_http_2_is_preferred() {
    let server = TestServer::start().await;
    for version in [&version::TLS12, &version::TLS13] {
        for (offered, chosen) in [
            (&[&b"http/1.1"[..], b"h2"][..], Some(&b"h2"[..])),
            (&[b"http/1.1"], Some(b"http/1.1")),
            (&[], None),
        ] {
            let stream = connect(&server, offered, version).await;
            let (_, session) = stream.get_ref();
            assert_eq!(session.alpn_protocol(), chosen);
            assert_eq!(session.protocol_version(), Some(version.version));
        }
    }
}

/// Returns the settings that a server of HTTP/2 begins with, by their numbers.
async fn settings(server: &TestServer) -> Vec<(u16, u32)> {
    let mut stream = connect(server, &[b"h2"], &version::TLS13).await;
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
    let mut head = [0; 9];
    stream.read_exact(&mut head).await.unwrap();
    assert_eq!(head[3], 4, "a SETTINGS frame");
    let mut frame = vec![0; usize::from(head[2])];
    stream.read_exact(&mut frame).await.unwrap();
    let number = |setting: &[u8]| u16::from_be_bytes([setting[0], setting[1]]);
    let value = |setting: &[u8]| u32::from_be_bytes([setting[2], setting[3], setting[4], setting[5]]);
    frame.chunks_exact(6).map(|setting| (number(setting), value(setting))).collect()
}

#[tokio::test]
async fn a_connection_carries_a_thousand_requests_at_once() {
    let server = TestServer::start().await;
    let settings = settings(&server).await;
    let (streams, window, frame, headers) = ((3, 1000), (4, 256 << 10), (5, 256 << 10), (6, 1 << 20));
    for expected in [streams, window, frame, headers] {
        assert!(settings.contains(&expected), "{expected:?} in {settings:?}");
    }
}

#[tokio::test]
async fn a_request_may_have_hundreds_of_headers() {
    let server = TestServer::start().await;
    for protocol in [Protocol::Http1, Protocol::Http2] {
        let client = server.client(&MASTER, protocol);
        for (count, length) in [(900, 10), (90, 10_000)] {
            let mut call = client.get("/readyz");
            for number in 0..count {
                call = call.header(&format!("x-{number}"), &"y".repeat(length));
            }
            call.await.expect(200);
        }
    }
}
