//! What is served of a resource type: the one source of routes, 405s, discovery and OpenAPI.

use http::Method;
use schemars::{Schema, SchemaGenerator};

use crate::meta::{Descriptor, Resource, Subresource, Verb, api_path};
use crate::registry::Rest;

/// A resource type and what may be done with it.
#[derive(Clone, Copy, Debug)]
pub struct ServedResource {
    /// Names and scope of the type.
    pub descriptor: Descriptor,
    /// What may be done with whole objects, sorted by name.
    pub verbs: &'static [Verb],
    /// The media types a PATCH may have, in the order they are advertised.
    pub patch_types: &'static [&'static str],
    /// The version in which objects are stored; what tells clients so is the same in all versions.
    pub storage_version: &'static str,
    /// Returns the type's schema as a reference and leaves its definition in the generator.
    pub schema: fn(&mut SchemaGenerator) -> Schema,
}

/// A path of a resource type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The path, with `{namespace}` and `{name}` where a request has values.
    pub path: String,
    /// What the path addresses.
    pub target: Target,
    /// Whether the path has the deprecated form `/watch/…`, which follows instead of reading.
    pub watch: bool,
    /// What may be done there. Every HTTP method that no verb needs is answered by 405.
    pub verbs: Vec<Verb>,
}

/// What a path addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// The objects of all namespaces; exists for namespaced types only.
    AllNamespaces,
    /// The objects of one namespace, or of the cluster where the type has no namespaces.
    Collection,
    /// One object.
    Object,
    /// A part of one object.
    Part(Subresource),
}

/// Returns the HTTP method that carries a verb.
pub fn method(verb: Verb) -> Method {
    match verb.as_str() {
        "create" | "post" => Method::POST,
        "update" | "put" => Method::PUT,
        "patch" => Method::PATCH,
        "delete" | "deletecollection" => Method::DELETE,
        "head" => Method::HEAD,
        "options" => Method::OPTIONS,
        _ => Method::GET,
    }
}

impl ServedResource {
    /// Every verb a type can have, sorted by name.
    pub const ALL_VERBS: &'static [Verb] = &[
        Verb::Create,
        Verb::Delete,
        Verb::DeleteCollection,
        Verb::Get,
        Verb::List,
        Verb::Patch,
        Verb::Update,
        Verb::Watch,
    ];

    /// Serves a registry's type with every verb and the given media types of PATCH.
    pub fn of_rest(rest: &dyn Rest, patch_types: &'static [&'static str]) -> Self {
        Self {
            descriptor: *rest.descriptor(),
            verbs: Self::ALL_VERBS,
            patch_types,
            storage_version: rest.storage_version(),
            schema: rest.schema(),
        }
    }

    /// Serves a type that has one version with every verb and the given media types of PATCH.
    pub fn of<R: Resource>(patch_types: &'static [&'static str]) -> Self {
        Self {
            descriptor: R::DESCRIPTOR,
            verbs: Self::ALL_VERBS,
            patch_types,
            storage_version: R::DESCRIPTOR.version,
            schema: |generator| generator.subschema_for::<R>(),
        }
    }

    /// Returns what may be done at a target.
    pub fn verbs_at(&self, target: Target) -> Vec<Verb> {
        match target {
            Target::AllNamespaces => self.among(&[Verb::List, Verb::Watch]),
            Target::Collection => {
                self.among(&[Verb::Create, Verb::DeleteCollection, Verb::List, Verb::Watch])
            }
            Target::Object => self.among(&[Verb::Delete, Verb::Get, Verb::Patch, Verb::Update]),
            Target::Part(Subresource::Status) => self.among(&[Verb::Get, Verb::Patch, Verb::Update]),
        }
    }

    /// Returns every path of the type with what may be done there.
    pub fn routes(&self) -> Vec<Route> {
        let mut routes = self.current_routes();
        let watches: Vec<Route> = routes.iter().filter_map(|route| self.watch_route(route)).collect();
        routes.extend(watches);
        routes.retain(|route| !route.verbs.is_empty());
        routes
    }

    fn current_routes(&self) -> Vec<Route> {
        let parts = self.descriptor.subresources.iter().map(|part| Target::Part(*part));
        let all = self.descriptor.is_namespaced().then_some(Target::AllNamespaces);
        let targets = [Target::Collection, Target::Object].into_iter().chain(parts).chain(all);
        targets.map(|target| self.route(target)).collect()
    }

    fn route(&self, target: Target) -> Route {
        Route { path: self.path("", target), target, watch: false, verbs: self.verbs_at(target) }
    }

    /// Returns the deprecated twin of a path that can be followed.
    fn watch_route(&self, route: &Route) -> Option<Route> {
        if matches!(route.target, Target::Part(_)) {
            return None;
        }
        let verbs = self.among(&[Verb::Watch]);
        Some(Route { path: self.path("/watch", route.target), target: route.target, watch: true, verbs })
    }

    fn path(&self, prefix: &str, target: Target) -> String {
        let Descriptor { group, version, plural, .. } = self.descriptor;
        let namespaced = self.descriptor.is_namespaced() && target != Target::AllNamespaces;
        let namespace = if namespaced { "/namespaces/{namespace}" } else { "" };
        let collection = format!("/{}{prefix}{namespace}/{plural}", api_path(group, version));
        match target {
            Target::AllNamespaces | Target::Collection => collection,
            Target::Object => format!("{collection}/{{name}}"),
            Target::Part(part) => format!("{collection}/{{name}}/{}", part.as_str()),
        }
    }

    fn among(&self, possible: &[Verb]) -> Vec<Verb> {
        possible.iter().copied().filter(|verb| self.verbs.contains(verb)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoints::testing::widgets;

    fn verbs_at(path: &str) -> Option<Vec<&'static str>> {
        let route = widgets().routes().into_iter().find(|route| route.path == path)?;
        Some(route.verbs.into_iter().map(Verb::as_str).collect())
    }

    #[test]
    fn all_namespaces_can_be_read_but_not_written() {
        assert_eq!(verbs_at("/apis/example.com/v1/widgets").unwrap(), ["list", "watch"]);
    }

    #[test]
    fn a_collection_an_object_and_its_status_have_their_verbs() {
        let collection = "/apis/example.com/v1/namespaces/{namespace}/widgets";
        assert_eq!(verbs_at(collection).unwrap(), ["create", "deletecollection", "list", "watch"]);
        let object = format!("{collection}/{{name}}");
        assert_eq!(verbs_at(&object).unwrap(), ["delete", "get", "patch", "update"]);
        assert_eq!(verbs_at(&format!("{object}/status")).unwrap(), ["get", "patch", "update"]);
    }

    #[test]
    fn deprecated_watch_paths_exist_for_all_but_parts() {
        let paths: Vec<String> =
            widgets().routes().into_iter().filter(|route| route.watch).map(|route| route.path).collect();
        let expected = [
            "/apis/example.com/v1/watch/namespaces/{namespace}/widgets",
            "/apis/example.com/v1/watch/namespaces/{namespace}/widgets/{name}",
            "/apis/example.com/v1/watch/widgets",
        ];
        assert_eq!(paths, expected);
    }

    #[test]
    fn a_verb_that_is_not_served_leaves_no_route() {
        let read_only = ServedResource { verbs: &[Verb::Get], ..widgets() };
        let paths: Vec<String> = read_only.routes().into_iter().map(|route| route.path).collect();
        assert_eq!(paths.len(), 2, "{paths:?}");
    }

    #[test]
    fn every_verb_has_its_method() {
        let methods: Vec<Method> = ServedResource::ALL_VERBS.iter().map(|verb| method(*verb)).collect();
        let names: Vec<&str> = methods.iter().map(Method::as_str).collect();
        assert_eq!(names, ["POST", "DELETE", "DELETE", "GET", "GET", "PATCH", "PUT", "GET"]);
    }
}
