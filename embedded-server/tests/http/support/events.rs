//! The answer to a watch, read event by event.

use std::collections::VecDeque;
use std::time::Duration;

use http::response::Parts;
use http_body_util::BodyExt;
use serde_json::Value;
use tokio::time::timeout;

use super::client::Incoming;

/// An open watch.
pub(crate) struct Events {
    pub(crate) head: Parts,
    body: Incoming,
    /// How long an event may take before the test fails.
    patience: Duration,
    text: Vec<u8>,
    ready: VecDeque<Value>,
}

impl Events {
    pub(super) fn new(head: Parts, body: Incoming, patience: Duration) -> Self {
        Self { head, body, patience, text: Vec::new(), ready: VecDeque::new() }
    }

    /// Waits for the next event; none when the watch is over.
    pub(crate) async fn next(&mut self) -> Option<Value> {
        while self.ready.is_empty() {
            let frame = timeout(self.patience, self.body.frame()).await.expect("something happens")?;
            let data = frame.expect("no broken connection").into_data().expect("data");
            self.text.extend_from_slice(&data);
            self.take_lines();
        }
        self.ready.pop_front()
    }

    fn take_lines(&mut self) {
        while let Some(end) = self.text.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.text.drain(..=end).collect();
            let event = serde_json::from_slice(&line);
            let event = event.unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&line)));
            self.ready.push_back(event);
        }
    }

    /// Waits for an event of a type and returns its object.
    #[track_caller]
    pub(crate) fn expect(&mut self, kind: &'static str) -> impl Future<Output = Value> + Send + '_ {
        let caller = std::panic::Location::caller();
        async move {
            let mut event = self.next().await.unwrap_or_else(|| panic!("{caller}: {kind}, not the end"));
            assert_eq!(event["type"], kind, "{caller}: {event}");
            event["object"].take()
        }
    }

    /// Waits for an event and returns it as `TYPE name@revision`.
    pub(crate) async fn spelled(&mut self) -> String {
        let Some(event) = self.next().await else { return "END".to_owned() };
        let (kind, object) = (event["type"].as_str().unwrap(), &event["object"]);
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        let version = object["metadata"]["resourceVersion"].as_str().unwrap_or_default();
        format!("{kind} {name}@{version}")
    }

    /// Returns everything that is sent until the watch ends.
    pub(crate) async fn rest(mut self) -> Vec<Value> {
        let mut all = Vec::new();
        while let Some(event) = self.next().await {
            all.push(event);
        }
        all
    }
}
