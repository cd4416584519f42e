//! Where objects are kept: the volume, and what the servers say of their stores.

use k8s_openapi::api::core::v1::PersistentVolumeClaim;

use super::facts::{Facts, Replica};
use super::report::{Category, Check};
use super::verdict::{Verdict, failed, present, warning};

const CLAIM: &str = "workflow-apiserver-data";
/// The check of `/readyz` that says whether the store can be read and written.
const STORE: &str = "storage-readiness";

pub(super) fn checks(facts: &Facts) -> Vec<Check> {
    let mut checks = Vec::new();
    if needs_a_volume(facts) {
        checks.push(check("volume", volume(facts)));
    }
    checks.extend(facts.replicas.iter().filter_map(|replica| {
        let verdict = store(replica, &facts.namespace)?;
        Some(check(&format!("store of {}", replica.name), verdict))
    }));
    checks
}

fn check(name: &str, verdict: Verdict) -> Check {
    Check::new(Category::Storage, name, verdict)
}

/// Says whether the Deployment mounts the volume; where it cannot be known, a claim that is there counts.
fn needs_a_volume(facts: &Facts) -> bool {
    let deployment = facts.objects.deployment.as_ref().ok().and_then(Option::as_ref);
    let Some(pod) = deployment.and_then(|deployment| deployment.spec.as_ref()?.template.spec.as_ref()) else {
        return facts.objects.claim.as_ref().is_ok_and(Option::is_some);
    };
    let claims = pod.volumes.iter().flatten().filter_map(|volume| volume.persistent_volume_claim.as_ref());
    claims.into_iter().any(|claim| claim.claim_name == CLAIM)
}

fn volume(facts: &Facts) -> Verdict {
    let what = format!("PersistentVolumeClaim {CLAIM}");
    let reinstall = format!("wfctl install -n {} makes an empty one", facts.namespace);
    let claim = present(&facts.objects.claim, &what, &reinstall)?;
    let describe = format!("kubectl describe persistentvolumeclaim -n {} {CLAIM}", facts.namespace);
    match phase(claim) {
        "Bound" if claim.metadata.deletion_timestamp.is_some() => {
            Err(failed("it is deleted once no pod uses it, and all Workflows with it", describe))
        }
        "Bound" => Ok(format!("bound, {}", size(claim))),
        "Lost" => Err(failed("its volume is lost", describe)),
        phase => Err(failed(format!("it is not bound: {phase}"), describe)),
    }
}

fn phase(claim: &PersistentVolumeClaim) -> &str {
    claim.status.as_ref().and_then(|status| status.phase.as_deref()).unwrap_or("Pending")
}

fn size(claim: &PersistentVolumeClaim) -> &str {
    let capacity = claim.status.as_ref().and_then(|status| status.capacity.as_ref());
    capacity.and_then(|capacity| capacity.get("storage")).map_or("size unknown", |size| &size.0)
}

/// Judges what a pod said. One that could not be asked is judged by the round trip, and by being ready or not.
fn store(replica: &Replica, namespace: &str) -> Option<Verdict> {
    let logs = format!("kubectl logs -n {namespace} {}", replica.name);
    Some(match failing(replica.readiness.as_ref().ok()?).as_slice() {
        [] => Ok("the server can use it".to_owned()),
        failing if failing.contains(&STORE) => Err(failed("the server cannot use it", logs)),
        failing => Err(warning(format!("the server is not ready: {}", failing.join(", ")), logs)),
    })
}

/// Returns the checks that fail, from lines such as `[-]storage-readiness failed: reason withheld`.
fn failing(readiness: &str) -> Vec<&str> {
    let lines = readiness.lines().filter_map(|line| line.strip_prefix("[-]"));
    lines.filter_map(|line| line.split_whitespace().next()).collect()
}
