//! Requests in somebody else's name.

use std::sync::Arc;

use async_trait::async_trait;
use embedded_server::authorization::{Authorizer, Decision, Unanswered, Verdict};
use embedded_server::endpoints::{AuditPolicy, AuditSink};
use embedded_server::meta::{Attributes, UserInfo, Verb};
use parking_lot::Mutex;
use serde_json::{Value, json};

use crate::support::{ALL, Client, Protocol, STRANGER, Setup, TestServer, WORKFLOWS, workflow};

/// The stranger may be `eve` and in the group `testers`; eve may list.
#[derive(Clone, Debug, Default)]
struct Rules {
    /// Who was to be allowed anything that is no impersonation.
    judged: Arc<Mutex<Vec<UserInfo>>>,
}

#[async_trait]
impl Authorizer for Rules {
    async fn authorize(&self, user: &UserInfo, attributes: &Attributes) -> Result<Verdict, Unanswered> {
        let Attributes::Resource { verb, resource, name, .. } = attributes else {
            return Ok(Decision::NoOpinion.into());
        };
        if *verb == Verb::Impersonate && name == "nobody-knows" {
            return Err(Unanswered("too late".to_owned()));
        }
        if *verb != Verb::Impersonate {
            self.judged.lock().push(user.clone());
        }
        let allowed = match (user.name.as_str(), verb, resource.as_str(), name.as_str()) {
            ("stranger", Verb::Impersonate, "users", "eve" | "system:anonymous") => true,
            ("stranger", Verb::Impersonate, "groups", "testers") => true,
            ("eve", verb, ..) => *verb == Verb::List,
            _ => false,
        };
        Ok(if allowed { Decision::Allow } else { Decision::NoOpinion }.into())
    }
}

#[derive(Debug, Default)]
struct Kept(Mutex<Vec<u8>>);

impl AuditSink for Kept {
    fn write(&self, event: Vec<u8>) {
        self.0.lock().extend(event);
    }
}

struct Scene {
    server: TestServer,
    rules: Rules,
    events: Arc<Kept>,
}

impl Scene {
    async fn new() -> Self {
        let (rules, events) = (Rules::default(), Arc::<Kept>::default());
        let setup = Setup::default().asking(rules.clone());
        let sink: Arc<dyn AuditSink> = Arc::clone(&events) as _;
        let server = setup.audited(AuditPolicy::everything(), sink).start().await;
        Self { server, rules, events }
    }

    fn stranger(&self) -> Client {
        self.server.client(&STRANGER, Protocol::Http2)
    }

    fn last_event(&self) -> Value {
        let events = self.events.0.lock();
        serde_json::from_slice(events.trim_ascii_end().rsplit(|byte| *byte == b'\n').next().unwrap()).unwrap()
    }
}

#[tokio::test]
async fn whoever_may_be_somebody_else_is_judged_as_him() {
    let scene = Scene::new().await;
    let stranger = scene.stranger();
    stranger.get(ALL).await.any_failure(403, "Forbidden");
    let call = stranger.get(ALL).header("impersonate-user", "eve").header("impersonate-group", "testers");
    call.await.expect(200);
    let eve = scene.rules.judged.lock().pop().unwrap();
    assert_eq!(
        (eve.name.as_str(), eve.groups),
        ("eve", vec!["testers".into(), "system:authenticated".into()])
    );
    let create = stranger.call(http::Method::POST, WORKFLOWS).json(workflow("a"));
    let refused = create.header("impersonate-user", "eve").await.any_failure(403, "Forbidden");
    assert!(refused["message"].as_str().unwrap().contains("User \"eve\" cannot create"), "{refused}");
}

#[tokio::test]
async fn whoever_may_not_be_somebody_else_is_refused() {
    let scene = Scene::new().await;
    let stranger = scene.stranger();
    let message = "users \"root\" is forbidden: User \"stranger\" cannot impersonate resource \"users\" in API group \
                   \"\" at the cluster scope";
    stranger.get(ALL).header("impersonate-user", "root").await.failure(403, "Forbidden", message);
    for (header, value) in [
        ("impersonate-group", "system:masters"),
        ("impersonate-uid", "7"),
        ("impersonate-extra-scopes", "all"),
    ] {
        let call = stranger.get(ALL).header("impersonate-user", "eve").header(header, value);
        call.await.any_failure(403, "Forbidden");
    }
    let robot = "system:serviceaccount:ci:robot";
    let message = "serviceaccounts \"robot\" is forbidden: User \"stranger\" cannot impersonate resource \
                   \"serviceaccounts\" in API group \"\" in the namespace \"ci\"";
    stranger.get(ALL).header("impersonate-user", robot).await.failure(403, "Forbidden", message);
    let refused = stranger.get(ALL).header("impersonate-user", "nobody-knows").await;
    let refused = refused.any_failure(403, "Forbidden");
    assert!(refused["message"].as_str().unwrap().ends_with(": too late"), "{refused}");
    assert!(scene.rules.judged.lock().is_empty(), "nothing else is asked");
}

#[tokio::test]
async fn nobody_becomes_a_part_of_somebody() {
    let scene = Scene::new().await;
    let stranger = scene.stranger();
    stranger.get(ALL).header("impersonate-group", "system:masters").await.any_failure(400, "BadRequest");
}

#[tokio::test]
async fn the_audit_log_tells_of_both() {
    let scene = Scene::new().await;
    let stranger = scene.stranger();
    stranger.get(ALL).header("impersonate-user", "system:anonymous").await.any_failure(403, "Forbidden");
    let event = scene.last_event();
    assert_eq!(event["user"]["username"], "stranger");
    let anonymous = json!({"username": "system:anonymous", "groups": ["system:unauthenticated"]});
    assert_eq!(event["impersonatedUser"], anonymous);
    stranger.get(ALL).await.any_failure(403, "Forbidden");
    assert_eq!(scene.last_event().get("impersonatedUser"), None);
}
