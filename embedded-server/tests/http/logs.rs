//! What is logged of requests, and what never is.

use std::io;
use std::sync::{Arc, LazyLock};

use parking_lot::Mutex;
use serde_json::{Value, json};
use tracing::Dispatch;
use tracing::level_filters::LevelFilter;
use tracing::subscriber::{DefaultGuard, NoSubscriber};

use crate::support::{ALL, FOREIGNER, MASTER, Protocol, TestServer, WORKFLOWS, workflow};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// Keeps log lines.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl io::Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// As long as there is but one subscriber, what another test's thread logs first is taken for what nobody wants.
static ANOTHER: LazyLock<Dispatch> = LazyLock::new(|| Dispatch::new(NoSubscriber::new()));

impl Kept {
    /// Keeps all that this thread logs.
    fn all(level: LevelFilter) -> (Self, DefaultGuard) {
        LazyLock::force(&ANOTHER);
        let kept = Self::default();
        let writer = kept.clone();
        let lines = tracing_subscriber::fmt().json().flatten_event(true).with_max_level(level);
        let lines = lines.with_writer(move || writer.clone()).finish();
        (kept, tracing::subscriber::set_default(lines))
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().clone()).unwrap()
    }

    fn of(&self, message: &str) -> Vec<Value> {
        let text = self.text();
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.filter(|line| line["message"] == message).collect()
    }
}

#[tokio::test]
async fn a_request_is_one_line() {
    let (kept, _guard) = Kept::all(LevelFilter::DEBUG);
    let server = TestServer::start().await;
    let call = server.get(format!("{ALL}?limit=1")).header("audit-id", "mine").header("user-agent", "test/1");
    call.await.expect(200);
    let [line] = kept.of("HTTP").try_into().unwrap();
    let told = ["verb", "URI", "userAgent", "audit-ID", "resp"].map(|field| line[field].clone());
    assert_eq!(
        told,
        [json!("LIST"), json!(format!("{ALL}?limit=1")), json!("test/1"), json!("mine"), json!(200)]
    );
    assert!(line["srcIP"].as_str().unwrap().starts_with("127.0.0.1:"));
    assert!(line.get("latency").is_some());
}

#[tokio::test]
async fn what_is_logged_while_a_request_is_handled_names_it_and_its_trace() {
    let (kept, _guard) = Kept::all(LevelFilter::INFO);
    let server = TestServer::start().await;
    let foreigner = server.client(&FOREIGNER, Protocol::Http2);
    let call = foreigner.get(ALL).header("audit-id", "mine");
    call.header("traceparent", &format!("00-{TRACE}-00f067aa0ba902b7-01")).await.expect(401);
    let [line] = kept.of("unable to authenticate the request").try_into().unwrap();
    assert_eq!((&line["span"]["audit_id"], &line["span"]["trace_id"]), (&json!("mine"), &json!(TRACE)));
}

#[tokio::test]
async fn no_secret_is_logged_however_much_is() {
    let (kept, _guard) = Kept::all(LevelFilter::TRACE);
    let server = TestServer::start().await;
    let secret = "hunter2";
    for protocol in [Protocol::Http1, Protocol::Http2] {
        let client = server.client(&MASTER, protocol);
        let mut body = Value::from(workflow("a"));
        body["metadata"]["annotations"] = json!({"note": secret});
        for body in [body.to_string(), format!("{{\"{secret}\": {secret}")] {
            let call =
                client.call(http::Method::POST, WORKFLOWS).content_type("application/json").bytes(body);
            let call = call.header("authorization", &format!("Bearer {secret}")).header("cookie", secret);
            call.header("x-remote-user", secret).await;
        }
    }
    assert!(kept.of("HTTP").len() == 4);
    for line in kept.text().lines() {
        assert!(!line.contains(secret), "{line}");
    }
}
