//! Nothing is left but what is said, and nobody is held up.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::thread::{self, JoinHandle};

use serde_json::Value;
use tokio::sync::watch;

use crate::cluster::{Installation, command, kubectl, kubectl_with, succeeded, text, wfctl};

const EXAMPLE: &str = include_str!("../../templates/example-workflow.yaml");
const LABELS: &str = "--selector=app.kubernetes.io/managed-by=wfctl,app.kubernetes.io/part-of=workflow";
const OUTSIDE: &str = "apiservices,clusterroles,clusterrolebindings,namespaces";
const INSIDE: &str = "services,deployments,pods,cronjobs,jobs,secrets,configmaps,serviceaccounts,roles,rolebindings,\
                      networkpolicies,poddisruptionbudgets,persistentvolumeclaims";

/// Returns whatever is labelled as wfctl's, wherever it is.
fn remains() -> Vec<String> {
    let outside = kubectl(&["get", OUTSIDE, LABELS, "-o", "name"]);
    let inside = kubectl(&["get", INSIDE, LABELS, "--all-namespaces", "-o", "name"]);
    let mut remains: Vec<_> = outside.lines().chain(inside.lines()).map(str::to_owned).collect();
    remains.sort();
    remains
}

/// Namespaces that come and go as long as this is there.
struct Unrelated {
    stop: watch::Sender<bool>,
    going: JoinHandle<u32>,
}

impl Unrelated {
    fn begin() -> Self {
        let (stop, stopped) = watch::channel(false);
        let going = thread::spawn(move || {
            let mut deleted = 0;
            while !*stopped.borrow() {
                let name = format!("wfctl-upkeep-unrelated-{deleted}");
                kubectl(&["create", "namespace", &name]);
                kubectl(&["delete", "namespace", &name, "--timeout=2m"]);
                deleted += 1;
            }
            deleted
        });
        Self { stop, going }
    }

    /// Returns how many could be deleted: all that were there, or the thread has failed.
    fn end(self) -> u32 {
        self.stop.send_replace(true);
        self.going.join().expect("every namespace can be deleted")
    }
}

#[test]
#[ignore = "needs a cluster: make e2e"]
fn all_goes_but_the_data_and_unrelated_namespaces_can_be_deleted_all_the_time() {
    let installation = Installation::whole();
    kubectl_with(&["apply", "-f", "-"], EXAMPLE);
    let unrelated = Unrelated::begin();
    let told = succeeded(&wfctl("uninstall --yes"));
    assert!(told.contains("workflow-apiserver-data: it holds the Workflows; --purge deletes it"), "{told}");
    assert_eq!(
        remains(),
        ["namespace/workflow-system", "persistentvolumeclaim/workflow-apiserver-data"],
        "{told}"
    );
    assert!(unrelated.end() > 0);
    installation.is_made_whole();
    assert!(kubectl(&["get", "workflows", "-o", "name"]).contains("/example-workflow"));
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("workflows.jsonl");
    succeeded(&wfctl(&format!("uninstall --yes --purge --export-workflows {}", file.display())));
    assert_eq!(remains(), Vec::<String>::new());
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let lines = fs::read_to_string(&file).unwrap();
    let exported: Vec<Value> =
        lines.lines().skip(1).map(|line| serde_json::from_str(line).unwrap()).collect();
    let example = exported.iter().find(|it| it["metadata"]["name"] == "example-workflow").unwrap();
    assert!(example["metadata"]["uid"].is_string() && example["metadata"]["managedFields"].is_array());
}

#[test]
#[ignore = "needs a cluster: make e2e"]
fn a_dry_run_and_a_command_that_cannot_ask_delete_nothing() {
    let _installation = Installation::whole();
    let before = remains();
    let told = succeeded(&wfctl("uninstall --dry-run --purge -o json"));
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["dryRun"], true);
    assert_eq!(told["deleted"][0]["kind"], "APIService");
    assert_eq!(told["deleted"].as_array().unwrap().last().unwrap()["kind"], "Namespace");
    assert_eq!(wfctl("uninstall").status.code(), Some(2));
    assert_eq!(remains(), before);
}

#[test]
#[ignore = "needs a cluster: make e2e"]
fn an_uninstallation_that_was_interrupted_is_gone_on_with() {
    let _installation = Installation::whole();
    let mut running = command("uninstall --yes --purge").stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(running.stderr.take().unwrap()).lines().map_while(Result::ok);
    lines.find(|line| line.starts_with("Stopping the server")).expect("it gets that far");
    let pid = running.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    lines.for_each(drop);
    assert_eq!(running.wait().unwrap().code(), Some(130));
    assert!(!remains().is_empty());
    succeeded(&wfctl("uninstall --yes --purge"));
    assert_eq!(remains(), Vec::<String>::new());
    let told = succeeded(&wfctl("uninstall --yes --purge"));
    assert!(told.starts_with("Nothing of wfctl is to be deleted"), "{told}");
}

#[test]
#[ignore = "needs a cluster: make e2e"]
fn what_is_broken_or_not_wfctls_is_no_obstacle_and_is_said() {
    let installation = Installation::whole();
    installation.kubectl(&["delete", "service/workflow-apiserver", "deployment/workflow-apiserver"]);
    installation.kubectl(&["create", "configmap", "theirs"]);
    kubectl(&["label", "clusterrole", "workflow-viewer", "app.kubernetes.io/managed-by-"]);
    let output = wfctl("uninstall --yes --purge");
    let told = succeeded(&output);
    assert!(told.contains("ClusterRole workflow-viewer: "), "{told}{}", text(&output.stderr));
    assert!(told.contains("Namespace workflow-system: it holds ConfigMap theirs"), "{told}");
    assert_eq!(remains(), ["namespace/workflow-system"]);
    kubectl(&["delete", "clusterrole", "workflow-viewer"]);
    installation.kubectl(&["delete", "configmap", "theirs"]);
    succeeded(&wfctl("uninstall --yes"));
    assert_eq!(remains(), Vec::<String>::new());
}
