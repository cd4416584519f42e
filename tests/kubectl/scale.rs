//! A thousand Workflows.

use super::session::{names, with_each_kubectl};
use super::workflow;

const MANY: usize = 1000;

#[test]
#[ignore = "needs kubectl"]
fn a_thousand_workflows_are_made_listed_in_pages_and_deleted() {
    with_each_kubectl(|session| {
        let manifest: String =
            (0..MANY).map(|n| workflow(&format!("many-{n:04}"), &format!("batch: b{}", n % 10))).collect();
        session.write("many.yaml", &manifest);
        let created = session.ok("create -f many.yaml");
        assert_eq!(created.lines().count(), MANY);
        let expected: Vec<_> = (0..MANY).map(|n| format!("many-{n:04}")).collect();
        let paged = session.ok("get wf --chunk-size=100 -o name");
        let paged: Vec<_> = paged.lines().map(|line| line.rsplit('/').next().unwrap()).collect();
        assert_eq!(paged, expected);
        assert_eq!(names(&session.ok("get wf --chunk-size=333")), expected);
        assert_eq!(names(&session.ok("get wf --chunk-size=0")), expected);
        assert_eq!(names(&session.ok("get wf -l batch=b3 --chunk-size=7")).len(), MANY / 10);
        // To wait for a thousand deletions, kubectl asks five times a second: more than three minutes.
        let deleted = session.ok("delete wf --all --wait=false");
        assert_eq!(deleted.lines().count(), MANY);
        assert_eq!(session.ok("get wf -o name"), "");
    });
}
