//! Access rules: what Roles and ClusterRoles let those do who are bound to them.
//!
//! Source: `plugin/pkg/auth/authorizer/rbac/rbac.go`. Deliberately without aggregation and rules for paths.

use std::sync::Arc;

use embedded_server::meta::UserInfo;
use embedded_server::storage::{Backend, Prefix};
use futures::FutureExt;
use serde_json::Value;

use super::access::Ask;

const GROUP: &str = "rbac.authorization.k8s.io";

/// The rules as they are stored at each moment.
#[derive(Debug)]
pub(super) struct Rules(pub(super) Arc<dyn Backend>);

/// What is stored of the group, by its keys.
type Stored = Vec<(String, Value)>;

impl Rules {
    /// Tells whether a rule of a role that a user is bound to lets him do it.
    pub(super) fn allow(&self, user: &UserInfo, ask: &Ask) -> bool {
        let stored = self.stored();
        let bindings = stored.iter().filter(|(key, _)| binds(key, &ask.namespace));
        let mut bound = bindings.filter(|(_, binding)| names(binding, user));
        bound.any(|(key, binding)| role(&stored, key, binding).is_some_and(|role| grants(role, ask)))
    }

    /// A store in memory answers at once.
    fn stored(&self) -> Stored {
        let listing = async { self.0.list(&Prefix::all()).await };
        let snapshot = listing.now_or_never().expect("memory waits for nobody").unwrap();
        let ours = snapshot.items.iter().filter(|item| item.key.as_str().starts_with(GROUP));
        let parsed = |item: &[u8]| serde_json::from_slice(item).unwrap();
        ours.map(|item| (item.key.as_str().to_owned(), parsed(&item.value))).collect()
    }
}

/// Tells whether a binding counts in a namespace.
fn binds(key: &str, namespace: &str) -> bool {
    let everywhere = key.starts_with(&format!("{GROUP}/clusterrolebindings/"));
    everywhere || key.starts_with(&format!("{GROUP}/rolebindings/{namespace}/"))
}

fn names(binding: &Value, user: &UserInfo) -> bool {
    let subjects = binding["subjects"].as_array().into_iter().flatten();
    subjects.into_iter().any(|subject| {
        let (name, namespace) = (subject["name"].as_str(), subject["namespace"].as_str());
        let name = name.unwrap_or_default();
        match subject["kind"].as_str() {
            Some("ServiceAccount") => {
                user.name == format!("system:serviceaccount:{}:{name}", namespace.unwrap_or_default())
            }
            Some("Group") => user.groups.iter().any(|group| group == name),
            _ => user.name == name,
        }
    })
}

/// Returns the role that a binding is about.
fn role<'a>(stored: &'a Stored, binding_key: &str, binding: &Value) -> Option<&'a Value> {
    let name = binding["roleRef"]["name"].as_str()?;
    let wanted = match binding["roleRef"]["kind"].as_str()? {
        "ClusterRole" => format!("{GROUP}/clusterroles/{name}"),
        _ => {
            let namespace = binding_key.rsplit('/').nth(1)?;
            format!("{GROUP}/roles/{namespace}/{name}")
        }
    };
    stored.iter().find(|(key, _)| *key == wanted).map(|(_, role)| role)
}

fn grants(role: &Value, ask: &Ask) -> bool {
    let (resource, part) = ask.resource.split_once('/').unwrap_or((&ask.resource, ""));
    let (resource, group) = resource.split_once('.').unwrap_or((resource, ""));
    let resource = if part.is_empty() { resource.to_owned() } else { format!("{resource}/{part}") };
    let mut rules = role["rules"].as_array().into_iter().flatten();
    rules.any(|rule| {
        let has = |field: &str, value: &str| {
            let mut values = rule[field].as_array().into_iter().flatten();
            values.any(|one| one == value || one == "*")
        };
        let named = rule["resourceNames"].as_array().is_none_or(Vec::is_empty);
        has("verbs", &ask.verb)
            && has("apiGroups", group)
            && has("resources", &resource)
            && (named || has("resourceNames", &ask.name))
    })
}
