//! One request and its answer, as those see it who keep count of them: metrics, the audit log, log lines.
//!
//! It begins when the request has arrived and is over when all of the answer is on its way, when nobody wants the
//! answer any more, or when the handling panicked. Whoever handles the request tells what it has come to.

mod attended;
mod labels;
mod trace;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::header::{HeaderValue, USER_AGENT};
use http::{HeaderMap, Method, Response, Uri};
use tokio::time::Instant;
use tracing::Span;

pub use self::attended::Attended;
use self::labels::{counted, verb};
pub(super) use self::trace::{AUDIT_ID, audit_id};
use super::ServedResource;
use super::audit::{Audit, Record, Stage};
use super::body::Body;
use super::inflight::Permit;
use super::stages::{Authorized, Received, Refusal};
use crate::authentication::Peer;
use crate::clock::Clock;
use crate::meta::{ApiError, UserInfo, Verb};
use crate::metrics::{Events, Labels, LongRunning, Metrics};

/// Sees all requests of a server.
#[derive(Debug)]
pub(super) struct Observer {
    pub(super) metrics: Metrics,
    pub(super) audit: Option<Audit>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) resources: Vec<ServedResource>,
}

/// A request that is under way.
#[derive(Debug)]
pub(super) struct Exchange {
    observer: Arc<Observer>,
    began: Instant,
    asked: Asked,
    /// What the request is counted as; none when it is for nothing that is served.
    labels: Option<Labels>,
    record: Option<Box<Record>>,
    permit: Option<Permit>,
    following: Option<LongRunning>,
    /// Whether the request got past those who may turn it away.
    let_in: bool,
    code: Option<u16>,
    over: bool,
}

/// The request in the words of a log line.
#[derive(Debug)]
struct Asked {
    audit_id: HeaderValue,
    verb: &'static str,
    bodiless: bool,
    lasts: bool,
    uri: Uri,
    agent: Option<HeaderValue>,
    from: SocketAddr,
}

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// All of its answer, so many bytes, is on its way.
    Whole(u64),
    /// Nobody took the rest of the answer, or waited for one.
    Aborted,
    /// Its handling panicked.
    Panicked,
}

impl Observer {
    /// Begins to see a request.
    pub(super) fn begin<B>(
        self: &Arc<Self>,
        peer: &Peer,
        request: &Received<B>,
        audit_id: &HeaderValue,
    ) -> Exchange {
        let attributes = &request.info().attributes;
        let asked = Asked {
            audit_id: audit_id.clone(),
            verb: verb(request),
            bodiless: request.method() == Method::HEAD,
            lasts: attributes.verb() == Verb::Watch,
            uri: request.uri().clone(),
            agent: request.headers().get(USER_AGENT).cloned(),
            from: peer.address(),
        };
        Exchange {
            began: Instant::now(),
            labels: counted(request, asked.verb, &self.resources),
            record: self
                .audit
                .as_ref()
                .map(|_| Box::new(Record::of(request, peer, &asked.audit_id, self.clock.now()))),
            asked,
            permit: None,
            following: None,
            let_in: false,
            code: None,
            over: false,
            observer: Arc::clone(self),
        }
    }
}

impl Exchange {
    /// Returns the span of all that is logged while the request is handled.
    pub(super) fn span(&self, headers: &HeaderMap) -> Span {
        trace::span(&self.asked.audit_id, headers)
    }

    /// Notes who makes the request, or that it is nobody who is known.
    pub(super) fn authenticated(&mut self, user: Option<&Arc<UserInfo>>) {
        self.observer.metrics.authentication(user.is_some());
        match user {
            Some(user) => self.record(|audit, record, now| audit.received(record, user, now)),
            None => self.record(|audit, record, now| audit.unauthenticated(record, now)),
        }
    }

    /// Notes whom the request is made as.
    pub(super) fn made_as(&mut self, user: &Arc<UserInfo>) {
        if let Some(record) = &mut self.record {
            record.made_as(user);
        }
    }

    /// Notes whether the user may do what he asks for.
    pub(super) fn authorized<B>(&mut self, outcome: Result<&Authorized<B>, &Refusal>) {
        self.let_in = outcome.is_ok();
        if let Some(record) = &mut self.record {
            match outcome {
                Ok(request) => record.decided("allow", request.reason()),
                Err(Refusal::Forbidden { reason, .. }) => record.decided("forbid", reason),
                Err(Refusal::Unanswered(_)) => record.undecided(),
            }
        }
    }

    /// Keeps the request's place among those in flight until it is over.
    pub(super) fn admitted(&mut self, permit: Option<Permit>) {
        self.permit = permit;
    }

    /// Notes that there was no place for the request.
    pub(super) fn dropped(&self) {
        if let Some(labels) = &self.labels {
            self.observer.metrics.requests().dropped(labels);
        }
    }

    /// Notes that the request took longer than it was given.
    pub(super) fn timed_out(&self) {
        if let Some(labels) = &self.labels {
            self.observer.metrics.requests().terminated(labels, 504);
        }
    }

    /// Notes what admission has to say of the request.
    pub(super) fn annotated(&mut self, annotations: BTreeMap<String, String>) {
        if let Some(record) = &mut self.record {
            record.annotated(annotations);
        }
    }

    /// Notes what the client is told of a failure.
    pub(super) fn failed(&mut self, error: &ApiError) {
        if let Some(record) = &mut self.record {
            record.failed(error.status());
        }
    }

    /// Notes how the request is answered, and stays with the answer until all of it is sent.
    pub(super) fn answered(mut self, response: Response<Body>) -> Response<Body> {
        let code = response.status().as_u16();
        self.code = Some(code);
        if let Some(record) = &mut self.record {
            record.answered(code);
        }
        let whole = match response.body() {
            _ if self.asked.bodiless => Some(0),
            Body::Full(bytes) => Some(bytes.len() as u64),
            _ => None,
        };
        if let Some(size) = whole {
            self.end(End::Whole(size));
            return response;
        }
        if response.body().lasts() {
            self.follow();
        }
        response.map(|body| Body::Attended(Box::new(Attended::new(body, self))))
    }

    fn follow(&mut self) {
        self.following =
            self.labels.as_ref().map(|labels| self.observer.metrics.requests().long_running(labels));
        self.record(|audit, record, now| audit.write(record, Stage::ResponseStarted, now));
    }

    /// Returns what counts the events of the request, when it is for any.
    fn events(&self) -> Option<Events> {
        let Labels { group, version, resource, .. } = self.labels?;
        self.following.as_ref()?;
        Some(self.observer.metrics.watches().of(group, version, resource))
    }

    fn record(&mut self, act: impl FnOnce(&Audit, &mut Record, jiff::Timestamp)) {
        if let (Some(audit), Some(record)) = (&self.observer.audit, &mut self.record) {
            act(audit, record, self.observer.clock.now());
        }
    }

    fn end(&mut self, end: End) {
        self.over = true;
        let took = self.began.elapsed();
        self.count(end, took);
        self.record(|audit, record, now| match end {
            End::Panicked => {
                record.panicked();
                audit.write(record, Stage::Panic, now);
            }
            End::Whole(_) | End::Aborted => audit.complete(record, now),
        });
        self.log(took);
    }

    fn count(&self, end: End, took: Duration) {
        let Some(labels) = self.labels.filter(|_| self.let_in) else { return };
        let requests = self.observer.metrics.requests();
        match (end, self.code) {
            (End::Whole(size), Some(code)) => requests.answered(&labels, code, took, size),
            // A watch ends when its client has seen enough.
            (End::Aborted, Some(code)) if self.asked.lasts => requests.answered(&labels, code, took, 0),
            (End::Panicked, _) => requests.answered(&labels, 500, took, 0),
            _ => requests.aborted(&labels),
        }
    }

    /// Source: `apiserver/pkg/server/httplog/httplog.go`.
    fn log(&self, took: Duration) {
        let Asked { audit_id, verb, uri, agent, from, .. } = &self.asked;
        tracing::debug!(
            target: "embedded_server::http",
            verb,
            URI = %uri.path_and_query().map_or("/", |asked| asked.as_str()),
            latency = ?took,
            userAgent = agent.as_ref().and_then(|agent| agent.to_str().ok()).unwrap_or_default(),
            "audit-ID" = audit_id.to_str().unwrap_or_default(),
            srcIP = %from,
            resp = self.code.unwrap_or_default(),
            "HTTP"
        );
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        if !self.over {
            self.end(if std::thread::panicking() { End::Panicked } else { End::Aborted });
        }
    }
}
