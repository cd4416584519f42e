//! What else is in a namespace: a question to every kind that the cluster serves, because deleting a namespace deletes
//! all of them.

use futures::future::try_join_all;
use serde_json::Value;

use crate::cluster::{Cluster, ClusterError};
use crate::uninstall::is_ours;

/// The groups whose objects tell of others, or are made from them.
const DERIVED_GROUPS: [&str; 3] = ["events.k8s.io", "metrics.k8s.io", "workflow.example.com"];
const DERIVED_KINDS: [&str; 3] = ["Event", "Endpoints", "EndpointSlice"];
/// What Kubernetes, or a distribution of it, puts into every namespace.
const EVERYWHERE: [(&str, &str); 4] = [
    ("ServiceAccount", "default"),
    ("ServiceAccount", "builder"),
    ("ServiceAccount", "deployer"),
    ("ConfigMap", "kube-root-ca.crt"),
];
const OF_OPENSHIFT: &str = "openshift-service-ca.crt";

/// Returns what is in `namespace` and neither wfctl's nor in every namespace, in words.
///
/// # Errors
///
/// Some kind of objects cannot be asked for: then it is not known.
pub(super) async fn of(cluster: &Cluster, namespace: &str) -> Result<Vec<String>, ClusterError> {
    let groups = [cluster.discovery("/api").await?, cluster.discovery("/apis").await?];
    let paths: Vec<_> = groups.iter().flatten().flat_map(|group| paths(group, namespace)).collect();
    let lists = paths.iter().map(async |(kind, path)| {
        let objects = cluster.metadata(path).await?;
        let strangers = objects.into_iter().filter(|object| is_a_stranger(kind, object));
        Ok(strangers.map(|object| format!("{kind} {}", name(&object))).collect::<Vec<_>>())
    });
    Ok(try_join_all(lists).await?.into_iter().flatten().collect())
}

/// Returns the kinds of a group that live in namespaces, and where those in `namespace` are listed.
fn paths(group: &Value, namespace: &str) -> Vec<(String, String)> {
    let name = group["metadata"]["name"].as_str().unwrap_or_default();
    let Some(version) = group["versions"].get(0).filter(|_| !DERIVED_GROUPS.contains(&name)) else {
        return Vec::new();
    };
    let number = version["version"].as_str().unwrap_or_default();
    let root = if name.is_empty() { format!("/api/{number}") } else { format!("/apis/{name}/{number}") };
    let resources = version["resources"].as_array().into_iter().flatten().filter(|it| is_listed(it));
    resources
        .filter_map(|resource| {
            let plural = resource["resource"].as_str()?;
            let kind = resource["responseKind"]["kind"].as_str()?;
            let path = format!("{root}/namespaces/{namespace}/{plural}?limit=50");
            (!DERIVED_KINDS.contains(&kind)).then(|| (kind.to_owned(), path))
        })
        .collect()
}

fn is_listed(resource: &Value) -> bool {
    let verbs = resource["verbs"].as_array();
    resource["scope"] == "Namespaced" && verbs.into_iter().flatten().any(|verb| verb == "list")
}

/// What is owned goes with its owner, or counts as much as that.
fn is_a_stranger(kind: &str, object: &Value) -> bool {
    let name = name(object);
    let is_everywhere = name == OF_OPENSHIFT || EVERYWHERE.contains(&(kind, name));
    let is_owned = object["metadata"]["ownerReferences"].as_array().is_some_and(|owners| !owners.is_empty());
    !is_everywhere && !is_owned && !is_ours(object)
}

fn name(object: &Value) -> &str {
    object["metadata"]["name"].as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_lives_in_namespaces_and_can_be_listed_is_asked_for() {
        let resource = |plural: &str, kind: &str, scope: &str, verbs: Value| json!({"resource": plural, "responseKind": {"kind": kind}, "scope": scope, "verbs": verbs});
        let resources = json!([
            resource("deployments", "Deployment", "Namespaced", json!(["get", "list"])),
            resource("reviews", "Review", "Namespaced", json!(["create"])),
            resource("nodes", "Node", "Cluster", json!(["list"])),
            resource("events", "Event", "Namespaced", json!(["list"])),
        ]);
        let group = |name: &str| json!({"metadata": {"name": name}, "versions": [{"version": "v1", "resources": resources}]});
        let path = "/apis/apps/v1/namespaces/a/deployments?limit=50".to_owned();
        assert_eq!(paths(&group("apps"), "a"), [("Deployment".to_owned(), path)]);
        assert_eq!(paths(&group(""), "a")[0].1, "/api/v1/namespaces/a/deployments?limit=50");
        assert!(paths(&group("workflow.example.com"), "a").is_empty());
    }

    #[test]
    fn what_is_everywhere_owned_or_ours_is_no_stranger() {
        let object = |name: &str, more: Value| {
            let mut object = json!({"metadata": {"name": name}});
            object["metadata"]["ownerReferences"] = more["owners"].clone();
            object["metadata"]["labels"] = more["labels"].clone();
            object
        };
        assert!(is_a_stranger("ConfigMap", &object("theirs", json!({}))));
        assert!(!is_a_stranger("ConfigMap", &object("kube-root-ca.crt", json!({}))));
        assert!(is_a_stranger("Secret", &object("default", json!({}))));
        assert!(!is_a_stranger("Pod", &object("a", json!({"owners": [{"kind": "ReplicaSet"}]}))));
        let labels =
            json!({"app.kubernetes.io/managed-by": "wfctl", "app.kubernetes.io/part-of": "workflow"});
        assert!(!is_a_stranger("Secret", &object("a", json!({"labels": labels}))));
    }
}
