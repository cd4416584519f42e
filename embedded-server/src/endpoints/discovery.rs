//! Discovery: what a server serves, told to clients. All documents are made once, from the served resources.
//!
//! `/api` is the core group's address, and a server that does not serve that group has none: clients take its 404
//! for "no core group".
//!
//! Sources: `apiserver/pkg/endpoints/discovery/{root,group,version}.go`, `…/discovery/aggregated`,
//! `apiserver/pkg/endpoints/installer.go`.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::{Document, ServedResource, Target};
use crate::meta::{Descriptor, Subresource, Verb, api_path, api_version};

/// The parameters that the aggregated form's media type has, in requests and in the reply's `Content-Type`.
pub const AGGREGATED_PARAMETERS: &str = "g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/// Every discovery document of a server, in JSON.
#[derive(Clone, Debug)]
pub struct Discovery {
    group_list: Document,
    aggregated: Document,
    aggregated_core: Option<Document>,
    by_path: BTreeMap<String, Document>,
}

impl Discovery {
    /// Makes the documents. `server_address` is the `host:port` that clients are told to reach the server at.
    /// Of several versions of a group the first is the preferred one.
    pub fn new(resources: &[ServedResource], server_address: &str) -> Self {
        let (core, groups): (Vec<_>, Vec<_>) = groups(resources).into_iter().partition(Group::is_core);
        let list: Vec<Value> = groups.iter().map(|group| listed_group(group, server_address)).collect();
        let group_list = json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": list});
        let of_core = core.iter().flat_map(|group| documents_of_core(group, server_address));
        Self {
            group_list: Document::json_line(&group_list),
            aggregated: aggregated(&groups),
            aggregated_core: (!core.is_empty()).then(|| aggregated(&core)),
            by_path: groups.iter().flat_map(documents_of_group).chain(of_core).collect(),
        }
    }

    /// Returns the `APIGroupList` of `/apis`.
    pub fn api_group_list(&self) -> &Document {
        &self.group_list
    }

    /// Returns the `APIGroupDiscoveryList` of `/apis`, for clients that accept [`AGGREGATED_PARAMETERS`].
    pub fn aggregated(&self) -> &Document {
        &self.aggregated
    }

    /// Returns the `APIGroupDiscoveryList` of `/api`, if the core group is served.
    pub fn aggregated_core(&self) -> Option<&Document> {
        self.aggregated_core.as_ref()
    }

    /// Returns the `APIGroup` of `/apis/{group}`.
    pub fn api_group(&self, group: &str) -> Option<&Document> {
        self.by_path.get(&format!("/apis/{group}"))
    }

    /// Returns the `APIGroup` or `APIResourceList` of a path below `/apis`, and what stands at `/api` and below.
    pub fn document(&self, path: &str) -> Option<&Document> {
        self.by_path.get(path)
    }

    /// Returns the paths of all documents, sorted.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        std::iter::once("/apis").chain(self.by_path.keys().map(String::as_str))
    }
}

/// Makes the index of `/`: the paths, sorted and each once.
pub fn index<'a>(paths: impl IntoIterator<Item = &'a str>) -> Value {
    let paths: BTreeSet<&str> = paths.into_iter().collect();
    json!({ "paths": paths })
}

/// The versions of a group in the order they were given, each with its resources by their names.
struct Group<'a> {
    name: &'static str,
    versions: Vec<(&'static str, Vec<&'a ServedResource>)>,
}

impl Group<'_> {
    fn is_core(&self) -> bool {
        self.name.is_empty()
    }
}

fn groups(resources: &[ServedResource]) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for resource in resources {
        let Descriptor { group: name, version, .. } = resource.descriptor;
        let group =
            find_or_push(&mut groups, |group| group.name == name, || Group { name, versions: vec![] });
        let (_, of_version) = find_or_push(&mut group.versions, |v| v.0 == version, || (version, vec![]));
        of_version.push(resource);
    }
    let versions = groups.iter_mut().flat_map(|group| &mut group.versions);
    versions.for_each(|(_, resources)| resources.sort_by_key(|resource| resource.descriptor.plural));
    groups
}

fn find_or_push<T>(items: &mut Vec<T>, is_it: impl Fn(&T) -> bool, make: impl FnOnce() -> T) -> &mut T {
    let at = items.iter().position(is_it).unwrap_or_else(|| {
        items.push(make());
        items.len() - 1
    });
    &mut items[at]
}

fn documents_of_group(group: &Group<'_>) -> Vec<(String, Document)> {
    let mut own = api_group(group);
    own.insert("kind".to_owned(), json!("APIGroup"));
    own.insert("apiVersion".to_owned(), json!("v1"));
    let mut documents = vec![(format!("/apis/{}", group.name), Document::json_line(&Value::Object(own)))];
    documents.extend(resource_lists(group));
    documents
}

/// The core group has no `APIGroup`, but a list of its versions.
fn documents_of_core(group: &Group<'_>, server_address: &str) -> Vec<(String, Document)> {
    let versions: Vec<&str> = group.versions.iter().map(|(version, _)| *version).collect();
    let list = json!({
        "kind": "APIVersions",
        "versions": versions,
        "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": server_address}],
    });
    std::iter::once(("/api".to_owned(), Document::json_line(&list))).chain(resource_lists(group)).collect()
}

fn resource_lists<'a>(group: &'a Group<'_>) -> impl Iterator<Item = (String, Document)> + 'a {
    group.versions.iter().map(|(version, resources)| {
        let path = format!("/{}", api_path(group.name, version));
        (path, api_resource_list(group.name, version, resources))
    })
}

fn listed_group(group: &Group<'_>, server_address: &str) -> Value {
    let mut listed = api_group(group);
    let addresses = json!([{"clientCIDR": "0.0.0.0/0", "serverAddress": server_address}]);
    listed.insert("serverAddressByClientCIDRs".to_owned(), addresses);
    Value::Object(listed)
}

fn api_group(group: &Group<'_>) -> Map<String, Value> {
    let version = |(version, _): &(&str, _)| json!({"groupVersion": format!("{}/{version}", group.name), "version": version});
    let versions: Vec<Value> = group.versions.iter().map(version).collect();
    let preferred = versions.first().cloned().unwrap_or_default();
    object([("name", json!(group.name)), ("versions", json!(versions)), ("preferredVersion", preferred)])
}

fn api_resource_list(group: &str, version: &str, resources: &[&ServedResource]) -> Document {
    let resources: Vec<Value> = resources.iter().flat_map(|resource| api_resources(resource)).collect();
    Document::json_line(&json!({
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": api_version(group, version),
        "resources": resources,
    }))
}

fn api_resources(resource: &ServedResource) -> Vec<Value> {
    let parts = resource.descriptor.subresources.iter().map(|part| api_subresource(resource, *part));
    std::iter::once(api_resource(resource)).chain(parts).collect()
}

fn api_resource(resource: &ServedResource) -> Value {
    let descriptor = &resource.descriptor;
    let mut fields = object([
        ("name", json!(descriptor.plural)),
        ("singularName", json!(descriptor.singular)),
        ("namespaced", json!(descriptor.is_namespaced())),
        ("kind", json!(descriptor.kind)),
        ("verbs", verbs(resource.verbs)),
        ("storageVersionHash", json!(storage_version_hash(resource))),
    ]);
    insert_names(&mut fields, descriptor);
    Value::Object(fields)
}

fn api_subresource(resource: &ServedResource, part: Subresource) -> Value {
    let descriptor = &resource.descriptor;
    json!({
        "name": format!("{}/{}", descriptor.plural, part.as_str()),
        "singularName": "",
        "namespaced": descriptor.is_namespaced(),
        "kind": descriptor.kind,
        "verbs": verbs(&resource.verbs_at(Target::Part(part))),
    })
}

/// Returns what tells clients that the stored form changed; only equality has a meaning.
fn storage_version_hash(resource: &ServedResource) -> String {
    let Descriptor { group, kind, .. } = resource.descriptor;
    let digest = Sha256::digest(format!("{group}/{}/{kind}", resource.storage_version));
    STANDARD.encode(&digest[..8])
}

fn aggregated(groups: &[Group<'_>]) -> Document {
    let items: Vec<Value> = groups.iter().map(aggregated_group).collect();
    Document::json_line(&json!({
        "kind": "APIGroupDiscoveryList",
        "apiVersion": "apidiscovery.k8s.io/v2",
        "metadata": {},
        "items": items,
    }))
}

fn aggregated_group(group: &Group<'_>) -> Value {
    let version = |(version, resources): &(&str, Vec<&ServedResource>)| {
        let resources: Vec<Value> = resources.iter().map(|resource| aggregated_resource(resource)).collect();
        json!({"version": version, "resources": resources, "freshness": "Current"})
    };
    let versions: Vec<Value> = group.versions.iter().map(version).collect();
    json!({"metadata": {"name": group.name}, "versions": versions})
}

fn aggregated_resource(resource: &ServedResource) -> Value {
    let descriptor = &resource.descriptor;
    let scope = if descriptor.is_namespaced() { "Namespaced" } else { "Cluster" };
    let mut fields = object([
        ("resource", json!(descriptor.plural)),
        ("responseKind", kind_here(descriptor)),
        ("scope", json!(scope)),
        ("singularResource", json!(descriptor.singular)),
        ("verbs", verbs(resource.verbs)),
    ]);
    insert_names(&mut fields, descriptor);
    let parts: Vec<Value> =
        descriptor.subresources.iter().map(|part| aggregated_subresource(resource, *part)).collect();
    insert_unless_empty(&mut fields, "subresources", &parts);
    Value::Object(fields)
}

fn aggregated_subresource(resource: &ServedResource, part: Subresource) -> Value {
    json!({
        "subresource": part.as_str(),
        "responseKind": kind_here(&resource.descriptor),
        "verbs": verbs(&resource.verbs_at(Target::Part(part))),
    })
}

/// Names a kind of the group and version that it is listed in, which go without saying.
fn kind_here(descriptor: &Descriptor) -> Value {
    json!({"group": "", "version": "", "kind": descriptor.kind})
}

fn insert_names(fields: &mut Map<String, Value>, descriptor: &Descriptor) {
    insert_unless_empty(fields, "shortNames", descriptor.short_names);
    insert_unless_empty(fields, "categories", descriptor.categories);
}

fn insert_unless_empty<T: serde::Serialize>(fields: &mut Map<String, Value>, name: &str, items: &[T]) {
    if !items.is_empty() {
        fields.insert(name.to_owned(), json!(items));
    }
}

fn verbs(verbs: &[Verb]) -> Value {
    let names: BTreeSet<&str> = verbs.iter().map(|verb| verb.as_str()).collect();
    json!(names)
}

fn object<const N: usize>(fields: [(&str, Value); N]) -> Map<String, Value> {
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoints::testing::widgets;

    fn parse(document: &Document) -> Value {
        serde_json::from_slice(&document.body()).unwrap()
    }

    fn discovery() -> Discovery {
        Discovery::new(&[widgets()], "10.0.0.1:443")
    }

    const ALL: [&str; 8] =
        ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

    #[test]
    fn the_root_lists_groups_with_the_address_of_the_server() {
        let version = json!({"groupVersion": "example.com/v1", "version": "v1"});
        let expected = json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": [{
            "name": "example.com",
            "versions": [version],
            "preferredVersion": version,
            "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": "10.0.0.1:443"}],
        }]});
        assert_eq!(parse(discovery().api_group_list()), expected);
    }

    #[test]
    fn a_group_tells_its_versions_and_the_first_is_preferred() {
        let mut next = widgets();
        next.descriptor.version = "v2";
        let discovery = Discovery::new(&[next, widgets()], "");
        let group = parse(discovery.api_group("example.com").unwrap());
        assert_eq!(group["kind"], "APIGroup");
        assert_eq!(group["preferredVersion"]["version"], "v2");
        assert_eq!(group["versions"][1]["groupVersion"], "example.com/v1");
        assert!(discovery.api_group("other.com").is_none());
    }

    #[test]
    fn a_version_lists_its_resources_and_their_parts() {
        let expected = json!({
            "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": "example.com/v1",
            "resources": [
                {"name": "widgets", "singularName": "widget", "namespaced": true, "kind": "Widget",
                 "verbs": ALL, "shortNames": ["wd"], "categories": ["all"],
                 "storageVersionHash": storage_version_hash(&widgets())},
                {"name": "widgets/status", "singularName": "", "namespaced": true, "kind": "Widget",
                 "verbs": ["get", "patch", "update"]},
            ],
        });
        assert_eq!(parse(discovery().document("/apis/example.com/v1").unwrap()), expected);
    }

    #[test]
    fn the_storage_version_hash_is_the_one_that_kubernetes_makes() {
        let mut deployments = widgets();
        (deployments.descriptor.group, deployments.descriptor.kind) = ("apps", "Deployment");
        assert_eq!(storage_version_hash(&deployments), "8aSe+NMegvE=");
        deployments.descriptor.version = "v1beta2";
        assert_eq!(storage_version_hash(&deployments), "8aSe+NMegvE=");
    }

    #[test]
    fn the_aggregated_form_nests_versions_resources_and_parts() {
        let kind = json!({"group": "", "version": "", "kind": "Widget"});
        let expected = json!({
            "kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {},
            "items": [{"metadata": {"name": "example.com"}, "versions": [{
                "version": "v1", "freshness": "Current", "resources": [{
                    "resource": "widgets", "responseKind": kind, "scope": "Namespaced",
                    "singularResource": "widget", "verbs": ALL, "shortNames": ["wd"], "categories": ["all"],
                    "subresources": [
                        {"subresource": "status", "responseKind": kind, "verbs": ["get", "patch", "update"]},
                    ],
                }],
            }]}],
        });
        assert_eq!(parse(discovery().aggregated()), expected);
    }

    #[test]
    fn the_core_group_stands_beside_the_others() {
        let mut core = widgets();
        core.descriptor.group = "";
        let discovery = Discovery::new(&[core, widgets()], "10.0.0.1:443");
        assert_eq!(parse(discovery.api_group_list())["groups"].as_array().unwrap().len(), 1);
        assert_eq!(parse(discovery.document("/api").unwrap())["versions"], json!(["v1"]));
        let resources = parse(discovery.document("/api/v1").unwrap());
        assert_eq!(resources["groupVersion"], "v1");
        let all = parse(discovery.aggregated_core().unwrap());
        assert_eq!(all["items"][0]["metadata"]["name"], "");
        assert!(self::discovery().aggregated_core().is_none());
    }

    #[test]
    fn documents_are_the_same_in_every_process() {
        let (one, other) = (discovery(), discovery());
        assert_eq!(one.aggregated().etag(), other.aggregated().etag());
        assert_eq!(one.api_group_list(), other.api_group_list());
    }

    #[test]
    fn the_index_is_sorted_and_names_each_path_once() {
        let discovery = discovery();
        let index = index(["/version", "/apis"].into_iter().chain(discovery.paths()));
        let expected = ["/apis", "/apis/example.com", "/apis/example.com/v1", "/version"];
        assert_eq!(index, json!({ "paths": expected }));
    }
}
