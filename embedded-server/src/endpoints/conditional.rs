//! Answers that a client need not be sent again when it has them. Source: `net/http/fs.go`, `ServeContent`.

use std::time::{Duration, SystemTime};

use http::header::{CONTENT_TYPE, ETAG, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED};
use http::{HeaderMap, Response};

use super::body::Body;
use super::document::Document;
use super::response::with_type;
use super::stages::header;

/// Tells whether the client has a document, by its entity tag.
pub(super) fn has(headers: &HeaderMap, document: &Document) -> bool {
    document.matches(header(headers, &IF_NONE_MATCH))
}

/// Returns the answer that a client has what it asks for.
pub(super) fn unchanged() -> Response<Body> {
    let mut response = with_type(304, "", Body::Full(bytes::Bytes::new()));
    response.headers_mut().remove(CONTENT_TYPE);
    response
}

/// Answers with a document, or with nothing when the client has it by its tag or by its age.
pub(super) fn dated(
    headers: &HeaderMap,
    document: &Document,
    media_type: &'static str,
    made: SystemTime,
) -> Response<Body> {
    let known = match headers.contains_key(IF_NONE_MATCH) {
        true => has(headers, document),
        false => is_since(header(headers, &IF_MODIFIED_SINCE), made),
    };
    let mut response = match known {
        true => unchanged(),
        false => with_type(200, media_type, Body::Full(document.body())),
    };
    insert(&mut response, ETAG, document.etag());
    insert(&mut response, LAST_MODIFIED, &httpdate::fmt_http_date(made));
    response
}

/// Tells whether a date, which knows whole seconds only, is not before a moment.
fn is_since(date: &str, moment: SystemTime) -> bool {
    httpdate::parse_http_date(date).is_ok_and(|date| moment < date + Duration::from_secs(1))
}

/// Sets a header that is made of text the server chose itself.
pub(super) fn insert(response: &mut Response<Body>, name: http::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}
