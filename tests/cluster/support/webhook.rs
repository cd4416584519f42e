//! An admission webhook: answers as a test wants it to, and remembers what it was asked.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::kube::acceptor;
use crate::pki::Authority;

/// What a webhook answers.
pub(crate) enum Reply {
    /// The response of a review; the uid of the request stands in it unless there is another.
    Response(Value),
    /// Any code and body.
    Raw(u16, &'static str),
    /// Nothing, ever.
    Never,
}

type Answers = Box<dyn Fn(&Value) -> Reply + Send>;

/// A webhook that runs until the test ends.
pub(crate) struct Webhook {
    address: SocketAddr,
    authority: Authority,
    shared: Arc<Shared>,
}

struct Shared {
    answers: Mutex<Answers>,
    asked: Mutex<Vec<Value>>,
}

impl Reply {
    /// Lets the write pass.
    pub(crate) fn yes() -> Self {
        Self::Response(json!({"allowed": true}))
    }

    /// Changes what is written.
    pub(crate) fn patch(operations: &Value) -> Self {
        let patch = BASE64_STANDARD.encode(operations.to_string());
        Self::Response(json!({"allowed": true, "patchType": "JSONPatch", "patch": patch}))
    }
}

impl Webhook {
    /// Starts; answers each request of a review.
    pub(crate) async fn start(answers: impl Fn(&Value) -> Reply + Send + 'static) -> Self {
        let authority = Authority::new("webhook");
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared { answers: Mutex::new(Box::new(answers)), asked: Mutex::default() });
        tokio::spawn(accept(listener, acceptor(&authority), Arc::clone(&shared)));
        Self { address, authority, shared }
    }

    /// Answers otherwise from now on.
    pub(crate) fn answers(&self, answers: impl Fn(&Value) -> Reply + Send + 'static) {
        *self.shared.answers.lock() = Box::new(answers);
    }

    /// Returns the requests so far, and forgets them.
    pub(crate) fn asked(&self) -> Vec<Value> {
        std::mem::take(&mut self.shared.asked.lock())
    }

    /// Returns the configuration of this webhook, asked about all that is done to Workflows.
    pub(crate) fn configured(&self, name: &str, change: &Value) -> Value {
        let mut webhook = json!({
            "name": name,
            "clientConfig": {
                "url": format!("https://{}/hook", self.address),
                "caBundle": BASE64_STANDARD.encode(self.authority.pem()),
            },
            "rules": [{
                "operations": ["*"],
                "apiGroups": ["workflow.example.com"],
                "apiVersions": ["*"],
                "resources": ["workflows", "workflows/status"],
            }],
            "admissionReviewVersions": ["v1"],
            "sideEffects": "None",
        });
        webhook.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        webhook
    }
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        let (acceptor, shared) = (acceptor.clone(), Arc::clone(&shared));
        tokio::spawn(async move {
            let Ok(stream) = acceptor.accept(stream).await else { return };
            let service = service_fn(move |request| answer(Arc::clone(&shared), request));
            // A server that hangs up is no failure of the test.
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

async fn answer(
    shared: Arc<Shared>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let body = request.into_body().collect().await.unwrap().to_bytes();
    let review: Value = serde_json::from_slice(&body).unwrap();
    let reply = (shared.answers.lock())(&review["request"]);
    shared.asked.lock().push(review["request"].clone());
    let (code, body) = match reply {
        Reply::Never => std::future::pending().await,
        Reply::Raw(code, body) => (code, body.to_owned()),
        Reply::Response(mut response) => {
            if response["uid"].is_null() {
                response["uid"] = review["request"]["uid"].clone();
            }
            let answer =
                json!({"apiVersion": review["apiVersion"], "kind": "AdmissionReview", "response": response});
            (200, answer.to_string())
        }
    };
    Ok(Response::builder().status(code).body(Full::from(body)).unwrap())
}
