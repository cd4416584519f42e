//! What surrounds the API on a connection. Knows no Kubernetes.

use std::any::Any;
use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use bytes::Bytes;
use futures::FutureExt;
use http::{Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::service::{Service, service_fn};

use crate::authentication::Peer;
use crate::endpoints::{Api, Body};

/// Returns the service that answers what comes from `peer`, panics included.
pub(super) fn service(
    api: Arc<Api>,
    peer: Arc<Peer>,
) -> impl Service<Request<Incoming>, Response = Response<Body>, Error = Infallible, Future: Send> {
    service_fn(move |request: Request<Incoming>| {
        let (api, peer) = (Arc::clone(&api), Arc::clone(&peer));
        let bodiless = request.method() == Method::HEAD;
        let answer = async move {
            let answer = api.handle(&peer, request).await;
            if bodiless { answer.map(|_| Body::Full(Bytes::new())) } else { answer }
        };
        AssertUnwindSafe(answer)
            .catch_unwind()
            .map(|answer| Ok(answer.unwrap_or_else(|panic| panicked(&*panic))))
    })
}

/// Answers a request whose handling panicked. Source: `apiserver/pkg/server/filters/wrap.go`.
fn panicked(panic: &(dyn Any + Send)) -> Response<Body> {
    let why = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let why = why.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
    tracing::error!(panic = %why, "a request caused a panic");
    let text = "This request caused apiserver to panic. Look in the logs for details.\n";
    let mut response = Response::new(Body::Full(Bytes::from_static(text.as_bytes())));
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response
}
