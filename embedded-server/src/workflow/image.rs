//! References to container images: whether a text is one.
//!
//! The grammar is that of github.com/distribution/reference, which container runtimes read references with:
//! `[domain[:port]/]path[:tag][@digest]`, the path in lower case.

const PATH_MAX_BYTES: usize = 255;
const TAG_MAX_BYTES: usize = 128;
/// The algorithms of digests, with the number of hexadecimal digits that each gives.
const DIGESTS: [(&str, usize); 3] = [("sha256", 64), ("sha384", 96), ("sha512", 128)];

/// Returns what keeps a text from being a reference to a container image.
pub(super) fn fault(reference: &str) -> Option<String> {
    if reference.trim() != reference {
        return Some("must not have leading or trailing whitespace".to_owned());
    }
    let (rest, digest) = split_at(reference, reference.find('@'));
    let (name, tag) = split_at(rest, tag_separator(rest));
    let fault =
        name_fault(name).or_else(|| tag.and_then(tag_fault)).or_else(|| digest.and_then(digest_fault))?;
    let examples = "'golang:1.21', or 'registry.example.com:5000/team/tool:v1'";
    Some(format!("{fault} (e.g. {examples})"))
}

/// Splits at the one-byte separator that stands at `at`, if it is anywhere.
fn split_at(text: &str, at: Option<usize>) -> (&str, Option<&str>) {
    let parts = at.and_then(|at| Some((text.get(..at)?, text.get(at + 1..)?)));
    parts.map_or((text, None), |(before, after)| (before, Some(after)))
}

/// Returns where the tag begins: the colon of a port has a slash behind it.
fn tag_separator(text: &str) -> Option<usize> {
    text.rfind(':').filter(|&at| !text.get(at..).is_some_and(|rest| rest.contains('/')))
}

fn name_fault(name: &str) -> Option<&'static str> {
    match path_of(name) {
        Some(path) if path.len() > PATH_MAX_BYTES => {
            Some("repository name must not be more than 255 characters")
        }
        Some(_) if is_identifier(name) => Some("cannot specify 64-byte hexadecimal strings"),
        Some(_) => None,
        None if path_of(&name.to_lowercase()).is_some() => {
            Some("invalid reference format: repository name must be lowercase")
        }
        None => Some("invalid reference format"),
    }
}

/// Returns a valid name without its domain. What stands before the first slash is a domain if it can be one.
fn path_of(name: &str) -> Option<&str> {
    match name.split_once('/') {
        Some((domain, path)) if is_domain(domain) => is_path(path).then_some(path),
        _ => is_path(name).then_some(name),
    }
}

/// Tells whether a name is an image's identifier, which names no repository.
fn is_identifier(name: &str) -> bool {
    name.len() == 64 && name.bytes().all(is_lower_hex)
}

fn is_path(path: &str) -> bool {
    path.split('/').all(is_path_component)
}

/// Tells whether a text is lower-case letters and digits, in runs joined by `.`, `_`, `__` or dashes.
fn is_path_component(component: &str) -> bool {
    let is_alphanumeric = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let edges = component.starts_with(is_alphanumeric) && component.ends_with(is_alphanumeric);
    let mut separators = component.split(is_alphanumeric).filter(|run| !run.is_empty());
    edges && separators.all(|run| matches!(run, "." | "_" | "__") || run.bytes().all(|byte| byte == b'-'))
}

fn is_domain(domain: &str) -> bool {
    let (host, port) = split_at(domain, tag_separator(domain).filter(|_| !domain.ends_with(']')));
    let port_is_number =
        port.is_none_or(|port| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()));
    port_is_number && (host.split('.').all(is_host_component) || is_ipv6(host))
}

fn is_host_component(component: &str) -> bool {
    let is_alphanumeric = |c: char| c.is_ascii_alphanumeric();
    component.starts_with(is_alphanumeric)
        && component.ends_with(is_alphanumeric)
        && component.bytes().all(|byte| byte == b'-' || byte.is_ascii_alphanumeric())
}

fn is_ipv6(host: &str) -> bool {
    let address = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    address.is_some_and(|address| {
        !address.is_empty() && address.bytes().all(|byte| byte == b':' || byte.is_ascii_hexdigit())
    })
}

fn tag_fault(tag: &str) -> Option<&'static str> {
    let is_word = |c: char| c == '_' || c.is_ascii_alphanumeric();
    let valid = tag.starts_with(is_word)
        && tag.len() <= TAG_MAX_BYTES
        && tag.chars().all(|c| is_word(c) || matches!(c, '.' | '-'));
    (!valid).then_some("invalid reference format: invalid tag")
}

fn digest_fault(digest: &str) -> Option<&'static str> {
    let Some((algorithm, hex)) = digest.split_once(':') else {
        return Some("invalid reference format: invalid digest");
    };
    match DIGESTS.iter().find(|(name, _)| *name == algorithm) {
        None => Some("unsupported digest algorithm"),
        Some(&(_, digits)) if hex.len() != digits => Some("invalid checksum digest length"),
        Some(_) if !hex.bytes().all(is_lower_hex) => Some("invalid checksum digest format"),
        Some(_) => None,
    }
}

fn is_lower_hex(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_form_of_reference_is_accepted() {
        let digest = format!("sha256:{}", "a".repeat(64));
        let table = [
            "golang".to_owned(),
            "golang:1.21".to_owned(),
            "library/golang:1.21-alpine".to_owned(),
            "test.com:tag".to_owned(),
            "test:5000".to_owned(),
            "test:5000/repo".to_owned(),
            "registry.example.com:5000/team/tool:v1".to_owned(),
            "Registry.example.com/team/tool".to_owned(),
            "Docker/tool".to_owned(),
            "localhost/tool".to_owned(),
            "[2001:db8::1]:5000/tool:v1".to_owned(),
            "[::1]/tool".to_owned(),
            "a_b/c".to_owned(),
            "a__b--c.d/e".to_owned(),
            "tool:_Tag.1-x".to_owned(),
            format!("tool:{}", "t".repeat(128)),
            format!("golang@{digest}"),
            format!("r.example.com:5000/golang:1.21@{digest}"),
            format!("tool@sha512:{}", "0".repeat(128)),
            "a".repeat(255),
            format!("r.example.com/{}", "a".repeat(255)),
        ];
        for reference in table {
            assert_eq!(fault(&reference), None, "{reference}");
        }
    }

    #[test]
    fn faults_say_which_part_is_wrong() {
        let table = [
            ("Golang:1.21".to_owned(), "invalid reference format: repository name must be lowercase"),
            (
                "example.com/Team/tool".to_owned(),
                "invalid reference format: repository name must be lowercase",
            ),
            ("".to_owned(), "invalid reference format"),
            (":tag".to_owned(), "invalid reference format"),
            ("a b".to_owned(), "invalid reference format"),
            ("https://example.com/a".to_owned(), "invalid reference format"),
            ("a//b".to_owned(), "invalid reference format"),
            ("/a".to_owned(), "invalid reference format"),
            ("a/".to_owned(), "invalid reference format"),
            ("-a".to_owned(), "invalid reference format"),
            ("a___b".to_owned(), "invalid reference format"),
            ("a..b".to_owned(), "invalid reference format"),
            ("é".to_owned(), "invalid reference format"),
            ("[::1/a".to_owned(), "invalid reference format"),
            ("a.com:x/b".to_owned(), "invalid reference format"),
            ("a:".to_owned(), "invalid reference format: invalid tag"),
            ("a:-b".to_owned(), "invalid reference format: invalid tag"),
            ("a:b c".to_owned(), "invalid reference format: invalid tag"),
            (format!("a:{}", "t".repeat(129)), "invalid reference format: invalid tag"),
            ("a@".to_owned(), "invalid reference format: invalid digest"),
            ("a@sha256".to_owned(), "invalid reference format: invalid digest"),
            (format!("a@md5:{}", "a".repeat(32)), "unsupported digest algorithm"),
            ("a@sha256:abc".to_owned(), "invalid checksum digest length"),
            (format!("a@sha256:{}", "A".repeat(64)), "invalid checksum digest format"),
            ("a".repeat(256), "repository name must not be more than 255 characters"),
            ("a".repeat(64), "cannot specify 64-byte hexadecimal strings"),
        ];
        for (reference, expected) in table {
            let expected =
                format!("{expected} (e.g. 'golang:1.21', or 'registry.example.com:5000/team/tool:v1')");
            assert_eq!(fault(&reference), Some(expected), "{reference}");
        }
    }

    #[test]
    fn space_around_a_reference_is_named() {
        for reference in [" a", "a ", "a\n", " "] {
            assert_eq!(fault(reference).as_deref(), Some("must not have leading or trailing whitespace"));
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in ".{0,40}|[-a-zA-Z:/@._\\[\\]é]{0,20}") {
            let _ = fault(&text);
        }

        #[test]
        fn what_the_grammar_makes_is_accepted(
            text in "([a-zA-Z0-9]([-a-zA-Z0-9]{0,5}[a-zA-Z0-9])?(\\.[a-z0-9]{1,5}){0,2}(:[0-9]{1,5})?/)?[a-z0-9]{1,8}((\\.|_|__|-{1,3})[a-z0-9]{1,5}){0,2}(/[a-z0-9]{1,5}){0,2}(:[a-zA-Z0-9_][-a-zA-Z0-9_.]{0,20})?(@sha256:[a-f0-9]{64})?"
        ) {
            prop_assert_eq!(fault(&text), None);
        }
    }
}
