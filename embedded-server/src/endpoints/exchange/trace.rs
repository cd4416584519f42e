//! What a request is called in logs, here and elsewhere on its way.

use http::HeaderMap;
use http::header::HeaderValue;
use tracing::{Span, field};

/// The header that names a request in logs, here and on its way.
pub(in crate::endpoints) const AUDIT_ID: &str = "audit-id";
/// The header of the W3C that names the trace that a request belongs to.
const TRACE_PARENT: &str = "traceparent";

/// Returns the request's own name for logs, or a new one.
pub(in crate::endpoints) fn audit_id(headers: &HeaderMap) -> HeaderValue {
    let given = headers.get(AUDIT_ID).filter(|id| !id.is_empty()).cloned();
    given.unwrap_or_else(|| {
        let mut buffer = uuid::Uuid::encode_buffer();
        let id = uuid::Uuid::new_v4().hyphenated().encode_lower(&mut buffer);
        // A UUID is always a header value.
        HeaderValue::from_str(id).unwrap_or(HeaderValue::from_static("-"))
    })
}

/// Returns the span of a request.
pub(super) fn span(audit_id: &HeaderValue, headers: &HeaderMap) -> Span {
    let audit_id = audit_id.to_str().unwrap_or_default();
    let span = tracing::info_span!("request", audit_id, trace_id = field::Empty);
    let parent = headers.get(TRACE_PARENT).and_then(|parent| parent.to_str().ok());
    if let Some(trace_id) = parent.and_then(trace_id) {
        span.record("trace_id", trace_id);
    }
    span
}

/// Returns the name of the trace in a `traceparent`, unless it is malformed.
///
/// Source: W3C Trace Context, section 3.2.
fn trace_id(parent: &str) -> Option<&str> {
    let mut parts = parent.split('-');
    let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let sound = is_hex(version, 2) && is_hex(trace, 32) && is_hex(span, 16) && is_hex(flags, 2);
    let known = version != "ff" && (version != "00" || parts.next().is_none());
    let named = [trace, span].iter().all(|id| id.bytes().any(|digit| digit != b'0'));
    (sound && known && named).then_some(trace)
}

fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    #[test]
    fn the_trace_of_a_request_is_taken_over() {
        for parent in
            [format!("00-{TRACE}-00f067aa0ba902b7-01"), format!("01-{TRACE}-00f067aa0ba902b7-00-more")]
        {
            assert_eq!(trace_id(&parent), Some(TRACE), "{parent}");
        }
    }

    #[test]
    fn a_malformed_trace_is_left_alone() {
        for parent in [
            "",
            "00",
            &format!("00-{TRACE}-00f067aa0ba902b7"),
            &format!("00-{TRACE}-00f067aa0ba902b7-01-more"),
            &format!("ff-{TRACE}-00f067aa0ba902b7-01"),
            &format!("00-{}-00f067aa0ba902b7-01", TRACE.to_uppercase()),
            &format!("00-{}-{}-01", "0".repeat(32), "0".repeat(16)),
            &format!("00-{TRACE}\"-00f067aa0ba902b7-01"),
        ] {
            assert_eq!(trace_id(parent), None, "{parent}");
        }
    }

    #[test]
    fn a_request_that_has_no_name_gets_one() {
        let mut headers = HeaderMap::new();
        assert_eq!(audit_id(&headers).len(), 36);
        headers.insert(AUDIT_ID, HeaderValue::from_static(""));
        assert_eq!(audit_id(&headers).len(), 36);
        headers.insert(AUDIT_ID, HeaderValue::from_static("mine"));
        assert_eq!(audit_id(&headers), "mine");
    }
}
