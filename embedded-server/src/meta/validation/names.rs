//! Names of objects and of namespaces.

use super::{Messages, breaks_pattern, too_long};

const LABEL_MAX_BYTES: usize = 63;
const LABEL_PATTERN: &str = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const LABEL_RULE: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', \
                          and must start and end with an alphanumeric character";

const SUBDOMAIN_MAX_BYTES: usize = 253;
const SUBDOMAIN_PATTERN: &str = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*";
const SUBDOMAIN_RULE: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, \
                              '-' or '.', and must start and end with an alphanumeric character";

/// Returns what keeps a text from being a DNS label (RFC 1123): at most 63 lower-case letters, digits and `-`.
pub fn dns1123_label(text: &str) -> Messages {
    let mut messages = Messages::new();
    if text.len() > LABEL_MAX_BYTES {
        messages.push(too_many_characters(LABEL_MAX_BYTES));
    }
    if !is_label(text) {
        messages.push(if is_subdomain(text) {
            "must not contain dots".to_owned()
        } else {
            breaks_pattern(LABEL_RULE, LABEL_PATTERN, &["my-name", "123-abc"])
        });
    }
    messages
}

/// Returns what keeps a text from being a DNS subdomain (RFC 1123): labels joined by dots, at most 253 bytes.
pub fn dns1123_subdomain(text: &str) -> Messages {
    subdomain(text, too_many_characters)
}

/// Returns what keeps the part before the `/` of a label's key from being a DNS subdomain.
pub(super) fn subdomain_of_key(text: &str) -> Messages {
    subdomain(text, too_long)
}

fn subdomain(text: &str, too_long: fn(usize) -> String) -> Messages {
    let mut messages = Messages::new();
    if text.len() > SUBDOMAIN_MAX_BYTES {
        messages.push(too_long(SUBDOMAIN_MAX_BYTES));
    }
    if !is_subdomain(text) {
        messages.push(breaks_pattern(SUBDOMAIN_RULE, SUBDOMAIN_PATTERN, &["example.com"]));
    }
    messages
}

/// Returns what keeps a text from being one part of a path. Source:
/// `apimachinery/pkg/api/validate/content/path_segment.go`.
pub fn path_segment(text: &str) -> Messages {
    if matches!(text, "." | "..") {
        return vec![format!("may not be '{text}'")];
    }
    path_segment_prefix(text)
}

/// Returns what keeps a text from being the beginning of one part of a path.
pub(super) fn path_segment_prefix(text: &str) -> Messages {
    let found = ["/", "%"].into_iter().filter(|illegal| text.contains(illegal));
    found.map(|illegal| format!("may not contain '{illegal}'")).collect()
}

/// Names are measured in bytes, and yet told in characters.
fn too_many_characters(max_bytes: usize) -> String {
    format!("must be no more than {max_bytes} characters")
}

/// Returns what keeps a text from being the beginning of a generated name: that of a DNS subdomain, save that
/// it may end in `-`.
pub fn name_prefix(text: &str) -> Messages {
    dns1123_subdomain(&without_trailing_dash(text))
}

/// Stands a harmless letter in for the last two bytes of a text that ends in `-`, as `maskTrailingDash` of
/// `apimachinery/pkg/api/validation/generic.go` does.
fn without_trailing_dash(text: &str) -> String {
    let head =
        text.ends_with('-').then(|| text.len().checked_sub(2).and_then(|end| text.get(..end))).flatten();
    head.map_or_else(|| text.to_owned(), |head| format!("{head}a"))
}

fn is_subdomain(text: &str) -> bool {
    text.split('.').all(is_label)
}

fn is_label(text: &str) -> bool {
    let edge = |byte: Option<&u8>| byte.is_some_and(|&byte| is_lower_alphanumeric(byte));
    let bytes = text.as_bytes();
    edge(bytes.first())
        && edge(bytes.last())
        && bytes.iter().all(|&byte| byte == b'-' || is_lower_alphanumeric(byte))
}

fn is_lower_alphanumeric(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_lower_case_alphanumeric_with_inner_dashes() {
        for text in ["a", "0", "ab", "a-b", "a--b", "a1-2b", &"a".repeat(63)] {
            assert_eq!(dns1123_label(text), Messages::new(), "{text}");
        }
        for text in ["", "-", "A", "aB", "-a", "a-", "a_b", "a b", " a", "a ", "é", "a/b"] {
            let expected = format!(
                "{LABEL_RULE} (e.g. 'my-name',  or '123-abc', regex used for validation is '{LABEL_PATTERN}')"
            );
            assert_eq!(dns1123_label(text), [expected], "{text}");
        }
    }

    #[test]
    fn a_label_says_which_of_length_and_dots_is_wrong() {
        assert_eq!(dns1123_label(&"a".repeat(64)), ["must be no more than 63 characters"]);
        assert_eq!(dns1123_label("a.b"), ["must not contain dots"]);
    }

    #[test]
    fn subdomains_are_labels_joined_by_dots() {
        for text in ["a", "a.b", "a-1.b-2.c", "0.1", &"a".repeat(253)] {
            assert_eq!(dns1123_subdomain(text), Messages::new(), "{text}");
        }
        for text in ["", ".", "a.", ".a", "a..b", "a.-b", "a-.b", "A.b", "a/b", "a_b"] {
            let expected = format!(
                "{SUBDOMAIN_RULE} (e.g. 'example.com', regex used for validation is '{SUBDOMAIN_PATTERN}')"
            );
            assert_eq!(dns1123_subdomain(text), [expected], "{text}");
        }
        assert_eq!(dns1123_subdomain(&"a".repeat(254)), ["must be no more than 253 characters"]);
    }

    #[test]
    fn the_beginning_of_a_generated_name_may_end_in_a_dash() {
        for text in ["a", "build-", "a.b-", "a.b--"] {
            assert_eq!(name_prefix(text), Messages::new(), "{text}");
        }
        for text in ["-", "Build-", "é-", "build-.", "a_-b-"] {
            assert_eq!(name_prefix(text).len(), 1, "{text}");
        }
    }
}
