//! What this server does not serve fails with an answer that says so.

use super::EXAMPLE;
use super::session::with_each_kubectl;

#[test]
#[ignore = "needs kubectl"]
fn other_resources_are_unknown() {
    with_each_kubectl(|session| {
        for resource in ["pods", "namespaces", "events"] {
            let unknown = session.fails(&format!("get {resource}"));
            assert_eq!(unknown, format!("error: the server doesn't have a resource type \"{resource}\"\n"));
        }
        assert!(session.fails("run x --image=golang").contains("no matches for kind \"Pod\""));
    });
}

#[test]
#[ignore = "needs kubectl"]
fn other_apis_are_not_found() {
    with_each_kubectl(|session| {
        let asked = session.fails("auth can-i get workflows");
        let message = "the server could not find the requested resource (post selfsubjectaccessreviews.authorization.k8s.io)";
        assert_eq!(asked, format!("Error from server (NotFound): {message}\n"));
        assert!(session.fails("auth whoami").starts_with("error: "));
        assert!(session.fails("top pods").starts_with("error: "));
    });
}

#[test]
#[ignore = "needs kubectl"]
fn a_workflow_has_no_scale_no_rollout_and_no_logs() {
    with_each_kubectl(|session| {
        session.ok_with("create -f -", EXAMPLE);
        let scale = session.fails("scale wf/example-workflow --replicas=2");
        assert_eq!(scale, "Error from server (NotFound): the server could not find the requested resource\n");
        assert!(
            session
                .fails("rollout status wf/example-workflow")
                .contains("no kind \"Workflow\" is registered")
        );
        assert!(session.fails("logs wf/example-workflow").starts_with("error: "));
    });
}
