//! What becomes of what is found.

use serde_json::{Value, json};

use super::text::{Outcome, done, intentions, staying};
use super::*;
use crate::manifest;

const HERE: &str = "workflow-system";

/// Everything that can be installed, as it is found in a cluster.
fn found() -> Found {
    let objects: Vec<_> = manifest::identities(HERE).unwrap().into_iter().map(installed).collect();
    let registrations = objects.iter().filter(|object| object["kind"] == "APIService").cloned().collect();
    Found {
        namespace: HERE.to_owned(),
        objects,
        registrations,
        others: Some(Vec::new()),
        workflows: Some(0),
        dependents: Vec::new(),
    }
}

fn installed(mut object: Value) -> Value {
    let uid = format!("uid of {} {}", object["kind"], object["metadata"]["name"]);
    object["metadata"]["uid"] = json!(uid);
    object["metadata"]["labels"] =
        json!({"app.kubernetes.io/managed-by": "wfctl", "app.kubernetes.io/part-of": "workflow"});
    if object["kind"] == "APIService" {
        object["spec"]["service"] = json!({"name": "workflow-apiserver", "namespace": HERE});
    }
    if object["kind"].as_str().is_some_and(|kind| kind.ends_with("Binding")) {
        object["subjects"] = json!([{"kind": "ServiceAccount", "namespace": HERE}]);
    }
    object
}

fn deleted(plan: &Plan) -> Vec<String> {
    plan.delete.iter().map(|item| item.id.to_string()).collect()
}

fn stays(noted: &[Noted]) -> Vec<String> {
    noted.iter().map(|noted| format!("{}: {}", noted.id, noted.why)).collect()
}

fn change(found: &mut Found, kind: &str, change: impl Fn(&mut Value)) {
    let all = found.objects.iter_mut().chain(&mut found.registrations);
    all.filter(|object| object["kind"] == kind).for_each(change);
}

#[test]
fn the_api_goes_first_and_the_namespace_last() {
    let plan = plan(&found(), true).unwrap();
    let deleted = deleted(&plan);
    assert_eq!(deleted.first().unwrap(), "APIService v1alpha1.workflow.example.com");
    assert_eq!(deleted.last().unwrap(), "Namespace workflow-system");
    let at = |what: &str| deleted.iter().position(|id| id == what).unwrap();
    assert!(at("Deployment workflow-system/workflow-apiserver") < at("ClusterRole workflow-admin"));
    let reader = at("RoleBinding kube-system/workflow-apiserver-auth-reader");
    assert!(at("Service workflow-system/workflow-apiserver") < reader);
    assert!(reader < at("Secret workflow-system/workflow-apiserver-certs"));
    assert!(at("Secret workflow-system/workflow-apiserver-certs") < deleted.len() - 2);
    assert_eq!(at("PersistentVolumeClaim workflow-system/workflow-apiserver-data"), deleted.len() - 2);
    assert!((plan.keep.is_empty(), plan.leave.is_empty()) == (true, true));
}

#[test]
fn the_volume_stays_and_with_it_the_namespace() {
    let plan = plan(&found(), false).unwrap();
    assert_eq!(
        stays(&plan.keep),
        [
            "PersistentVolumeClaim workflow-system/workflow-apiserver-data: it holds the Workflows; --purge deletes \
             it",
            "Namespace workflow-system: it holds PersistentVolumeClaim workflow-system/workflow-apiserver-data",
        ]
    );
    assert!(!deleted(&plan).iter().any(|id| id.starts_with("Namespace")));
}

#[test]
fn what_is_not_labelled_is_said_and_left() {
    let mut found = found();
    change(&mut found, "ClusterRole", |role| role["metadata"]["labels"] = json!({}));
    let plan = plan(&found, true).unwrap();
    assert_eq!(plan.leave.len(), 4);
    assert_eq!(plan.leave[0].command, "kubectl delete clusterroles workflow-apiserver:namespace-reader");
    assert!(!deleted(&plan).iter().any(|id| id.starts_with("ClusterRole ")));
}

#[test]
fn a_namespace_that_is_not_ours_or_not_empty_stays() {
    let mut theirs = found();
    change(&mut theirs, "Namespace", |namespace| namespace["metadata"]["labels"] = json!({}));
    assert_eq!(plan(&theirs, true).unwrap().leave.len(), 1);
    let mut shared = found();
    shared.others = Some(vec!["ConfigMap a".to_owned(), "ConfigMap b".to_owned()]);
    let kept = stays(&plan(&shared, true).unwrap().keep);
    assert_eq!(kept, ["Namespace workflow-system: it holds ConfigMap a and 1 more"]);
    let mut unknown = found();
    unknown.others = None;
    let kept = stays(&plan(&unknown, true).unwrap().keep);
    assert_eq!(kept, ["Namespace workflow-system: it cannot be known what else is in it"]);
}

#[test]
fn an_installation_somewhere_else_is_not_touched() {
    let mut found = found();
    found.objects.retain(|object| object["metadata"]["namespace"] != HERE && object["kind"] != "Namespace");
    change(&mut found, "APIService", |it| it["spec"]["service"]["namespace"] = json!("blue"));
    change(&mut found, "ClusterRoleBinding", |it| it["subjects"][0]["namespace"] = json!("blue"));
    change(&mut found, "RoleBinding", |it| it["subjects"][0]["namespace"] = json!("blue"));
    let blocked = plan(&found, true).unwrap_err();
    assert_eq!(blocked.to_string(), "nothing is installed in the namespace workflow-system, but in blue");
    assert_eq!(blocked.hint(), "wfctl uninstall -n blue");
}

#[test]
fn what_a_second_installation_left_here_goes_without_what_belongs_to_the_first() {
    let mut found = found();
    change(&mut found, "APIService", |it| it["spec"]["service"]["namespace"] = json!("blue"));
    let plan = plan(&found, true).unwrap();
    let kept = stays(&plan.keep);
    assert!(kept.contains(
        &"APIService v1alpha1.workflow.example.com: it belongs to what is installed in blue".to_owned()
    ));
    assert!(kept.contains(&"ClusterRole workflow-admin: it belongs to what is installed in blue".to_owned()));
    assert!(deleted(&plan).contains(&"Deployment workflow-system/workflow-apiserver".to_owned()));
}

#[test]
fn a_service_that_somebody_elses_api_needs_is_not_taken_away() {
    let mut found = found();
    let labels = |registration: &mut Value| registration["metadata"]["labels"] = json!({});
    change(&mut found, "APIService", labels);
    let blocked = plan(&found, false).unwrap_err();
    assert!(matches!(&blocked, Blocked::Registration(name) if name == "v1alpha1.workflow.example.com"));
    assert!(blocked.hint().starts_with("kubectl delete apiservice v1alpha1.workflow.example.com"));
}

#[test]
fn half_an_installation_is_deleted_like_a_whole_one() {
    let mut found = found();
    found.objects.retain(|object| object["kind"] == "Secret" || object["kind"] == "ClusterRoleBinding");
    found.registrations.clear();
    assert_eq!(plan(&found, false).unwrap().delete.len(), 6);
    found.objects.clear();
    assert_eq!(deleted(&plan(&found, false).unwrap()), Vec::<String>::new());
}

#[test]
fn it_is_told_what_follows_for_workflows() {
    let warned = |workflows, dependents: &[&str], purge| {
        let dependents = dependents.iter().map(|text| (*text).to_owned()).collect();
        plan(&Found { workflows, dependents, ..found() }, purge).unwrap().warnings
    };
    assert!(warned(Some(0), &[], false).is_empty());
    assert_eq!(
        warned(Some(3), &[], false),
        ["3 Workflows can no longer be reached; they stay where they are stored."]
    );
    assert_eq!(warned(Some(1), &[], true), ["1 Workflow is deleted with its volume."]);
    assert!(warned(None, &[], false)[0].starts_with("Nobody tells how many Workflows there are"));
    assert_eq!(
        warned(Some(0), &["2 Jobs", "1 Pod"], false),
        ["Workflows own 2 Jobs, 1 Pod: Kubernetes may delete what is owned by what is no longer there."]
    );
}

#[test]
fn people_read_what_goes_and_what_stays() {
    let mut found = found();
    found.objects.retain(|object| {
        ["APIService", "Namespace", "PersistentVolumeClaim"].iter().any(|kind| object["kind"] == *kind)
    });
    found.workflows = Some(2);
    let plan = plan(&found, false).unwrap();
    let text = "\
Deletes from https://k:
  APIService v1alpha1.workflow.example.com
Keeps:
  PersistentVolumeClaim workflow-system/workflow-apiserver-data: it holds the Workflows; --purge deletes it
    kubectl delete persistentvolumeclaims -n workflow-system workflow-apiserver-data
  Namespace workflow-system: it holds PersistentVolumeClaim workflow-system/workflow-apiserver-data
    kubectl delete namespaces workflow-system
2 Workflows can no longer be reached; they stay where they are stored.
";
    assert_eq!(intentions(&plan, "https://k"), text);
    assert!(text.contains(&staying(&plan)));
    assert_eq!(done(&plan), format!("Deleted 1 object.\n{}", staying(&plan)));
}

#[test]
fn programs_read_the_promised_shape() {
    let mut found = found();
    found
        .objects
        .retain(|object| object["kind"] == "PersistentVolumeClaim" || object["kind"] == "APIService");
    let outcome = serde_json::to_value(Outcome::of(&plan(&found, false).unwrap(), true)).unwrap();
    let name = "workflow-apiserver-data";
    assert_eq!(
        outcome,
        json!({
            "dryRun": true,
            "deleted": [{"kind": "APIService", "namespace": null, "name": "v1alpha1.workflow.example.com"}],
            "kept": [{
                "kind": "PersistentVolumeClaim", "namespace": HERE, "name": name,
                "reason": "it holds the Workflows; --purge deletes it",
                "command": "kubectl delete persistentvolumeclaims -n workflow-system workflow-apiserver-data",
            }],
            "left": [],
        })
    );
}
