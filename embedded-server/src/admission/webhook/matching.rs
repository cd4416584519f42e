//! Who is asked about a write.
//!
//! Source: `apiserver/pkg/admission/plugin/webhook/generic/webhook.go`,
//! `apiserver/pkg/admission/plugin/webhook/predicates`.

use std::collections::BTreeMap;

use k8s_openapi::api::admissionregistration::v1::RuleWithOperations;
use serde_json::Value;

use super::conditions::Verdict;
use super::hook::Hook;
use super::plugin::Plugin;
use super::question;
use super::subject::Subject;
use crate::admission::Review;
use crate::meta::selector::LabelSelector;
use crate::meta::{ApiError, Descriptor, Subresource};

/// A webhook that is to be asked, and the version in which it sees the objects.
#[derive(Clone, Copy, Debug)]
pub(super) struct Invocation<'h> {
    pub(super) hook: &'h Hook,
    pub(super) version: &'h Descriptor,
}

/// The kinds that configure admission: no webhook is asked about them, lest nobody could take one away that fails.
const EXEMPT: [&str; 6] = [
    "MutatingAdmissionPolicy",
    "MutatingAdmissionPolicyBinding",
    "MutatingWebhookConfiguration",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "ValidatingWebhookConfiguration",
];

/// Tells whether no webhook is asked about objects of a type.
pub(super) fn is_exempt(resource: &Descriptor) -> bool {
    resource.group == "admissionregistration.k8s.io" && EXEMPT.contains(&resource.kind)
}

/// Returns how a webhook is to be asked; none when it is not.
///
/// # Errors
/// When that cannot be found out, unless the webhook would not be asked anyway.
pub(super) async fn invocation<'h>(
    hook: &'h Hook,
    subject: &Subject<'h>,
    plugin: &Plugin,
) -> Result<Option<Invocation<'h>>, ApiError> {
    let Some(version) = version(hook, subject.review) else { return Ok(None) };
    if !objects_match(hook, subject)? || !namespace_matches(hook, subject.review, plugin).await? {
        return Ok(None);
    }
    let invocation = Invocation { hook, version };
    Ok(conditions_hold(invocation, subject, plugin)?.then_some(invocation))
}

/// Returns the version of the type that the rules of a webhook name; that of the request, if they name it.
fn version<'r>(hook: &Hook, review: Review<'r>) -> Option<&'r Descriptor> {
    let named = |version: &Descriptor| hook.rules.iter().any(|rule| covers(rule, review, version));
    if named(review.resource) {
        return Some(review.resource);
    }
    let versions = if hook.equivalents { review.objects.versions() } else { Vec::new() };
    let first = hook.rules.iter().find_map(|rule| {
        versions.iter().find(|version| **version != review.resource && covers(rule, review, version))
    });
    first.copied()
}

/// Tells whether a rule covers a write when it is taken for one to a version.
fn covers(rule: &RuleWithOperations, review: Review<'_>, version: &Descriptor) -> bool {
    in_scope(rule, review, version)
        && names(rule.operations.as_deref(), review.operation.as_str())
        && names(rule.api_groups.as_deref(), version.group)
        && names(rule.api_versions.as_deref(), version.version)
        && rule.resources.iter().flatten().any(|spelled| is_of(spelled, version.plural, review.subresource))
}

fn names(items: Option<&[String]>, wanted: &str) -> bool {
    items.unwrap_or_default().iter().any(|item| item == "*" || item == wanted)
}

fn in_scope(rule: &RuleWithOperations, review: Review<'_>, version: &Descriptor) -> bool {
    let of_cluster = review.namespace.is_empty() || is_namespace(version);
    match rule.scope.as_deref() {
        None | Some("*") => true,
        Some("Namespaced") => !of_cluster,
        Some("Cluster") => of_cluster,
        Some(_) => false,
    }
}

fn is_namespace(version: &Descriptor) -> bool {
    version.group.is_empty() && version.plural == "namespaces"
}

fn is_of(spelled: &str, plural: &str, part: Option<Subresource>) -> bool {
    let (resource, sub) = spelled.split_once('/').unwrap_or((spelled, ""));
    let part = part.map_or("", Subresource::as_str);
    (resource == "*" || resource == plural) && (sub == "*" || sub == part)
}

fn objects_match(hook: &Hook, subject: &Subject<'_>) -> Result<bool, ApiError> {
    let selector = hook.objects.as_ref().map_err(ApiError::internal)?;
    let selected = |object: &Option<Value>| object.as_ref().is_some_and(|object| selects(selector, object));
    Ok(selector.is_empty() || selected(&subject.new) || selected(&subject.old))
}

fn selects(selector: &LabelSelector, object: &Value) -> bool {
    let labels = object["metadata"]["labels"].as_object().into_iter().flatten();
    let labels = labels.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())));
    selector.matches(&labels.collect())
}

/// Objects that live in no namespace cannot be told apart this way.
async fn namespace_matches(hook: &Hook, review: Review<'_>, plugin: &Plugin) -> Result<bool, ApiError> {
    let selector = hook.namespaces.as_ref().map_err(ApiError::internal)?;
    if selector.is_empty() || review.namespace.is_empty() {
        return Ok(true);
    }
    let labels: BTreeMap<_, _> = plugin.labels(review.namespace).await?;
    Ok(selector.matches(&labels))
}

fn conditions_hold(
    invocation: Invocation<'_>,
    subject: &Subject<'_>,
    plugin: &Plugin,
) -> Result<bool, ApiError> {
    let Invocation { hook, version } = invocation;
    if hook.conditions.is_empty() {
        return Ok(true);
    }
    let objects = subject.in_version(version)?;
    let request = question::request(invocation, subject, "");
    let labels = plugin.labels_of(hook, subject.review.operation);
    match hook.conditions.evaluate(&objects, &request) {
        Verdict::Hold => Ok(true),
        Verdict::Fail => {
            plugin.metrics().excluded(labels);
            Ok(false)
        }
        Verdict::Unknown(why) => {
            plugin.metrics().condition_failed(labels);
            tracing::warn!(webhook = hook.name, why, "match conditions cannot be evaluated");
            if hook.dispensable {
                return Ok(false);
            }
            let of = &subject.review.resource.group_resource();
            Err(ApiError::forbidden(of, subject.name(), &why))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::admission::Operation;
    use crate::admission::testing::{NoObjects, OLD_THINGS, Request, THINGS, Things};
    use crate::admission::webhook::hook::tests_support::hook;

    fn rule(change: &Value) -> RuleWithOperations {
        let mut rule = json!({
            "operations": ["CREATE"], "apiGroups": ["g"], "apiVersions": ["v1"], "resources": ["things"],
        });
        rule.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        serde_json::from_value(rule).unwrap()
    }

    #[test]
    fn a_rule_covers_what_all_of_its_parts_name() {
        let request = Request::default();
        let whole = request.review(Operation::Create, &NoObjects);
        let status = Review { subresource: Some(Subresource::Status), operation: Operation::Update, ..whole };
        let cluster = Review { namespace: "", ..whole };
        for (change, review, covered) in [
            (json!({"operations": null}), whole, false),
            (json!({"operations": []}), whole, false),
            (json!({"operations": ["create"]}), whole, false),
            (json!({"apiGroups": [""]}), whole, false),
            (json!({"apiVersions": ["v*"]}), whole, false),
            (json!({"resources": []}), whole, false),
            (json!({"resources": ["/"]}), whole, false),
            (json!({"resources": ["things/"]}), whole, true),
            (json!({"resources": ["things/status"]}), whole, false),
            (json!({"resources": ["thing*"]}), whole, false),
            (json!({"scope": "Elsewhere"}), whole, false),
            (json!({"scope": "Cluster"}), whole, false),
            (json!({"scope": "Cluster"}), cluster, true),
            (json!({"scope": "Namespaced"}), cluster, false),
            (json!({}), whole, true),
            (json!({"scope": "*"}), cluster, true),
            (json!({"operations": ["DELETE", "*"], "apiGroups": ["*"], "apiVersions": ["*"]}), whole, true),
            (json!({"resources": ["*"]}), whole, true),
            (json!({"resources": ["*/*"]}), whole, true),
            (json!({"resources": ["*"], "operations": ["*"]}), status, false),
            (json!({"resources": ["things"], "operations": ["*"]}), status, false),
            (json!({"resources": ["*/status"], "operations": ["UPDATE"]}), status, true),
            (json!({"resources": ["things/*"], "operations": ["UPDATE"]}), status, true),
        ] {
            assert_eq!(covers(&rule(&change), review, &THINGS), covered, "{change}");
        }
    }

    #[test]
    fn other_versions_of_the_type_count_unless_it_is_to_be_exact() {
        let (request, objects) = (Request::default(), Things { new: None, old: None });
        let review = request.review(Operation::Create, &objects);
        let older = json!({"rules": [rule(&json!({"apiVersions": ["v1beta1"]}))]});
        assert_eq!(version(&hook(&older), review), Some(&OLD_THINGS));
        let exact = json!({"matchPolicy": "Exact", "rules": older["rules"]});
        assert_eq!(version(&hook(&exact), review), None);
        let any = json!({"rules": [rule(&json!({"apiVersions": ["*"]}))]});
        assert_eq!(version(&hook(&any), review), Some(&THINGS));
    }

    #[test]
    fn either_object_may_be_selected() {
        let request = Request::default();
        let (labeled, bare) = (json!({"metadata": {"labels": {"a": "b"}}}), json!({"metadata": {}}));
        let selector = json!({"objectSelector": {"matchLabels": {"a": "b"}}});
        for (new, old, selected) in [
            (None, None, false),
            (Some(json!({"metadata": {"labels": {"a": 1}}})), Some(bare.clone()), false),
            (Some(json!(7)), None, false),
            (Some(labeled.clone()), Some(bare.clone()), true),
            (Some(bare), Some(labeled.clone()), true),
            (None, Some(labeled), true),
        ] {
            let review = request.review(Operation::Update, &NoObjects);
            let subject = Subject { review, new, old };
            assert_eq!(objects_match(&hook(&selector), &subject), Ok(selected), "{subject:?}");
        }
        let senseless =
            hook(&json!({"objectSelector": {"matchExpressions": [{"key": "a", "operator": "Is"}]}}));
        let subject = Subject { review: request.review(Operation::Update, &NoObjects), new: None, old: None };
        assert!(objects_match(&senseless, &subject).is_err());
    }

    #[test]
    fn nobody_is_asked_about_what_says_who_is_asked() {
        let of = |group, kind| Descriptor { group, kind, ..THINGS };
        assert!(is_exempt(&of("admissionregistration.k8s.io", "ValidatingWebhookConfiguration")));
        assert!(!is_exempt(&of("other.example", "ValidatingWebhookConfiguration")));
        assert!(!is_exempt(&THINGS));
    }
}
