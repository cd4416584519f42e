//! The admission webhooks of the cluster, called about Workflows.

use std::net::TcpListener;

use http::Method;
use serde_json::{Value, json};

use crate::support::{ALL, Answer, Authority, Client, Kube, Reply, Server, Setup, Webhook};

const WORKFLOWS: &str = "/apis/workflow.example.com/v1alpha1/namespaces/default/workflows";

/// A server, and a front proxy by which alice asks it.
struct Installation {
    kube: Kube,
    proxy: Client,
    _server: Server,
}

impl Installation {
    async fn with(mutating: &[Value], validating: &[Value]) -> Self {
        Self::set_up(mutating, validating, |setup| setup).await
    }

    async fn set_up(mutating: &[Value], validating: &[Value], more: impl FnOnce(Setup) -> Setup) -> Self {
        let (kube, front) = (Kube::start().await, Authority::new("front"));
        kube.publishes(&[&front], &[]);
        kube.change(|state| {
            state.mutating_webhooks.put("m", json!({ "webhooks": mutating }));
            state.validating_webhooks.put("v", json!({ "webhooks": validating }));
        });
        let server = more(Setup::of(&kube)).ready();
        let proxy = server.client(&front.client("aggregator"));
        Self { kube, proxy, _server: server }
    }

    async fn create(&self, name: &str) -> Answer {
        self.proxy.create_as("alice", WORKFLOWS, workflow(name)).await
    }

    async fn ask(&self, method: Method, path: &str, body: Value) -> Answer {
        self.proxy.ask(method, path, &[("x-remote-user", "alice")], body).await
    }

    async fn patch(&self, path: &str, of: &str, body: Value) -> Answer {
        self.proxy.ask(Method::PATCH, path, &[("x-remote-user", "alice"), ("content-type", of)], body).await
    }
}

fn workflow(name: &str) -> Value {
    json!({
        "apiVersion": "workflow.example.com/v1alpha1",
        "kind": "Workflow",
        "metadata": {"name": name},
        "spec": {"steps": [{"name": "build", "image": "golang:1.21"}]},
    })
}

fn denies(_: &Value) -> Reply {
    Reply::Response(
        json!({"allowed": false, "status": {"code": 422, "reason": "Invalid", "message": "not today"}}),
    )
}

const DENIED: &str = "admission webhook \"v.example.com\" denied the request: not today";

#[tokio::test(flavor = "multi_thread")]
async fn what_a_webhook_changes_is_stored_and_belongs_to_nobody() {
    let hook = Webhook::start(|_| {
        Reply::patch(&json!([
            {"op": "add", "path": "/metadata/labels", "value": {"by": "webhook"}},
            {"op": "add", "path": "/spec/nonsense", "value": 1},
        ]))
    })
    .await;
    let there = Installation::with(&[hook.configured("m.example.com", &json!({}))], &[]).await;
    let created = there.create("a").await.expect(201).json();
    assert_eq!(created["metadata"]["labels"], json!({"by": "webhook"}));
    assert_eq!(created["spec"].get("nonsense"), None);
    assert!(!created["metadata"]["managedFields"].to_string().contains("f:labels"), "{created:#}");
    let asked = &hook.asked()[0];
    let group = "workflow.example.com";
    assert_eq!(asked["kind"], json!({"group": group, "version": "v1alpha1", "kind": "Workflow"}));
    assert_eq!(asked["resource"], json!({"group": group, "version": "v1alpha1", "resource": "workflows"}));
    assert_eq!([&asked["operation"], &asked["namespace"], &asked["name"]], ["CREATE", "default", "a"]);
    assert_eq!([&asked["userInfo"]["username"], &asked["options"]["kind"]], ["alice", "CreateOptions"]);
    assert_eq!(asked["object"]["metadata"].get("uid"), None);
    assert_eq!([&asked["dryRun"], &asked["oldObject"]], [&json!(false), &Value::Null]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_may_deny_everything_that_is_written() {
    let hook = Webhook::start(|_| Reply::yes()).await;
    let there = Installation::with(&[], &[hook.configured("v.example.com", &json!({}))]).await;
    let path = format!("{WORKFLOWS}/a");
    let mut stored = there.create("a").await.expect(201).json();
    hook.answers(denies);
    let denied = |answer: Answer| assert_eq!(answer.expect(422).json()["message"], DENIED);
    denied(there.create("b").await);
    stored["metadata"]["labels"] = json!({"a": "b"});
    denied(there.ask(Method::PUT, &path, stored.clone()).await);
    denied(there.ask(Method::PUT, &format!("{path}/status"), stored).await);
    denied(
        there.patch(&path, "application/merge-patch+json", json!({"metadata": {"labels": {"a": "b"}}})).await,
    );
    let apply = "application/apply-patch+yaml";
    denied(there.patch(&format!("{path}?fieldManager=m&force=true"), apply, workflow("a")).await);
    denied(there.patch(&format!("{WORKFLOWS}/c?fieldManager=m"), apply, workflow("c")).await);
    denied(there.ask(Method::DELETE, &path, Value::Null).await);
    denied(there.ask(Method::DELETE, WORKFLOWS, Value::Null).await);
    let asked = hook.asked();
    let operations: Vec<_> = asked.iter().map(|asked| asked["operation"].as_str().unwrap()).collect();
    let (create, update, delete) = ("CREATE", "UPDATE", "DELETE");
    assert_eq!(operations, [create, create, update, update, update, update, create, delete, delete]);
    assert_eq!(asked[3]["subResource"], "status");
    let deletion = &asked[7];
    assert_eq!(
        (&deletion["object"], deletion["oldObject"]["metadata"]["name"].as_str()),
        (&Value::Null, Some("a"))
    );
    let left = there.proxy.get_as("alice", ALL).await.expect(200).json();
    assert_eq!(left["items"].as_array().unwrap().len(), 1);
    let rejections = "apiserver_admission_webhook_rejection_count{error_type=\"no_error\",name=\"v.example.com\",\
                      operation=\"DELETE\",rejection_code=\"422\",type=\"validating\"}";
    assert!(there.proxy.metric(rejections).await >= 2.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_may_warn_and_write_into_the_audit_log() {
    let answer = json!({"allowed": true, "warnings": ["old"], "auditAnnotations": {"why": "because"}});
    let hook = Webhook::start(move |_| Reply::Response(answer.clone())).await;
    let mut log = String::new();
    let there = Installation::set_up(&[], &[hook.configured("v.example.com", &json!({}))], |setup| {
        log = setup.file("audit.log", "");
        setup.with("--audit-log-path", log.clone())
    })
    .await;
    assert_eq!(there.create("a").await.expect(201).warnings, ["299 - \"old\""]);
    while !std::fs::read_to_string(&log).unwrap().contains(r#""v.example.com/why":"because""#) {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_fails_fails_the_write_unless_it_may_be_passed_over() {
    let hook = Webhook::start(|_| Reply::yes()).await;
    let nowhere = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let strange =
        Webhook::start(|_| Reply::yes()).await.configured("", &json!({}))["clientConfig"]["caBundle"].clone();
    let mine = hook.configured("", &json!({}))["clientConfig"].clone();
    let of = |change: Value| {
        let mut config = mine.clone();
        config.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        config
    };
    let there = Installation::with(&[], &[]).await;
    type Answers = fn(&Value) -> Reply;
    let yes: Answers = |_| Reply::yes();
    let late: Answers = |_| Reply::Never;
    let boom: Answers = |_| Reply::Raw(500, "boom");
    let garbage: Answers = |_| Reply::Raw(200, "<html>");
    let foreign: Answers = |_| Reply::Response(json!({"allowed": true, "uid": "x"}));
    let no_patch: Answers =
        |_| Reply::Response(json!({"allowed": true, "patchType": "JSONPatch", "patch": "W3s="}));
    for (at, (config, answers, why)) in [
        (of(json!({"url": format!("https://{nowhere}/")})), yes, "failed to call webhook: Post "),
        (of(json!({"caBundle": strange})), yes, "certificate"),
        (mine.clone(), late, "context deadline exceeded"),
        (mine.clone(), boom, "failed to call webhook: an error on the server (\"boom\")"),
        (mine.clone(), garbage, "received invalid webhook response: it is no AdmissionReview"),
        (mine.clone(), foreign, "received invalid webhook response: expected response.uid="),
        (mine.clone(), no_patch, "received undecodable patch in webhook response"),
    ]
    .into_iter()
    .enumerate()
    {
        hook.answers(answers);
        for policy in ["Fail", "Ignore"] {
            let name = format!("m{at}.{}.example.com", policy.to_lowercase());
            let change = json!({"clientConfig": config, "failurePolicy": policy, "timeoutSeconds": 1});
            let webhooks = [hook.configured(&name, &change)];
            there.kube.change(|state| state.mutating_webhooks.put("m", json!({ "webhooks": webhooks })));
            let answer = loop {
                let answer = there.ask(Method::POST, &format!("{WORKFLOWS}?dryRun=All"), workflow("a")).await;
                if there.proxy.metrics().await.contains(&format!("name=\"{name}\"")) {
                    break answer;
                }
            };
            if policy == "Ignore" {
                answer.expect(201);
                continue;
            }
            let message = answer.expect(500).json()["message"].as_str().unwrap().to_owned();
            let start = format!("Internal error occurred: failed calling webhook \"{name}\": ");
            assert!(message.starts_with(&start) && message.contains(why), "{message}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_patch_that_does_not_apply_fails_the_write_whatever_the_policy() {
    let hook = Webhook::start(|_| Reply::patch(&json!([{"op": "remove", "path": "/no/such"}]))).await;
    let webhook = hook.configured("m.example.com", &json!({"failurePolicy": "Ignore"}));
    let there = Installation::with(&[webhook], &[]).await;
    let message = there.create("a").await.expect(500).json()["message"].to_string();
    assert!(message.contains("remove operation does not apply"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_is_no_matter_for_webhooks_with_side_effects() {
    let hook = Webhook::start(|_| Reply::yes()).await;
    let some = hook.configured("v.example.com", &json!({"sideEffects": "Some", "failurePolicy": "Ignore"}));
    let there = Installation::with(&[hook.configured("m.example.com", &json!({}))], &[some]).await;
    let refused = there.ask(Method::POST, &format!("{WORKFLOWS}?dryRun=All"), workflow("a")).await;
    let message = refused.expect(400).json()["message"].clone();
    assert_eq!(message, "admission webhook \"v.example.com\" does not support dry run");
    let asked = hook.asked();
    assert_eq!((asked.len(), &asked[0]["dryRun"]), (1, &json!(true)));
    there.create("a").await.expect(201);
    assert_eq!(hook.asked().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_is_asked_again_when_a_later_one_changes_what_it_has_seen() {
    let first = Webhook::start(|_| Reply::yes()).await;
    let second = Webhook::start(|_| {
        Reply::patch(&json!([{"op": "add", "path": "/metadata/labels", "value": {"by": "second"}}]))
    })
    .await;
    let webhooks = [
        first.configured("first.example.com", &json!({"reinvocationPolicy": "IfNeeded"})),
        second.configured("second.example.com", &json!({})),
    ];
    let there = Installation::with(&webhooks, &[]).await;
    there.create("a").await.expect(201);
    let labels =
        |asked: Vec<Value>| asked.iter().map(|asked| asked["object"]["metadata"]["labels"].clone()).collect();
    let seen: Vec<_> = labels(first.asked());
    assert_eq!(seen, [Value::Null, json!({"by": "second"})]);
    assert_eq!(second.asked().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_those_are_asked_whose_selectors_and_conditions_are_met() {
    let hook = Webhook::start(denies).await;
    let gold = json!({"matchLabels": {"tier": "gold"}});
    let condition = |expression: &str| json!({"matchConditions": [{"name": "c", "expression": expression}]});
    let there = Installation::with(
        &[],
        &[
            hook.configured("v.example.com", &json!({"namespaceSelector": gold})),
            hook.configured("v.example.com", &json!({"objectSelector": gold})),
            hook.configured("v.example.com", &condition("object.metadata.name == 'chosen'")),
        ],
    )
    .await;
    there.create("a").await.expect(201);
    there.create("chosen").await.expect(422);
    let mut labeled = workflow("b");
    labeled["metadata"]["labels"] = json!({"tier": "gold"});
    there.proxy.create_as("alice", WORKFLOWS, labeled).await.expect(422);
    let unknown = hook.configured("v.example.com", &condition("object.spec.no.such == 1"));
    there.kube.change(|state| {
        let labels = json!({"metadata": {"labels": {"tier": "gold"}}, "status": {"phase": "Active"}});
        state.namespaces.put("golden", labels);
        state.mutating_webhooks.put("m", json!({ "webhooks": [unknown] }));
    });
    let golden = WORKFLOWS.replace("default", "golden");
    let mut last = there.proxy.create_as("alice", &golden, workflow("a")).await;
    while last.code != 403 {
        last = there.proxy.create_as("alice", &golden, workflow("a")).await.expect_one_of(&[403, 404, 422]);
    }
    assert!(last.text.contains("resulted in error"), "{}", last.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn configurations_are_followed_while_the_server_runs() {
    let hook = Webhook::start(denies).await;
    let there = Installation::with(&[], &[]).await;
    there.create("a").await.expect(201);
    let webhooks = [hook.configured("v.example.com", &json!({}))];
    there.kube.change(|state| state.validating_webhooks.put("v", json!({ "webhooks": webhooks })));
    let path = format!("{WORKFLOWS}?dryRun=All");
    let tried = async || there.ask(Method::POST, &path, workflow("b")).await.code;
    while tried().await != 422 {}
    there.kube.change(|state| state.validating_webhooks.remove("v"));
    while tried().await != 201 {}
}

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_can_be_done_without() {
    let hook = Webhook::start(denies).await;
    let webhook = hook.configured("v.example.com", &json!({}));
    let without = "MutatingAdmissionWebhook,ValidatingAdmissionWebhook";
    let both = [webhook];
    let there =
        Installation::set_up(&both, &both, |setup| setup.with("--disable-admission-plugins", without)).await;
    there.create("a").await.expect(201);
    assert!(hook.asked().is_empty());
}
