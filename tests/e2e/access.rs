//! Who may do what, asked beforehand; and who may speak for others.

use std::path::PathBuf;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::kubectl::Kubectl;
use crate::namespace::Namespace;

#[test]
#[ignore = "needs a cluster: make e2e"]
fn the_cluster_tells_beforehand_who_may_do_what() {
    let namespace = Namespace::new("can-i");
    let alice = namespace.user("alice", "workflow-admin");
    let bob = namespace.user("bob", "workflow-viewer");
    for verb in ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"] {
        assert_eq!(alice.ok(&format!("auth can-i {verb} workflows.workflow.example.com")), "yes\n", "{verb}");
    }
    alice.ok("auth can-i update workflows.workflow.example.com --subresource=status");
    bob.ok("auth can-i watch workflows.workflow.example.com");
    bob.fails("auth can-i create workflows.workflow.example.com");
    bob.fails("auth can-i update workflows.workflow.example.com --subresource=status");
    namespace.stranger("carol").fails("auth can-i get workflows.workflow.example.com");
}

/// A service account with a token of its own.
struct Robot {
    kubectl: Kubectl,
    _kubeconfig: TempDir,
}

impl Robot {
    fn of(namespace: &Namespace) -> Self {
        let admin = namespace.admin();
        admin.ok("create serviceaccount robot");
        let token = admin.ok("create token robot").trim().to_owned();
        let config = admin.ok("config view --raw --minify --flatten -o json");
        let mut config: Value = serde_json::from_str(&config).unwrap();
        config["users"][0]["user"] = json!({ "token": token });
        let home = tempfile::tempdir().unwrap();
        let path: PathBuf = home.path().join("kubeconfig");
        std::fs::write(&path, config.to_string()).unwrap();
        let kubectl = Kubectl::with_kubeconfig(path.to_str().unwrap()).to_namespace(namespace.name());
        Self { kubectl, _kubeconfig: home }
    }
}

#[test]
#[ignore = "needs a cluster: make e2e"]
fn a_service_account_works_with_its_token() {
    let namespace = Namespace::new("token");
    let robot = Robot::of(&namespace);
    let refused = robot.kubectl.fails("get workflows");
    let account = format!("system:serviceaccount:{}:robot", namespace.name());
    assert!(refused.contains(&format!("User \"{account}\" cannot list")), "{refused}");
    let binding = format!("--clusterrole=workflow-viewer --serviceaccount={}:robot", namespace.name());
    namespace.admin().ok(&format!("create rolebinding robot {binding}"));
    // What was denied is remembered for ten seconds.
    let deadline = std::time::Instant::now() + crate::PATIENCE;
    while !robot.kubectl.succeeds("get workflows") {
        assert!(std::time::Instant::now() < deadline, "the robot is let in");
    }
}

#[test]
#[ignore = "needs a cluster: make e2e"]
fn whoever_may_impersonate_somebody_gets_as_far_as_he() {
    let namespace = Namespace::new("impersonation");
    namespace.user("alice", "workflow-viewer");
    let robot = Robot::of(&namespace);
    let refused = robot.kubectl.as_user("alice").fails("get workflows");
    assert!(refused.contains("cannot impersonate"), "{refused}");
    let name = namespace.name();
    let admin = Kubectl::admin();
    admin.ok(&format!("create clusterrole {name} --verb=impersonate --resource=users --resource-name=alice"));
    let _cleanup = ClusterScoped(name.to_owned());
    let binding = format!("--clusterrole={name} --serviceaccount={name}:robot");
    admin.ok(&format!("create clusterrolebinding {name} {binding}"));
    let deadline = std::time::Instant::now() + crate::PATIENCE;
    while !robot.kubectl.as_user("alice").succeeds("get workflows") {
        assert!(std::time::Instant::now() < deadline, "the robot may be alice");
    }
    let refused = robot.kubectl.as_user("alice").fails("delete workflow anything");
    assert!(refused.contains("User \"alice\" cannot"), "{refused}");
    robot.kubectl.as_user("bob").fails("get workflows");
}

/// A ClusterRole and its binding that go away with the test.
struct ClusterScoped(String);

impl Drop for ClusterScoped {
    fn drop(&mut self) {
        Kubectl::admin().succeeds(&format!("delete clusterrole,clusterrolebinding {}", self.0));
    }
}
