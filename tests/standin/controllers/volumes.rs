//! Volumes: every claim gets one, unless there is none to have.

use std::sync::Arc;

use k8s_openapi::api::core::v1::PersistentVolumeClaim;
use kube::ResourceExt;
use serde_json::json;

use crate::standin::hub::Hub;
use crate::standin::knobs::Trouble;

pub(super) async fn reconcile(hub: Arc<Hub>) -> kube::Result<()> {
    let none = hub.knobs.trouble() == Some(Trouble::NoVolume);
    for claim in hub.list::<PersistentVolumeClaim>("").await {
        let bound = is_bound(&claim);
        if !bound && none {
            hub.patch_status(&claim, json!({"phase": "Pending"})).await?;
        } else if !bound {
            let volume = format!("volume-{}", claim.uid().unwrap_or_default());
            hub.patch(&claim, &json!({"spec": {"volumeName": volume}})).await?;
            let size = claim.spec.as_ref().and_then(|spec| spec.resources.as_ref());
            let size = json!(size.and_then(|resources| resources.requests.clone()));
            hub.patch_status(&claim, json!({"phase": "Bound", "capacity": size})).await?;
        }
    }
    Ok(())
}

pub(in crate::standin) fn is_bound(claim: &PersistentVolumeClaim) -> bool {
    claim.status.as_ref().and_then(|status| status.phase.as_deref()) == Some("Bound")
}
