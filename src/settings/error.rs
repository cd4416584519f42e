//! Why what was set cannot be read.

use thiserror::Error;

/// Why what was set cannot be read; `origin` is the file or the flag that said it.
#[derive(Debug, Error, Eq, PartialEq)]
pub(crate) enum SettingsError {
    /// A file is no YAML mapping.
    #[error("{origin} is not a mapping in YAML: {problem}")]
    NotAMapping {
        /// The file.
        origin: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A setting that does not exist.
    #[error("{origin}: there is no setting {path}")]
    Unknown {
        /// The file or flag.
        origin: String,
        /// The path of the setting.
        path: String,
        /// The path of a setting that was probably meant.
        meant: Option<String>,
    },
    /// A value of another kind than the setting's.
    #[error("{origin}: {path} cannot be used: {problem}")]
    Kind {
        /// The file or flag.
        origin: String,
        /// The path of the setting.
        path: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A `--set` that sets nothing.
    #[error("--set {text:?} is not KEY=VALUE")]
    Set {
        /// What was given.
        text: String,
    },
}

impl SettingsError {
    /// Returns what to do instead.
    pub(crate) fn hint(&self) -> String {
        match self {
            Self::Unknown { meant: Some(meant), .. } => format!("did you mean {meant}?"),
            Self::Unknown { .. } | Self::Kind { .. } => "wfctl install --help lists the settings".to_owned(),
            Self::NotAMapping { .. } => "write it as YAML, for example: replicas: 2".to_owned(),
            Self::Set { .. } => {
                "write the path of a setting and a value, for example storage.size=5Gi".to_owned()
            }
        }
    }
}
