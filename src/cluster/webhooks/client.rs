//! How webhooks are reached: over TLS, verified against the name that their configuration gives them.
//!
//! HTTP/1.1 alone, as from kube-apiserver: connections of HTTP/2 would carry all calls to one pod of a Service.
//!
//! Source: `apiserver/pkg/util/webhook/client.go`; the words of failures:
//! `apimachinery/pkg/api/errors/errors.go`, `NewGenericServerResponse`.

use std::collections::HashMap;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use embedded_server::admission::webhook::{CallError, CallWebhook, Target};
use http::header::{ACCEPT, CONTENT_TYPE, USER_AGENT};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use parking_lot::Mutex;
use rustls::ClientConfig;

use super::trust::Trust;
use crate::cluster::failure::causes;

/// The most of an answer that is read. An object of the most that a request may have, 3 MiB, is a third larger in
/// base64, and a patch may replace all of it.
const LONGEST: usize = 6 << 20;
/// How many clients are kept, as many as kube-apiserver keeps.
const MOST_CLIENTS: usize = 200;
/// How much of an answer that is a failure is told.
const TOLD: usize = 1024;

type Http = legacy::Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// Calls webhooks, and keeps connections to them.
#[derive(Debug, Default)]
pub(crate) struct WebhookClient {
    /// By whom is trusted.
    clients: Mutex<HashMap<Vec<u8>, Http>>,
}

impl WebhookClient {
    fn client(&self, target: &Target) -> Result<Http, CallError> {
        let mut clients = self.clients.lock();
        if let Some(client) = clients.get(&target.authorities) {
            return Ok(client.clone());
        }
        if clients.len() >= MOST_CLIENTS {
            clients.clear();
        }
        let client = client(&target.authorities);
        let client = client
            .map_err(|why| CallError { why: format!("could not get REST client: {why}"), code: 500 })?;
        clients.insert(target.authorities.clone(), client.clone());
        Ok(client)
    }
}

fn client(authorities: &[u8]) -> anyhow::Result<Http> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let trust = Arc::new(Trust::new(authorities, Arc::clone(&provider))?);
    let tls = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let tls = tls.dangerous().with_custom_certificate_verifier(trust).with_no_client_auth();
    let connector = HttpsConnectorBuilder::new().with_tls_config(tls).https_only().enable_http1().build();
    Ok(legacy::Client::builder(TokioExecutor::new()).build(connector))
}

#[async_trait]
impl CallWebhook for WebhookClient {
    async fn call(&self, target: &Target, review: Bytes, patience: Duration) -> Result<Bytes, CallError> {
        let address = target.address(patience);
        let failed = |why: String| CallError { why: format!("Post {address:?}: {why}"), code: 503 };
        let request = Request::post(&address)
            .header(CONTENT_TYPE, "application/json")
            .header(ACCEPT, "application/json, */*")
            .header(USER_AGENT, concat!("wfctl/", env!("CARGO_PKG_VERSION"), "/admission"))
            .body(Full::new(review))
            .map_err(|error| failed(error.to_string()))?;
        let answer = self.client(target)?.request(request).await.map_err(|error| failed(words(&error)))?;
        let (head, body) = answer.into_parts();
        let body = Limited::new(body, LONGEST).collect().await.map_err(|error| failed(words(&*error)))?;
        succeeded(Response::from_parts(head, body.to_bytes()))
    }
}

/// Returns what went wrong, down to the first cause.
fn words(error: &(dyn Error + 'static)) -> String {
    let wrapper = usize::from(error.source().is_some());
    causes(error).skip(wrapper).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

fn succeeded(answer: Response<Bytes>) -> Result<Bytes, CallError> {
    let status = answer.status();
    if status.is_success() {
        return Ok(answer.into_body());
    }
    let said = String::from_utf8_lossy(answer.body());
    let said: String = said.trim().chars().take(TOLD).collect();
    Err(CallError { why: refusal(status, &said), code: status.as_u16() })
}

fn refusal(status: StatusCode, said: &str) -> String {
    let words = match status.as_u16() {
        401 => "the server has asked for the client to provide credentials",
        403 => return said.to_owned(),
        404 => "the server could not find the requested resource",
        405 => "the server does not allow this method on the requested resource",
        409 => "the server reported a conflict",
        422 => "the server rejected our request due to an error in our request",
        429 => "the server has received too many requests and has asked us to try again later",
        503 => "the server is currently unable to handle the request",
        504 => {
            "the server was unable to return a response in the time allotted, but may still be processing the \
             request"
        }
        500.. => {
            let said = if said.is_empty() { "unknown" } else { said };
            return format!("an error on the server ({said:?}) has prevented the request from succeeding");
        }
        code => {
            return format!(
                "the server responded with the status code {code} but did not return more information"
            );
        }
    };
    words.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn authorities_that_are_none_are_not_replaced_by_those_of_the_machine() {
        let target =
            |authorities: &[u8]| Target { url: "https://a/".to_owned(), authorities: authorities.to_vec() };
        let client = WebhookClient::default();
        assert_eq!(client.client(&target(b"nothing")).unwrap_err().code, 500);
        assert!(client.client(&target(b"")).is_ok());
    }

    #[test]
    fn an_answer_that_is_no_success_is_told() {
        let told = |code: u16, body: &'static str| {
            let answer = Response::builder().status(code).body(Bytes::from(body)).unwrap();
            succeeded(answer).map_err(|error| error.why)
        };
        assert_eq!(told(200, "{}"), Ok(Bytes::from("{}")));
        assert_eq!(told(404, "x"), Err("the server could not find the requested resource".to_owned()));
        let boom = "an error on the server (\"boom\") has prevented the request from succeeding";
        assert_eq!(told(500, "boom\n"), Err(boom.to_owned()));
        assert!(told(302, "").unwrap_err().contains("status code 302"));
    }
}
