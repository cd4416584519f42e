//! What roles allow.

use k8s_openapi::api::rbac::v1::{Role, RoleBinding};
use kube::Client;
use kube::api::{Api, PostParams};
use serde_json::{Value, json};

use super::aggregation::{ask, outside};
use crate::standin::Cluster;

const REVIEWS: &str = "/apis/authorization.k8s.io/v1/subjectaccessreviews";

/// Tells whether a ServiceAccount may do something with a Secret of its namespace.
async fn may(client: &Client, verb: &str, name: &str) -> bool {
    let attributes = json!({"verb": verb, "resource": "secrets", "namespace": "default", "name": name});
    let spec = json!({"user": "system:serviceaccount:default:reader", "resourceAttributes": attributes});
    let review = ask(client, "POST", REVIEWS, &json!({ "spec": spec })).await.unwrap();
    review["status"]["allowed"] == true
}

async fn create<K>(cluster: &Cluster, object: Value)
where
    K: kube::Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>
        + Clone
        + std::fmt::Debug
        + serde::Serialize
        + serde::de::DeserializeOwned,
{
    let api: Api<K> = Api::namespaced(cluster.client(), "default");
    api.create(&PostParams::default(), &serde_json::from_value(object).unwrap()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_account_may_do_what_roles_allow_and_nothing_else() {
    let cluster = Cluster::start().await;
    let client = outside(&cluster).await;
    assert!(!may(&client, "get", "mine").await);
    let rule =
        json!({"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["mine"], "verbs": ["get"]});
    create::<Role>(&cluster, json!({"metadata": {"name": "reader"}, "rules": [rule]})).await;
    let binding = json!({
        "metadata": {"name": "reader"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"},
        "subjects": [{"kind": "ServiceAccount", "namespace": "default", "name": "reader"}],
    });
    create::<RoleBinding>(&cluster, binding).await;
    assert!(may(&client, "get", "mine").await);
    assert!(!may(&client, "get", "other").await);
    assert!(!may(&client, "patch", "mine").await);
}
