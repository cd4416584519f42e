//! What `wfctl uninstall` takes away, what it leaves, and what it says of both.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::sync::watch;

use super::hands::{create, create_workflow, delete, deployment, here, patch, service, until_told};
use super::standin::{Cluster, Trouble};
use super::transcript::Transcript;
use super::{NAMESPACE, changes, lasting};

const CLUSTER_ROLES: &str = "/apis/rbac.authorization.k8s.io/v1/clusterroles";
const DELEGATOR: &str =
    "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/workflow-apiserver:system:auth-delegator";

async fn installed() -> Cluster {
    let cluster = Cluster::start().await;
    cluster.run("install").await.expect(0);
    cluster
}

/// Lets namespaces come and go until it is told to end, and returns how many did. None of them may be held up.
async fn come_and_go(cluster: Arc<Cluster>, end: watch::Receiver<bool>) -> u32 {
    let mut gone = 0;
    while !*end.borrow() {
        let name = format!("unrelated-{gone}");
        create(&cluster, "/api/v1/namespaces", &json!({"metadata": {"name": name}})).await;
        delete(&cluster, &format!("/api/v1/namespaces/{name}")).await;
        cluster.until(|contents| is_gone(contents.get(&format!("/namespaces/{name}")))).await;
        gone += 1;
    }
    gone
}

fn is_gone(namespace: Option<&Value>) -> bool {
    let Some(namespace) = namespace else { return true };
    let conditions = namespace["status"]["conditions"].as_array();
    let held_up = conditions.into_iter().flatten().any(|condition| condition["status"] == "True");
    assert!(!held_up, "{namespace:#}");
    false
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_goes_but_the_data_and_unrelated_namespaces_can_be_deleted_all_the_time() {
    let cluster = Arc::new(Cluster::start().await);
    let before: Vec<_> = lasting(&cluster).await.into_keys().collect();
    cluster.run("install").await.expect(0);
    let mut told = Transcript::new();
    told.run(&cluster, "uninstall", 2).await;
    told.run(&cluster, "uninstall --dry-run", 0).await;
    told.run(&cluster, "uninstall --dry-run --purge -o json", 0).await;
    cluster.clear_journal();

    let (end, ended) = watch::channel(false);
    let namespaces = tokio::spawn(come_and_go(Arc::clone(&cluster), ended));
    told.run(&cluster, "uninstall --yes", 0).await;
    end.send_replace(true);
    assert!(namespaces.await.unwrap() > 0);
    let changes = changes(&cluster);
    assert!(changes[0].starts_with("delete apiservices.apiregistration.k8s.io"), "{changes:#?}");

    told.run(&cluster, "uninstall --yes", 0).await;
    told.run(&cluster, "uninstall --yes --purge -o json", 0).await;
    told.run(&cluster, "uninstall --yes --purge -o json", 0).await;
    let left: Vec<_> = lasting(&cluster).await.into_keys().collect();
    assert_eq!(left, before);
    told.check("uninstall");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn workflows_are_counted_and_written_to_a_file_before_they_cannot_be_reached() {
    let cluster = installed().await;
    let mut told = Transcript::new();
    let workflow = create_workflow(&cluster, "a").await;
    create_workflow(&cluster, "b").await;
    let uid = &workflow["metadata"]["uid"];
    let owner = json!([{"apiVersion": workflow["apiVersion"], "kind": "Workflow", "name": "a", "uid": uid}]);
    let dependent = json!({"metadata": {"name": "of-a", "ownerReferences": owner}});
    create(&cluster, "/api/v1/namespaces/default/configmaps", &dependent).await;
    told.run(&cluster, "uninstall --dry-run", 0).await;
    told.run(&cluster, "uninstall --yes --purge --export-workflows a.jsonl", 0).await;
    let file = std::fs::read_to_string(cluster.kubeconfig().with_file_name("a.jsonl")).unwrap();
    let names: Vec<_> = file
        .lines()
        .skip(1)
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["metadata"]["name"].clone())
        .collect();
    assert_eq!(names, ["a", "b"]);
    told.run(&cluster, "install", 0).await;
    told.run(&cluster, "uninstall --yes --export-workflows a.jsonl", 1).await;
    told.check("uninstall-workflows");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_api_that_does_not_answer_is_no_obstacle_but_to_an_export() {
    let cluster = installed().await;
    let mut told = Transcript::new();
    create_workflow(&cluster, "a").await;
    cluster.leave_unanswered(Some("Get \"URL\": EOF"));
    until_told(&cluster, "EOF").await;
    let installed = lasting(&cluster).await;
    told.run(&cluster, "uninstall --yes --export-workflows a.jsonl", 1).await;
    assert_eq!(lasting(&cluster).await.len(), installed.len());
    told.run(&cluster, "uninstall --yes", 0).await;
    told.check("uninstall-broken-api");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_an_installation_goes_like_a_whole_one() {
    let cluster = Cluster::start().await;
    let mut told = Transcript::new();
    let before: Vec<_> = lasting(&cluster).await.into_keys().collect();
    cluster.trouble(Trouble::NoImage);
    cluster.fail("patch clusterroles.rbac.authorization.k8s.io", 2, 500, "InternalError");
    told.run(&cluster, "install", 1).await;
    told.run(&cluster, "uninstall --yes --purge", 0).await;
    assert_eq!(lasting(&cluster).await.into_keys().collect::<Vec<_>>(), before);
    cluster.trouble(None);

    cluster.run("install").await.expect(0);
    for path in [service(), deployment(), DELEGATOR.to_owned()] {
        delete(&cluster, &path).await;
    }
    told.note("Service, Deployment and a ClusterRoleBinding are deleted");
    told.run(&cluster, "uninstall --yes --purge", 0).await;
    assert_eq!(lasting(&cluster).await.into_keys().collect::<Vec<_>>(), before);
    told.check("uninstall-half");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_somebody_elses_is_left_alone_and_said() {
    let cluster = installed().await;
    let mut told = Transcript::new();
    create(&cluster, &here("v1", "configmaps", ""), &json!({"metadata": {"name": "theirs"}})).await;
    let unlabelled = json!({"metadata": {"labels": {"app.kubernetes.io/managed-by": null}}});
    patch(&cluster, &format!("{CLUSTER_ROLES}/workflow-viewer"), &unlabelled).await;
    told.run(&cluster, "uninstall --yes --purge", 0).await;
    let left = lasting(&cluster).await;
    assert!(left.contains_key(&format!("/configmaps/{NAMESPACE}/theirs")));
    assert!(left.contains_key("rbac.authorization.k8s.io/clusterroles/workflow-viewer"));
    told.run(&cluster, "uninstall --yes --purge -o json", 0).await;
    told.check("uninstall-strangers");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_uninstallation_without_rights_says_which_and_goes_on_later() {
    let cluster = installed().await;
    let mut told = Transcript::new();
    cluster.refuse("list secrets");
    told.note("whoever asks may not list secrets");
    told.run(&cluster, "uninstall --yes", 1).await;
    cluster.allow_all();
    cluster.refuse("delete deployments.apps");
    told.note("whoever asks may not delete deployments");
    told.run(&cluster, "uninstall --yes", 1).await;
    cluster.allow_all();
    told.run(&cluster, "uninstall --yes", 0).await;
    told.check("uninstall-permissions");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_installation_in_another_namespace_is_named_and_not_touched() {
    let cluster = installed().await;
    let mut told = Transcript::new();
    told.run(&cluster, "uninstall --yes -n elsewhere", 1).await;
    cluster.run("status").await.expect(0);
    told.check("uninstall-elsewhere");
}
