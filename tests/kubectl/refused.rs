//! What is refused, and whether one can tell why.

use super::session::with_each_kubectl;
use super::support::Feature;
use super::{EXAMPLE, workflow};

const WRONG: &str = r#"
apiVersion: workflow.example.com/v1alpha1
kind: Workflow
metadata: {name: wrong, labels: {"a b": c}}
spec:
  schedule: "61 * * * *"
  timeout: "-5m"
  steps:
  - {name: Build, image: "golang:1.21"}
  - {name: test, image: ""}
  - {name: test, image: "UPPER::x"}
  - {name: last, image: "golang", env: {"A=B": "x"}}
"#;

#[test]
#[ignore = "needs kubectl"]
fn a_message_names_every_wrong_field() {
    with_each_kubectl(|session| {
        for command in ["create -f -", "apply -f -"] {
            let message = session.fails_with(command, WRONG);
            assert!(message.starts_with("The Workflow \"wrong\" is invalid: \n"), "{message}");
            let named =
                message.lines().skip(1).map(|line| line.split(": ").take(2).collect::<Vec<_>>().join(": "));
            let expected = [
                "* metadata.labels: Invalid value",
                "* spec.schedule: Invalid value",
                "* spec.steps[0].name: Invalid value",
                "* spec.steps[1].image: Required value",
                "* spec.steps[2].image: Invalid value",
                "* spec.steps[2].name: Duplicate value",
                "* spec.steps[3].env[A=B]: Invalid value",
                "* spec.timeout: Invalid value",
            ];
            let mut named: Vec<_> = named.collect();
            named.sort_unstable();
            assert_eq!(named, expected, "{message}");
        }
        assert!(session.fails("get wf wrong").contains("NotFound"));
    });
}

#[test]
#[ignore = "needs kubectl"]
fn fields_that_do_not_exist_and_values_of_another_type_are_refused() {
    with_each_kubectl(|session| {
        let typo = session.fails_with("create -f -", &EXAMPLE.replace("timeout:", "timeot:"));
        let by_server = session.has(Feature::ServerSideValidation);
        let said = if by_server { "unknown field \"spec.timeot\"" } else { "unknown field \"timeot\"" };
        assert!(typo.contains(said), "{typo}");
        let number = session.fails_with("create -f -", &EXAMPLE.replace("30m", "30"));
        assert!(number.contains("invalid type: integer `30`, expected a string"), "{number}");
        session.ok_with("create -f -", EXAMPLE);
        let patch = session.fails(r#"patch wf example-workflow --type=merge -p '{"spec":{"timeout":5}}'"#);
        assert!(patch.starts_with("The request is invalid: patch: Invalid value: "), "{patch}");
    });
}

#[test]
#[ignore = "needs kubectl"]
fn what_is_there_cannot_be_created_and_what_is_not_cannot_be_had() {
    with_each_kubectl(|session| {
        session.ok_with("create -f -", EXAMPLE);
        let twice = session.fails_with("create -f -", EXAMPLE);
        let said = "Error from server (AlreadyExists): error when creating \"STDIN\": \
                    workflows.workflow.example.com \"example-workflow\" already exists\n";
        assert_eq!(twice, said);
        for command in ["get wf nobody", "delete wf nobody", "describe wf nobody"] {
            let missing = session.fails(command);
            assert_eq!(
                missing,
                "Error from server (NotFound): workflows.workflow.example.com \"nobody\" not found\n"
            );
        }
    });
}

#[test]
#[ignore = "needs kubectl"]
fn a_workflow_without_steps_is_made_with_a_warning() {
    with_each_kubectl(|session| {
        let manifest = workflow("idle", "").replace("{name: build, image: 'golang:1.21'}", "");
        let made = session.run("create -f -", &manifest);
        assert_eq!(
            (made.code, made.stdout.as_str()),
            (Some(0), "workflow.workflow.example.com/idle created\n")
        );
        assert!(made.stderr.contains("Warning: spec.steps: a workflow without steps"), "{}", made.stderr);
    });
}
