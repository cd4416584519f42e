//! Somebody who lacks one permission.

use serde_json::{Value, json};

use crate::kubectl::Kubectl;
use crate::wfctl::Turn;

/// Who installs.
const USER: &str = "wfctl-install-test";
/// What is applied: group and resource.
const APPLIED: [(&str, &str); 13] = [
    ("", "namespaces"),
    ("", "persistentvolumeclaims"),
    ("", "secrets"),
    ("", "serviceaccounts"),
    ("", "services"),
    ("apiregistration.k8s.io", "apiservices"),
    ("apps", "deployments"),
    ("batch", "cronjobs"),
    ("networking.k8s.io", "networkpolicies"),
    ("rbac.authorization.k8s.io", "clusterrolebindings"),
    ("rbac.authorization.k8s.io", "clusterroles"),
    ("rbac.authorization.k8s.io", "rolebindings"),
    ("rbac.authorization.k8s.io", "roles"),
];
/// What is looked at.
const LISTED: [(&str, &str); 2] = [("", "pods"), ("apps", "replicasets")];

type Permission = (&'static str, &'static str, &'static str);

#[test]
#[ignore = "needs a cluster"]
fn each_permission_that_is_missing_is_named_before_anything_is_changed() {
    let turn = Turn::with_nothing();
    let needed = needed();
    for missing in &needed {
        allow(needed.iter().filter(|permission| *permission != missing));
        let ended = turn.try_install(&["--as", USER]);
        let (verb, group, resource) = missing;
        let dot = if group.is_empty() { "" } else { "." };
        assert_eq!(ended.status, Some(1), "{missing:?}: {}", ended.stderr);
        let named = format!("the permission to {verb} {resource}{dot}{group} in the ");
        assert!(ended.stderr.contains(&named), "{missing:?}: {}", ended.stderr);
        assert!(!Kubectl::admin().succeeds("get namespace workflow-system"), "{missing:?}");
    }
    allow(needed.iter());
    let flags = ["--as", USER, "--as-group", "system:authenticated"];
    assert_eq!(turn.install(&flags)["healthy"], true);
    Kubectl::admin().ok(&format!("delete clusterrolebinding,clusterrole {USER}"));
}

fn needed() -> Vec<Permission> {
    let applied = APPLIED
        .iter()
        .flat_map(|(group, resource)| ["get", "patch", "create"].map(|verb| (verb, *group, *resource)));
    applied.chain(LISTED.map(|(group, resource)| ("list", group, resource))).collect()
}

/// Lets the user do this. That he may give others what he has not got himself is not what is tried here.
fn allow<'a>(permissions: impl Iterator<Item = &'a Permission>) {
    let rules = permissions.map(|(verb, group, resource)| rule(&[*verb], group, &[*resource]));
    let granting = rule(&["bind", "escalate"], "rbac.authorization.k8s.io", &["roles", "clusterroles"]);
    let rules: Vec<_> = rules.chain([granting]).collect();
    let role = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": USER},
        "rules": rules,
    });
    let binding = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": USER},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": USER},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": USER}],
    });
    let list = json!({"apiVersion": "v1", "kind": "List", "items": [role, binding]});
    Kubectl::admin().ok_with("apply -f -", &list.to_string());
}

fn rule(verbs: &[&str], group: &str, resources: &[&str]) -> Value {
    json!({"verbs": verbs, "apiGroups": [group], "resources": resources})
}
