//! The cluster itself: that it answers, has an aggregation layer, and that no namespace hangs because of Workflows.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace};

use super::facts::Facts;
use super::report::{Category, Check};
use super::verdict::{Problem, Verdict, failed, known, warning};
use crate::pki::bundle::Bundle;

const GROUP: &str = "workflow.example.com";
const PROXIES: &str = "requestheader-client-ca-file";
const PROXIES_HINT: &str =
    "set --requestheader-client-ca-file of kube-apiserver: without it there is no aggregation";

/// Says that kube-apiserver does not answer.
pub(super) fn unreached(why: &str, hint: Option<String>) -> Check {
    let hint = hint.unwrap_or_else(|| "kubectl cluster-info".to_owned());
    check("kube-apiserver", Err(failed(format!("it does not answer: {why}"), hint)))
}

pub(super) fn checks(facts: &Facts, now: Timestamp) -> Vec<Check> {
    vec![
        check("kube-apiserver", Ok(format!("it answers, version {}", facts.kubernetes))),
        check("aggregation layer", aggregation(facts, now)),
        check("namespaces", namespaces(facts)),
    ]
}

fn check(name: &str, verdict: Verdict) -> Check {
    Check::new(Category::Cluster, name, verdict)
}

fn aggregation(facts: &Facts, now: Timestamp) -> Verdict {
    let what = "ConfigMap kube-system/extension-apiserver-authentication";
    let configuration = known(&facts.front_proxy, what)?;
    let configuration =
        configuration.as_ref().ok_or_else(|| failed(format!("{what} is not there"), PROXIES_HINT))?;
    let authorities = authorities(configuration)
        .ok_or_else(|| failed(format!("{what} has no {PROXIES} that can be read"), PROXIES_HINT))?;
    if authorities.certificates().any(|authority| authority.check_valid(now).is_ok()) {
        Ok("kube-apiserver says which front proxies to trust".to_owned())
    } else {
        Err(failed(
            "the authority of front proxies has expired",
            "kubeadm certs renew front-proxy-client, or what your cluster has for it",
        ))
    }
}

fn authorities(configuration: &ConfigMap) -> Option<Bundle> {
    Bundle::from_pem(configuration.data.as_ref()?.get(PROXIES)?).ok()
}

/// A namespace ends only when every API says what is left of it.
fn namespaces(facts: &Facts) -> Verdict {
    let terminating = known(&facts.terminating, "the list of namespaces")?;
    let stuck = |kind: &str| {
        let names = terminating.iter().filter(|namespace| tells_of_us(namespace, kind)).map(name);
        names.collect::<Vec<_>>()
    };
    undiscovered(&stuck("NamespaceDeletionDiscoveryFailure"))?;
    undeleted(&stuck("NamespaceDeletionContentFailure"))?;
    remaining(&stuck("NamespaceContentRemaining"))?;
    Ok("none is held up by Workflows".to_owned())
}

fn undiscovered(stuck: &[&str]) -> Result<(), Problem> {
    let problem = || {
        failed(
            format!("{} cannot be deleted while Workflows are not available", stuck.join(", ")),
            "repair the APIService, or wfctl uninstall",
        )
    };
    if stuck.is_empty() { Ok(()) } else { Err(problem()) }
}

fn undeleted(stuck: &[&str]) -> Result<(), Problem> {
    let problem = |first: &&str| {
        failed(
            format!("in {} Workflows cannot be deleted", stuck.join(", ")),
            format!("kubectl describe namespace {first}"),
        )
    };
    stuck.first().map_or(Ok(()), |first| Err(problem(first)))
}

fn remaining(stuck: &[&str]) -> Result<(), Problem> {
    let problem = |first: &&str| {
        warning(
            format!("{} waits for Workflows to be finalized", stuck.join(", ")),
            format!(
                "kubectl get workflows -n {first} -o custom-columns=NAME:.metadata.name,FINALIZERS:.metadata.finalizers"
            ),
        )
    };
    stuck.first().map_or(Ok(()), |first| Err(problem(first)))
}

fn tells_of_us(namespace: &Namespace, kind: &str) -> bool {
    let conditions = namespace.status.iter().flat_map(|status| status.conditions.iter().flatten());
    conditions
        .filter(|condition| condition.type_ == kind && condition.status == "True")
        .any(|condition| condition.message.as_ref().is_some_and(|message| message.contains(GROUP)))
}

fn name(namespace: &Namespace) -> &str {
    namespace.metadata.name.as_deref().unwrap_or_default()
}
