//! What requests are counted as. Source: `apiserver/pkg/endpoints/metrics/metrics.go`,
//! `apiserver/pkg/endpoints/installer.go`.

use http::Method;
use http::header::CONTENT_TYPE;

use crate::endpoints::ServedResource;
use crate::endpoints::stages::{Received, header};
use crate::meta::{Attributes, Query, Verb};
use crate::metrics::Labels;

/// The paths that are counted although they are no resource.
const PATHS: &[&str] = &["/apis", "/healthz", "/livez", "/readyz"];

/// Returns what a request does, in the words of metrics and log lines.
pub(super) fn verb<B>(request: &Received<B>) -> &'static str {
    let apply = || header(request.headers(), &CONTENT_TYPE) == "application/apply-patch+yaml";
    match (request.info().attributes.verb(), request.method()) {
        (Verb::Watch, _) => "WATCH",
        (Verb::List, _) => "LIST",
        (Verb::DeleteCollection, _) => "DELETE",
        (_, &Method::GET | &Method::HEAD) => "GET",
        (_, &Method::POST) => "POST",
        (_, &Method::PUT) => "PUT",
        (_, &Method::PATCH) if apply() => "APPLY",
        (_, &Method::PATCH) => "PATCH",
        (_, &Method::DELETE) => "DELETE",
        _ => "other",
    }
}

/// Returns what a request is counted as, if it is for something that is served: nobody can make the metrics grow by
/// asking for what is not.
pub(super) fn counted<B>(
    request: &Received<B>,
    verb: &'static str,
    served: &[ServedResource],
) -> Option<Labels> {
    let labels = Labels { verb, dry_run: dry_run(request.query()), ..NOTHING };
    match &request.info().attributes {
        Attributes::Path { path, .. } => {
            let subresource = PATHS.iter().find(|known| *known == path)?;
            Some(Labels { subresource, ..labels })
        }
        Attributes::Resource { group, version, resource, subresource, namespace, name, .. } => {
            let served = served.iter().map(|served| &served.descriptor);
            let mut of =
                served.filter(|of| of.plural == resource && of.group == group && of.version == version);
            let of = of.next()?;
            let part = of.subresources.iter().map(|part| part.as_str()).find(|part| part == subresource);
            let subresource = if subresource.is_empty() { "" } else { part? };
            let scope = scope(&request.info().attributes.verb(), namespace, name);
            Some(Labels {
                group: of.group,
                version: of.version,
                resource: of.plural,
                subresource,
                scope,
                ..labels
            })
        }
    }
}

const NOTHING: Labels =
    Labels { verb: "", dry_run: "", group: "", version: "", resource: "", subresource: "", scope: "" };

fn scope(verb: &Verb, namespace: &str, name: &str) -> &'static str {
    let collection = matches!(verb, Verb::List | Verb::DeleteCollection);
    match (verb, namespace) {
        (Verb::Create, _) => "resource",
        _ if !collection && !name.is_empty() => "resource",
        (_, "") => "cluster",
        _ => "namespace",
    }
}

fn dry_run(query: &Query) -> &'static str {
    let mut values = query.all("dryRun").peekable();
    if values.peek().is_none() {
        return "";
    }
    if values.all(|value| value == "All") { "All" } else { "invalid" }
}
