//! From a step of a scenario to the answer that came.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use embedded_server::codec::yaml;
use http::{HeaderMap, Request};
use http_body_util::BodyExt;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::time::timeout;

use super::scenario::{Draft, Step};
use super::server::{Incoming, Server};
use super::target::Target;
use super::template::Words;

/// Whom fields are managed by.
const USER_AGENT: &str = "differential";
/// When no event comes for so long, none will.
const PATIENCE: Duration = Duration::from_secs(10);
/// No answer may take longer to come in whole.
const LONGEST: Duration = Duration::from_secs(30);
/// The headers that are looked at: the others are about the connection, or about who answers.
const HEADERS: [&str; 8] = [
    "allow",
    "audit-id",
    "cache-control",
    "content-type",
    "location",
    "retry-after",
    "warning",
    "x-content-type-options",
];

/// An answer as it is recorded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Answer {
    pub(crate) step: String,
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, Value>,
    /// The body: an object when it is JSON or YAML, else its text.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub(crate) body: Value,
    /// Of a watch the events.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) events: Vec<Value>,
}

/// Sends the steps one after the other and returns the answers, as they came.
pub(crate) async fn run(steps: &[Step], server: &Server, target: &Target, namespace: &str) -> Vec<Answer> {
    let mut words = Words::new(target.words(namespace));
    let mut answers = Vec::new();
    for step in steps {
        let response = server.send(request(step, &words)).await;
        let answer = read(step, response).await;
        let seen = if answer.events.is_empty() { answer.body.clone() } else { answer.events.clone().into() };
        words.remember(&step.step, seen);
        answers.push(answer);
    }
    answers
}

fn request(step: &Step, words: &Words) -> Request<Bytes> {
    let line = words.text(&step.send);
    let (method, path) = line.split_once(' ').expect("method and path");
    let mut request = Request::builder().method(method).uri(path).header("user-agent", USER_AGENT);
    for (name, value) in &step.headers {
        request = request.header(name, words.text(value));
    }
    let body = match step.body() {
        Draft::None => return request.body(Bytes::new()).unwrap(),
        Draft::Json(value) => words.value(&value).to_string(),
        Draft::Text(text) => words.text(&text),
    };
    let media_type = step.media_type.as_deref().unwrap_or("application/json");
    request.header("content-type", media_type).body(body.into()).unwrap()
}

async fn read(step: &Step, response: http::Response<Incoming>) -> Answer {
    let (head, body) = response.into_parts();
    let (mut whole, mut events) = (Value::Null, Vec::new());
    match step.events.filter(|_| head.status.is_success()) {
        Some(count) => events = first_events(body, count).await,
        None => {
            let all = timeout(LONGEST, body.collect()).await;
            whole = all.map_or("an answer without end".into(), |all| {
                parsed(&head.headers, &all.unwrap().to_bytes())
            });
        }
    }
    let step = step.step.clone();
    Answer { step, status: head.status.as_u16(), headers: looked_at(&head.headers), body: whole, events }
}

fn looked_at(headers: &HeaderMap) -> BTreeMap<String, Value> {
    let texts =
        |name| headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()).into());
    let all = HEADERS.into_iter().map(|name| (name.to_owned(), texts(name).collect::<Vec<Value>>()));
    let mut all: BTreeMap<_, _> = all.filter(|(_, values)| !values.is_empty()).collect();
    let warnings = all.remove("warning");
    let single = all.into_iter().map(|(name, mut values)| (name, values.remove(0)));
    single.chain(warnings.map(|all| ("warning".to_owned(), all.into()))).collect()
}

fn parsed(headers: &HeaderMap, body: &[u8]) -> Value {
    let media_type = headers.get("content-type").map(|value| value.to_str().unwrap()).unwrap_or_default();
    let parsed = match media_type {
        json if json.contains("json") => serde_json::from_slice(body).ok(),
        yaml if yaml.contains("yaml") => yaml::to_value(body).ok(),
        _ => None,
    };
    let text = || if body.is_empty() { Value::Null } else { String::from_utf8_lossy(body).into() };
    parsed.unwrap_or_else(text)
}

/// Reads so many events, or fewer when no more come.
async fn first_events(mut body: Incoming, count: usize) -> Vec<Value> {
    let mut text = Vec::new();
    let mut events = Vec::new();
    while events.len() < count {
        let Ok(Some(frame)) = timeout(PATIENCE, body.frame()).await else { break };
        text.extend_from_slice(&frame.unwrap().into_data().expect("data"));
        while let Some(end) = text.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = text.drain(..=end).collect();
            events.push(serde_json::from_slice(&line).unwrap());
        }
    }
    events.truncate(count);
    events
}
