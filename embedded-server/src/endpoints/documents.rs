//! Paths that are no resource: health, metrics, version, discovery and OpenAPI.

use bytes::Bytes;
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderValue, VARY};
use http::{Method, Response};
use serde::Serialize;

use super::ServedResource;
use super::body::Body;
use super::conditional::{has, insert, unchanged};
use super::descriptions::Descriptions;
use super::discovery::{AGGREGATED_PARAMETERS, Discovery, index};
use super::document::Document;
use super::health::Health;
use super::response::{Style, with_type};
use super::routing::Media;
use super::scrape::Scrape;
use super::stages::{Authorized, header};
use crate::codec::{Accepted, Format, negotiate};
use crate::meta::ApiError;

/// The paths of this module that `/` names, besides discovery's own.
const PATHS: &[&str] = &[
    "/healthz",
    "/healthz/ping",
    "/livez",
    "/livez/ping",
    "/metrics",
    "/metrics/slis",
    "/openapi/v2",
    "/openapi/v3",
    "/openapi/v3/",
    "/readyz",
    "/readyz/ping",
    "/readyz/shutdown",
    "/readyz/storage-readiness",
    "/version",
];

/// What discovery is asked and answered in.
const DISCOVERY: Media = Media { consumes: Some(Format::OFFERED), produces: Format::OFFERED };
/// What the version is asked and answered in.
const VERSION: Media = Media { consumes: Some(JSON), produces: JSON };
const JSON: &[&str] = &["application/json"];

/// What `/version` says. Source: `apimachinery/pkg/version/types.go`.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct VersionInfo {
    pub major: String,
    pub minor: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub emulation_major: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub emulation_minor: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub min_compatibility_major: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub min_compatibility_minor: String,
    pub git_version: String,
    pub git_commit: String,
    pub git_tree_state: String,
    pub build_date: String,
    pub go_version: String,
    pub compiler: String,
    pub platform: String,
}

impl VersionInfo {
    /// Returns what a build is known by, in order.
    pub(super) fn facts(&self) -> [&str; 9] {
        [
            &self.major,
            &self.minor,
            &self.git_version,
            &self.git_commit,
            &self.git_tree_state,
            &self.build_date,
            &self.go_version,
            &self.compiler,
            &self.platform,
        ]
    }
}

/// What a server says of itself.
#[derive(Debug)]
pub(super) struct Documents {
    discovery: Discovery,
    descriptions: Descriptions,
    version: Bytes,
    index: Bytes,
    health: Health,
    scrape: Scrape,
}

impl Documents {
    pub(super) fn new(
        resources: &[ServedResource],
        version: &VersionInfo,
        health: Health,
        scrape: Scrape,
        server_address: &str,
    ) -> Self {
        let discovery = Discovery::new(resources, server_address);
        let index = index(discovery.paths().chain(PATHS.iter().copied()));
        let descriptions = Descriptions::new(&version.git_version, resources);
        Self { discovery, descriptions, version: raw_json(version), index: raw_json(&index), health, scrape }
    }

    /// Answers a request for a path that is no resource.
    pub(super) fn answer<B>(&self, path: &str, request: &Authorized<B>) -> Result<Response<Body>, ApiError> {
        let segments: Vec<&str> = path.split('/').skip(1).collect();
        match segments.as_slice() {
            ["apis", inner @ ..] if self.is_routed(inner) => self.routed(path, inner, request),
            ["api", inner @ ..] if self.discovery.aggregated_core().is_some() => {
                self.core(path, inner, request)
            }
            ["version", inner @ ..] => self.version(inner, request),
            segments => Ok(self.mounted(segments, request).unwrap_or_else(|| self.no_such_page())),
        }
    }

    /// Answers for a path that nobody serves: with those that somebody does.
    ///
    /// Source: `apiserver/pkg/server/routes/index.go`.
    pub(super) fn no_such_page(&self) -> Response<Body> {
        with_type(404, JSON[0], Body::Full(self.index.clone()))
    }

    /// Tells whether what stands below `/apis` is the router's, whose refusals are a `Status`.
    fn is_routed(&self, inner: &[&str]) -> bool {
        match inner {
            [] | [""] => true,
            [group, ..] => self.discovery.api_group(group).is_some(),
        }
    }

    /// Answers what can be asked in any way: health, OpenAPI and the index of paths.
    fn mounted<B>(&self, segments: &[&str], request: &Authorized<B>) -> Option<Response<Body>> {
        let (headers, query) = (request.headers(), request.query());
        match segments {
            ["healthz", check @ ..] => self.health.healthz.answer(joined(check).as_deref(), query),
            ["livez", check @ ..] => self.health.livez.answer(joined(check).as_deref(), query),
            ["readyz", check @ ..] => self.health.readyz.answer(joined(check).as_deref(), query),
            ["metrics"] => Some(self.scrape.answer(request.method())),
            ["metrics", "slis"] => Some(self.scrape.answer_slis(request.method())),
            [""] | ["index.html"] => Some(with_type(200, JSON[0], Body::Full(self.index.clone()))),
            ["openapi", "v2"] => Some(self.descriptions.v2(headers)),
            ["openapi", "v3"] | ["openapi", "v3", ""] => Some(self.descriptions.v3_index(headers)),
            ["openapi", "v3", rest @ ..] => self.descriptions.v3(&rest.join("/"), headers, query),
            _ => None,
        }
    }

    fn version<B>(&self, inner: &[&str], request: &Authorized<B>) -> Result<Response<Body>, ApiError> {
        if !matches!(inner, [] | [""]) {
            return Err(ApiError::no_such_path());
        }
        check(request, VERSION)?;
        Ok(with_type(200, JSON[0], Body::Full(self.version.clone())))
    }

    fn routed<B>(
        &self,
        path: &str,
        inner: &[&str],
        request: &Authorized<B>,
    ) -> Result<Response<Body>, ApiError> {
        let document = match inner {
            [] | [""] => Some(self.discovery.api_group_list()),
            _ => self.discovery.document(path.trim_end_matches('/')),
        };
        let document = document.ok_or_else(ApiError::no_such_path)?;
        check(request, DISCOVERY)?;
        match inner {
            [] | [""] => root(request, document, self.discovery.aggregated()),
            _ => plain(request, document),
        }
    }

    fn core<B>(
        &self,
        path: &str,
        inner: &[&str],
        request: &Authorized<B>,
    ) -> Result<Response<Body>, ApiError> {
        let document = self.discovery.document(path.trim_end_matches('/'));
        let document = document.ok_or_else(ApiError::no_such_path)?;
        check(request, DISCOVERY)?;
        match (inner, self.discovery.aggregated_core()) {
            ([] | [""], Some(all)) => root(request, document, all),
            _ => plain(request, document),
        }
    }
}

/// Answers with the list of what there is, or with all of it to clients that understand that.
fn root<B>(request: &Authorized<B>, list: &Document, all: &Document) -> Result<Response<Body>, ApiError> {
    match wants_aggregated(header(request.headers(), &ACCEPT)) {
        true => Ok(aggregated(request, all)),
        false => plain(request, list),
    }
}

/// The form that names every resource.
fn aggregated<B>(request: &Authorized<B>, document: &Document) -> Response<Body> {
    let headers = request.headers();
    let mut response = if has(headers, document) {
        unchanged()
    } else {
        let style = Style::new(Accepted::JSON, headers, request.query());
        let mut response = style.answer(200, document.body().trim_ascii_end().to_vec());
        let media_type = format!("application/json;{AGGREGATED_PARAMETERS}");
        insert(&mut response, CONTENT_TYPE, &media_type);
        response
    };
    insert(&mut response, ETAG, document.etag());
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("public"));
    response.headers_mut().insert(VARY, HeaderValue::from_static("Accept"));
    response
}

/// Checks what the router does.
fn check<B>(request: &Authorized<B>, media: Media) -> Result<(), ApiError> {
    match *request.method() {
        Method::GET => media.check(request.method(), request.headers()),
        _ => Err(ApiError::method_not_allowed()),
    }
}

/// Encodes what is no object of the API, as `responsewriters.WriteRawJSON` does.
fn raw_json(value: &impl Serialize) -> Bytes {
    serde_json::to_vec_pretty(value).unwrap_or_default().into()
}

/// Tells whether the first clause that can be answered asks for aggregated discovery.
fn wants_aggregated(accept: &str) -> bool {
    for clause in accept.split(',') {
        let parts: Vec<&str> = clause.split(';').map(str::trim).collect();
        let named = parts.iter().any(|part| part.starts_with("as="));
        match (parts[0], named) {
            ("application/json", true) if AGGREGATED_PARAMETERS.split(';').all(|p| parts.contains(&p)) => {
                return true;
            }
            ("application/json" | "application/yaml" | "application/*" | "*/*", false) => return false,
            _ => {}
        }
    }
    false
}

fn joined(check: &[&str]) -> Option<String> {
    (!check.is_empty()).then(|| check.join("/"))
}

/// Answers with a document in whatever format the client accepts.
fn plain<B>(request: &Authorized<B>, document: &Document) -> Result<Response<Body>, ApiError> {
    let accept = header(request.headers(), &ACCEPT);
    let accepted: Option<Accepted> = negotiate(accept, |_| None);
    let accepted = accepted.ok_or_else(|| ApiError::not_acceptable(Format::OFFERED))?;
    let style = Style::new(accepted, request.headers(), request.query());
    Ok(style.answer(200, document.body().trim_ascii_end().to_vec()))
}
