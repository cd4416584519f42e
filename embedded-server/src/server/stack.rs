//! What surrounds the API on a connection. Knows no Kubernetes.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Request, Response};
use hyper::body::Incoming;
use hyper::service::{Service, service_fn};

use crate::authentication::Peer;
use crate::endpoints::{Api, Body};

/// Returns the service that answers what comes from `peer`.
pub(super) fn service(
    api: Arc<Api>,
    peer: Arc<Peer>,
) -> impl Service<Request<Incoming>, Response = Response<Body>, Error = Infallible, Future: Send> {
    service_fn(move |request: Request<Incoming>| {
        let (api, peer) = (Arc::clone(&api), Arc::clone(&peer));
        let bodiless = request.method() == Method::HEAD;
        async move {
            let answer = api.handle(&peer, request).await;
            Ok(if bodiless { answer.map(|_| Body::Full(Bytes::new())) } else { answer })
        }
    })
}
