//! What a request is for, as far as the stand-in has to know before the library does.

use http::{Method, Uri};

use super::access::Ask;

/// A request for a resource.
#[derive(Clone, Debug, Default)]
pub(super) struct Address {
    pub(super) group: String,
    pub(super) version: String,
    pub(super) resource: String,
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) part: String,
}

impl Address {
    /// Returns none for a path that is no resource.
    pub(super) fn parse(path: &str) -> Option<Self> {
        let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
        let (group, version, rest) = match segments.as_slice() {
            ["api", version, rest @ ..] => ("", *version, rest),
            ["apis", group, version, rest @ ..] => (*group, *version, rest),
            _ => return None,
        };
        let (namespace, rest) = match rest {
            ["namespaces", namespace, rest @ ..] if !matches!(rest, [] | ["status" | "finalize"]) => {
                (*namespace, rest)
            }
            rest => ("", rest),
        };
        let part = |index: usize| rest.get(index).copied().unwrap_or_default().to_owned();
        let (group, version, namespace) = (group.to_owned(), version.to_owned(), namespace.to_owned());
        let address = Self { group, version, namespace, resource: part(0), name: part(1), part: part(2) };
        (!rest.is_empty()).then_some(address)
    }

    pub(super) fn ask(&self, method: &Method, uri: &Uri) -> Ask {
        let watch = uri
            .query()
            .unwrap_or_default()
            .split('&')
            .any(|pair| matches!(pair, "watch=true" | "watch=1" | "watch"));
        let verb = match (method.as_str(), self.name.is_empty()) {
            ("GET", true) if watch => "watch",
            ("GET", true) => "list",
            ("GET" | "HEAD", _) => "get",
            ("POST", _) => "create",
            ("PUT", _) => "update",
            ("PATCH", _) => "patch",
            ("DELETE", true) => "deletecollection",
            _ => "delete",
        };
        Ask::new(verb, &self.group, &self.resource, &self.part).at(&self.namespace, &self.name)
    }
}

/// Tells whether a verb can change something.
pub(super) fn is_mutating(verb: &str) -> bool {
    !matches!(verb, "get" | "list" | "watch")
}
