//! Names of environment variables.

/// Returns what keeps a text from being the name of an environment variable: it has to be made of printable
/// ASCII characters other than `=`, and of at least one.
///
/// That is the rule of Kubernetes since `RelaxedEnvironmentVariableValidation` became generally available;
/// the stricter one before it asked for letters, digits, `_`, `-` and `.` that do not begin with a digit.
pub fn env_var_name(text: &str) -> Option<String> {
    if text.is_empty() {
        return Some("environment variable name must be non-empty".to_owned());
    }
    let valid = text.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b'=');
    (!valid).then(|| {
        "a valid environment variable name must consist only of printable ASCII characters other than '='"
            .to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printable_ascii_without_equals_sign_is_a_name() {
        for text in
            ["A", "my.env-name", "-", ":", "+a", "0a", "0 a", "a ", "~a", "|a", "#a", "'a", "@a", "..", "%a"]
        {
            assert_eq!(env_var_name(text), None, "{text}");
        }
        for text in ["=", "a=", "a=b", "\u{1}abc", "Ä", "a\n", "\t", "\u{7f}"] {
            let message = env_var_name(text).unwrap_or_default();
            assert!(message.ends_with("printable ASCII characters other than '='"), "{text:?}: {message}");
        }
        assert_eq!(env_var_name("").as_deref(), Some("environment variable name must be non-empty"));
    }
}
