//! Names as Kubernetes writes them.

use std::str::FromStr;

use embedded_server::meta::validation::{dns1123_label, dns1123_subdomain};
use serde::Serialize;

/// An RFC 1123 label: what a namespace is called.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub(crate) struct Label(String);

/// An RFC 1123 subdomain: what most other objects are called.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub(crate) struct Subdomain(String);

impl Label {
    /// Returns the text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Subdomain {
    /// Returns the text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Label {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        first(dns1123_label(text)).map_or_else(|| Ok(Self(text.to_owned())), Err)
    }
}

impl FromStr for Subdomain {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        first(dns1123_subdomain(text)).map_or_else(|| Ok(Self(text.to_owned())), Err)
    }
}

fn first(problems: Vec<String>) -> Option<String> {
    problems.into_iter().next()
}
