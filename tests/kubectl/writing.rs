//! Changing what is there.

use super::EXAMPLE;
use super::session::{Session, with_each_kubectl};

const ID: &str = "workflow.workflow.example.com/example-workflow";

fn timeout(session: &Session) -> String {
    session.ok("get wf example-workflow -o jsonpath={.spec.timeout}")
}

fn generation(session: &Session) -> String {
    session.ok("get wf example-workflow -o jsonpath={.metadata.generation}")
}

#[test]
#[ignore = "needs kubectl"]
fn apply_says_what_it_did() {
    with_each_kubectl(|session| {
        assert_eq!(session.ok_with("apply -f -", EXAMPLE), format!("{ID} created\n"));
        assert_eq!(session.ok_with("apply -f -", EXAMPLE), format!("{ID} unchanged\n"));
        let longer = EXAMPLE.replace("30m", "40m");
        assert_eq!(session.ok_with("apply -f -", &longer), format!("{ID} configured\n"));
        assert_eq!((timeout(session).as_str(), generation(session).as_str()), ("40m", "2"));
        let without = EXAMPLE.replace("  timeout: 30m\n", "");
        assert_eq!(session.ok_with("apply -f -", &without), format!("{ID} configured\n"));
        assert_eq!(timeout(session), "");
        let dry = session.ok_with("apply --dry-run=server -f -", EXAMPLE);
        assert_eq!(dry, format!("{ID} configured (server dry run)\n"));
        assert_eq!(timeout(session), "");
    });
}

#[test]
#[ignore = "needs kubectl"]
fn diff_shows_what_apply_would_change() {
    with_each_kubectl(|session| {
        session.ok_with("apply -f -", EXAMPLE);
        assert_eq!(session.ok_with("diff -f -", EXAMPLE), "");
        let changed = session.run("diff -f -", &EXAMPLE.replace("30m", "40m"));
        assert_eq!(changed.code, Some(1), "{}", changed.stderr);
        let lines: Vec<_> = changed.stdout.lines().collect();
        assert!(
            lines.contains(&"-  timeout: 30m") && lines.contains(&"+  timeout: 40m"),
            "{}",
            changed.stdout
        );
        assert_eq!(timeout(session), "30m");
    });
}

#[test]
#[ignore = "needs kubectl"]
fn labels_and_annotations_come_and_go_without_a_new_generation() {
    with_each_kubectl(|session| {
        session.ok_with("create -f -", EXAMPLE);
        assert_eq!(session.ok("label wf example-workflow tier=front"), format!("{ID} labeled\n"));
        // Some versions say "annotate".
        let annotated = session.ok("annotate wf example-workflow note='by hand'");
        assert!(annotated.starts_with(&format!("{ID} annotate")), "{annotated}");
        assert_eq!(session.ok("get wf example-workflow -o jsonpath={.metadata.labels.tier}"), "front");
        assert_eq!(session.ok("get wf example-workflow -o jsonpath={.metadata.annotations.note}"), "by hand");
        assert!(session.fails("label wf example-workflow tier=back").contains("--overwrite is false"));
        session.ok("label wf example-workflow tier=back --overwrite");
        assert_eq!(session.ok("get wf -l tier=back -o name"), format!("{ID}\n"));
        session.ok("label wf example-workflow tier-");
        assert_eq!(session.ok("get wf -l tier -o name"), "");
        assert_eq!(generation(session), "1");
    });
}

#[test]
#[ignore = "needs kubectl"]
fn an_editor_changes_a_workflow() {
    with_each_kubectl(|session| {
        session.ok_with("create -f -", EXAMPLE);
        session.write("script.sed", "s/timeout: 30m/timeout: 45m/\n");
        assert_eq!(session.ok("edit wf example-workflow"), format!("{ID} edited\n"));
        assert_eq!(timeout(session), "45m");
        let unchanged = session.run("edit wf example-workflow", "");
        assert_eq!(unchanged.code, Some(0));
        assert!(unchanged.stderr.contains("Edit cancelled, no changes made."), "{}", unchanged.stderr);
    });
}

#[test]
#[ignore = "needs kubectl"]
fn replace_puts_another_in_its_place() {
    with_each_kubectl(|session| {
        assert!(session.fails_with("replace -f -", EXAMPLE).contains("\"example-workflow\" not found"));
        session.ok_with("create -f -", EXAMPLE);
        let stale = session.ok("get wf example-workflow -o yaml");
        assert_eq!(
            session.ok_with("replace -f -", &EXAMPLE.replace("30m", "1h")),
            format!("{ID} replaced\n")
        );
        assert_eq!(timeout(session), "1h");
        let conflict = session.fails_with("replace -f -", &stale);
        assert!(conflict.contains("Error from server (Conflict)"), "{conflict}");
        assert!(conflict.contains("please apply your changes to the latest version"), "{conflict}");
    });
}

#[test]
#[ignore = "needs kubectl"]
fn server_side_apply_names_the_manager_in_the_way() {
    with_each_kubectl(|session| {
        let applied = session.ok_with("apply --server-side -f -", EXAMPLE);
        assert_eq!(applied, format!("{ID} serverside-applied\n"));
        let longer = EXAMPLE.replace("30m", "40m");
        let conflict = session.fails_with("apply --server-side --field-manager=other -f -", &longer);
        assert!(conflict.contains("conflict with \"kubectl\": .spec.timeout"), "{conflict}");
        assert_eq!(timeout(session), "30m");
        session.ok_with("apply --server-side --field-manager=other --force-conflicts -f -", &longer);
        assert_eq!(timeout(session), "40m");
    });
}

#[test]
#[ignore = "needs kubectl"]
fn a_strategic_patch_tells_steps_apart_by_name() {
    with_each_kubectl(|session| {
        session.ok_with("create -f -", EXAMPLE);
        let steps = |session: &Session| {
            session.ok("get wf example-workflow -o jsonpath={range.spec.steps[*]}{.name}={.image},{end}")
        };
        let image = r#"{"spec":{"steps":[{"name":"test","image":"golang:1.22"}]}}"#;
        session.ok(&format!("patch wf example-workflow -p '{image}'"));
        assert_eq!(steps(session), "build=golang:1.21,test=golang:1.22,");
        let removal = r#"{"spec":{"steps":[{"name":"build","$patch":"delete"}]}}"#;
        session.ok(&format!("patch wf example-workflow -p '{removal}'"));
        assert_eq!(steps(session), "test=golang:1.22,");
    });
}

#[test]
#[ignore = "needs kubectl"]
fn patches_change_what_they_name() {
    with_each_kubectl(|session| {
        session.ok_with("create -f -", EXAMPLE);
        session.ok(r#"patch wf example-workflow --type=merge -p '{"spec":{"timeout":"1h"}}'"#);
        assert_eq!(timeout(session), "1h");
        let operation =
            r#"[{"op":"test","path":"/spec/timeout","value":"1h"},{"op":"remove","path":"/spec/timeout"}]"#;
        session.ok(&format!("patch wf example-workflow --type=json -p '{operation}'"));
        assert_eq!(timeout(session), "");
        let same = session.ok(r#"patch wf example-workflow --type=merge -p '{"spec":{"timeout":null}}'"#);
        assert_eq!(same, format!("{ID} patched (no change)\n"));
    });
}
