//! From the body of a request to an object, with what k8s.io/apiserver says when that fails.
//!
//! Source: `apiserver/pkg/endpoints/handlers/{create,rest}.go`.

use std::fmt;

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::Track;

use super::go_json::syntax_fault;
use super::plain::is_plain;
use super::{BodyFormat, Tree, yaml};
use crate::meta::{ApiError, Descriptor, FieldValidation};

/// What is said of a body that does not even say of what type it is.
const NO_TYPE: &str = "couldn't get version/kind; json parse error";
/// What the known types are called as a whole; in the source it is a line of code.
const SCHEME: &str = "embedded-server";

/// What a body has to be.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// The kind, group and version of the endpoint.
    pub resource: &'a Descriptor,
    /// What to do about unknown and duplicate fields.
    pub validation: FieldValidation,
}

/// A decoded object, and what its writer should know of the body.
#[derive(Clone, Debug)]
pub struct Decoded<T> {
    /// The object.
    pub object: T,
    /// One line per unknown or duplicate field.
    pub warnings: Vec<String>,
}

/// Decodes the body of a create or update.
///
/// # Errors
/// 400 when it is no object of the expected kind, or breaks strict field validation.
pub fn decode<T: DeserializeOwned>(
    body: &[u8],
    format: BodyFormat,
    expected: Expected<'_>,
) -> Result<Decoded<T>, ApiError> {
    if let Some(decoded) = decode_plain(body, format, expected.resource) {
        return Ok(decoded);
    }
    let kind = expected.resource.kind;
    let mut tree = parse_tree(body, format).map_err(|why| match format {
        BodyFormat::Json => unrecognized(kind, &format!("{NO_TYPE}: {why}"), body),
        BodyFormat::Yaml => unrecognized(kind, &why, body),
    })?;
    if tree.value.is_null() {
        tree.value = Value::Object(serde_json::Map::new());
    }
    if !tree.value.is_object() {
        let why = format!("{NO_TYPE}: {}", no_type_meta(&tree.value));
        return Err(unrecognized(kind, &why, body));
    }
    check_type(&tree.value, expected.resource, body)?;
    decode_value(tree, expected).map_err(|problem| not_handled(expected.resource, &problem.to_string()))
}

/// Decodes a body with which all is well; none says nothing about what is wrong with it.
fn decode_plain<T: DeserializeOwned>(
    body: &[u8],
    format: BodyFormat,
    resource: &Descriptor,
) -> Option<Decoded<T>> {
    let text = std::str::from_utf8(body).ok().filter(|_| format == BodyFormat::Json)?;
    if !is_plain(text, resource) {
        return None;
    }
    let mut unknown = false;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let object =
        serde_ignored::deserialize(&mut deserializer, |path| unknown |= !is_type_meta(&path)).ok()?;
    (!unknown).then_some(Decoded { object, warnings: Vec::new() })
}

/// Why a tree is not the object it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// A field has a value of the wrong type.
    Mistyped(String),
    /// Strict field validation found unknown or duplicate fields.
    Strict(Vec<String>),
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mistyped(why) => f.write_str(why),
            Self::Strict(violations) => write!(f, "strict decoding error: {}", violations.join(", ")),
        }
    }
}

/// Decodes a tree, for example one that a patch made.
///
/// # Errors
/// See [`Problem`].
pub fn decode_value<T: DeserializeOwned>(tree: Tree, expected: Expected<'_>) -> Result<Decoded<T>, Problem> {
    let Tree { mut value, duplicates } = tree;
    empty_nulls(&mut value);
    let mut unknown = Vec::new();
    let mut track = Track::new();
    let object =
        serde_ignored::deserialize(serde_path_to_error::Deserializer::new(value, &mut track), |path| {
            if !is_type_meta(&path) {
                unknown.push(format!("unknown field \"{}\"", spell(&path)));
            }
        })
        .map_err(|error: serde_json::Error| Problem::Mistyped(format!("{}: {error}", track.path())))?;
    let duplicates = duplicates.iter().map(|path| format!("duplicate field \"{path}\""));
    let violations: Vec<_> = unknown.into_iter().chain(duplicates).collect();
    match expected.validation {
        FieldValidation::Ignore => Ok(Decoded { object, warnings: Vec::new() }),
        FieldValidation::Strict if !violations.is_empty() => Err(Problem::Strict(violations)),
        FieldValidation::Warn | FieldValidation::Strict => Ok(Decoded { object, warnings: violations }),
    }
}

/// Makes labels and annotations that are `null` empty, as Go reads them.
fn empty_nulls(object: &mut Value) {
    let Some(metadata) = object.get_mut("metadata") else { return };
    for map in ["labels", "annotations"] {
        let texts = metadata.get_mut(map).and_then(Value::as_object_mut).into_iter().flatten();
        texts.filter(|(_, text)| text.is_null()).for_each(|(_, text)| *text = Value::from(""));
    }
}

/// Parses a body without looking at what it means.
///
/// # Errors
/// Go's words for JSON, the parser's own for YAML.
pub fn parse_tree(body: &[u8], format: BodyFormat) -> Result<Tree, String> {
    match format {
        BodyFormat::Json => {
            let text = String::from_utf8_lossy(body);
            let mut deserializer = serde_json::Deserializer::from_str(&text);
            let tree = Tree::read(&mut deserializer).and_then(|tree| deserializer.end().map(|()| tree));
            tree.map_err(|error| syntax_fault(&text, &error))
        }
        BodyFormat::Yaml => yaml::read_tree(body),
    }
}

fn check_type(value: &Value, resource: &Descriptor, body: &[u8]) -> Result<(), ApiError> {
    let text = |field: &str| value.get(field).and_then(Value::as_str).filter(|text| !text.is_empty());
    let expected = resource.api_version();
    let api_version = text("apiVersion").unwrap_or(&expected);
    let kind = text("kind").unwrap_or(resource.kind);
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    if version.contains('/') {
        let why = format!("unexpected GroupVersion string: {api_version}");
        return Err(unrecognized(resource.kind, &why, body));
    }
    if kind != resource.kind || group != resource.group {
        return Err(ApiError::bad_request(format!(
            "{kind} in version \"{version}\" cannot be handled as a {}: no kind \"{kind}\" is registered for \
             version \"{api_version}\" in scheme \"{SCHEME}\"",
            resource.kind
        )));
    }
    if api_version != expected {
        return Err(ApiError::bad_request(format!(
            "the API version in the data ({api_version}) does not match the expected API version ({expected})"
        )));
    }
    Ok(())
}

/// Says in Go's words that a value is no object, and so has no type.
fn no_type_meta(value: &Value) -> String {
    let kind = match value {
        Value::Array(_) => "array",
        Value::String(_) => "string",
        Value::Bool(_) => "bool",
        _ => "number",
    };
    format!(
        "json: cannot unmarshal {kind} into Go value of type struct {{ APIVersion string \
         \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" }}"
    )
}

fn not_handled(resource: &Descriptor, why: &str) -> ApiError {
    ApiError::bad_request(format!(
        "{kind} in version \"{}\" cannot be handled as a {kind}: {why}",
        resource.version,
        kind = resource.kind
    ))
}

fn unrecognized(kind: &str, why: &str, body: &[u8]) -> ApiError {
    let shown = match body {
        [] => "<empty>".to_owned(),
        [b'{', ..] => String::from_utf8_lossy(&body[..body.len().min(30)]).into_owned() + ellipsis(body),
        _ => body.iter().take(30).map(|byte| format!("{byte:02x}")).collect::<String>() + ellipsis(body),
    };
    ApiError::bad_request(format!(
        "the object provided is unrecognized (must be of type {kind}): {why} ({shown})"
    ))
}

fn ellipsis(body: &[u8]) -> &'static str {
    if body.len() > 30 { " ..." } else { "" }
}

fn is_type_meta(path: &serde_ignored::Path<'_>) -> bool {
    use serde_ignored::Path::{Map, Root};
    matches!(path, Map { parent: Root, key } if key == "apiVersion" || key == "kind")
}

fn spell(path: &serde_ignored::Path<'_>) -> String {
    use serde_ignored::Path;
    match path {
        Path::Root => String::new(),
        Path::Seq { parent, index } => format!("{}[{index}]", spell(parent)),
        Path::Map { parent: Path::Root, key } => key.clone(),
        Path::Map { parent, key } => match spell(parent) {
            outer if outer.is_empty() => key.clone(),
            outer => format!("{outer}.{key}"),
        },
        Path::Some { parent } | Path::NewtypeStruct { parent } | Path::NewtypeVariant { parent } => {
            spell(parent)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::*;

    const THINGS: Descriptor = Descriptor {
        group: "example.com",
        version: "v1",
        kind: "Thing",
        plural: "things",
        singular: "thing",
        definition_prefix: "com.example.v1",
        ..Descriptor::NAMESPACED
    };

    #[derive(Clone, Debug, Default, Deserialize, PartialEq)]
    #[serde(default)]
    struct Thing {
        name: String,
        labels: BTreeMap<String, String>,
        parts: Vec<Thing>,
    }

    const PLAIN: &str = r#"{"apiVersion":"example.com/v1","kind":"Thing","name":"a","labels":{"x":"y"},"parts":[{"name":"b"}]}"#;

    fn decoded(body: &str) -> Option<Decoded<Thing>> {
        decode_plain(body.as_bytes(), BodyFormat::Json, &THINGS)
    }

    #[test]
    fn a_plain_body_decodes_to_what_its_tree_does() {
        let expected = Expected { resource: &THINGS, validation: FieldValidation::Strict };
        let tree = parse_tree(PLAIN.as_bytes(), BodyFormat::Json).unwrap();
        let by_tree: Decoded<Thing> = decode_value(tree, expected).unwrap();
        assert_eq!(decoded(PLAIN).unwrap().object, by_tree.object);
    }

    #[test]
    fn what_there_is_something_to_say_about_is_left_to_the_tree() {
        for (part, instead) in [
            (r#""x":"y""#, r#""x":"y","x":"z""#),
            (r#""name":"a""#, r#""name":"a","nmae":"a""#),
            (r#""name":"a""#, r#""name":"a","name":"b""#),
            (r#""name":"a""#, r#""name":7"#),
            (r#""name":"a""#, r#""n\u0061me":"a""#),
            (r#""name":"b""#, r#""name":"b","more":{}"#),
            (r#""kind":"Thing""#, r#""kind":"Widget""#),
            (r#""kind":"Thing","#, ""),
            ("example.com/v1", "example.com/v2"),
            ("}]}", "}]},"),
        ] {
            assert!(PLAIN.contains(part), "{part}");
            let body = PLAIN.replacen(part, instead, 1);
            assert!(decoded(&body).is_none(), "{body}");
        }
    }
}
