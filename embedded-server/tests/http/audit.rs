//! What is written down of requests.

use std::sync::Arc;

use async_trait::async_trait;
use embedded_server::authorization::{Authorizer, Decision, Unanswered, Verdict};
use embedded_server::endpoints::{AuditPolicy, AuditSink};
use embedded_server::meta::{Attributes, UserInfo};
use parking_lot::Mutex;
use serde_json::{Value, json};

use crate::support::{
    ALL, FOREIGNER, Panics, Protocol, STRANGER, Setup, TestServer, WORKFLOWS, item, workflow,
};

/// Keeps events.
#[derive(Clone, Debug, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl AuditSink for Kept {
    fn write(&self, event: Vec<u8>) {
        self.0.lock().extend(event);
    }
}

impl Kept {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().clone()).unwrap()
    }

    fn events(&self) -> Vec<Value> {
        self.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn stages(&self) -> Vec<String> {
        let events = self.events();
        events.iter().map(|event| format!("{} {}", event["verb"], event["stage"]).replace('"', "")).collect()
    }
}

async fn audited(policy: AuditPolicy) -> (TestServer, Kept) {
    let kept = Kept::default();
    let server = Setup::default().audited(policy, Arc::new(kept.clone())).start().await;
    (server, kept)
}

async fn all() -> (TestServer, Kept) {
    audited(AuditPolicy::everything()).await
}

fn policy(rules: &str) -> AuditPolicy {
    let text = format!("apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n{rules}");
    AuditPolicy::from_yaml(text.as_bytes()).unwrap()
}

#[tokio::test]
async fn a_request_is_told_when_it_comes_and_when_it_is_answered() {
    let (server, kept) = all().await;
    let call =
        server.get(item("a") + "?pretty=true").header("audit-id", "mine").header("user-agent", "test/1");
    call.header("x-forwarded-for", "10.1.2.3").await.expect(404);
    let [received, complete] = kept.events().try_into().unwrap();
    assert_eq!(received["stage"], "RequestReceived");
    assert_eq!(received.get("responseStatus"), None);
    let credential = complete["user"]["extra"]["authentication.kubernetes.io/credential-id"][0].clone();
    assert!(credential.as_str().unwrap().starts_with("X509SHA256="));
    let expected = json!({
        "kind": "Event",
        "apiVersion": "audit.k8s.io/v1",
        "level": "Metadata",
        "auditID": "mine",
        "stage": "ResponseComplete",
        "requestURI": item("a") + "?pretty=true",
        "verb": "get",
        "user": {
            "username": "admin",
            "groups": ["system:masters", "system:authenticated"],
            "extra": {"authentication.kubernetes.io/credential-id": [credential]},
        },
        "sourceIPs": ["10.1.2.3", "127.0.0.1"],
        "userAgent": "test/1",
        "objectRef": {
            "resource": "workflows",
            "namespace": "default",
            "name": "a",
            "apiGroup": "workflow.example.com",
            "apiVersion": "v1alpha1",
        },
        "responseStatus": {
            "metadata": {},
            "status": "Failure",
            "message": "workflows.workflow.example.com \"a\" not found",
            "reason": "NotFound",
            "details": {"name": "a", "group": "workflow.example.com", "kind": "workflows"},
            "code": 404,
        },
        "requestReceivedTimestamp": "2024-01-15T10:00:00.000000Z",
        "stageTimestamp": "2024-01-15T10:00:00.000000Z",
        "annotations": {"authorization.k8s.io/decision": "allow", "authorization.k8s.io/reason": ""},
    });
    assert_eq!(complete, expected);
}

#[tokio::test]
async fn a_watch_is_told_when_it_begins_to_be_answered_too() {
    let (server, kept) = all().await;
    server.get(format!("{ALL}?watch=1&timeoutSeconds=1")).await.expect(200);
    let stages = ["watch RequestReceived", "watch ResponseStarted", "watch ResponseComplete"];
    assert_eq!(kept.stages(), stages);
    assert_eq!(kept.events()[2]["responseStatus"], json!({"metadata": {}, "code": 200}));
}

#[tokio::test]
async fn who_is_not_believed_is_told_once() {
    let (server, kept) = all().await;
    server.client(&FOREIGNER, Protocol::Http2).get(ALL).await.expect(401);
    let [event] = kept.events().try_into().unwrap();
    assert_eq!((&event["stage"], &event["user"]), (&json!("ResponseStarted"), &json!({})));
    let message = "Authentication failed, attempted: x509";
    assert_eq!(event["responseStatus"], json!({"metadata": {}, "message": message, "code": 401}));
}

/// Decides as it is told.
#[derive(Clone, Debug)]
struct Says(Result<Verdict, Unanswered>);

#[async_trait]
impl Authorizer for Says {
    async fn authorize(&self, _: &UserInfo, _: &Attributes) -> Result<Verdict, Unanswered> {
        self.0.clone()
    }
}

#[tokio::test]
async fn decisions_are_told_with_their_reasons() {
    let told = |decision: &str, reason: &str| json!({"authorization.k8s.io/decision": decision, "authorization.k8s.io/reason": reason});
    let undecided = json!({"authorization.k8s.io/reason": "internal error"});
    for (verdict, code, annotations) in [
        (Ok(Decision::Allow.because("a rule")), 200, told("allow", "a rule")),
        (Ok(Decision::Deny.because("it is late")), 403, told("forbid", "it is late")),
        (Ok(Decision::NoOpinion.because("no rule")), 403, told("forbid", "no rule")),
        (Err(Unanswered("nobody there".to_owned())), 500, undecided),
    ] {
        let kept = Kept::default();
        let setup = Setup::default().audited(AuditPolicy::everything(), Arc::new(kept.clone()));
        let server = setup.asking(Says(verdict)).start().await;
        server.client(&STRANGER, Protocol::Http2).get(ALL).await.expect(code);
        let complete = &kept.events()[1];
        assert_eq!(complete["annotations"], annotations);
        assert_eq!(complete["responseStatus"]["code"], code);
    }
}

#[tokio::test]
async fn neither_bodies_nor_credentials_are_told() {
    let (server, kept) = all().await;
    let secret = "hunter2";
    let mut body = Value::from(workflow("a"));
    body["metadata"]["annotations"] = json!({"note": secret});
    let call = server.post(WORKFLOWS, body).header("authorization", &format!("Bearer {secret}"));
    call.header("cookie", secret).await.expect(201);
    assert_eq!(kept.stages(), ["create RequestReceived", "create ResponseComplete"]);
    assert!(!kept.text().contains(secret), "{}", kept.text());
}

#[tokio::test]
async fn a_panic_is_told_but_not_what_it_said() {
    let kept = Kept::default();
    let setup = Setup::default().audited(AuditPolicy::everything(), Arc::new(kept.clone())).asking(Panics);
    let server = setup.start().await;
    let answer = server.get(ALL).await.expect(500);
    assert!(answer.text().starts_with("This request caused apiserver to panic."));
    assert_eq!(kept.stages(), ["list RequestReceived", "list Panic"]);
    assert!(!kept.text().contains("secret"), "{}", kept.text());
}

#[tokio::test]
async fn a_policy_says_what_is_told() {
    let rules =
        "- {level: None, nonResourceURLs: ['/*']}\n- {level: Metadata, omitStages: [RequestReceived]}";
    let (server, kept) = audited(policy(rules)).await;
    server.get("/version").await.expect(200);
    server.get(ALL).await.expect(200);
    assert_eq!(kept.stages(), ["list ResponseComplete"]);
}
