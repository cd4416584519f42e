//! Waiting for what happens.

use super::EXAMPLE;
use super::session::{Running, Session, with_each_kubectl};
use super::support::Feature;

/// Waits until `command`, run with `-v=8`, says that it watches.
fn watches(command: &mut Running) {
    command.stderr.wait_for(|line| line.contains("watch=true"));
}

fn start_watching(session: &Session, command: &str) -> Running {
    let mut running = session.start(&format!("{command} -v=8"));
    watches(&mut running);
    running
}

#[test]
#[ignore = "needs kubectl"]
fn a_watch_tells_every_event_in_order() {
    with_each_kubectl(|session| {
        let mut watch = start_watching(session, "get wf -w --output-watch-events");
        session.ok_with("create -f -", EXAMPLE);
        watch.wait_for(&["EVENT", "NAME", "PHASE"]);
        watch.wait_for(&["ADDED", "example-workflow"]);
        session.ok("label wf example-workflow a=b");
        watch.wait_for(&["MODIFIED", "example-workflow"]);
        session.ok("delete wf example-workflow");
        watch.wait_for(&["DELETED", "example-workflow"]);
    });
}

#[test]
#[ignore = "needs kubectl"]
fn wait_ends_when_a_field_has_its_value() {
    with_each_kubectl(|session| {
        if !session.has(Feature::WaitForJsonpath) {
            return;
        }
        session.ok_with("create -f -", EXAMPLE);
        let wait = "wait wf/example-workflow --for=jsonpath={.spec.timeout}=1h --timeout=60s";
        let waiting = start_watching(session, wait);
        session.ok(r#"patch wf example-workflow --type=merge -p '{"spec":{"timeout":"1h"}}'"#);
        let met = "workflow.workflow.example.com/example-workflow condition met";
        assert_eq!(waiting.ended(), (Some(0), met.to_owned()));
        let never = wait.replace("1h", "2h").replace("60s", "10ms");
        assert!(session.fails(&never).contains("timed out waiting for the condition"));
    });
}

#[test]
#[ignore = "needs kubectl"]
fn wait_ends_when_a_workflow_is_gone() {
    with_each_kubectl(|session| {
        session.ok_with("create -f -", EXAMPLE);
        let waiting = start_watching(session, "wait wf/example-workflow --for=delete --timeout=60s");
        session.ok("delete wf example-workflow");
        let met = "workflow.workflow.example.com/example-workflow condition met";
        assert_eq!(waiting.ended(), (Some(0), met.to_owned()));
    });
}
