//! What is known of a request, and the event that tells it. Bodies and credentials are not among it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use http::header::{AUTHORIZATION, HeaderValue, USER_AGENT};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Status;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{Stage, source};
use crate::authentication::Peer;
use crate::endpoints::stages::{Received, header};
use crate::meta::{Attributes, UserInfo};

/// The longest part of a user agent that is told.
const AGENT: usize = 1024;

/// What is known of a request so far.
#[derive(Debug)]
pub(in crate::endpoints) struct Record {
    audit_id: HeaderValue,
    attributes: Attributes,
    uri: String,
    user: Option<Arc<UserInfo>>,
    /// Whom the maker makes the request as, if that is somebody else.
    impersonated: Option<Arc<UserInfo>>,
    sources: Vec<IpAddr>,
    agent: String,
    credentials: Vec<&'static str>,
    received: Timestamp,
    status: Option<Value>,
    annotations: BTreeMap<Cow<'static, str>, String>,
    /// The stages that the policy leaves out; none when it leaves out the request.
    omitted: Option<Vec<Stage>>,
}

/// The wire form of an event, its fields in the order of `audit.k8s.io/v1`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Event<'r> {
    kind: &'static str,
    api_version: &'static str,
    level: &'static str,
    #[serde(rename = "auditID")]
    audit_id: &'r str,
    stage: &'static str,
    #[serde(rename = "requestURI")]
    uri: &'r str,
    verb: &'static str,
    user: User<'r>,
    #[serde(skip_serializing_if = "Option::is_none")]
    impersonated_user: Option<User<'r>>,
    #[serde(rename = "sourceIPs")]
    sources: &'r [IpAddr],
    #[serde(skip_serializing_if = "str::is_empty")]
    user_agent: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    object_ref: Option<ObjectRef<'r>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_status: Option<&'r Value>,
    request_received_timestamp: String,
    stage_timestamp: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    annotations: &'r BTreeMap<Cow<'static, str>, String>,
}

#[derive(Serialize)]
struct User<'r> {
    #[serde(skip_serializing_if = "str::is_empty")]
    username: &'r str,
    #[serde(skip_serializing_if = "str::is_empty")]
    uid: &'r str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    groups: &'r [String],
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    extra: &'r BTreeMap<String, Vec<String>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ObjectRef<'r> {
    #[serde(skip_serializing_if = "str::is_empty")]
    resource: &'r str,
    #[serde(skip_serializing_if = "str::is_empty")]
    namespace: &'r str,
    #[serde(skip_serializing_if = "str::is_empty")]
    name: &'r str,
    #[serde(skip_serializing_if = "str::is_empty")]
    api_group: &'r str,
    #[serde(skip_serializing_if = "str::is_empty")]
    api_version: &'r str,
    #[serde(skip_serializing_if = "str::is_empty")]
    subresource: &'r str,
}

impl Record {
    pub(in crate::endpoints) fn of<B>(
        request: &Received<B>,
        peer: &Peer,
        audit_id: &HeaderValue,
        now: Timestamp,
    ) -> Self {
        Self {
            audit_id: audit_id.clone(),
            attributes: request.info().attributes.clone(),
            uri: request.uri().path_and_query().map_or("/", |asked| asked.as_str()).to_owned(),
            user: None,
            impersonated: None,
            sources: source::addresses(request.headers(), peer.address()),
            agent: shortened(header(request.headers(), &USER_AGENT)),
            credentials: credentials(request, peer),
            received: now,
            status: None,
            annotations: BTreeMap::new(),
            omitted: None,
        }
    }

    pub(super) fn attributes(&self) -> &Attributes {
        &self.attributes
    }

    pub(super) fn user(&self) -> Option<&UserInfo> {
        self.user.as_deref()
    }

    pub(super) fn by(&mut self, user: &Arc<UserInfo>) {
        self.user = Some(Arc::clone(user));
    }

    /// Notes whom the request is made as.
    pub(in crate::endpoints) fn made_as(&mut self, user: &Arc<UserInfo>) {
        let maker = self.user.as_ref();
        self.impersonated = (maker != Some(user)).then(|| Arc::clone(user));
    }

    /// Leaves out some stages, or all there is.
    pub(super) fn omit(&mut self, stages: Option<Vec<Stage>>) {
        self.omitted = stages;
    }

    /// Says no more of the request.
    pub(super) fn silence(&mut self) {
        self.omitted = None;
    }

    /// Notes what an authorizer decided, and why.
    pub(in crate::endpoints) fn decided(&mut self, decision: &str, reason: &str) {
        self.annotations.insert("authorization.k8s.io/decision".into(), decision.to_owned());
        self.annotations.insert("authorization.k8s.io/reason".into(), reason.to_owned());
    }

    /// Notes that no authorizer could decide.
    pub(in crate::endpoints) fn undecided(&mut self) {
        self.annotations.insert("authorization.k8s.io/reason".into(), "internal error".to_owned());
    }

    /// Notes what admission has to say; nothing that was noted before is overwritten.
    pub(in crate::endpoints) fn annotated(&mut self, annotations: BTreeMap<String, String>) {
        for (key, value) in annotations {
            self.annotations.entry(key.into()).or_insert(value);
        }
    }

    /// Notes that the client is told of a failure.
    pub(in crate::endpoints) fn failed(&mut self, status: &Status) {
        self.status = serde_json::to_value(status).ok().map(bounded);
    }

    /// Notes the code of the answer.
    pub(in crate::endpoints) fn answered(&mut self, code: u16) {
        self.said("code", code.into());
    }

    /// Notes that the handling panicked. What it said is not told: it may hold anything.
    pub(in crate::endpoints) fn panicked(&mut self) {
        self.said("status", "Failure".into());
        self.said("message", "APIServer panic'd".into());
        self.said("reason", "InternalError".into());
        self.said("code", 500.into());
    }

    /// Notes that nobody waited for an answer, unless there is one.
    pub(super) fn closed(&mut self) {
        if self.status.is_none() {
            self.said("status", "Success".into());
            self.said("message", "Connection closed early".into());
            self.said("code", 200.into());
        }
    }

    /// Notes that the maker of the request is not believed.
    pub(super) fn disbelieved(&mut self) {
        let message = match self.credentials.as_slice() {
            [] => "Authentication failed, no credentials provided".to_owned(),
            shown => format!("Authentication failed, attempted: {}", shown.join(", ")),
        };
        self.said("message", message.into());
        self.said("code", 401.into());
    }

    fn said(&mut self, field: &str, value: Value) {
        let status = self.status.get_or_insert_with(|| bounded(Value::Object(Map::new())));
        status[field] = value;
    }

    /// Returns the event of a stage as a line of JSON, or none when it is left out.
    pub(super) fn event(&self, stage: Stage, now: Timestamp) -> Option<Vec<u8>> {
        if self.omitted.as_ref()?.contains(&stage) {
            return None;
        }
        let now = if stage == Stage::RequestReceived { self.received } else { now };
        let event = Event {
            kind: "Event",
            api_version: "audit.k8s.io/v1",
            level: "Metadata",
            audit_id: self.audit_id.to_str().unwrap_or_default(),
            stage: stage.as_str(),
            uri: &self.uri,
            verb: self.attributes.verb().as_str(),
            user: User::of(self.user.as_deref().unwrap_or(&NOBODY)),
            impersonated_user: self.impersonated.as_deref().map(User::of),
            sources: &self.sources,
            user_agent: &self.agent,
            object_ref: ObjectRef::of(&self.attributes),
            response_status: self.status.as_ref(),
            request_received_timestamp: spelled(self.received),
            stage_timestamp: spelled(now),
            annotations: &self.annotations,
        };
        let mut line = serde_json::to_vec(&event).ok()?;
        line.push(b'\n');
        Some(line)
    }
}

static NOBODY: UserInfo =
    UserInfo { name: String::new(), uid: String::new(), groups: Vec::new(), extra: BTreeMap::new() };

impl<'r> User<'r> {
    fn of(user: &'r UserInfo) -> Self {
        Self { username: &user.name, uid: &user.uid, groups: &user.groups, extra: &user.extra }
    }
}

impl<'r> ObjectRef<'r> {
    fn of(attributes: &'r Attributes) -> Option<Self> {
        match attributes {
            Attributes::Path { .. } => None,
            Attributes::Resource { group, version, resource, subresource, namespace, name, .. } => {
                Some(Self { resource, namespace, name, api_group: group, api_version: version, subresource })
            }
        }
    }
}

/// Returns the fields of a status whose size is bounded.
fn bounded(mut status: Value) -> Value {
    let told = ["status", "message", "reason", "details", "code"];
    let mut kept = Map::new();
    kept.insert("metadata".to_owned(), Value::Object(Map::new()));
    for field in told {
        if let Some(value) = status.get_mut(field) {
            kept.insert(field.to_owned(), value.take());
        }
    }
    Value::Object(kept)
}

/// Returns the kinds of credentials that a request shows.
fn credentials<B>(request: &Received<B>, peer: &Peer) -> Vec<&'static str> {
    let scheme = header(request.headers(), &AUTHORIZATION).split(' ').next().unwrap_or_default();
    let known = ["basic", "bearer"].into_iter().filter(|known| scheme.eq_ignore_ascii_case(known));
    known.chain((!peer.certificates().is_empty()).then_some("x509")).collect()
}

fn shortened(agent: &str) -> String {
    match agent.get(..AGENT) {
        Some(start) if agent.len() > AGENT => format!("{start}...TRUNCATED"),
        _ => agent.to_owned(),
    }
}

/// Spells a moment as Kubernetes does where it wants microseconds.
fn spelled(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}
