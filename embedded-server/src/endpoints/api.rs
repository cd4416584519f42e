//! The API of a server: everything it serves, and the way of a request through it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CONNECTION, HeaderValue};
use http::{Method, Request, Response};
use jiff::Timestamp;
use tokio::sync::watch;
use tokio::time::timeout;
use tracing::Instrument;

use super::audit::{Audit, AuditPolicy, AuditSink};
use super::body::Body;
use super::documents::{Documents, VersionInfo};
use super::exchange::{AUDIT_ID, Exchange, Observer, audit_id};
use super::health::{Checks, Health, Probe};
use super::inflight::{Inflight, MaxInflight, TooMany};
use super::panics::guard;
use super::resources::{Resources, Served};
use super::response::{Style, failure, text, warn};
use super::scrape::Scrape;
use super::stages::{Authenticated, Authorized, Received, Refusal, header};
use crate::authentication::{Peer, Union};
use crate::authorization::Authorizer;
use crate::clock::{Clock, SystemClock};
use crate::codec::{Accepted, negotiate};
use crate::meta::{ApiError, Attributes, Notes};
use crate::metrics::Metrics;
use crate::registry::Rest;

/// Everything a server serves.
#[derive(Debug)]
pub struct Api {
    resources: Resources,
    documents: Documents,
    authenticators: Union,
    authorizer: Arc<dyn Authorizer>,
    request_timeout: Duration,
    inflight: Arc<Inflight>,
    observer: Arc<Observer>,
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
    metrics: Metrics,
    audit: Option<(AuditPolicy, Arc<dyn AuditSink>)>,
    clock: Arc<dyn Clock>,
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
            metrics: Metrics::default(),
            audit: None,
            clock: Arc::new(SystemClock),
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

    /// Counts in `metrics`, which others may count in too.
    #[must_use]
    pub fn metrics(mut self, metrics: Metrics) -> Self {
        self.metrics = metrics;
        self
    }

    /// Tells a sink of the requests that a policy asks for.
    #[must_use]
    pub fn audit(mut self, policy: AuditPolicy, sink: Arc<dyn AuditSink>) -> Self {
        self.audit = Some((policy, sink));
        self
    }

    /// Takes the time that the audit log tells from `clock`.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
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
        let stop = watch::Sender::new(false);
        let life = Arc::new(Life { leaving: AtomicBool::new(false), stop: stop.clone() });
        let live = self.live.counted_in(&self.metrics);
        let health = Health {
            healthz: live.named("healthz"),
            readyz: ready(self.ready, &self.served, &life).counted_in(&self.metrics),
            livez: live,
        };
        let inflight = Arc::new(Inflight::new(self.max_inflight));
        let rests = self.served.iter().map(Served::rest).map(Arc::clone).collect();
        let scrape = Scrape { metrics: self.metrics.clone(), inflight: Arc::clone(&inflight), rests };
        self.metrics.build(self.version.facts());
        Api {
            documents: Documents::new(&described, &self.version, health, scrape, server_address),
            resources: Resources::new(self.served, stop),
            authenticators: self.authenticators,
            authorizer: self.authorizer,
            request_timeout: self.request_timeout,
            inflight,
            observer: Arc::new(Observer {
                audit: self.audit.map(|(policy, sink)| Audit::new(policy, sink, self.metrics.clone())),
                metrics: self.metrics,
                clock: self.clock,
                resources: described,
            }),
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

    /// Returns what is counted.
    pub fn metrics(&self) -> &Metrics {
        &self.observer.metrics
    }

    /// Counts a request that comes with a certificate which is valid until `not_after`.
    pub fn shown(&self, not_after: Timestamp) {
        let left = not_after.duration_since(self.observer.clock.now());
        self.observer.metrics.certificates().client(left);
    }

    /// Returns how long a request may take before it is answered.
    pub fn request_timeout(&self) -> Duration {
        self.request_timeout
    }

    /// Ends all watches, politely.
    pub fn stop_watches(&self) {
        self.life.stop.send_replace(true);
    }

    /// Waits until no watch is under way: those over a WebSocket outlive the connections they came on.
    pub async fn watches_over(&self) {
        self.life.stop.closed().await;
    }

    /// Answers a request that came from `peer`.
    pub async fn handle<B>(&self, peer: &Peer, request: Request<B>) -> Response<Body>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let (audit_id, bodiless) = (audit_id(request.headers()), request.method() == Method::HEAD);
        let mut response = guard(self.observe(peer, request, &audit_id)).await;
        response.headers_mut().insert(AUDIT_ID, audit_id);
        if bodiless { response.map(|_| Body::Full(Bytes::new())) } else { response }
    }

    /// Answers a request while those look on who keep count.
    async fn observe<B>(&self, peer: &Peer, request: Request<B>, audit_id: &HeaderValue) -> Response<Body>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let received = Received::new(request);
        let mut exchange = self.observer.begin(peer, &received, audit_id);
        let span = exchange.span(received.headers());
        let response = self.answer_in_time(peer, received, &mut exchange).instrument(span).await;
        exchange.answered(response)
    }

    async fn answer_in_time<B>(
        &self,
        peer: &Peer,
        received: Received<B>,
        exchange: &mut Exchange,
    ) -> Response<Body>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let style = error_style(&received);
        let notes = Notes::default();
        let answer = match received.time_limit(self.request_timeout) {
            Ok(limit) => {
                let answer = Box::pin(self.answer(peer, received, &notes, style, exchange));
                timeout(limit, answer).await
            }
            Err(error) => Ok(told(Err(error), style, exchange)),
        };
        let mut response = answer.unwrap_or_else(|_| {
            exchange.timed_out();
            let late = ApiError::timeout("request did not complete within the allotted timeout");
            told(Err(late), style, exchange)
        });
        warn(&mut response, &notes.warnings.take());
        exchange.annotated(notes.annotations.take());
        response
    }

    /// Answers within no limit of time. A client that nobody knows does not keep its HTTP/2 connection: one costs
    /// the server more than it costs the client.
    ///
    /// Source: `apiserver/pkg/endpoints/filters/authentication.go`, `UnauthenticatedHTTP2DOSMitigation`.
    async fn answer<B>(
        &self,
        peer: &Peer,
        received: Received<B>,
        notes: &Notes,
        style: Style,
        exchange: &mut Exchange,
    ) -> Response<Body>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let http2 = received.is_http2();
        let authenticated = received.authenticate(peer, &self.authenticators).await;
        exchange.authenticated(authenticated.as_ref().ok().map(|request| request.user()));
        let (unknown, answer) = match authenticated {
            Err(error) => (true, Err(error)),
            Ok(request) => (request.is_anonymous(), self.in_a_name(request, notes, exchange).await),
        };
        let mut response = told(answer, style, exchange);
        if http2 && unknown {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }

    /// Answers whoever asks, or whom he asks as.
    async fn in_a_name<B>(
        &self,
        request: Authenticated<B>,
        notes: &Notes,
        exchange: &mut Exchange,
    ) -> Result<Response<Body>, ApiError>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let request = request.impersonate(&*self.authorizer).await?;
        exchange.made_as(request.user());
        self.admitted(request, notes, exchange).await
    }

    async fn admitted<B>(
        &self,
        request: Authenticated<B>,
        notes: &Notes,
        exchange: &mut Exchange,
    ) -> Result<Response<Body>, ApiError>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        match self.inflight.admit(request.verb(), request.user()) {
            Ok(permit) => exchange.admitted(permit),
            Err(TooMany) => {
                exchange.dropped();
                return Ok(TooMany.answer());
            }
        }
        let authorized = request.authorize(&*self.authorizer).await;
        exchange.authorized(authorized.as_ref());
        match authorized {
            Ok(request) => self.dispatch(request, notes).await,
            Err(Refusal::Forbidden { error, .. }) => Err(error),
            Err(Refusal::Unanswered(why)) => Ok(text(500, why)),
        }
    }

    async fn dispatch<B>(&self, request: Authorized<B>, notes: &Notes) -> Result<Response<Body>, ApiError>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        match &request.info().attributes {
            Attributes::Path { path, .. } => self.documents.answer(path, &request),
            Attributes::Resource { group, .. } if !self.resources.have_group(group) => {
                Ok(self.documents.no_such_page())
            }
            Attributes::Resource { .. } => self.resources.answer(request, notes, &self.authorizer).await,
        }
    }
}

/// Returns an answer, and of a failure what the client is told.
fn told(answer: Result<Response<Body>, ApiError>, style: Style, exchange: &mut Exchange) -> Response<Body> {
    answer.unwrap_or_else(|error| {
        exchange.failed(&error);
        failure(&error, style)
    })
}

/// Errors come in what the client accepts, or else in JSON for people.
fn error_style<B>(request: &Received<B>) -> Style {
    let accepted = negotiate(header(request.headers(), &ACCEPT), |_| None);
    let accepted = accepted.unwrap_or(Accepted { pretty: true, ..Accepted::JSON });
    Style::new(accepted, request.headers(), request.query())
}
