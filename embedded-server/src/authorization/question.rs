//! A request as the cluster is asked about it.
//!
//! Source: `apiserver/plugin/pkg/authorizer/webhook/webhook.go`, `resourceAttributesFrom`.

use k8s_openapi::api::authorization::v1::{
    FieldSelectorAttributes, LabelSelectorAttributes, NonResourceAttributes, ResourceAttributes,
    SubjectAccessReviewSpec,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{FieldSelectorRequirement, LabelSelectorRequirement};

use crate::meta::selector::{
    FieldOperator, FieldRequirement, FieldSelector, LabelOperator, LabelRequirement, LabelSelector,
};
use crate::meta::{Attributes, UserInfo};

/// Returns the question whether `user` may do what `attributes` say.
pub(super) fn about(user: &UserInfo, attributes: &Attributes) -> SubjectAccessReviewSpec {
    SubjectAccessReviewSpec {
        user: some(&user.name),
        uid: some(&user.uid),
        groups: (!user.groups.is_empty()).then(|| user.groups.clone()),
        extra: (!user.extra.is_empty()).then(|| user.extra.clone()),
        resource_attributes: resource(attributes),
        non_resource_attributes: path(attributes),
    }
}

fn path(attributes: &Attributes) -> Option<NonResourceAttributes> {
    let Attributes::Path { verb, path } = attributes else { return None };
    Some(NonResourceAttributes { path: some(path), verb: some(verb.as_str()) })
}

fn resource(attributes: &Attributes) -> Option<ResourceAttributes> {
    let Attributes::Resource {
        verb,
        group,
        version,
        resource,
        subresource,
        namespace,
        name,
        field_selector,
        label_selector,
    } = attributes
    else {
        return None;
    };
    Some(ResourceAttributes {
        verb: some(verb.as_str()),
        group: some(group),
        version: some(version),
        resource: some(resource),
        subresource: some(subresource),
        namespace: some(namespace),
        name: some(name),
        field_selector: fields(field_selector),
        label_selector: labels(label_selector),
    })
}

fn fields(selector: &FieldSelector) -> Option<FieldSelectorAttributes> {
    let requirements: Vec<_> = selector.requirements().iter().map(field).collect();
    let some = !requirements.is_empty();
    some.then_some(FieldSelectorAttributes { requirements: Some(requirements), raw_selector: None })
}

fn field(requirement: &FieldRequirement) -> FieldSelectorRequirement {
    let operator = match requirement.operator() {
        FieldOperator::Equals => "In",
        FieldOperator::NotEquals => "NotIn",
    };
    FieldSelectorRequirement {
        key: requirement.path().to_owned(),
        operator: operator.to_owned(),
        values: Some(vec![requirement.value().to_owned()]),
    }
}

fn labels(selector: &LabelSelector) -> Option<LabelSelectorAttributes> {
    let requirements: Vec<_> = selector.requirements().iter().filter_map(label).collect();
    let some = !requirements.is_empty();
    some.then_some(LabelSelectorAttributes { requirements: Some(requirements), raw_selector: None })
}

/// Comparisons of numbers have no words in an access review; without them it asks about more than is wanted.
fn label(requirement: &LabelRequirement) -> Option<LabelSelectorRequirement> {
    let operator = match requirement.operator() {
        LabelOperator::Equals | LabelOperator::In => "In",
        LabelOperator::NotEquals | LabelOperator::NotIn => "NotIn",
        LabelOperator::Exists => "Exists",
        LabelOperator::DoesNotExist => "DoesNotExist",
        LabelOperator::GreaterThan | LabelOperator::LessThan => return None,
    };
    let values = requirement.values();
    Some(LabelSelectorRequirement {
        key: requirement.key().to_owned(),
        operator: operator.to_owned(),
        values: (!values.is_empty()).then(|| values.to_vec()),
    })
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}
