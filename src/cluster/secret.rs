//! One Secret, followed.

use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use kube::Client;
use kube::api::Api;
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::watch_object;

use super::watching;
use crate::config::SecretName;

/// What a Secret holds.
pub(crate) type SecretData = BTreeMap<String, ByteString>;

/// Hands on what the Secret holds, now and each time that it may have changed, for as long as this is polled; none
/// when there is no such Secret.
pub(crate) async fn follow_secret(
    client: Client,
    name: SecretName,
    mut changed: impl FnMut(Option<SecretData>),
) {
    let secrets = Api::<Secret>::namespaced(client, &name.namespace);
    let changes = watch_object(secrets, &name.name).default_backoff();
    let what = format!("Secret {name}");
    let remedy = "bind this server's ServiceAccount to a Role that may get, list and watch it";
    watching::each(changes, &what, remedy, |secret| {
        changed(secret.map(|secret: Secret| secret.data.unwrap_or_default()));
    })
    .await;
}
