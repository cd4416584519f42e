//! Paths that are no resource: health, metrics, version, discovery and OpenAPI.

use std::time::Duration;

use http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_TYPE, ETAG, EXPIRES, HeaderValue, IF_NONE_MATCH, LOCATION, USER_AGENT,
    VARY,
};
use http::{Method, Response};
use serde::Serialize;

use super::ServedResource;
use super::body::Body;
use super::discovery::{AGGREGATED_PARAMETERS, Discovery, index};
use super::document::Document;
use super::health::Health;
use super::openapi::OpenApi;
use super::response::{Style, text, with_type};
use super::scrape::Scrape;
use super::stages::{Authorized, header};
use crate::codec::{Format, negotiate, pretty};
use crate::meta::ApiError;

/// The paths of this module that `/` names, besides discovery's own.
const PATHS: &[&str] = &[
    "/healthz",
    "/healthz/ping",
    "/livez",
    "/livez/ping",
    "/metrics",
    "/openapi/v2",
    "/openapi/v3",
    "/openapi/v3/",
    "/readyz",
    "/readyz/ping",
    "/readyz/shutdown",
    "/readyz/storage-readiness",
    "/version",
];

/// A year, which caches may keep what is named by its hash.
const FOREVER: Duration = Duration::from_secs(365 * 24 * 3600);

/// What `/version` says. Source: `apimachinery/pkg/version/types.go`.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct VersionInfo {
    pub major: String,
    pub minor: String,
    pub git_version: String,
    pub git_commit: String,
    pub git_tree_state: String,
    pub build_date: String,
    pub go_version: String,
    pub compiler: String,
    pub platform: String,
}

impl VersionInfo {
    /// Returns all that it says, in order.
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
    openapi: OpenApi,
    version: Document,
    index: Document,
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
        let openapi = OpenApi::new(&version.git_version, resources);
        let version = Document::json(&serde_json::to_value(version).unwrap_or_default());
        Self { discovery, openapi, version, index, health, scrape }
    }

    /// Answers a request for a path that is no resource.
    pub(super) fn answer<B>(&self, path: &str, request: &Authorized<B>) -> Result<Response<Body>, ApiError> {
        let trimmed = path.trim_end_matches('/');
        let segments: Vec<&str> = trimmed.split('/').skip(1).collect();
        let answer = match segments.as_slice() {
            ["healthz", check @ ..] => self.health.healthz.answer(joined(check).as_deref(), request.query()),
            ["livez", check @ ..] => self.health.livez.answer(joined(check).as_deref(), request.query()),
            ["readyz", check @ ..] => self.health.readyz.answer(joined(check).as_deref(), request.query()),
            [] | ["index.html"] => Some(plain(request, &self.index)?),
            ["metrics"] => return Ok(self.scrape.answer(request.method())),
            ["version"] => Some(plain(request, &self.version)?),
            ["apis"] => Some(self.groups(request)?),
            ["apis", group] => self.discovery.api_group(group).map(|d| plain(request, d)).transpose()?,
            ["apis", group, version] => {
                let list = self.discovery.api_resource_list(group, version);
                list.map(|document| plain(request, document)).transpose()?
            }
            ["openapi", "v2"] => Some(self.openapi_v2(request)?),
            ["openapi", "v3"] => Some(tagged(request, self.openapi.v3_index())),
            ["openapi", "v3", rest @ ..] => self.openapi_v3(&rest.join("/"), request),
            _ => None,
        };
        match answer {
            Some(_) if !matches!(*request.method(), Method::GET | Method::HEAD) => {
                Err(ApiError::method_not_allowed())
            }
            Some(answer) => Ok(answer),
            None => Ok(text(404, "404 page not found\n")),
        }
    }

    /// `/apis`, in the form that names every resource where the client understands it.
    fn groups<B>(&self, request: &Authorized<B>) -> Result<Response<Body>, ApiError> {
        if !wants_aggregated(header(request.headers(), &ACCEPT)) {
            return plain(request, self.discovery.api_group_list());
        }
        let mut response = tagged(request, self.discovery.aggregated());
        let media_type = format!("application/json;{AGGREGATED_PARAMETERS}");
        if let Ok(value) = HeaderValue::from_str(&media_type) {
            response.headers_mut().insert(CONTENT_TYPE, value);
        }
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("public"));
        Ok(response)
    }

    fn openapi_v2<B>(&self, request: &Authorized<B>) -> Result<Response<Body>, ApiError> {
        let accept = header(request.headers(), &ACCEPT);
        for clause in accept.split(',').map(|clause| clause.split(';').next().unwrap_or_default().trim()) {
            match clause {
                "" | "*/*" | "application/*" | "application/json" => {
                    return Ok(tagged(request, self.openapi.v2()));
                }
                clause if clause.replace('@', ".") == OpenApi::PROTOBUF => {
                    let mut response = tagged(request, self.openapi.v2_protobuf());
                    let media_type = HeaderValue::from_static(OpenApi::PROTOBUF);
                    response.headers_mut().insert(CONTENT_TYPE, media_type);
                    return Ok(response);
                }
                _ => {}
            }
        }
        Err(ApiError::not_acceptable(&["application/json", OpenApi::PROTOBUF]))
    }

    /// `/openapi/v3/…`, for ever when asked for by its hash.
    fn openapi_v3<B>(&self, path: &str, request: &Authorized<B>) -> Option<Response<Body>> {
        let document = self.openapi.v3(path)?;
        match request.query().get("hash") {
            None | Some("") => Some(tagged(request, document)),
            Some(hash) if hash == document.hash() => {
                let mut response = tagged(request, document);
                #[expect(clippy::disallowed_methods, reason = "caches compare it with the machine's clock")]
                let expires = httpdate::fmt_http_date(std::time::SystemTime::now() + FOREVER);
                let headers = response.headers_mut();
                headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, immutable"));
                headers.insert(EXPIRES, HeaderValue::from_str(&expires).ok()?);
                Some(response)
            }
            Some(_) => {
                let mut response = text(301, "");
                let url = self.openapi.v3_url(path)?;
                response.headers_mut().insert(LOCATION, HeaderValue::from_str(&url).ok()?);
                Some(response)
            }
        }
    }
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
    let Some(accepted) = negotiate(accept, false, |_| None) else {
        return Err(ApiError::not_acceptable(Format::OFFERED));
    };
    let agent = header(request.headers(), &USER_AGENT);
    let style = Style { accepted, pretty: pretty(request.query(), accepted.pretty, agent) };
    Ok(style.answer(200, document.body().trim_ascii_end().to_vec()))
}

/// Answers with a document as JSON, or with nothing when the client has it.
fn tagged<B>(request: &Authorized<B>, document: &Document) -> Response<Body> {
    let known = document.matches(header(request.headers(), &IF_NONE_MATCH));
    let mut response = if known {
        with_type(304, Format::Json.media_type(), Body::Full(bytes::Bytes::new()))
    } else {
        with_type(200, Format::Json.media_type(), Body::Full(document.body()))
    };
    if let Ok(tag) = HeaderValue::from_str(document.etag()) {
        response.headers_mut().insert(ETAG, tag);
    }
    response.headers_mut().insert(VARY, HeaderValue::from_static("Accept"));
    response
}
