//! Operations: everything that can be asked of the described paths, independent of the version of OpenAPI.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Definitions;
use super::definitions::{META, VERSION_INFO, group_version_kind, kind_name, list_name};
use super::parameters::{self, Parameter};
use crate::endpoints::{Route, ServedResource, Target, method};
use crate::meta::{Descriptor, Verb, api_path};

const JSON: &str = "application/json";
const YAML: &str = "application/yaml";
const JSON_WATCH: &str = "application/json;stream=watch";

/// A method of a path.
#[derive(Clone, Debug)]
pub(super) struct Operation {
    /// The document of version 3 that has the operation, for example `apis/example.com/v1`.
    pub(super) document: String,
    /// The path, with braces around what a request fills in.
    pub(super) path: String,
    /// The HTTP method in lower case.
    pub(super) method: String,
    /// The name that clients generate their methods from.
    pub(super) id: String,
    /// What it does, for people.
    pub(super) description: String,
    /// The API that it belongs to, for example `example_v1`.
    pub(super) tag: String,
    /// What is done to which kind; none for paths that are no resource.
    pub(super) action: Option<(&'static str, Value)>,
    /// What path and query may have, sorted by name.
    pub(super) parameters: Vec<Parameter>,
    /// What may be sent.
    pub(super) body: Option<Body>,
    /// The statuses and what they mean.
    pub(super) responses: Vec<(&'static str, &'static str)>,
    /// The definition of what is returned.
    pub(super) returns: String,
    /// The media types of what is returned.
    pub(super) produces: Vec<&'static str>,
}

/// The body of a request.
#[derive(Clone, Debug)]
pub(super) struct Body {
    /// The definition of what is sent.
    pub(super) schema: String,
    /// Whether it has to be there.
    pub(super) required: bool,
    /// The media types it may have.
    pub(super) consumes: Vec<&'static str>,
}

/// Returns the operations of a server that serves these resources.
pub(super) fn operations(resources: &[ServedResource], definitions: &Definitions) -> Vec<Operation> {
    let of_resources = resources.iter().flat_map(|resource| of_resource(resource, definitions));
    discovery(resources).into_iter().chain(of_resources).collect()
}

fn of_resource(resource: &ServedResource, definitions: &Definitions) -> Vec<Operation> {
    let routes = resource.routes();
    let described = |route: &Route| -> Vec<Operation> {
        // Following by a parameter is part of listing.
        let verbs = route.verbs.iter().filter(|verb| route.watch || **verb != Verb::Watch);
        verbs.map(|verb| of_verb(resource, route, *verb, definitions)).collect()
    };
    routes.iter().flat_map(described).collect()
}

fn of_verb(resource: &ServedResource, route: &Route, verb: Verb, definitions: &Definitions) -> Operation {
    let descriptor = &resource.descriptor;
    let Descriptor { group, version, kind, .. } = *descriptor;
    Operation {
        document: api_path(group, version),
        path: route.path.clone(),
        method: method(verb).as_str().to_ascii_lowercase(),
        id: operation_id(descriptor, route, verb),
        description: description(kind, route, verb),
        tag: format!("{}_{version}", lower_first(&camel(group))),
        action: Some((action(route, verb), group_version_kind(group, version, kind))),
        parameters: all_parameters(kind, route, verb, definitions),
        body: body(resource, verb),
        responses: responses(verb).to_vec(),
        returns: returns(descriptor, verb),
        produces: produces(verb),
    }
}

fn operation_id(descriptor: &Descriptor, route: &Route, verb: Verb) -> String {
    let namespaced = descriptor.is_namespaced() && route.target != Target::AllNamespaces;
    let suffix = match (route.target, route.watch) {
        (Target::AllNamespaces, true) => "ListForAllNamespaces".to_owned(),
        (Target::AllNamespaces, false) => "ForAllNamespaces".to_owned(),
        (Target::Collection, true) => "List".to_owned(),
        (Target::Part(part), _) => upper_first(part.as_str()),
        (Target::Collection | Target::Object, _) => String::new(),
    };
    [
        word(verb),
        &camel(descriptor.group),
        &upper_first(descriptor.version),
        if verb == Verb::DeleteCollection { "Collection" } else { "" },
        if namespaced { "Namespaced" } else { "" },
        descriptor.kind,
        &suffix,
    ]
    .concat()
}

fn word(verb: Verb) -> &'static str {
    match verb {
        Verb::Get => "read",
        Verb::Update => "replace",
        Verb::DeleteCollection => "delete",
        other => other.as_str(),
    }
}

fn action(route: &Route, verb: Verb) -> &'static str {
    match verb {
        Verb::Create => "post",
        Verb::Update => "put",
        Verb::Watch if route.target != Target::Object => "watchlist",
        other => other.as_str(),
    }
}

fn description(kind: &str, route: &Route, verb: Verb) -> String {
    let part = match route.target {
        Target::Part(part) => format!("{} of ", part.as_str()),
        _ => String::new(),
    };
    let one = route.target == Target::Object;
    match verb {
        Verb::Get => format!("read {part}the specified {kind}"),
        Verb::List => format!("list or watch objects of kind {kind}"),
        Verb::Create => format!("create a {kind}"),
        Verb::Update => format!("replace {part}the specified {kind}"),
        Verb::Patch => format!("partially update {part}the specified {kind}"),
        Verb::Delete => format!("delete a {kind}"),
        Verb::DeleteCollection => format!("delete collection of {kind}"),
        Verb::Watch if one => format!(
            "watch an object of kind {kind}. deprecated: list with 'watch' and a 'fieldSelector' of its name \
             instead."
        ),
        Verb::Watch | Verb::Impersonate | Verb::Method(_) => {
            format!("watch a list of {kind}. deprecated: list with the 'watch' parameter instead.")
        }
    }
}

fn all_parameters(kind: &str, route: &Route, verb: Verb, definitions: &Definitions) -> Vec<Parameter> {
    let mut parameters = parameters::query(verb, definitions);
    if route.path.contains("{name}") {
        parameters.push(Parameter::in_path("name", format!("name of the {kind}")));
    }
    if route.path.contains("{namespace}") {
        let description = "object name and auth scope, such as for teams and projects";
        parameters.push(Parameter::in_path("namespace", description.to_owned()));
    }
    parameters.sort_by_key(|parameter| parameter.name);
    parameters
}

fn body(resource: &ServedResource, verb: Verb) -> Option<Body> {
    let any = vec!["*/*"];
    match verb {
        Verb::Create | Verb::Update => {
            Some(Body { schema: kind_name(&resource.descriptor), required: true, consumes: any })
        }
        Verb::Patch => {
            let consumes = resource.patch_types.to_vec();
            Some(Body { schema: format!("{META}Patch"), required: true, consumes })
        }
        Verb::Delete | Verb::DeleteCollection => {
            Some(Body { schema: format!("{META}DeleteOptions"), required: false, consumes: any })
        }
        Verb::Get | Verb::List | Verb::Watch | Verb::Impersonate | Verb::Method(_) => None,
    }
}

fn responses(verb: Verb) -> &'static [(&'static str, &'static str)] {
    match verb {
        Verb::Create => &[("200", "OK"), ("201", "Created"), ("202", "Accepted")],
        Verb::Update | Verb::Patch => &[("200", "OK"), ("201", "Created")],
        Verb::Delete => &[("200", "OK"), ("202", "Accepted")],
        _ => &[("200", "OK")],
    }
}

fn returns(descriptor: &Descriptor, verb: Verb) -> String {
    match verb {
        Verb::List => list_name(descriptor),
        Verb::Watch => format!("{META}WatchEvent"),
        Verb::Delete | Verb::DeleteCollection => format!("{META}Status"),
        _ => kind_name(descriptor),
    }
}

fn produces(verb: Verb) -> Vec<&'static str> {
    match verb {
        Verb::List | Verb::Watch => vec![JSON, YAML, JSON_WATCH],
        _ => vec![JSON, YAML],
    }
}

/// Returns the operations of the discovery documents and of the version.
fn discovery(resources: &[ServedResource]) -> Vec<Operation> {
    let all = resources.iter().map(|resource| (resource.descriptor.group, resource.descriptor.version));
    let versions: BTreeSet<(&str, &str)> = all.collect();
    let groups: BTreeSet<&str> = versions.iter().map(|(group, _)| *group).collect();
    let mut operations = vec![root(), version()];
    operations.extend(groups.into_iter().map(group));
    operations.extend(versions.into_iter().map(|(group, version)| group_version(group, version)));
    operations
}

fn root() -> Operation {
    let description = "get available API versions";
    document("apis", "apis", "getAPIVersions", description, format!("{META}APIGroupList"))
}

fn version() -> Operation {
    let description = "get the version information for this server";
    let operation = document("version", "version", "getCodeVersion", description, VERSION_INFO.to_owned());
    Operation { produces: vec![JSON], ..operation }
}

fn group(group: &str) -> Operation {
    if group.is_empty() {
        let description = "get available API versions";
        return document("api", "core", "getCoreAPIVersions", description, format!("{META}APIVersions"));
    }
    let camel = camel(group);
    let id = format!("get{camel}APIGroup");
    let path = format!("apis/{group}");
    document(&path, &lower_first(&camel), &id, "get information of a group", format!("{META}APIGroup"))
}

fn group_version(group: &str, version: &str) -> Operation {
    let camel = camel(group);
    let id = format!("get{camel}{}APIResources", upper_first(version));
    let tag = format!("{}_{version}", lower_first(&camel));
    let path = api_path(group, version);
    document(&path, &tag, &id, "get available resources", format!("{META}APIResourceList"))
}

fn document(path: &str, tag: &str, id: &str, description: &str, returns: String) -> Operation {
    Operation {
        document: path.to_owned(),
        path: format!("/{path}/"),
        method: "get".to_owned(),
        id: id.to_owned(),
        description: description.to_owned(),
        tag: tag.to_owned(),
        action: None,
        parameters: Vec::new(),
        body: None,
        responses: vec![("200", "OK")],
        returns,
        produces: vec![JSON, YAML],
    }
}

/// Returns a group as it stands in operation ids: `workflow.example.com` is `WorkflowExampleCom`, and groups of
/// Kubernetes go without their `k8s.io`, and the one without a name is called `core`.
fn camel(group: &str) -> String {
    let group = if group.is_empty() { "core" } else { group };
    let words = group.trim_end_matches(".k8s.io").split(|c: char| !c.is_ascii_alphanumeric());
    words.map(upper_first).collect()
}

fn upper_first(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(chars).collect()
}

fn lower_first(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(chars).collect()
}
