//! What a method and a URL ask for. Source: `apiserver/pkg/endpoints/request/requestinfo.go`.

use http::Method;
use percent_encoding::percent_decode_str;

use crate::meta::selector::{FieldSelector, LabelSelector};
use crate::meta::{self, Attributes, Query, Verb};

/// The group without a name, which alone is served below `/api`.
const CORE: &str = "";

/// A request's address, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RequestInfo {
    /// What is asked for.
    pub(super) attributes: Attributes,
    /// Whether what follows the resource could not be made sense of.
    pub(super) malformed: bool,
}

impl RequestInfo {
    /// Takes a request's method and address apart.
    pub(super) fn parse(method: &Method, path: &str, query: &Query) -> Self {
        let decoded = percent_decode_str(path).decode_utf8_lossy().into_owned();
        let segments: Vec<String> =
            decoded.split('/').filter(|segment| !segment.is_empty()).map(str::to_owned).collect();
        match segments.as_slice() {
            [root, group, version, rest @ ..] if root == "apis" && !rest.is_empty() => {
                resource(method, group, version, rest, query)
            }
            [root, version, rest @ ..] if root == "api" && !rest.is_empty() => {
                resource(method, CORE, version, rest, query)
            }
            _ => Self {
                attributes: Attributes::Path { verb: Verb::Method(plain(method)), path: decoded },
                malformed: false,
            },
        }
    }

    /// Tells whether the answer lasts as long as the client listens.
    pub(super) fn is_watch(&self) -> bool {
        matches!(self.attributes, Attributes::Resource { verb: Verb::Watch, .. })
    }
}

fn resource(method: &Method, group: &str, version: &str, rest: &[String], query: &Query) -> RequestInfo {
    let (deprecated_watch, rest) = match rest {
        [watch, rest @ ..] if watch == "watch" && !rest.is_empty() => (true, rest),
        rest => (false, rest),
    };
    let (namespace, rest) = match rest {
        [namespaces, namespace, rest @ ..] if namespaces == "namespaces" && !is_of_namespace(rest) => {
            (namespace.clone(), rest)
        }
        rest => (String::new(), rest),
    };
    let part = |index: usize| rest.get(index).cloned().unwrap_or_default();
    let mut name = part(1);
    let verb = match (deprecated_watch, method) {
        (true, &Method::GET) => Verb::Watch,
        (true, method) => Verb::Method(plain(method)),
        (false, method) => verb(method, &name, query),
    };
    if name.is_empty() && matches!(verb, Verb::List | Verb::Watch | Verb::DeleteCollection) {
        name = selected_name(query).unwrap_or_default();
    }
    let narrows = !deprecated_watch && matches!(verb, Verb::List | Verb::Watch | Verb::DeleteCollection);
    let told = if narrows { query } else { &Query::default() };
    RequestInfo {
        attributes: Attributes::Resource {
            verb,
            group: group.to_owned(),
            version: version.to_owned(),
            resource: part(0),
            subresource: part(2),
            namespace,
            name,
            field_selector: selector(told.get("fieldSelector"), FieldSelector::parse),
            label_selector: selector(told.get("labelSelector"), LabelSelector::parse),
        },
        malformed: rest.len() > 3 || (deprecated_watch && rest.len() > 2),
    }
}

/// Tells whether what follows the name of a namespace still addresses the namespace itself.
fn is_of_namespace(rest: &[String]) -> bool {
    rest.first().is_none_or(|part| matches!(part.as_str(), "status" | "finalize"))
}

fn verb(method: &Method, name: &str, query: &Query) -> Verb {
    match (method.as_str(), name.is_empty()) {
        ("GET", true) if query.flag("watch") => Verb::Watch,
        ("GET", true) => Verb::List,
        ("GET" | "HEAD", _) => Verb::Get,
        ("POST", _) => Verb::Create,
        ("PUT", _) => Verb::Update,
        ("PATCH", _) => Verb::Patch,
        ("DELETE", true) => Verb::DeleteCollection,
        ("DELETE", false) => Verb::Delete,
        _ => Verb::Method(plain(method)),
    }
}

/// Reads a selector for who authorizes; the client is told later of one that makes no sense.
fn selector<S: Default>(text: Option<&str>, parse: impl Fn(&str) -> Result<S, String>) -> S {
    text.and_then(|text| parse(text).ok()).unwrap_or_default()
}

/// The one name that a field selector lets through.
fn selected_name(query: &Query) -> Option<String> {
    let selector = FieldSelector::parse(query.get("fieldSelector")?).ok()?;
    selector.required_value("metadata.name").map(str::to_owned)
}

fn plain(method: &Method) -> meta::Method {
    match method.as_str() {
        "GET" => meta::Method::Get,
        "HEAD" => meta::Method::Head,
        "POST" => meta::Method::Post,
        "PUT" => meta::Method::Put,
        "PATCH" => meta::Method::Patch,
        "DELETE" => meta::Method::Delete,
        "OPTIONS" => meta::Method::Options,
        _ => meta::Method::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(method: &str, path: &str, query: &str) -> RequestInfo {
        RequestInfo::parse(&method.parse().unwrap(), path, &Query::parse(query))
    }

    /// `verb namespace/resource/name/subresource`
    fn spelled(method: &str, path: &str, query: &str) -> String {
        match parsed(method, path, query).attributes {
            Attributes::Resource { verb, resource, subresource, namespace, name, .. } => {
                format!("{verb} {namespace}/{resource}/{name}/{subresource}")
            }
            Attributes::Path { verb, path } => format!("{verb} {path}"),
        }
    }

    #[test]
    fn addresses_of_resources_are_understood() {
        let base = "/apis/g/v1";
        let cases = [
            ("GET", "/namespaces/ns/ws", "", "list ns/ws//"),
            ("GET", "/ws", "", "list /ws//"),
            ("GET", "/ws", "watch", "watch /ws//"),
            ("GET", "/ws", "watch=false", "list /ws//"),
            ("GET", "/namespaces/ns/ws/a", "watch=true", "get ns/ws/a/"),
            ("GET", "/namespaces/ns/ws", "watch=1&fieldSelector=metadata.name%3Da", "watch ns/ws/a/"),
            ("GET", "/watch/namespaces/ns/ws/a", "", "watch ns/ws/a/"),
            ("POST", "/watch/ws", "", "post /ws//"),
            ("PUT", "/namespaces/ns/ws/a/status", "", "update ns/ws/a/status"),
            ("DELETE", "/namespaces/ns/ws", "", "deletecollection ns/ws//"),
            ("DELETE", "/namespaces/ns/ws/a", "", "delete ns/ws/a/"),
            ("HEAD", "/namespaces/ns/ws/a", "", "get ns/ws/a/"),
            ("GET", "/namespaces/ns/ws/%61", "", "get ns/ws/a/"),
            ("GET", "/namespaces/ns/ws/a%2Fstatus", "", "get ns/ws/a/status"),
        ];
        for (method, path, query, expected) in cases {
            assert_eq!(spelled(method, &format!("{base}{path}"), query), expected, "{method} {path}?{query}");
        }
    }

    #[test]
    fn the_core_group_has_an_address_of_its_own() {
        for (path, expected) in [
            ("/api/v1/namespaces/ns/pods", "list ns/pods//"),
            ("/api/v1/namespaces/ns/pods/a/status", "get ns/pods/a/status"),
            ("/api/v1/namespaces", "list /namespaces//"),
            ("/api/v1/namespaces/ns", "get /namespaces/ns/"),
            ("/api/v1/namespaces/ns/status", "get /namespaces/ns/status"),
            ("/api/v1/namespaces/ns/finalize", "get /namespaces/ns/finalize"),
        ] {
            assert_eq!(spelled("GET", path, ""), expected, "{path}");
        }
        let Attributes::Resource { group, version, .. } = parsed("GET", "/api/v1/pods", "").attributes else {
            panic!("no resource");
        };
        assert_eq!((group.as_str(), version.as_str()), ("", "v1"));
    }

    #[test]
    fn other_paths_stay_paths() {
        for path in [
            "/",
            "/api",
            "/api/v1",
            "/apis",
            "/apis/g",
            "/apis/g/v1",
            "/readyz/store",
            "/openapi/v3/apis/g/v1",
        ] {
            assert_eq!(spelled("GET", path, ""), format!("get {path}"));
        }
    }

    #[test]
    fn what_is_too_deep_is_malformed() {
        assert!(parsed("GET", "/apis/g/v1/namespaces/ns/ws/a/status/x", "").malformed);
        assert!(parsed("GET", "/apis/g/v1/watch/namespaces/ns/ws/a/status", "").malformed);
    }
}
