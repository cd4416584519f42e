//! Validation failures of single fields, worded as `apimachinery/pkg/util/validation/field/errors.go` does.

use std::fmt::{self, Display};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::StatusCause;
use serde_json::Value;

/// The path of a field from the root of the object, for example `spec.steps[0].name`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Path(String);

impl Path {
    /// Returns the path of a field at the root.
    pub fn new(name: &str) -> Self {
        Self(name.to_owned())
    }

    /// Returns the path of the field `name` below this one.
    #[must_use]
    pub fn child(&self, name: &str) -> Self {
        if self.0.is_empty() { Self::new(name) } else { Self(format!("{}.{name}", self.0)) }
    }

    /// Returns the path of the list item at `index`.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        Self(format!("{}[{index}]", self.0))
    }

    /// Returns the path of the map entry with `key`.
    #[must_use]
    pub fn key(&self, key: &str) -> Self {
        Self(format!("{}[{key}]", self.0))
    }
}

impl Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One reason why an object is not accepted.
#[derive(Clone, Debug, PartialEq)]
pub struct Error {
    path: Path,
    problem: Problem,
}

#[derive(Clone, Debug, PartialEq)]
enum Problem {
    Required { detail: String },
    Invalid { value: Value, detail: String },
    Duplicate { value: Value },
    NotSupported { value: Value, supported: Vec<String> },
    Forbidden { detail: String },
    TooLong { max_bytes: usize },
    TypeInvalid { value: Value, detail: String },
}

/// Every reason why an object is not accepted.
pub type Errors = Vec<Error>;

impl Error {
    /// A field that has to be set is not.
    pub fn required(path: &Path, detail: impl Into<String>) -> Self {
        Self { path: path.clone(), problem: Problem::Required { detail: detail.into() } }
    }

    /// A value breaks a rule that `detail` states.
    pub fn invalid(path: &Path, value: impl Into<Value>, detail: impl Into<String>) -> Self {
        Self { path: path.clone(), problem: Problem::Invalid { value: value.into(), detail: detail.into() } }
    }

    /// A value that has to be unique stands there twice.
    pub fn duplicate(path: &Path, value: impl Into<Value>) -> Self {
        Self { path: path.clone(), problem: Problem::Duplicate { value: value.into() } }
    }

    /// A value is none of the known ones.
    pub fn not_supported(path: &Path, value: impl Into<Value>, supported: &[&str]) -> Self {
        let supported = supported.iter().map(|&s| s.to_owned()).collect();
        Self { path: path.clone(), problem: Problem::NotSupported { value: value.into(), supported } }
    }

    /// A field is set that must not be, or changes in a way that is not permitted.
    pub fn forbidden(path: &Path, detail: impl Into<String>) -> Self {
        Self { path: path.clone(), problem: Problem::Forbidden { detail: detail.into() } }
    }

    /// A value is longer than `max_bytes`.
    pub fn too_long(path: &Path, max_bytes: usize) -> Self {
        Self { path: path.clone(), problem: Problem::TooLong { max_bytes } }
    }

    /// A value is of the wrong type.
    pub fn type_invalid(path: &Path, value: impl Into<Value>, detail: impl Into<String>) -> Self {
        Self {
            path: path.clone(),
            problem: Problem::TypeInvalid { value: value.into(), detail: detail.into() },
        }
    }

    /// Returns the field that is at fault.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the machine-readable reason, a `CauseType` of `meta.k8s.io/v1`.
    pub fn reason(&self) -> &'static str {
        match self.problem {
            Problem::Required { .. } => "FieldValueRequired",
            Problem::Invalid { .. } => "FieldValueInvalid",
            Problem::Duplicate { .. } => "FieldValueDuplicate",
            Problem::NotSupported { .. } => "FieldValueNotSupported",
            Problem::Forbidden { .. } => "FieldValueForbidden",
            Problem::TooLong { .. } => "FieldValueTooLong",
            Problem::TypeInvalid { .. } => "FieldValueTypeInvalid",
        }
    }

    /// Returns the error as an entry of `Status.details.causes`.
    pub fn to_cause(&self) -> StatusCause {
        StatusCause {
            field: Some(self.path.to_string()),
            message: Some(self.problem.to_string()),
            reason: Some(self.reason().to_owned()),
        }
    }
}

impl Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.problem)
    }
}

impl Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Required { detail } => with_detail(f, "Required value", detail),
            Self::Invalid { value, detail } => with_detail(f, &format!("Invalid value: {value}"), detail),
            Self::Duplicate { value } => write!(f, "Duplicate value: {value}"),
            Self::NotSupported { value, supported } => {
                let quoted: Vec<_> = supported.iter().map(|s| format!("\"{s}\"")).collect();
                write!(f, "Unsupported value: {value}: supported values: {}", quoted.join(", "))
            }
            Self::Forbidden { detail } => with_detail(f, "Forbidden", detail),
            Self::TooLong { max_bytes } => write!(f, "Too long: may not be more than {max_bytes} bytes"),
            Self::TypeInvalid { value, detail } => with_detail(f, &format!("Invalid value: {value}"), detail),
        }
    }
}

fn with_detail(f: &mut fmt::Formatter<'_>, head: &str, detail: &str) -> fmt::Result {
    if detail.is_empty() { f.write_str(head) } else { write!(f, "{head}: {detail}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_read_as_kubernetes_words_them() {
        let name = Path::new("spec").child("steps").index(0).child("name");
        assert_eq!(Error::required(&name, "").to_string(), "spec.steps[0].name: Required value");
        assert_eq!(
            Error::invalid(&name, "A", "must be lower case").to_string(),
            "spec.steps[0].name: Invalid value: \"A\": must be lower case"
        );
        assert_eq!(
            Error::not_supported(&Path::new("a"), "z", &["x", "y"]).to_string(),
            "a: Unsupported value: \"z\": supported values: \"x\", \"y\""
        );
        assert_eq!(
            Error::too_long(&Path::new("a"), 3).to_string(),
            "a: Too long: may not be more than 3 bytes"
        );
    }

    #[test]
    fn a_cause_carries_reason_and_field() {
        let cause = Error::duplicate(&Path::new("a").key("k"), "x").to_cause();
        assert_eq!(cause.field.as_deref(), Some("a[k]"));
        assert_eq!(cause.reason.as_deref(), Some("FieldValueDuplicate"));
        assert_eq!(cause.message.as_deref(), Some("Duplicate value: \"x\""));
    }
}
