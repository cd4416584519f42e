//! Which kubectl there is, and what it can do.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// What not every kubectl can do.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Feature {
    /// `get`, `patch`, `edit` and `replace` take `--subresource`.
    Subresource,
    /// `wait` takes `--for=jsonpath=…`.
    WaitForJsonpath,
    /// The server finds unknown fields; before, kubectl did, by the OpenAPI document.
    ServerSideValidation,
    /// `explain` reads OpenAPI 3; before, it read OpenAPI 2 and wrote its headings another way.
    ExplainV3,
}

impl Feature {
    /// Returns the first minor version of Kubernetes 1 that has it.
    fn since(self) -> u32 {
        match self {
            Self::WaitForJsonpath => 23,
            Self::Subresource => 24,
            Self::ServerSideValidation => 25,
            Self::ExplainV3 => 27,
        }
    }
}

/// A kubectl.
#[derive(Clone, Debug)]
pub(crate) struct Tool {
    pub(crate) path: PathBuf,
    minor: u32,
}

impl Tool {
    /// Returns every kubectl to test with.
    pub(crate) fn all() -> Vec<Self> {
        let more = std::env::var_os("KUBECTLS").unwrap_or_default();
        let more = std::env::split_paths(&more).filter(|path| !path.as_os_str().is_empty());
        let tools: Vec<_> = first().into_iter().chain(more).map(|path| Self::at(&path)).collect();
        assert!(!tools.is_empty(), "no kubectl: install it, or set KUBECTL to where it is");
        tools
    }

    fn at(path: &Path) -> Self {
        let output = Command::new(path).args(["version", "--client", "-o", "json"]).output();
        let output = output.unwrap_or_else(|error| panic!("{} does not run: {error}", path.display()));
        let version: Value = serde_json::from_slice(&output.stdout).expect("the version of kubectl");
        let minor = version["clientVersion"]["minor"].as_str().unwrap();
        let minor = minor.trim_end_matches(|c: char| !c.is_ascii_digit()).parse().unwrap();
        Self { path: path.to_owned(), minor }
    }

    pub(crate) fn has(&self, feature: Feature) -> bool {
        self.minor >= feature.since()
    }
}

fn first() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("KUBECTL") {
        return Some(path.into());
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).map(|directory| directory.join("kubectl")).find(|path| path.is_file())
}
