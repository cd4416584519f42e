//! What is asked about a request before anything else is said of it, and what happens when nobody answers.

use std::sync::Arc;

use async_trait::async_trait;
use embedded_server::authorization::{Authorizer, Decision, Unanswered, Verdict};
use embedded_server::meta::{Attributes, UserInfo};
use http::Method;
use parking_lot::Mutex;
use serde_json::json;

use crate::support::{
    ALL, API_VERSION, JSON_PATCH, Protocol, STRANGER, Setup, TestServer, WORKFLOWS, item, workflow,
};

/// Writes down what it is asked about and decides as it is told.
#[derive(Clone, Debug)]
struct Reviewer {
    says: Result<Verdict, Unanswered>,
    asked: Arc<Mutex<Vec<Attributes>>>,
}

#[async_trait]
impl Authorizer for Reviewer {
    async fn authorize(&self, _: &UserInfo, attributes: &Attributes) -> Result<Verdict, Unanswered> {
        self.asked.lock().push(attributes.clone());
        self.says.clone()
    }
}

async fn server(says: Result<Verdict, Unanswered>) -> (TestServer, Reviewer) {
    let reviewer = Reviewer { says, asked: Arc::default() };
    (Setup::default().asking(reviewer.clone()).start().await, reviewer)
}

#[tokio::test]
async fn a_reviewer_that_cannot_be_asked_is_an_error_in_plain_text() {
    let (server, _) = server(Err(Unanswered("connection <refused>".to_owned()))).await;
    let stranger = server.client(&STRANGER, Protocol::Http2);
    let answer = stranger.get(format!("{ALL}?limit=1&watch=false")).await.expect(500);
    let expected =
        format!("Internal Server Error: \"{ALL}?limit=1&amp;watch=false\": connection &lt;refused&gt;\n");
    assert_eq!(answer.text(), expected);
    assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
}

#[tokio::test]
async fn the_reason_of_a_refusal_is_told() {
    for decision in [Decision::NoOpinion, Decision::Deny] {
        let (server, _) = server(Ok(decision.because("it is <late>"))).await;
        let stranger = server.client(&STRANGER, Protocol::Http2);
        let message = "forbidden: User \"stranger\" cannot get path \"/&lt;a&gt;\": it is <late>";
        stranger.get("/%3Ca%3E").await.failure(403, "Forbidden", message);
    }
}

#[tokio::test]
async fn nothing_is_said_of_a_request_that_is_not_allowed() {
    let (server, _) = server(Ok(Decision::NoOpinion.into())).await;
    let stranger = server.client(&STRANGER, Protocol::Http2);
    for (method, path) in [
        (Method::GET, "/nothing".to_owned()),
        (Method::POST, ALL.to_owned()),
        (Method::OPTIONS, ALL.to_owned()),
        (Method::GET, format!("/apis/{API_VERSION}/nothing")),
        (Method::GET, format!("{ALL}?fieldSelector=x%3Dy%3Dz")),
        (Method::PATCH, item("a")),
    ] {
        stranger.call(method, path).await.any_failure(403, "Forbidden");
    }
}

#[tokio::test]
async fn selectors_are_part_of_the_question() {
    let (server, reviewer) = server(Ok(Decision::Allow.into())).await;
    let stranger = server.client(&STRANGER, Protocol::Http2);
    let query = "fieldSelector=metadata.name%3Da&labelSelector=app%3Db";
    let asked = || match reviewer.asked.lock().pop().unwrap() {
        Attributes::Resource { field_selector, label_selector, .. } => {
            (field_selector.requirements().len(), label_selector.requirements().len())
        }
        Attributes::Path { .. } => panic!("a resource was asked for"),
    };
    let selectors = async |method: Method, path: String| {
        stranger.call(method, path).await;
        asked()
    };
    assert_eq!(selectors(Method::GET, format!("{WORKFLOWS}?{query}")).await, (1, 1));
    stranger.get(format!("{WORKFLOWS}?watch&{query}")).events().await;
    assert_eq!(asked(), (1, 1));
    assert_eq!(selectors(Method::DELETE, format!("{WORKFLOWS}?{query}")).await, (1, 1));
    assert_eq!(selectors(Method::GET, format!("{}?{query}", item("a"))).await, (0, 0));
    assert_eq!(selectors(Method::GET, format!("{WORKFLOWS}?labelSelector=a%3D%3D%3D")).await, (0, 0));
}

#[tokio::test]
async fn a_patch_that_may_create_asks_for_that_too() {
    let (server, reviewer) = server(Ok(Decision::Allow.into())).await;
    let stranger = server.client(&STRANGER, Protocol::Http2);
    let apply = stranger.call(Method::PATCH, item("a") + "?fieldManager=m").json(workflow("a"));
    apply.content_type("application/apply-patch+yaml").await.expect(201);
    let verbs: Vec<_> =
        reviewer.asked.lock().iter().map(Attributes::verb).map(|verb| verb.as_str()).collect();
    assert_eq!(verbs, ["patch", "create"]);
    reviewer.asked.lock().clear();
    let patch = stranger.call(Method::PATCH, item("a")).json(json!([])).content_type(JSON_PATCH);
    patch.await.expect(200);
    assert_eq!(reviewer.asked.lock().len(), 1);
}
