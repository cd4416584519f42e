//! What is in a cluster before anybody does anything.

use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use k8s_openapi::api::rbac::v1::{ClusterRole, Role};
use k8s_openapi::api::storage::v1::StorageClass;
use serde_json::json;

use super::hub::Hub;
use super::pki::Authority;

pub(super) async fn fill(hub: &Hub, front_proxy: &Authority) -> kube::Result<()> {
    for name in ["default", "kube-system", "kube-public", "kube-node-lease"] {
        hub.create::<Namespace>(json!({"metadata": {"name": name}})).await?;
    }
    for name in ["admin", "edit", "view"] {
        hub.create::<ClusterRole>(json!({"metadata": {"name": name}, "rules": []})).await?;
    }
    let reviews =
        [("authentication.k8s.io", "tokenreviews"), ("authorization.k8s.io", "subjectaccessreviews")];
    let reviews = reviews
        .map(|(group, resource)| json!({"apiGroups": [group], "resources": [resource], "verbs": ["create"]}));
    hub.create::<ClusterRole>(json!({"metadata": {"name": "system:auth-delegator"}, "rules": reviews}))
        .await?;
    hub.create::<Role>(json!({
        "metadata": {"name": "extension-apiserver-authentication-reader", "namespace": "kube-system"},
        "rules": [{
            "apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list", "watch"],
            "resourceNames": ["extension-apiserver-authentication"],
        }],
    }))
    .await?;
    hub.create::<StorageClass>(json!({
        "metadata": {
            "name": "standard", "annotations": {"storageclass.kubernetes.io/is-default-class": "true"},
        },
        "provisioner": "stand-in",
    }))
    .await?;
    hub.create::<ConfigMap>(json!({
        "metadata": {"name": "extension-apiserver-authentication", "namespace": "kube-system"},
        "data": {
            "requestheader-client-ca-file": front_proxy.pem(),
            "client-ca-file": hub.authority.pem(),
            "requestheader-allowed-names": r#"["aggregator"]"#,
            "requestheader-username-headers": r#"["X-Remote-User"]"#,
            "requestheader-uid-headers": r#"["X-Remote-Uid"]"#,
            "requestheader-group-headers": r#"["X-Remote-Group"]"#,
            "requestheader-extra-headers-prefix": r#"["X-Remote-Extra-"]"#,
        },
    }))
    .await?;
    Ok(())
}
