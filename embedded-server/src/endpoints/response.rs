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

/// Adds `Warning` headers, within their budget.
pub(super) fn warn(response: &mut Response<Body>, warnings: &[String]) {
    for text in within_budget(warnings) {
        if let Ok(value) = HeaderValue::from_bytes(quoted(&text).as_bytes()) {
            response.headers_mut().append(WARNING, value);
        }
    }
}

/// Returns what of warnings is said: all, or, once one does not fit any more, all cut short, and more of them until
/// the budget is used up. One with control characters is not said at all.
///
/// Source: `apiserver/pkg/endpoints/filters/warning.go`.
fn within_budget(warnings: &[String]) -> Vec<String> {
    let sound = warnings.iter().filter(|text| !text.is_empty() && !text.contains(char::is_control));
    let sound: Vec<&str> = sound.map(String::as_str).collect();
    let lengths = sound.iter().scan(0, |sum, text| {
        *sum += text.chars().count();
        Some(*sum)
    });
    let fitting = lengths.take_while(|sum| *sum <= WARNING_BUDGET).count();
    if fitting == sound.len() {
        return sound.into_iter().map(str::to_owned).collect();
    }
    let mut written = 0;
    let cut = sound.iter().map(|text| text.chars().take(WARNING_CUT).collect::<String>());
    let said = cut.enumerate().take_while(|(index, text)| {
        let wanted = *index <= fitting || written < WARNING_BUDGET;
        written += text.chars().count();
        wanted
    });
    said.map(|(_, text)| text).collect()
}

/// Spells a warning as RFC 7234 section 5.5 does.
fn quoted(text: &str) -> String {
    let escaped: String =
        text.chars().flat_map(|c| matches!(c, '"' | '\\').then_some('\\').into_iter().chain([c])).collect();
    format!("299 - \"{escaped}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(lengths: &[usize]) -> Vec<usize> {
        let texts = lengths.iter().enumerate().map(|(number, length)| format!("{number:0length$}"));
        within_budget(&texts.collect::<Vec<_>>()).iter().map(String::len).collect()
    }

    #[test]
    fn warnings_that_fit_are_said_whole() {
        assert_eq!(said(&[1000, 1000, 2096]), [1000, 1000, 2096]);
        assert_eq!(said(&[]), [0; 0]);
    }

    #[test]
    fn when_one_does_not_fit_all_are_cut_and_more_are_said_while_there_is_room() {
        assert_eq!(said(&[1000, 1000, 2097, 300]), [256; 4]);
        assert_eq!(said(&[300; 100]), [256; 16]);
        let short = said(&[100; 100]);
        assert_eq!(short, [100; 41]);
    }

    #[test]
    fn a_warning_with_control_characters_is_not_said() {
        assert_eq!(within_budget(&["a\nb".to_owned(), String::new(), "c".to_owned()]), ["c"]);
        assert_eq!(quoted("say \"a\\b\""), r#"299 - "say \"a\\b\"""#);
    }
}
