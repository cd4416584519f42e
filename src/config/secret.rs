//! The name of a Secret.

use std::fmt;
use std::str::FromStr;

use embedded_server::meta::validation::{dns1123_label, dns1123_subdomain};

use super::ConfigError;

/// Where a Secret is found.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct SecretName {
    /// Its namespace.
    pub(crate) namespace: String,
    /// Its name there.
    pub(crate) name: String,
}

impl FromStr for SecretName {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        let parts = text.split_once('/').filter(|(namespace, name)| {
            dns1123_label(namespace).is_empty() && dns1123_subdomain(name).is_empty()
        });
        let (namespace, name) = parts.ok_or_else(|| ConfigError::SecretName(text.to_owned()))?;
        Ok(Self { namespace: namespace.to_owned(), name: name.to_owned() })
    }
}

impl fmt::Display for SecretName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_named_with_its_namespace() {
        let name: SecretName = "workflow-system/certs.old".parse().unwrap();
        assert_eq!((name.namespace.as_str(), name.name.as_str()), ("workflow-system", "certs.old"));
        assert_eq!(name.to_string(), "workflow-system/certs.old");
        for wrong in ["", "certs", "/certs", "a/", "a/b/c", "A/b", "a.b/c"] {
            assert_eq!(wrong.parse::<SecretName>(), Err(ConfigError::SecretName(wrong.to_owned())));
        }
    }
}
