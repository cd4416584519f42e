//! What has to be there, and what the server has to be allowed.

use k8s_openapi::api::core::v1::{Namespace, Service};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::facts::{Asked, Facts};
use super::permissions::Permission;
use super::report::{Category, Check};
use super::verdict::{Verdict, failed, known, present, warning};
use crate::pki::SERVICE;

/// What a Service for kube-apiserver has to listen on.
const PORT: i32 = 443;

pub(super) fn checks(facts: &Facts) -> Vec<Check> {
    let reinstall = reinstall(facts);
    let objects = &facts.objects;
    let mut checks = vec![
        check("namespace", namespace(facts)),
        check("service account", account(facts)),
        check("service", service(facts)),
        check("role workflow-admin", role(&objects.admin, "workflow-admin", &reinstall)),
        check("role workflow-viewer", role(&objects.viewer, "workflow-viewer", &reinstall)),
    ];
    checks.extend(facts.permissions.iter().map(|(permission, allowed)| {
        check(&format!("right to {}", permission.right()), given(*permission, allowed, &reinstall))
    }));
    checks
}

/// Says that there is no installation: what else is missing follows from that.
pub(super) fn nothing(facts: &Facts) -> Check {
    let problem =
        failed(format!("nothing is installed in the namespace {}", facts.namespace), reinstall(facts));
    check("installation", Err(problem))
}

fn check(name: &str, verdict: Verdict) -> Check {
    Check::new(Category::Objects, name, verdict)
}

/// Returns the command that puts back what is missing.
pub(super) fn reinstall(facts: &Facts) -> String {
    format!("wfctl install -n {}", facts.namespace)
}

fn namespace(facts: &Facts) -> Verdict {
    let what = format!("namespace {}", facts.namespace);
    let namespace = present(&facts.objects.namespace, &what, &reinstall(facts))?;
    if is_ending(namespace) {
        let hint =
            format!("kubectl describe namespace {}, and wfctl install once it is gone", facts.namespace);
        return Err(failed(format!("{what} is being deleted"), hint));
    }
    Ok(format!("{} is there", facts.namespace))
}

fn is_ending(namespace: &Namespace) -> bool {
    namespace.metadata.deletion_timestamp.is_some()
}

fn account(facts: &Facts) -> Verdict {
    let what = format!("ServiceAccount {SERVICE}");
    present(&facts.objects.account, &what, &reinstall(facts)).map(|_| format!("{SERVICE} is there"))
}

fn service(facts: &Facts) -> Verdict {
    let what = format!("Service {SERVICE}");
    let service = present(&facts.objects.service, &what, &reinstall(facts))?;
    if !listens(service) {
        return Err(failed(format!("{what} does not listen on port {PORT}"), reinstall(facts)));
    }
    if !leads_to_the_server(service) {
        return Err(failed(
            format!("{what} was changed, and leads to other pods or ports"),
            reinstall(facts),
        ));
    }
    Ok(format!("it listens on port {PORT}"))
}

/// What the Service selects, and the port there, are not for others to change.
fn leads_to_the_server(service: &Service) -> bool {
    let Some(spec) = &service.spec else { return false };
    let label =
        |name: &str| spec.selector.as_ref().and_then(|selector| selector.get(name)).map(String::as_str);
    let selects = label("app.kubernetes.io/name") == Some(SERVICE)
        && label("app.kubernetes.io/component") == Some("apiserver");
    let target = IntOrString::String("https".to_owned());
    let mut ports = spec.ports.iter().flatten().filter(|port| port.port == PORT);
    selects && ports.all(|port| port.target_port.as_ref() == Some(&target))
}

fn listens(service: &Service) -> bool {
    let ports = service.spec.iter().flat_map(|spec| spec.ports.iter().flatten());
    ports.into_iter().any(|port| port.port == PORT)
}

/// Without it users are at a loss, but the server is not.
fn role<T>(asked: &Asked<Option<T>>, name: &str, reinstall: &str) -> Verdict {
    match known(asked, &format!("ClusterRole {name}"))? {
        Some(_) => Ok("it is there".to_owned()),
        None => Err(warning(format!("ClusterRole {name} is not there: its users may do nothing"), reinstall)),
    }
}

fn given(permission: Permission, allowed: &Asked<bool>, reinstall: &str) -> Verdict {
    let right = permission.right();
    if *known(allowed, &format!("whether the server may {right}"))? {
        return Ok("the server has it".to_owned());
    }
    Err(failed(format!("missing: {}; {} gives it", permission.otherwise, permission.given_by), reinstall))
}
