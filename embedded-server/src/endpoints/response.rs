//! From what came of an operation to an HTTP answer.
//!
//! Source: `apiserver/pkg/endpoints/handlers/responsewriters/writers.go`.

use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, RETRY_AFTER, USER_AGENT, WARNING};
use http::{HeaderMap, Response, StatusCode};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Status;
use serde_json::Value;

use super::body::{Body, Items, ListBody};
use super::gzip;
use super::stages::header;
use super::table::{Row, Tables};
use crate::cacher::{Convert, Object};
use crate::codec::{Accepted, Encoded, Format, Target, partial_object_metadata, pretty, yaml};
use crate::meta::{ApiError, Descriptor, Query};
use crate::registry::{ListOutcome, Rest};

/// The most characters that all warnings of an answer may have together.
const WARNING_BUDGET: usize = 4096;
/// What a warning is cut to when there are too many.
const WARNING_CUT: usize = 256;

/// How an answer is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Style {
    pub(super) accepted: Accepted,
    pub(super) pretty: bool,
    pub(super) gzip: bool,
}

impl Style {
    pub(super) const JSON: Self = Self { accepted: Accepted::JSON, pretty: false, gzip: false };

    /// Returns how a request is answered in the form that was agreed on.
    pub(super) fn new(accepted: Accepted, headers: &HeaderMap, query: &Query) -> Self {
        let agent = header(headers, &USER_AGENT);
        Self { accepted, pretty: pretty(query, accepted.pretty, agent), gzip: gzip::is_accepted(headers) }
    }

    /// Returns the answer whose body is `json` in the style's format.
    pub(super) fn answer(self, code: u16, json: Vec<u8>) -> Response<Body> {
        match self.render(json) {
            Ok(body) => self.send(code, body.into()),
            Err(error) => failure(&error, Self::JSON),
        }
    }

    /// Returns the answer with a body that is in the style's format already.
    fn send(self, code: u16, body: Body) -> Response<Body> {
        let response = with_type(code, self.accepted.format.media_type(), body);
        if self.gzip { gzip::if_large(response) } else { response }
    }

    fn render(self, mut json: Vec<u8>) -> Result<Vec<u8>, ApiError> {
        match self.accepted.format {
            Format::Yaml => yaml::from_json(&json).map_err(ApiError::internal),
            Format::Json if self.pretty => {
                let value: Value = serde_json::from_slice(&json).map_err(ApiError::internal)?;
                let mut out = serde_json::to_vec_pretty(&value).map_err(ApiError::internal)?;
                out.push(b'\n');
                Ok(out)
            }
            Format::Json => {
                json.push(b'\n');
                Ok(json)
            }
        }
    }

    fn is_plain_json(self) -> bool {
        self.accepted.format == Format::Json && !self.pretty
    }
}

/// Returns an answer with a media type.
pub(super) fn with_type(code: u16, media_type: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache, private"));
    response
}

/// Returns an answer of plain text.
pub(super) fn text(code: u16, text: impl Into<String>) -> Response<Body> {
    let mut response = with_type(code, "text/plain; charset=utf-8", text.into().into_bytes().into());
    response.headers_mut().insert("x-content-type-options", HeaderValue::from_static("nosniff"));
    response
}

/// Returns the answer that tells a client of a failure.
pub(super) fn failure(error: &ApiError, style: Style) -> Response<Body> {
    let style = Style { accepted: Accepted { target: Target::Object, ..style.accepted }, ..style };
    let mut response = style.answer(error.code(), status_json(error.status()));
    if let Some(seconds) = error.retry_after_seconds() {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    if error.code() == 403 {
        response.headers_mut().insert("x-content-type-options", HeaderValue::from_static("nosniff"));
    }
    response
}

/// Returns the encoded form of a status.
pub(super) fn status_json(status: &Status) -> Vec<u8> {
    // A status consists of strings and numbers, which always serialize.
    serde_json::to_vec(status).unwrap_or_default()
}

/// Returns the answer that shows one object.
pub(super) fn object(
    code: u16,
    object: &Encoded,
    rest: &dyn Rest,
    tables: Tables,
    style: Style,
) -> Result<Response<Body>, ApiError> {
    let json = match rest.conversion() {
        None => object.json(),
        Some(version) => version.convert(object).map_err(ApiError::internal)?.json(),
    };
    let body = match style.accepted.target {
        Target::Object => json.to_vec(),
        Target::Metadata(version) => {
            partial_object_metadata(&json, version.as_str()).map_err(ApiError::internal)?
        }
        Target::Table(version) => {
            let metadata = serde_json::json!({ "resourceVersion": resource_version(&json) });
            let cells = rest.describe().cells(&object.json()).map_err(ApiError::internal)?;
            let row = Row { cells: &cells, shown: json };
            tables.with_version(version).render(rest, &metadata, std::iter::once(Ok(row)))?
        }
    };
    Ok(style.answer(code, body))
}

fn resource_version(object: &[u8]) -> Value {
    let metadata = crate::codec::metadata_of(object).ok();
    let metadata: Option<Value> = metadata.and_then(|raw| serde_json::from_str(raw.get()).ok());
    metadata.and_then(|mut metadata| metadata.get_mut("resourceVersion").map(Value::take)).unwrap_or_default()
}

/// Returns the answer that shows a list.
pub(super) fn list(
    outcome: ListOutcome,
    rest: &dyn Rest,
    tables: Tables,
    style: Style,
) -> Result<Response<Body>, ApiError> {
    let metadata = list_metadata(&outcome);
    let conversion = rest.conversion().map(|version| &**version);
    match style.accepted.target {
        Target::Object => {
            let items = Items::new(outcome.items, conversion).map_err(ApiError::internal)?;
            let head = list_head(rest.descriptor(), &metadata);
            Ok(if style.is_plain_json() {
                style.send(200, Body::List(ListBody::new(head, items, b"]}\n")))
            } else {
                style.answer(200, ListBody::new(head, items, b"]}").into_whole())
            })
        }
        Target::Metadata(version) => {
            let items = outcome.items.iter().map(|item| {
                let shown = shown(item, conversion)?.json();
                partial_object_metadata(&shown, version.as_str()).map_err(ApiError::internal)
            });
            let head = format!(
                r#"{{"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/{}","metadata":{metadata},"items":["#,
                version.as_str()
            );
            Ok(style.answer(200, join(head.into_bytes(), items)?))
        }
        Target::Table(version) => {
            let rows = outcome.items.iter().map(|item| {
                let cells = item.cells(rest.describe()).map_err(ApiError::internal)?;
                Ok(Row { cells, shown: shown(item, conversion)?.json() })
            });
            let body = tables.with_version(version).render(rest, &metadata, rows)?;
            Ok(style.answer(200, body))
        }
    }
}

/// Returns a cached object in the version in which it is shown.
fn shown<'o>(object: &'o Object, version: Option<&dyn Convert>) -> Result<&'o Encoded, ApiError> {
    match version {
        None => Ok(object.encoded()),
        Some(version) => object.encoded_in(version).map_err(ApiError::internal),
    }
}

fn list_metadata(outcome: &ListOutcome) -> Value {
    let mut metadata = serde_json::json!({ "resourceVersion": outcome.revision.to_string() });
    if let Some(token) = &outcome.continue_ {
        metadata["continue"] = token.clone().into();
    }
    if let Some(remaining) = outcome.remaining {
        metadata["remainingItemCount"] = remaining.into();
    }
    metadata
}

fn list_head(resource: &Descriptor, metadata: &Value) -> Vec<u8> {
    let (kind, version) = (resource.list_kind(), resource.api_version());
    format!(r#"{{"kind":"{kind}","apiVersion":"{version}","metadata":{metadata},"items":["#).into_bytes()
}

fn join(
    mut out: Vec<u8>,
    items: impl Iterator<Item = Result<Vec<u8>, ApiError>>,
) -> Result<Vec<u8>, ApiError> {
    for (index, item) in items.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.extend_from_slice(&item?);
    }
    out.extend_from_slice(b"]}");
    Ok(out)
}

/// Adds `Warning` headers, within their budget. Source: `apiserver/pkg/endpoints/filters/warning.go`.
pub(super) fn warn(response: &mut Response<Body>, warnings: Vec<String>) {
    let total: usize = warnings.iter().map(|warning| warning.chars().count()).sum();
    let mut left = WARNING_BUDGET;
    for warning in warnings {
        let cut = if total > WARNING_BUDGET { WARNING_CUT } else { usize::MAX };
        let text: String = warning.chars().take(cut).collect();
        let length = text.chars().count();
        if length > left {
            return;
        }
        left -= length;
        if let Ok(value) = HeaderValue::from_bytes(quoted(&text).as_bytes()) {
            response.headers_mut().append(WARNING, value);
        }
    }
}

/// Spells a warning as RFC 7234 section 5.5 does.
fn quoted(text: &str) -> String {
    let escaped: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .flat_map(|c| matches!(c, '"' | '\\').then_some('\\').into_iter().chain([c]))
        .collect();
    format!("299 - \"{escaped}\"")
}
