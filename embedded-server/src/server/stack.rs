//! The layers around the API, read from the outside in. They know no Kubernetes.

use std::any::Any;
use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use tower::util::BoxCloneSyncService;
use tower::{ServiceBuilder, service_fn};
use tower_http::catch_panic::CatchPanicLayer;

use crate::authentication::Peer;
use crate::endpoints::{Api, Body};

/// The service of one connection.
pub(super) type Service = BoxCloneSyncService<Request<Incoming>, Response<Body>, Infallible>;

/// Returns the service that answers what comes from `peer`.
pub(super) fn service(api: Arc<Api>, peer: Arc<Peer>) -> Service {
    let answer = service_fn(move |request: Request<Incoming>| {
        let (api, peer) = (Arc::clone(&api), Arc::clone(&peer));
        async move { Ok::<_, Infallible>(api.handle(&peer, request).await) }
    });
    let layers = ServiceBuilder::new().layer(CatchPanicLayer::custom(panicked)).service(answer);
    BoxCloneSyncService::new(layers)
}

/// Answers a request whose handling panicked. Source: `apiserver/pkg/server/filters/wrap.go`.
fn panicked(panic: Box<dyn Any + Send>) -> Response<Body> {
    let why = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let why = why.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
    tracing::error!(panic = %why, "a request caused a panic");
    let text = "This request caused apiserver to panic. Look in the logs for details.\n";
    let mut response = Response::new(Body::Full(Bytes::from_static(text.as_bytes())));
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response
}
