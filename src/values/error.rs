//! Why settings make no installation.

use std::fmt::Display;

use thiserror::Error;

/// Why settings make no installation.
#[derive(Debug, Error, Eq, PartialEq)]
pub(crate) enum ValuesError {
    /// A value breaks a rule of Kubernetes.
    #[error("{path} {value:?} cannot be used: {problem}")]
    Invalid {
        /// The setting.
        path: String,
        /// What it was set to.
        value: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A storage URL of no known form. It is not repeated: it may hold a password.
    #[error("storage.url is not a storage URL: {0}")]
    Storage(&'static str),
    /// The URL of a database that says what it cannot mean. It is not repeated, either.
    #[error("storage.url is not a storage URL: {0}")]
    Database(String),
    /// A setting for a volume where there is none.
    #[error("{0} is set, but only sled storage has a volume")]
    NoVolume(&'static str),
    /// Nothing would run.
    #[error("replicas is 0, so nothing would serve")]
    NoReplicas,
    /// More than one server on a store that they cannot share.
    #[error("replicas is {replicas}, but {reason}")]
    NotShared {
        /// How many were asked for.
        replicas: u32,
        /// Why that cannot be.
        reason: &'static str,
    },
    /// A limit under the request.
    #[error("{limit} is less than {request}")]
    LimitUnderRequest {
        /// The setting of the limit.
        limit: &'static str,
        /// The setting of the request.
        request: &'static str,
    },
}

impl ValuesError {
    /// Says that `value` of the setting at `path` cannot be used.
    pub(super) fn invalid(path: impl Into<String>, value: &str, problem: impl Display) -> Self {
        Self::Invalid { path: path.into(), value: value.to_owned(), problem: problem.to_string() }
    }

    /// Returns what to do instead.
    pub(crate) fn hint(&self) -> &'static str {
        match self {
            Self::Invalid { path, .. } => hint_for(path),
            Self::Storage(_) => {
                "write sled:/PATH, memory:, postgres://USER@HOST/DB or etcd://HOST:PORT/PREFIX"
            }
            Self::Database(_) => "wfctl serve --help and the README say what such a URL can hold",
            Self::NoVolume(_) => "leave it out, or use sled:/var/lib/wfctl",
            Self::NoReplicas => {
                "to stop serving for a while, scale the Deployment; wfctl installs at least 1"
            }
            Self::NotShared { .. } => "use postgres:// or etcd:// storage, or 1 replica",
            Self::LimitUnderRequest { .. } => "raise the limit or lower the request",
        }
    }
}

fn hint_for(path: &str) -> &'static str {
    match path.split('.').next().unwrap_or(path) {
        "image" => "write REGISTRY/NAME:TAG or REGISTRY/NAME@sha256:DIGEST",
        "resources" => "write an amount such as 250m of cpu or 512Mi of memory",
        "storage" if path == "storage.size" => "write an amount such as 1Gi",
        "certManager" => {
            "write NAME or Issuer/NAME for an Issuer in the namespace, ClusterIssuer/NAME for the other"
        }
        _ => "wfctl install --help lists the settings",
    }
}
