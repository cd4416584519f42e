//! What runs: the Deployment, its pods, and whether all of them are of one make.

use std::collections::BTreeSet;

use k8s_openapi::api::apps::v1::{Deployment, DeploymentCondition};
use k8s_openapi::api::core::v1::Pod;

use super::facts::Facts;
use super::objects::reinstall;
use super::report::{Category, Check};
use super::verdict::{Problem, Verdict, failed, known, present, warning};
use crate::pki::SERVICE;
use crate::pods;

const VERSION_LABEL: &str = "app.kubernetes.io/version";
/// What this program installs.
const VERSION: &str = env!("CARGO_PKG_VERSION");

pub(super) fn checks(facts: &Facts) -> Vec<Check> {
    let mut checks = vec![check("deployment", deployment(facts))];
    checks.extend(lasting(facts).filter_map(|pod| {
        let problem = trouble(pod, facts)?;
        Some(check(&format!("pod {}", pods::name(pod)), Err(problem)))
    }));
    if facts.objects.deployment.as_ref().is_ok_and(Option::is_some) {
        checks.push(check("version", version(facts)));
        checks.push(check("image", image(facts)));
    }
    checks
}

fn check(name: &str, verdict: Verdict) -> Check {
    Check::new(Category::Rollout, name, verdict)
}

fn deployment(facts: &Facts) -> Verdict {
    let what = format!("Deployment {SERVICE}");
    let deployment = present(&facts.objects.deployment, &what, &reinstall(facts))?;
    let wanted = wanted(deployment);
    if wanted == 0 {
        let hint = format!("kubectl scale -n {} deployment/{SERVICE} --replicas 1", facts.namespace);
        return Err(failed("it is scaled to 0: nothing serves", hint));
    }
    stuck(deployment, &facts.namespace)?;
    replicas(deployment, wanted, &facts.namespace)
}

fn wanted(deployment: &Deployment) -> i32 {
    deployment.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1)
}

fn stuck(deployment: &Deployment, namespace: &str) -> Result<(), Problem> {
    let conditions = deployment.status.iter().flat_map(|status| status.conditions.iter().flatten());
    match conditions.into_iter().find(|condition| is_bad(condition)) {
        None => Ok(()),
        Some(condition) => Err(failed(
            condition.message.as_deref().unwrap_or(&condition.type_),
            format!("kubectl describe deployment -n {namespace} {SERVICE}"),
        )),
    }
}

fn is_bad(condition: &DeploymentCondition) -> bool {
    match condition.type_.as_str() {
        "ReplicaFailure" => condition.status == "True",
        "Progressing" => condition.status == "False",
        _ => false,
    }
}

fn replicas(deployment: &Deployment, wanted: i32, namespace: &str) -> Verdict {
    let status = deployment.status.clone().unwrap_or_default();
    let (ready, updated) = (status.ready_replicas.unwrap_or(0), status.updated_replicas.unwrap_or(0));
    let follow = format!("kubectl rollout status -n {namespace} deployment/{SERVICE}");
    let seen = status.observed_generation >= deployment.metadata.generation;
    match () {
        () if ready == 0 => Err(failed(format!("none of {wanted} replicas is ready"), follow)),
        () if ready < wanted => Err(warning(format!("{ready} of {wanted} replicas are ready"), follow)),
        () if !seen || updated < wanted => {
            Err(warning(format!("{updated} of {wanted} replicas are those that are wanted now"), follow))
        }
        () => Ok(format!("{ready} of {wanted} replicas are ready")),
    }
}

/// Returns why a pod does not serve, if it does not. That there is one that does hides it from everybody else.
fn trouble(pod: &Pod, facts: &Facts) -> Option<Problem> {
    let why = pods::trouble(pod, &facts.evidence)?.in_a_line();
    let hint = format!("kubectl describe pod -n {} {}", facts.namespace, pods::name(pod));
    Some(if pods::is_starting(pod) { warning(format!("it starts: {why}"), hint) } else { failed(why, hint) })
}

fn lasting(facts: &Facts) -> impl Iterator<Item = &Pod> {
    facts.pods.iter().flatten().filter(|pod| !pods::is_ending(pod))
}

fn version(facts: &Facts) -> Verdict {
    let deployment = present(&facts.objects.deployment, SERVICE, "")?;
    let labels = deployment.metadata.labels.as_ref();
    match labels.and_then(|labels| labels.get(VERSION_LABEL)) {
        Some(version) if version == VERSION => Ok(format!("version {version}, as this wfctl")),
        Some(version) => Err(warning(
            format!("version {version} is installed, this wfctl is {VERSION}"),
            format!("{} upgrades it; wfctl {version} fits it", reinstall(facts)),
        )),
        None => Err(warning("nobody says which version is installed", reinstall(facts))),
    }
}

fn image(facts: &Facts) -> Verdict {
    known(&facts.pods, "the pods")?;
    let running: BTreeSet<_> = lasting(facts).flat_map(pods::images).collect();
    let wanted = facts.objects.deployment.iter().flatten().flat_map(template_images).collect::<BTreeSet<_>>();
    let follow = format!("kubectl rollout status -n {} deployment/{SERVICE}", facts.namespace);
    if running.is_subset(&wanted) {
        return Ok(joined(&wanted));
    }
    Err(warning(format!("{} runs, {} is wanted", joined(&running), joined(&wanted)), follow))
}

fn template_images(deployment: &Deployment) -> impl Iterator<Item = &str> {
    let template = deployment.spec.iter().filter_map(|spec| spec.template.spec.as_ref());
    template.flat_map(|spec| &spec.containers).filter_map(|container| container.image.as_deref())
}

fn joined(images: &BTreeSet<&str>) -> String {
    images.iter().copied().collect::<Vec<_>>().join(", ")
}
