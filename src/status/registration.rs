//! The APIService: whether it is there, leads to this installation, is kept by nobody else, and what kube-apiserver
//! says of it.

use k8s_openapi::ByteString;
use k8s_openapi::kube_aggregator::pkg::apis::apiregistration::v1::{
    APIService, APIServiceCondition, ServiceReference,
};

use super::aggregator::Unavailable;
use super::facts::Facts;
use super::objects::reinstall;
use super::report::{Category, Check};
use super::verdict::{Problem, Verdict, failed, warning};
use crate::pki::SERVICE;

/// The name of the APIService.
pub(crate) const NAME: &str = "v1alpha1.workflow.example.com";
/// By what cert-manager knows that it is to write the caBundle.
const INJECTED: &str = "cert-manager.io/inject-ca-from";
const INJECTOR: &str = "cert-manager-cainjector";
const AUTOMANAGED: &str = "kube-aggregator.kubernetes.io/automanaged";

pub(super) fn checks(facts: &Facts) -> Vec<Check> {
    let mut checks = vec![check("registration", registration(facts))];
    if facts.objects.registration.as_ref().is_ok_and(Option::is_some) {
        checks.push(check("trust", trust(facts)));
        checks.push(check("caBundle's keepers", keepers(facts)));
        checks.push(check("available", available(facts)));
    }
    checks
}

fn check(name: &str, verdict: Verdict) -> Check {
    Check::new(Category::Registration, name, verdict)
}

/// Returns the APIService, or says that it is missing.
pub(super) fn present(facts: &Facts) -> Result<&APIService, Problem> {
    super::verdict::present(&facts.objects.registration, &format!("APIService {NAME}"), &reinstall(facts))
}

/// Returns whom kube-apiserver trusts, where anybody is named.
pub(crate) fn ca_bundle(registration: &APIService) -> Option<&str> {
    let ByteString(pem) = registration.spec.as_ref()?.ca_bundle.as_ref()?;
    std::str::from_utf8(pem).ok().filter(|pem| !pem.is_empty())
}

/// Says whether cert-manager writes the caBundle.
pub(super) fn is_injected(facts: &Facts) -> bool {
    let registration = facts.objects.registration.as_ref().ok().and_then(Option::as_ref);
    let annotations = registration.and_then(|registration| registration.metadata.annotations.as_ref());
    annotations.is_some_and(|annotations| annotations.contains_key(INJECTED))
}

fn registration(facts: &Facts) -> Verdict {
    let registration = present(facts)?;
    if registration.metadata.deletion_timestamp.is_some() {
        let hint = format!("kubectl get apiservice {NAME} -o yaml shows its finalizers");
        return Err(failed("it is being deleted", hint));
    }
    match service(registration) {
        Some(service) if leads_here(service, &facts.namespace) => {
            Ok(format!("to Service {}/{SERVICE}", facts.namespace))
        }
        service => Err(stolen(facts, registration, service)),
    }
}

fn service(registration: &APIService) -> Option<&ServiceReference> {
    registration.spec.as_ref()?.service.as_ref()
}

fn leads_here(service: &ServiceReference, namespace: &str) -> bool {
    service.name.as_deref() == Some(SERVICE) && service.namespace.as_deref() == Some(namespace)
}

fn stolen(facts: &Facts, registration: &APIService, service: Option<&ServiceReference>) -> Problem {
    let by: Vec<_> = keepers_of(registration, "f:service").into_iter().filter(|by| !is_wfctl(by)).collect();
    let by = by.join(", ");
    let by = if by.is_empty() { String::new() } else { format!(", written by {by}") };
    match service {
        Some(service) => {
            let text = |field: &Option<String>| field.clone().unwrap_or_default();
            let (namespace, name) = (text(&service.namespace), text(&service.name));
            let hint = match name.as_str() {
                SERVICE => format!("wfctl status -n {namespace} looks at that installation"),
                _ => {
                    format!("if nobody needs it: kubectl delete apiservice {NAME}, then {}", reinstall(facts))
                }
            };
            failed(format!("it leads to Service {namespace}/{name}{by}"), hint)
        }
        None if is_of_a_definition(registration) => failed(
            "a CustomResourceDefinition of the same group serves it",
            "kubectl get customresourcedefinition workflows.workflow.example.com",
        ),
        None => failed(format!("it leads to no Service{by}"), reinstall(facts)),
    }
}

fn is_of_a_definition(registration: &APIService) -> bool {
    registration.metadata.labels.as_ref().is_some_and(|labels| labels.contains_key(AUTOMANAGED))
}

fn trust(facts: &Facts) -> Verdict {
    let insecure = present(facts)?.spec.as_ref().and_then(|spec| spec.insecure_skip_tls_verify);
    if insecure == Some(true) {
        return Err(failed(
            "insecureSkipTLSVerify is set: kube-apiserver hands requests to whoever answers",
            reinstall(facts),
        ));
    }
    Ok("kube-apiserver verifies the server".to_owned())
}

/// Whoever else keeps the caBundle may put an old one back at any time.
fn keepers(facts: &Facts) -> Verdict {
    let keepers = keepers_of(present(facts)?, "f:caBundle");
    let injected = is_injected(facts);
    let is_wanted = |keeper: &&str| if injected { *keeper == INJECTOR } else { is_wfctl(keeper) };
    let others: Vec<_> = keepers.iter().copied().filter(|keeper| !is_wanted(keeper)).collect();
    if others.is_empty() {
        return Ok(format!("{} alone", if injected { INJECTOR } else { "wfctl" }));
    }
    Err(warning(
        format!("{} keeps it too, and may put an old one back", others.join(", ")),
        format!("kubectl get apiservice {NAME} -o yaml --show-managed-fields"),
    ))
}

fn is_wfctl(manager: &str) -> bool {
    manager.starts_with("wfctl")
}

/// Returns who manages `field` of the spec.
fn keepers_of<'r>(registration: &'r APIService, field: &str) -> Vec<&'r str> {
    let entries = registration.metadata.managed_fields.iter().flatten();
    let keeping = entries.filter(|entry| {
        entry.fields_v1.as_ref().is_some_and(|fields| fields.0["f:spec"].get(field).is_some())
    });
    keeping.filter_map(|entry| entry.manager.as_deref()).collect()
}

fn available(facts: &Facts) -> Verdict {
    match condition(present(facts)?) {
        Some(condition) if condition.status == "True" => Ok("kube-apiserver finds it available".to_owned()),
        Some(condition) => Err(unavailable(facts, condition)),
        None => Err(failed(
            "kube-apiserver has not looked at it yet",
            "kubectl get --raw /readyz?verbose says how kube-apiserver is",
        )),
    }
}

/// Returns why kube-apiserver does not find the API available, where it says so.
pub(super) fn reason(facts: &Facts) -> Option<Unavailable> {
    let condition = condition(facts.objects.registration.as_ref().ok()?.as_ref()?)?;
    (condition.status != "True").then(|| Unavailable::of(condition))
}

/// Returns what helps: who has the API has to be settled first.
pub(super) fn remedy(facts: &Facts, unavailable: Unavailable) -> String {
    let problem = registration(facts).err();
    problem.map_or_else(|| unavailable.hint(&facts.namespace), |problem| problem.hint)
}

fn condition(registration: &APIService) -> Option<&APIServiceCondition> {
    let conditions = registration.status.as_ref()?.conditions.as_ref()?;
    conditions.iter().find(|condition| condition.type_ == "Available")
}

fn unavailable(facts: &Facts, condition: &APIServiceCondition) -> Problem {
    let unavailable = Unavailable::of(condition);
    let reason = condition.reason.as_deref().unwrap_or("no reason");
    let message = brief(condition.message.as_deref().unwrap_or_default());
    failed(format!("{} ({reason}: {message})", unavailable.meaning()), remedy(facts, unavailable))
}

/// Says once, and without the path that it always has, what kube-apiserver asked for.
fn brief(message: &str) -> String {
    let asked = message.strip_prefix("failing or missing response from ").and_then(|it| it.split_once(": "));
    let Some((url, why)) = asked else { return message.to_owned() };
    let why = why.replace(&format!("Get \"{url}\": "), "").replace(&format!(" from {url}"), "");
    format!("{}: {why}", url.split_once("/apis/").map_or(url, |(server, _)| server))
}
