//! Labels and annotations.

use std::collections::BTreeMap;

use super::names::subdomain_of_key;
use super::{Messages, breaks_pattern, too_long};
use crate::meta::field::{Error, Errors, Path};

const NAME_MAX_BYTES: usize = 63;
const NAME_PATTERN: &str = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
const NAME_RULE: &str = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an \
                         alphanumeric character";
const NAME_EXAMPLES: [&str; 3] = ["MyName", "my.name", "123-abc"];

const VALUE_MAX_BYTES: usize = 63;
const VALUE_PATTERN: &str = "(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?";
const VALUE_RULE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or \
                          '.', and must start and end with an alphanumeric character";

/// What all keys and values of an object's annotations may come to.
const ANNOTATIONS_MAX_BYTES: usize = 256 * 1024;

/// Returns what keeps a text from being a qualified name, the form of label keys, annotation keys and
/// finalizers: an optional DNS subdomain and `/`, then a name of at most 63 bytes.
pub fn label_key(text: &str) -> Messages {
    let (prefix, name) = match text.split_once('/') {
        None => (None, text),
        Some((prefix, name)) => (Some(prefix), name),
    };
    if name.contains('/') {
        let rule = breaks_pattern(NAME_RULE, NAME_PATTERN, &NAME_EXAMPLES);
        let suffix = "with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')";
        return vec![format!("a valid label key {rule} {suffix}")];
    }
    let prefix_messages = prefix.map(key_prefix).unwrap_or_default();
    let of_prefix = prefix_messages.into_iter().map(|message| format!("prefix part {message}"));
    of_prefix.chain(key_name(name).into_iter().map(|message| format!("name part {message}"))).collect()
}

fn key_prefix(prefix: &str) -> Messages {
    if prefix.is_empty() { vec![must_not_be_empty()] } else { subdomain_of_key(prefix) }
}

fn key_name(name: &str) -> Messages {
    let mut messages = Messages::new();
    if name.is_empty() {
        messages.push(must_not_be_empty());
    } else if name.len() > NAME_MAX_BYTES {
        messages.push(too_long(NAME_MAX_BYTES));
    }
    if !is_name(name) {
        messages.push(breaks_pattern(NAME_RULE, NAME_PATTERN, &NAME_EXAMPLES));
    }
    messages
}

fn must_not_be_empty() -> String {
    "must be non-empty".to_owned()
}

/// Returns what keeps a text from being the value of a label: empty, or at most 63 bytes of letters, digits,
/// `-`, `_` and `.` that begin and end with a letter or digit.
pub fn label_value(text: &str) -> Messages {
    let mut messages = Messages::new();
    if text.len() > VALUE_MAX_BYTES {
        messages.push(too_long(VALUE_MAX_BYTES));
    }
    if !text.is_empty() && !is_name(text) {
        messages.push(breaks_pattern(VALUE_RULE, VALUE_PATTERN, &["MyValue", "my_value", "12345"]));
    }
    messages
}

fn is_name(text: &str) -> bool {
    let edge = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = text.as_bytes();
    edge(bytes.first())
        && edge(bytes.last())
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
}

/// Returns every rule that a set of labels breaks.
pub(super) fn labels(labels: &BTreeMap<String, String>, path: &Path) -> Errors {
    let mut errors = Errors::new();
    for (key, value) in labels {
        errors.extend(invalid_each(path, key, label_key(key)));
        errors.extend(invalid_each(path, value, label_value(value)));
    }
    errors
}

/// Returns every rule that a set of annotations breaks: keys as those of labels but in any case, values free,
/// all together at most 256 KiB.
pub(super) fn annotations(annotations: &BTreeMap<String, String>, path: &Path) -> Errors {
    let keys = annotations.keys();
    let mut errors: Errors =
        keys.flat_map(|key| invalid_each(path, key, label_key(&key.to_lowercase()))).collect();
    let size: usize = annotations.iter().map(|(key, value)| key.len() + value.len()).sum();
    if size > ANNOTATIONS_MAX_BYTES {
        errors.push(Error::too_long(path, ANNOTATIONS_MAX_BYTES));
    }
    errors
}

/// Makes an error of each message about `value`.
pub(super) fn invalid_each(path: &Path, value: &str, messages: Messages) -> impl Iterator<Item = Error> {
    messages.into_iter().map(move |message| Error::invalid(path, value, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(entries: &[(&str, &str)]) -> BTreeMap<String, String> {
        entries.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect()
    }

    #[test]
    fn label_keys_have_a_name_and_perhaps_a_domain() {
        for text in ["a", "A", "a.b_c-D", "1", "example.com/a", "a/A.b", &"a".repeat(63)] {
            assert_eq!(label_key(text), Messages::new(), "{text}");
        }
        for text in ["", "-a", "a-", "_", "a b", "é", "/a", "a/", "A.com/a", "a/b/c", "a//"] {
            assert_ne!(label_key(text), Messages::new(), "{text}");
        }
    }

    #[test]
    fn label_keys_say_which_part_is_wrong() {
        let name = "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with \
                    an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for \
                    validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
        assert_eq!(label_key("a!"), [name]);
        assert_eq!(label_key(""), ["name part must be non-empty", name]);
        assert_eq!(label_key("/a"), ["prefix part must be non-empty"]);
        assert_eq!(label_key(&"a".repeat(64)), ["name part must be no more than 63 bytes"]);
        assert!(
            label_key("B/a")[0].starts_with("prefix part a lowercase RFC 1123 subdomain must consist of")
        );
        assert!(label_key("a/b/c")[0].starts_with("a valid label key must consist of"));
    }

    #[test]
    fn label_values_may_be_empty_and_are_short() {
        for text in ["", "a", "A", "a_b.c-d", "1.21"] {
            assert_eq!(label_value(text), Messages::new(), "{text}");
        }
        for text in ["-a", "a-", "a b", "a/b", "é", "."] {
            assert_eq!(label_value(text).len(), 1, "{text}");
        }
        assert_eq!(label_value(&"a".repeat(64)), ["must be no more than 63 bytes"]);
    }

    #[test]
    fn all_faults_of_a_set_of_labels_are_named() {
        let errors = labels(&map(&[("a b", "ok"), ("ok", "a b")]), &Path::new("labels"));
        let texts: Vec<_> = errors.iter().map(ToString::to_string).collect();
        assert_eq!(texts.len(), 2);
        assert!(
            texts[0].starts_with("labels: Invalid value: \"a b\": name part must consist of"),
            "{texts:?}"
        );
        assert!(texts[1].starts_with("labels: Invalid value: \"a b\": a valid label must be"), "{texts:?}");
    }

    #[test]
    fn annotation_keys_may_have_an_upper_case_domain() {
        assert_eq!(annotations(&map(&[("Example.COM/A", "any \n thing")]), &Path::new("a")), Errors::new());
        assert_eq!(annotations(&map(&[("a b", "")]), &Path::new("a")).len(), 1);
    }

    #[test]
    fn annotations_are_bounded_as_a_whole() {
        let path = Path::new("annotations");
        let fits = map(&[("a", &"v".repeat(ANNOTATIONS_MAX_BYTES - 1))]);
        assert_eq!(annotations(&fits, &path), Errors::new());
        let errors = annotations(&map(&[("a", &"v".repeat(ANNOTATIONS_MAX_BYTES))]), &path);
        assert_eq!(errors[0].to_string(), "annotations: Too long: may not be more than 262144 bytes");
    }
}
