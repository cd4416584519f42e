//! Finding and understanding what is there.

use super::session::{Session, names, rows, with_each_kubectl};
use super::support::Feature;
use super::{EXAMPLE, workflow};

/// Three Workflows: `a` in front, `b` in the back, `c` nowhere.
fn prepare(session: &Session) {
    let manifest = [workflow("b", "tier: back"), workflow("c", ""), workflow("a", "tier: front, new: 'yes'")];
    session.ok_with("create -f -", &manifest.concat());
}

#[test]
#[ignore = "needs kubectl"]
fn a_workflow_goes_by_its_plural_its_singular_its_short_name_and_by_all() {
    with_each_kubectl(|session| {
        prepare(session);
        for resource in ["workflows", "workflow", "wf", "all", "workflows.workflow.example.com"] {
            assert_eq!(names(&session.ok(&format!("get {resource}"))), ["a", "b", "c"], "{resource}");
        }
        let known = session.ok("api-resources");
        let row = ["workflows", "wf", "workflow.example.com/v1alpha1", "true", "Workflow"];
        assert_eq!(rows(&known), [row]);
    });
}

#[test]
#[ignore = "needs kubectl"]
fn selectors_choose() {
    with_each_kubectl(|session| {
        prepare(session);
        let chosen = |selector: &str| {
            let listed = session.ok(&format!("get wf -o name {selector}"));
            listed.replace("workflow.workflow.example.com/", "").replace('\n', " ").trim_end().to_owned()
        };
        assert_eq!(chosen("-l tier=front"), "a");
        assert_eq!(chosen("-l tier!=front"), "b c");
        assert_eq!(chosen("-l tier"), "a b");
        assert_eq!(chosen("-l '!tier'"), "c");
        assert_eq!(chosen("-l 'tier in (front,back)'"), "a b");
        assert_eq!(chosen("-l 'tier notin (back)'"), "a c");
        assert_eq!(chosen("-l 'tier in (front,back),!new'"), "b");
        assert_eq!(chosen("--field-selector metadata.name=b"), "b");
        assert_eq!(chosen("--field-selector metadata.name!=b,status.phase="), "a c");
        assert_eq!(chosen("--field-selector status.phase=Running"), "");
        let unknown = session.fails("get wf --field-selector spec.timeout=1m");
        assert!(unknown.contains("\"spec.timeout\" is not a known field selector"), "{unknown}");
    });
}

#[test]
#[ignore = "needs kubectl"]
fn output_is_what_was_asked_for() {
    with_each_kubectl(|session| {
        prepare(session);
        session.ok_with("apply -f -", EXAMPLE);
        let wide = session.ok("get wf example-workflow -o wide");
        let headings = "NAME PHASE SCHEDULE STEPS AGE TIMEOUT STARTED DURATION IMAGES MESSAGE";
        assert_eq!(wide.lines().next().unwrap().split_whitespace().collect::<Vec<_>>().join(" "), headings);
        assert_eq!(rows(&wide)[0][5..], ["30m", "<none>", "<none>", "golang:1.21", "<none>"]);
        let images = session.ok("get wf example-workflow -o jsonpath={.spec.steps[*].image}");
        assert_eq!(images, "golang:1.21 golang:1.21");
        let columns = session.ok("get wf -o custom-columns=N:.metadata.name,T:.spec.timeout");
        assert_eq!(rows(&columns)[3], ["example-workflow", "30m"]);
        assert_eq!(
            names(&session.ok("get wf --sort-by=.metadata.name")),
            ["a", "b", "c", "example-workflow"]
        );
        let labels = session.ok("get wf a b -L tier");
        assert_eq!(rows(&labels).iter().map(|row| row[5]).collect::<Vec<_>>(), ["front", "back"]);
        assert_eq!(rows(&session.ok("get wf --all-namespaces"))[0][..2], ["default", "a"]);
        let json = session.ok("get wf -o json");
        let list: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!((&list["kind"], list["items"].as_array().unwrap().len()), (&"List".into(), 4));
    });
}

#[test]
#[ignore = "needs kubectl"]
fn explain_teaches() {
    with_each_kubectl(|session| {
        let v3 = session.has(Feature::ExplainV3);
        let workflow = session.ok("explain workflow");
        let heading = if v3 {
            "GROUP:      workflow.example.com\nKIND:       Workflow\n"
        } else {
            "KIND:     Workflow\n"
        };
        assert!(workflow.starts_with(heading), "{workflow}");
        assert!(workflow.contains("Workflow is a sequence of steps"), "{workflow}");
        let steps = session.ok("explain workflow.spec.steps");
        assert!(steps.contains("image\t<string> -required-\n"), "{steps}");
        assert!(steps.contains("The container image to run"), "{steps}");
        let all = session.ok("explain wf --recursive");
        for field in ["spec", "steps", "command\t<[]string>", "env\t<map[string]string>", "completionTime"] {
            assert!(all.contains(field), "no {field} in {all}");
        }
        let nothing = session.run("explain workflow.spec.nothing", "");
        assert_eq!(
            (nothing.code, nothing.stderr.as_str()),
            (Some(1), "error: field \"nothing\" does not exist\n")
        );
    });
}

#[test]
#[ignore = "needs kubectl"]
fn describe_tells_about_one() {
    with_each_kubectl(|session| {
        session.ok_with("apply -f -", EXAMPLE);
        let told = session.ok("describe wf example-workflow");
        assert!(told.starts_with("Name:         example-workflow\nNamespace:    default\n"), "{told}");
        for line in
            ["API Version:  workflow.example.com/v1alpha1", "    Image:  golang:1.21", "  Timeout:  30m"]
        {
            assert!(told.lines().any(|told| told == line), "no {line:?} in {told}");
        }
    });
}

#[test]
#[ignore = "needs kubectl"]
fn raw_paths_answer() {
    with_each_kubectl(|session| {
        for path in ["/readyz", "/livez", "/healthz"] {
            assert_eq!(session.ok(&format!("get --raw {path}")), "ok");
        }
        let group = session.ok("get --raw /apis/workflow.example.com");
        assert!(group.contains(r#""kind":"APIGroup""#), "{group}");
        let list = session.ok("get --raw /apis/workflow.example.com/v1alpha1/workflows");
        assert!(list.contains(r#""kind":"WorkflowList""#), "{list}");
        assert!(session.ok("version -o json").contains("serverVersion"));
    });
}
