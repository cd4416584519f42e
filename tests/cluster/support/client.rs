//! Somebody who asks the server: a front proxy, as a rule.

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::{BodyExt, Full};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;
use std::sync::Arc;

use crate::pki::{Authority, Identity};

/// A client that speaks HTTP/2 and makes connections as it needs them.
#[derive(Clone)]
pub(crate) struct Client {
    server: String,
    http: legacy::Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

/// What the server answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) code: u16,
    pub(crate) text: String,
    /// What it warned of.
    pub(crate) warnings: Vec<String>,
}

impl Client {
    pub(super) fn new(server: &str, authority: &Authority, identity: Option<&Identity>) -> Self {
        let tls = tls(authority, identity);
        let connector = HttpsConnectorBuilder::new().with_tls_config(tls).https_only().enable_http2().build();
        let http = legacy::Client::builder(TokioExecutor::new()).http2_only(true).build(connector);
        Self { server: server.to_owned(), http }
    }

    /// Asks with headers.
    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Value,
    ) -> Answer {
        let uri = format!("https://{}{path}", self.server);
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let answer = self.http.request(request.body(Full::from(body)).unwrap()).await.unwrap();
        let code = answer.status().as_u16();
        let warnings = answer.headers().get_all("warning").iter();
        let warnings = warnings.map(|warning| warning.to_str().unwrap().to_owned()).collect();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        Answer { code, text: String::from_utf8_lossy(&body).into_owned(), warnings }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, &[], Value::Null).await
    }

    /// Asks for a user, as a front proxy does.
    pub(crate) async fn get_as(&self, user: &str, path: &str) -> Answer {
        self.ask(Method::GET, path, &[("x-remote-user", user)], Value::Null).await
    }

    pub(crate) async fn create_as(&self, user: &str, path: &str, body: Value) -> Answer {
        self.ask(Method::POST, path, &[("x-remote-user", user)], body).await
    }

    /// Returns the value of a metric, which is named with its labels.
    pub(crate) async fn metric(&self, name: &str) -> f64 {
        let metrics = self.metrics().await;
        let line = metrics.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_else(|| panic!("no {name} in {metrics}")).trim().parse().unwrap()
    }

    /// Returns all metrics.
    pub(crate) async fn metrics(&self) -> String {
        let headers = [("x-remote-user", "root"), ("x-remote-group", "system:masters")];
        self.ask(Method::GET, "/metrics", &headers, Value::Null).await.expect(200).text
    }

    pub(crate) async fn get_with_token(&self, token: &str, path: &str) -> Answer {
        self.ask(Method::GET, path, &[("authorization", &format!("Bearer {token}"))], Value::Null).await
    }
}

/// What a client believes and shows.
pub(super) fn tls(authority: &Authority, identity: Option<&Identity>) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(authority.der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let tls = tls.unwrap().with_root_certificates(roots);
    match identity.map(Identity::der) {
        Some((chain, key)) => tls.with_client_auth_cert(chain, key).unwrap(),
        None => tls.with_no_client_auth(),
    }
}

impl Answer {
    /// Fails unless the answer has this code.
    pub(crate) fn expect(self, code: u16) -> Self {
        assert_eq!(self.code, code, "{}", self.text);
        self
    }

    /// Fails unless the answer has one of these codes.
    pub(crate) fn expect_one_of(self, codes: &[u16]) -> Self {
        assert!(codes.contains(&self.code), "{}: {}", self.code, self.text);
        self
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }
}
