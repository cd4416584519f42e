//! What this program was built from.

use serde::Serialize;

/// The facts of a build; its JSON and YAML forms are stable.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BuildInfo {
    /// The release.
    pub(crate) version: &'static str,
    /// The commit, where the build knew it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) git_commit: Option<&'static str>,
    /// The compiler.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rustc: Option<&'static str>,
    /// Operating system and processor architecture, in Go's words as Kubernetes uses them.
    pub(crate) platform: String,
}

/// Returns the facts of this build.
pub(crate) fn info() -> BuildInfo {
    BuildInfo {
        version: env!("CARGO_PKG_VERSION"),
        git_commit: known(env!("WFCTL_BUILD_COMMIT")),
        rustc: known(env!("WFCTL_BUILD_RUSTC")),
        platform: format!("{}/{}", operating_system(), architecture()),
    }
}

fn known(fact: &'static str) -> Option<&'static str> {
    (!fact.is_empty()).then_some(fact)
}

fn operating_system() -> &'static str {
    match std::env::consts::OS {
        "macos" => "darwin",
        other => other,
    }
}

fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "x86" => "386",
        other => other,
    }
}
