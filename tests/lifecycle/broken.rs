//! Servers that do not come up.

use crate::kubectl::Kubectl;
use crate::wfctl::Turn;

/// No cluster has it.
const NOWHERE: &str = "registry.invalid/wfctl:nowhere";

#[test]
#[ignore = "needs a cluster"]
fn an_upgrade_that_does_not_come_up_says_why_and_is_taken_back() {
    let turn = Turn::installed();
    let flags = ["--set", &format!("image={NOWHERE}"), "--timeout", "20s", "--rollback-on-failure"];
    let ended = turn.try_install(&flags);
    assert_eq!(ended.status, Some(1));
    for words in ["what was installed before is back", "The rollout was not done in 20s", "ImagePull"] {
        assert!(ended.stderr.contains(words), "{words}: {}", ended.stderr);
    }
    let again = turn.install(&[]);
    assert_eq!((again["changed"].as_array().unwrap().len(), &again["healthy"]), (0, &true.into()));
}

#[test]
#[ignore = "needs a cluster"]
fn of_a_first_installation_that_does_not_come_up_nothing_is_left() {
    let turn = Turn::with_nothing();
    let flags = ["--set", &format!("image={NOWHERE}"), "--timeout", "15s", "--rollback-on-failure"];
    let ended = turn.try_install(&flags);
    assert_eq!(ended.status, Some(1));
    assert!(ended.stderr.contains("what was made has been removed"), "{}", ended.stderr);
    let kinds = "apiservices,clusterroles,clusterrolebindings,rolebindings";
    let left = Kubectl::admin().ok(&format!("get {kinds} -A -l app.kubernetes.io/managed-by=wfctl -o name"));
    assert_eq!(left, "");
}
