//! Rules that hold for every request: what is checked first, how options are read, what failures look like.

use async_trait::async_trait;
use embedded_server::authorization::{Authorizer, Decision, Unanswered, Verdict};
use embedded_server::meta::{Attributes, UserInfo};
use http::Method;
use serde_json::{Value, json};

use crate::support::{
    Answer, MASTER, MERGE_PATCH, Protocol, Setup, TestServer, WORKFLOWS, Workflow, item, workflow,
};

/// Cannot be made, but not for the router to say.
const NOTHING: &str = "application/json;as=Nothing;g=meta.k8s.io;v=v1";

/// A request with several faults.
struct Faulty {
    accept: &'static str,
    content_type: &'static str,
    large: bool,
    query: &'static str,
}

impl Faulty {
    async fn send(self, server: &TestServer, method: Method, path: &str) -> Answer {
        let body = vec![b'x'; if self.large { (3 << 20) + 1 } else { 1 }];
        let call = server.call(method, format!("{path}{}", self.query)).accept(self.accept);
        call.content_type(self.content_type).bytes(body).await
    }
}

#[tokio::test]
async fn of_several_faults_the_one_told_depends_on_the_verb() {
    let server = TestServer::start().await;
    server.has(workflow("a")).await;
    let (bad, json, merge) = ("?dryRun=x", "application/json", MERGE_PATCH);
    for (method, accept, content_type, large, query, code) in [
        (Method::POST, NOTHING, "text/plain", true, bad, 406),
        (Method::POST, json, "text/plain", true, bad, 415),
        (Method::POST, json, json, true, bad, 413),
        (Method::POST, json, json, false, bad, 422),
        (Method::POST, json, json, false, "", 400),
        (Method::PUT, NOTHING, "text/plain", true, bad, 406),
        (Method::PUT, json, "text/plain", true, bad, 413),
        (Method::PUT, json, "text/plain", false, bad, 422),
        (Method::PUT, json, "text/plain", false, "", 415),
        (Method::PATCH, NOTHING, "text/plain", true, bad, 415),
        (Method::PATCH, json, merge, true, bad, 413),
        (Method::PATCH, json, merge, false, bad, 422),
        (Method::PATCH, json, merge, false, "", 400),
    ] {
        let path = if method == Method::POST { WORKFLOWS.to_owned() } else { item("a") };
        let faulty = Faulty { accept, content_type, large, query };
        let answer = faulty.send(&server, method.clone(), &path).await;
        assert_eq!(answer.status, code, "{method} {content_type} {query}: {}", answer.text());
    }
}

#[tokio::test]
async fn switches_are_on_unless_they_say_otherwise() {
    let server = TestServer::start().await;
    server.has(workflow("a")).await;
    for (query, code) in [
        ("export", 400),
        ("export=", 400),
        ("export=no", 400),
        ("export=1", 400),
        ("export=true&export=false", 400),
        ("export=false&export=true", 200),
        ("export=FALSE", 200),
        ("export=0", 200),
        ("Export=true", 200),
    ] {
        server.get(format!("{}?{query}", item("a"))).await.expect(code);
    }
}

#[tokio::test]
async fn options_of_every_verb_are_validated_as_objects_of_their_own() {
    let server = TestServer::start().await;
    let stored = Workflow::from(server.has(workflow("a")).await);
    let path = item("a") + "?dryRun=x";
    let list = format!("{WORKFLOWS}?sendInitialEvents=true");
    let dry_run = "dryRun: Unsupported value: ";
    let initial = "sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list";
    for (answer, kind, why) in [
        (server.post(format!("{WORKFLOWS}?dryRun=x"), workflow("b")).await, "CreateOptions", dry_run),
        (server.put(&path, stored).await, "UpdateOptions", dry_run),
        (server.patch(&path, MERGE_PATCH, json!({})).await, "PatchOptions", dry_run),
        (server.delete(&path).await, "DeleteOptions", dry_run),
        (server.get(list).await, "ListOptions", initial),
    ] {
        let status = answer.any_failure(422, "Invalid");
        let message = status["message"].as_str().unwrap();
        assert!(message.starts_with(&format!("{kind}.meta.k8s.io \"\" is invalid: {why}")), "{message}");
        let details = &status["details"];
        assert_eq!((&details["kind"], &details["group"]), (&json!(kind), &json!("meta.k8s.io")));
        assert_eq!(details["name"], Value::Null);
    }
}

#[tokio::test]
async fn a_field_manager_is_short_and_printable() {
    let server = TestServer::start().await;
    let with = |manager: &str| format!("{WORKFLOWS}?dryRun=All&fieldManager={manager}");
    for manager in ["m".repeat(128), "a%20b".to_owned(), "%C3%A9".to_owned()] {
        server.post(with(&manager), workflow("a")).await.expect(201);
    }
    for (manager, reason) in
        [("m".repeat(129), "FieldValueTooLong"), ("a%00".to_owned(), "FieldValueInvalid")]
    {
        let status = server.post(with(&manager), workflow("a")).await.any_failure(422, "Invalid");
        assert_eq!(status["details"]["causes"][0]["reason"], reason);
        assert_eq!(status["details"]["causes"][0]["field"], "fieldManager");
    }
}

#[tokio::test]
async fn a_body_is_read_by_the_letter() {
    let server = TestServer::start().await;
    let odd = workflow("a").with("/Spec", json!({})).with("/spec/Timeout", "1m");
    let answer = server.post(WORKFLOWS, odd).await.expect(201);
    let mut warnings = answer.warnings();
    warnings.sort();
    assert_eq!(warnings, [r#""unknown field \"Spec\"""#, r#""unknown field \"spec.Timeout\"""#]);
    assert_eq!(answer.json()["spec"]["timeout"], Value::Null);
    let more = Value::from(workflow("b")).to_string() + "{}";
    server.post(WORKFLOWS, Value::Null).bytes(more).await.any_failure(400, "BadRequest");
}

#[tokio::test]
async fn a_name_is_one_part_of_a_path() {
    let server = TestServer::start().await;
    for (name, shown, why) in [
        ("%2e%2e", "..", "may not be '..'"),
        ("%2e", ".", "may not be '.'"),
        ("a%25b", "a%b", "may not contain '%'"),
    ] {
        let message = format!("Name parameter invalid: \"{shown}\": {why}");
        server.get(item(name)).await.failure(400, "BadRequest", &message);
        server.delete(item(name)).await.failure(400, "BadRequest", &message);
        server.patch(item(name), MERGE_PATCH, json!({})).await.failure(400, "BadRequest", &message);
        server.post(WORKFLOWS, workflow(shown)).await.any_failure(422, "Invalid");
    }
    let status = server.get(item("a%2Fb")).await.any_failure(404, "NotFound");
    assert_eq!(status["message"], "the server could not find the requested resource");
}

/// Cannot cope with one path.
#[derive(Debug)]
struct Panics;

#[async_trait]
impl Authorizer for Panics {
    async fn authorize(&self, _: &UserInfo, attributes: &Attributes) -> Result<Verdict, Unanswered> {
        match attributes {
            Attributes::Path { path, .. } if path == "/panic" => panic!("on purpose"),
            _ => Ok(Decision::NoOpinion.into()),
        }
    }
}

#[tokio::test]
async fn a_panic_is_answered_and_the_connection_lives_on() {
    let server = Setup::default().asking(Panics).start().await;
    let mut watch = server.get(format!("{WORKFLOWS}?watch=1&resourceVersion=0")).events().await;
    let old = server.client(&MASTER, Protocol::Http1);
    for answer in [old.get("/panic").await, server.get("/panic").await] {
        let text = "This request caused apiserver to panic. Look in the logs for details.\n";
        assert_eq!(answer.clone().expect(500).text(), text);
        assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
        assert_eq!(answer.header("audit-id").len(), 36);
    }
    server.has(workflow("a")).await;
    assert_eq!(watch.spelled().await, "ADDED a@2");
}
