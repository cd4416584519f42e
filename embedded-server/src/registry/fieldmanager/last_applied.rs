//! The annotation by which `kubectl` keeps what it applied on the client's side, and the way from there to
//! server-side apply.
//!
//! Source: `apimachinery/pkg/util/managedfields/internal/lastapplied{,manager,updater}.go`.

use serde_json::{Map, Value};

use super::path::go_json;
use super::schema::Schema;
use super::set::FieldSet;
use super::typed;

/// The only manager that the annotation means something for.
pub(super) const MANAGER: &str = "kubectl";

const ANNOTATION: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The most bytes that the annotations of an object may have together.
const MOST_ANNOTATION_BYTES: usize = 256 * 1024;

/// Returns the fields that were applied on the client's side and that nobody has changed since; none when
/// nothing was.
pub(super) fn untouched(live: &Value, schema: &Schema) -> Option<FieldSet> {
    let applied: Value = serde_json::from_str(annotation(live)?).ok()?;
    if applied.get("apiVersion").and_then(Value::as_str) != Some(schema.api_version()) {
        return None;
    }
    typed::validate(schema.root(), &applied).ok()?;
    let compared = typed::compare(schema.root(), &applied, live);
    let fields = typed::field_set(schema.root(), &applied);
    Some(fields.difference(&compared.changed()).difference(&compared.removed))
}

/// Brings the annotation of an object that has one up to date with what is applied now; drops it when it would
/// be too large.
pub(super) fn keep_up_to_date(object: &mut Value, config: &Value) {
    if annotation(object).is_none() {
        return;
    }
    let applied = without_annotation(config);
    let Some(annotations) = object.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut) else {
        return;
    };
    // The configuration ends with a line feed, as Go's encoder writes it.
    annotations.insert(ANNOTATION.to_owned(), Value::String(go_json(&applied) + "\n"));
    if bytes(annotations) > MOST_ANNOTATION_BYTES {
        annotations.remove(ANNOTATION);
    }
}

fn annotation(object: &Value) -> Option<&str> {
    let annotation = object.get("metadata")?.get("annotations")?.get(ANNOTATION)?.as_str()?;
    (!annotation.is_empty()).then_some(annotation)
}

fn without_annotation(config: &Value) -> Value {
    let mut config = config.clone();
    if let Some(annotations) = config.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut) {
        annotations.remove(ANNOTATION);
    }
    config
}

fn bytes(annotations: &Map<String, Value>) -> usize {
    annotations.iter().map(|(name, value)| name.len() + value.as_str().map_or(0, str::len)).sum()
}
