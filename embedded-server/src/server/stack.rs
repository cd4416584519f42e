//! What surrounds the API on a connection. Knows no Kubernetes.

use std::convert::Infallible;
use std::sync::Arc;

use http::header::CONNECTION;
use http::{Request, Response, Version};
use hyper::body::Incoming;
use hyper::service::{Service, service_fn};
use tokio::sync::Notify;

use super::activity::{Activity, Answer};
use super::streams;
use super::tls::end_of;
use crate::authentication::Peer;
use crate::endpoints::{Api, Body};

/// What all connections of a server do with a request.
#[derive(Clone, Debug)]
pub(super) struct Stack {
    api: Arc<Api>,
    goaway_chance: f64,
}

impl Stack {
    /// Returns the stack around `api`. With the chance given, from 0 to 1, an answer over HTTP/2 is the last that
    /// its connection begins.
    pub(super) fn new(api: Arc<Api>, goaway_chance: f64) -> Self {
        Self { api, goaway_chance }
    }

    /// Returns the service that answers what comes from `peer`. Wakes `retire` when the connection
    /// is to take no more requests.
    pub(super) fn service(
        &self,
        peer: Arc<Peer>,
        activity: Activity,
        retire: Arc<Notify>,
    ) -> impl Service<Request<Incoming>, Response = Response<Answer>, Error = Infallible, Future: Send> + use<>
    {
        let stack = self.clone();
        let not_after = peer.certificates().first().and_then(|own| end_of(own).ok());
        service_fn(move |request: Request<Incoming>| {
            let (stack, peer, retire) = (stack.clone(), Arc::clone(&peer), Arc::clone(&retire));
            let answering = activity.begin();
            let http2 = request.version() == Version::HTTP_2;
            if let Some(not_after) = not_after {
                stack.api.shown(not_after);
            }
            async move {
                let answer = stack.api.handle(&peer, request).await;
                let lasts = answer.body().lasts();
                if lasts {
                    answering.lasts();
                    streams::lasts();
                }
                let answer = stack.finish(answer, http2, lasts, &retire);
                Ok(answer.map(|body| answering.with(body)))
            }
        })
    }

    /// Turns `Connection: close`, for which HTTP/2 has no header, into the end of the connection.
    ///
    /// Source: `apiserver/pkg/server/filters/goaway.go`.
    fn finish(
        &self,
        mut answer: Response<Body>,
        http2: bool,
        lasts: bool,
        retire: &Notify,
    ) -> Response<Body> {
        if http2 {
            let closed = answer.headers_mut().remove(CONNECTION).is_some();
            let drawn = !lasts && self.goaway_chance > 0.0 && fastrand::f64() < self.goaway_chance;
            if closed || drawn {
                retire.notify_one();
            }
        }
        answer
    }
}
