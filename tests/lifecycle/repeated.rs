//! Runs after runs.

use std::io::{BufRead, BufReader};
use std::process::Command;

use serde_json::json;

use crate::kubectl::Kubectl;
use crate::wfctl::Turn;

/// The stages that a signal is sent in.
const STAGES: [&str; 7] = [
    "Looking at the cluster",
    "Checking what the cluster would take",
    "Making certificates",
    "Applying the objects",
    "Waiting for the servers to run",
    "Telling kube-apiserver whom to trust",
    "Proving that the API works",
];

#[test]
#[ignore = "needs a cluster"]
fn from_nothing_to_a_proven_api_and_again_without_a_change() {
    let turn = Turn::with_nothing();
    let first = turn.install(&[]);
    assert_eq!((&first["healthy"], &first["certificates"]), (&json!(true), &json!("issued")));
    Kubectl::admin().ok("get workflows --all-namespaces");
    let second = turn.install(&[]);
    assert_eq!((&second["changed"], &second["pruned"]), (&json!([]), &json!([])));
    assert_eq!(second["certificates"], "kept");
    assert_eq!(second["replicas"], first["replicas"]);
}

#[test]
#[ignore = "needs a cluster"]
fn settings_are_remembered_and_what_is_not_needed_any_more_goes() {
    let turn = Turn::installed();
    let changed = turn.install(&["--set", "podAnnotations.team=build"]);
    assert_eq!(changed["changed"], json!(["Deployment workflow-system/workflow-apiserver"]));
    assert_eq!(turn.install(&[])["changed"], json!([]));
    let template = "-o=jsonpath={.spec.template.metadata.annotations.team}";
    let annotation =
        || Kubectl::admin().ok(&format!("get deployment workflow-apiserver -n workflow-system {template}"));
    assert_eq!(annotation(), "build");
    turn.install(&["--reset"]);
    assert_eq!(annotation(), "");
}

#[test]
#[ignore = "needs a cluster"]
fn a_dry_run_shows_the_change_and_stores_nothing() {
    let turn = Turn::installed();
    let ended = turn.try_install(&["--set", "podAnnotations.team=build", "--dry-run"]);
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    assert!(ended.stdout.contains("+        team: build\n"), "{}", ended.stdout);
    assert_eq!(turn.install(&[])["changed"], json!([]));
}

#[test]
#[ignore = "needs a cluster"]
fn a_run_that_was_interrupted_anywhere_is_gone_on_with_by_the_next() {
    let turn = Turn::with_nothing();
    for stage in STAGES {
        let mut run =
            turn.start_install(&["--set", &format!("podAnnotations.stage={}", stage.replace(' ', "-"))]);
        let mut lines = BufReader::new(run.stderr.take().unwrap()).lines();
        lines.find(|line| line.as_ref().unwrap().starts_with(stage)).unwrap().unwrap();
        Command::new("kill").args(["-INT", &run.id().to_string()]).status().unwrap();
        let said: Vec<_> = lines.map(Result::unwrap).collect();
        let status = run.wait().unwrap().code();
        assert_eq!(status, Some(130), "{stage}: {said:?}");
        assert!(said.iter().any(|line| line.starts_with("error: stopped by a signal while ")), "{said:?}");
    }
    assert_eq!(turn.install(&["--reset"])["healthy"], true);
}
