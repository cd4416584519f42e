//! A client that costs little: hyper's HTTP/2 on rustls, without parsing what comes back.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use bytes::{Bytes, BytesMut};
use embedded_server::codec::yaml;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http2::{self, SendRequest};
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// As Go's client, and so kubectl, asks for.
const STREAM_WINDOW: u32 = 4 << 20;
const CONNECTION_WINDOW: u32 = 1 << 30;

/// Where a server is and how to show who one is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Access {
    address: String,
    tls: Option<Arc<ClientConfig>>,
}

/// A connection; clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    address: String,
    sender: SendRequest<Full<Bytes>>,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) code: u16,
    pub(crate) body: Bytes,
}

impl Access {
    /// Reads a kubeconfig of `wfctl serve --dev`.
    pub(crate) fn read(kubeconfig: &Path) -> anyhow::Result<Self> {
        let config: serde_json::Value = yaml::from_slice(&std::fs::read(kubeconfig)?)?;
        let text = |path: &str| -> anyhow::Result<&str> {
            let found = config.pointer(path).and_then(serde_json::Value::as_str);
            found.with_context(|| format!("no {path} in the kubeconfig"))
        };
        let address = text("/clusters/0/cluster/server")?.trim_start_matches("https://").to_owned();
        let authority = decode(text("/clusters/0/cluster/certificate-authority-data")?)?;
        let certificate = decode(text("/users/0/user/client-certificate-data")?)?;
        let key = decode(text("/users/0/user/client-key-data")?)?;
        let tls = tls(&authority, &certificate, &key)?;
        Ok(Self { address, tls: Some(Arc::new(tls)) })
    }
}

fn decode(text: &str) -> anyhow::Result<Vec<u8>> {
    use base64::Engine;
    Ok(base64::prelude::BASE64_STANDARD.decode(text)?)
}

fn tls(authority: &[u8], certificate: &[u8], key: &[u8]) -> anyhow::Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority)?)?;
    let chain = CertificateDer::pem_slice_iter(certificate).collect::<Result<Vec<_>, _>>()?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_client_auth_cert(chain, PrivateKeyDer::from_pem_slice(key)?)?;
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(config)
}

impl Connection {
    /// Connects to a server.
    pub(crate) async fn open(access: &Access) -> anyhow::Result<Self> {
        let tls = access.tls.clone().context("no access")?;
        let tcp = TcpStream::connect(&access.address).await?;
        tcp.set_nodelay(true)?;
        let name = ServerName::IpAddress(tcp.peer_addr()?.ip().into());
        let stream = TlsConnector::from(tls).connect(name, tcp).await?;
        let (sender, connection) = http2::Builder::new(TokioExecutor::new())
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_frame_size(1 << 20)
            .handshake(TokioIo::new(stream))
            .await?;
        tokio::spawn(async move {
            // What breaks a connection breaks its requests, which report it.
            let _ = connection.await;
        });
        Ok(Self { address: access.address.clone(), sender })
    }

    pub(crate) async fn get(&mut self, path: &str) -> anyhow::Result<Answer> {
        self.send("GET", path, &[], Bytes::new()).await
    }

    /// Sends a request and reads the answer.
    pub(crate) async fn send(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> anyhow::Result<Answer> {
        let response = self.begin(method, path, headers, body).await?;
        let code = response.status().as_u16();
        Ok(Answer { code, body: read(response.into_body()).await? })
    }

    /// Sends a request and returns the answer as it begins.
    pub(crate) async fn begin(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> anyhow::Result<Response<Incoming>> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("https://{}{path}", self.address))
            .header("user-agent", "kubectl/v1.36.0 (linux/amd64) kubernetes/bench");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.sender.ready().await?;
        Ok(self.sender.send_request(request.body(Full::new(body))?).await?)
    }
}

/// Reads a body; one that comes in one piece is not copied.
async fn read(mut body: Incoming) -> anyhow::Result<Bytes> {
    let mut whole: Option<BytesMut> = None;
    let mut first = Bytes::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        match &mut whole {
            Some(whole) => whole.extend_from_slice(&data),
            None if first.is_empty() => first = data,
            None => whole = Some([&first[..], &data[..]].concat().as_slice().into()),
        }
    }
    Ok(whole.map_or(first, BytesMut::freeze))
}
