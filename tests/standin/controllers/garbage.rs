//! What is owned goes with its owner: afterwards, or before it where the deletion asks for that.

use std::collections::BTreeSet;
use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::ResourceExt;
use kube::api::{Api, DeleteParams, DynamicObject, ListParams, Patch, PatchParams, Preconditions};
use serde_json::json;

use crate::standin::hub::Hub;
use crate::standin::kinds;

const FOREGROUND: &str = "foregroundDeletion";
const ORPHAN: &str = "orphan";

/// An object and where it is written.
struct Known {
    api: Api<DynamicObject>,
    object: DynamicObject,
}

pub(super) async fn reconcile(hub: Arc<Hub>) -> kube::Result<()> {
    let all = everything(&hub).await?;
    let living: BTreeSet<String> = all.iter().filter_map(|known| known.object.uid()).collect();
    for known in &all {
        if is_abandoned(&known.object, &living) || is_taken_along(&known.object, &all) {
            delete(known).await?;
        }
        finish(known, &all).await?;
    }
    Ok(())
}

async fn everything(hub: &Hub) -> kube::Result<Vec<Known>> {
    let mut all = Vec::new();
    for descriptor in kinds::ALL.iter().filter(|descriptor| descriptor.kind != "Event") {
        let resource = kinds::resource(descriptor);
        let api: Api<DynamicObject> = Api::all_with(hub.client.clone(), &resource);
        for object in api.list(&ListParams::default()).await? {
            let client = hub.client.clone();
            let api = match object.namespace() {
                Some(namespace) => Api::namespaced_with(client, &namespace, &resource),
                None => Api::all_with(client, &resource),
            };
            all.push(Known { api, object });
        }
    }
    Ok(all)
}

/// Tells whether an object has owners and none of them is there any more. Those that other servers keep count as there.
fn is_abandoned(object: &DynamicObject, living: &BTreeSet<String>) -> bool {
    let owners = object.owner_references();
    let is_known = |version: &str| kinds::ALL.iter().any(|kind| kind.api_version() == version);
    let is_gone = |owner: &OwnerReference| !living.contains(&owner.uid) && is_known(&owner.api_version);
    !owners.is_empty() && owners.iter().all(is_gone)
}

/// Tells whether an owner waits for its dependents to be deleted first.
fn is_taken_along(object: &DynamicObject, all: &[Known]) -> bool {
    object.owner_references().iter().any(|reference| {
        let owner = all.iter().find(|known| known.object.uid().as_ref() == Some(&reference.uid));
        owner.is_some_and(|owner| waits_for(&owner.object, FOREGROUND))
    })
}

fn waits_for(object: &DynamicObject, finalizer: &str) -> bool {
    object.metadata.deletion_timestamp.is_some() && object.finalizers().iter().any(|one| one == finalizer)
}

async fn delete(known: &Known) -> kube::Result<()> {
    if known.object.metadata.deletion_timestamp.is_some() {
        return Ok(());
    }
    let preconditions = Preconditions { uid: known.object.uid(), ..Preconditions::default() };
    let parameters = DeleteParams { preconditions: Some(preconditions), ..DeleteParams::background() };
    known.api.delete(&known.object.name_any(), &parameters).await.map(drop)
}

/// Ends a deletion that waited for dependents.
async fn finish(known: &Known, all: &[Known]) -> kube::Result<()> {
    let uid = known.object.uid();
    let depends =
        |other: &&Known| other.object.owner_references().iter().any(|of| Some(&of.uid) == uid.as_ref());
    let dependents: Vec<&Known> = all.iter().filter(depends).collect();
    if waits_for(&known.object, ORPHAN) {
        for dependent in dependents {
            let mut owners = dependent.object.owner_references().to_vec();
            owners.retain(|owner| Some(&owner.uid) != uid.as_ref());
            merge(dependent, json!({ "ownerReferences": owners })).await?;
        }
        return let_go(known, ORPHAN).await;
    }
    match waits_for(&known.object, FOREGROUND) && dependents.is_empty() {
        true => let_go(known, FOREGROUND).await,
        false => Ok(()),
    }
}

async fn let_go(known: &Known, finalizer: &str) -> kube::Result<()> {
    let mut left = known.object.finalizers().to_vec();
    left.retain(|other| other != finalizer);
    merge(known, json!({"finalizers": left, "resourceVersion": known.object.resource_version()})).await
}

async fn merge(known: &Known, metadata: serde_json::Value) -> kube::Result<()> {
    let patch = json!({ "metadata": metadata });
    known.api.patch(&known.object.name_any(), &PatchParams::default(), &Patch::Merge(&patch)).await.map(drop)
}
