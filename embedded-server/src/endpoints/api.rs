//! The API of a server: everything it serves, and the way of a request through it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, HeaderValue, USER_AGENT};
use http::{HeaderMap, Request, Response};
use tokio::sync::watch;
use tokio::time::timeout;

use super::body::Body;
use super::documents::{Documents, VersionInfo};
use super::health::{Checks, Health, Probe};
use super::inflight::{Inflight, MaxInflight, TooMany};
use super::resources::{Resources, Served};
use super::response::{Style, failure, warn};
use super::stages::{Authorized, Received, header};
use crate::authentication::{Peer, Union};
use crate::authorization::Authorizer;
use crate::codec::{Accepted, negotiate, pretty};
use crate::meta::{ApiError, Attributes};
use crate::registry::{Rest, Warnings};

/// The header that names a request in logs, here and on its way.
const AUDIT_ID: &str = "audit-id";

/// Everything a server serves.
#[derive(Debug)]
pub struct Api {
    resources: Resources,
    documents: Documents,
    authenticators: Union,
    authorizer: Arc<dyn Authorizer>,
    request_timeout: Duration,
    inflight: Inflight,
    life: Arc<Life>,
}

/// Where a server stands in its life.
#[derive(Debug)]
struct Life {
    leaving: AtomicBool,
    stop: watch::Sender<bool>,
}

/// Puts an [`Api`] together.
#[derive(Debug)]
pub struct Builder {
    served: Vec<Served>,
    authenticators: Union,
    authorizer: Arc<dyn Authorizer>,
    version: VersionInfo,
    request_timeout: Duration,
    max_inflight: MaxInflight,
    ready: Checks,
    live: Checks,
}

impl Builder {
    /// Returns a builder of an API whose requests are authenticated and authorized by the given ones.
    pub fn new(authenticators: Union, authorizer: Arc<dyn Authorizer>) -> Self {
        Self {
            served: Vec::new(),
            authenticators,
            authorizer,
            version: VersionInfo::default(),
            request_timeout: Duration::from_secs(60),
            max_inflight: MaxInflight::default(),
            ready: Checks::new("readyz"),
            live: Checks::new("livez"),
        }
    }

    /// Serves a resource type; of several versions of a group the first is preferred.
    #[must_use]
    pub fn serve(mut self, rest: Arc<dyn Rest>) -> Self {
        self.served.push(Served::new(rest));
        self
    }

    /// Says what `/version` says.
    #[must_use]
    pub fn version(mut self, version: VersionInfo) -> Self {
        self.version = version;
        self
    }

    /// Bounds how long a request may take before it is answered. Watches are bounded by what they ask for.
    #[must_use]
    pub fn request_timeout(mut self, most: Duration) -> Self {
        self.request_timeout = most;
        self
    }

    /// Bounds how many requests are answered at once. Watches do not count.
    #[must_use]
    pub fn max_inflight(mut self, most: MaxInflight) -> Self {
        self.max_inflight = most;
        self
    }

    /// Adds a check to `/readyz`.
    #[must_use]
    pub fn ready_check(mut self, name: &'static str, probe: Probe) -> Self {
        self.ready = self.ready.with(name, probe);
        self
    }

    /// Returns the API; `server_address` is the `host:port` that clients are told to reach it at.
    pub fn build(self, server_address: &str) -> Api {
        let described: Vec<_> = self.served.iter().map(Served::resource).collect();
        let (sender, stop) = watch::channel(false);
        let life = Arc::new(Life { leaving: AtomicBool::new(false), stop: sender });
        let health = Health {
            healthz: self.live.named("healthz"),
            readyz: ready(self.ready, &self.served, &life),
            livez: self.live,
        };
        Api {
            documents: Documents::new(&described, &self.version, health, server_address),
            resources: Resources::new(self.served, stop),
            authenticators: self.authenticators,
            authorizer: self.authorizer,
            request_timeout: self.request_timeout,
            inflight: Inflight::new(self.max_inflight),
            life,
        }
    }
}

/// Adds to the given checks what every server has to be to be ready.
fn ready(checks: Checks, served: &[Served], life: &Arc<Life>) -> Checks {
    let rests: Vec<_> = served.iter().map(Served::rest).map(Arc::clone).collect();
    let informed: Probe = Arc::new(move || match rests.iter().find(|rest| !rest.is_ready()) {
        Some(rest) => Err(format!("{} does not follow the store", rest.descriptor().plural)),
        None => Ok(()),
    });
    let life = Arc::clone(life);
    let staying: Probe = Arc::new(move || match life.leaving.load(Ordering::Acquire) {
        true => Err("process is shutting down".to_owned()),
        false => Ok(()),
    });
    checks.with("storage-readiness", informed).with("shutdown", staying)
}

impl Api {
    /// Makes `/readyz` fail from now on, so that no new requests are sent here.
    pub fn leave(&self) {
        self.life.leaving.store(true, Ordering::Release);
    }

    /// Returns how long a request may take before it is answered.
    pub fn request_timeout(&self) -> Duration {
        self.request_timeout
    }

    /// Ends all watches, politely.
    pub fn stop_watches(&self) {
        self.life.stop.send_replace(true);
    }

    /// Answers a request that came from `peer`.
    pub async fn handle<B>(&self, peer: &Peer, request: Request<B>) -> Response<Body>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let audit_id = audit_id(request.headers());
        let received = Received::new(request);
        let style = error_style(&received);
        let warnings = Warnings::default();
        let answer = timeout(self.request_timeout, self.answer(peer, received, &warnings)).await;
        let mut response = match answer {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => failure(&error, style),
            Err(_) => {
                let error = ApiError::timeout("request did not complete within the allotted timeout");
                failure(&error, style)
            }
        };
        warn(&mut response, warnings.take());
        response.headers_mut().insert(AUDIT_ID, audit_id);
        response
    }

    async fn answer<B>(
        &self,
        peer: &Peer,
        received: Received<B>,
        warnings: &Warnings,
    ) -> Result<Response<Body>, ApiError>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let authenticated = received.authenticate(peer, &self.authenticators).await?;
        let Ok(_permit) = self.inflight.admit(authenticated.verb(), authenticated.user()) else {
            return Ok(TooMany.answer());
        };
        let authorized = authenticated.authorize(&*self.authorizer).await?;
        self.dispatch(authorized, warnings).await
    }

    async fn dispatch<B>(
        &self,
        request: Authorized<B>,
        warnings: &Warnings,
    ) -> Result<Response<Body>, ApiError>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        match &request.info().attributes {
            Attributes::Path { path, .. } => self.documents.answer(path, &request),
            Attributes::Resource { .. } => self.resources.answer(request, warnings, &self.authorizer).await,
        }
    }
}

/// Returns the request's own name for logs, or a new one.
fn audit_id(headers: &HeaderMap) -> HeaderValue {
    let given = headers.get(AUDIT_ID).filter(|id| id.len() <= 64).cloned();
    given.unwrap_or_else(|| {
        let id = uuid::Uuid::new_v4().hyphenated().to_string();
        // A UUID is always a header value.
        HeaderValue::from_str(&id).unwrap_or(HeaderValue::from_static("-"))
    })
}

/// Errors come in what the client accepts, or else in JSON.
fn error_style<B>(request: &Received<B>) -> Style {
    let accept = header(request.headers(), &ACCEPT);
    let accepted = negotiate(accept, false, |_| None).unwrap_or(Accepted::JSON);
    let agent = header(request.headers(), &USER_AGENT);
    Style { accepted, pretty: pretty(request.query(), accepted.pretty, agent) }
}
