//! JSON patch (RFC 6902) as Kubernetes understands it: bounded, and with the liberties that its library takes.
//!
//! It counts positions from the end when they are negative, replaces fields that are not there, and takes what is
//! not there for `null` where it tests and copies.
//!
//! Source: `gopkg.in/evanphx/json-patch.v4`, `apiserver/pkg/endpoints/handlers/patch.go`,
//! `apiserver/pkg/server/config.go`.

#[cfg(test)]
mod tests;

use serde_json::{Map, Value};

use super::{BodyFormat, parse_tree};
use crate::meta::{ApiError, Reason};

/// The most operations of a JSON patch.
const MOST_OPERATIONS: usize = 10_000;
/// How deep operations may make an object; what is stored has to be read again, and decoders go no deeper
/// than 128.
const MOST_DEPTH: usize = 100;
/// The most bytes that the copy operations of a JSON patch may add.
const MOST_COPIED: usize = 3 << 20;

/// The fields of an operation that are text.
const TEXTS: [&str; 3] = ["op", "path", "from"];
const VALUE: &str = "value";

/// A list of operations.
#[derive(Debug)]
pub(crate) struct Patch {
    operations: Vec<Map<String, Value>>,
    /// The fields that stand in an operation more than once.
    duplicates: Vec<String>,
}

/// Reads the body of a JSON patch; `null` is the empty one.
pub(crate) fn read(body: &[u8]) -> Result<Patch, ApiError> {
    let tree = parse_tree(body, BodyFormat::Json).map_err(|why| undecodable(&why))?;
    let operations: Vec<_> = match tree.value {
        Value::Array(operations) => operations.into_iter().map(operation).collect::<Result<_, _>>()?,
        Value::Null => Vec::new(),
        other => return Err(no_go_value(&other, "value of type []handlers.jsonPatchOp")),
    };
    if operations.len() <= MOST_OPERATIONS {
        return Ok(Patch { operations, duplicates: tree.duplicates });
    }
    let message = format!(
        "Request entity too large: The allowed maximum operations in a JSON patch is {MOST_OPERATIONS}, got {}",
        operations.len()
    );
    Err(ApiError::new(413, Reason::RequestEntityTooLarge, message))
}

/// Checks the types of an operation's fields. What they mean is looked at when it is carried out.
fn operation(value: Value) -> Result<Map<String, Value>, ApiError> {
    let fields = match value {
        Value::Object(fields) => fields,
        Value::Null => Map::new(),
        other => return Err(no_go_value(&other, "value of type handlers.jsonPatchOp")),
    };
    for name in TEXTS {
        if let Some(other) = fields.get(name).filter(|value| !value.is_string() && !value.is_null()) {
            return Err(no_go_value(other, &format!("struct field jsonPatchOp.{name} of type string")));
        }
    }
    Ok(fields)
}

/// 400: a patch that cannot be read.
pub(crate) fn undecodable(why: &str) -> ApiError {
    ApiError::bad_request(format!("error decoding patch: {why}"))
}

/// Names the type of a value as Go's JSON decoder does.
pub(crate) fn go_kind(value: &Value) -> &'static str {
    match value {
        Value::Object(_) => "object",
        Value::Array(_) => "array",
        Value::String(_) => "string",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::Null => "null",
    }
}

fn no_go_value(value: &Value, wanted: &str) -> ApiError {
    undecodable(&format!("json: cannot unmarshal {} into Go {wanted}", go_kind(value)))
}

impl Patch {
    /// Returns what strict field validation has to say of the operations.
    pub(crate) fn oddities(&self) -> Vec<String> {
        let unknown = self.operations.iter().enumerate().flat_map(|(index, operation)| {
            let names = operation.keys().filter(|name| !TEXTS.contains(&name.as_str()) && *name != VALUE);
            names.map(move |name| format!("json patch unknown field \"[{index}].{name}\""))
        });
        let duplicates = self.duplicates.iter().map(|path| format!("json patch duplicate field \"{path}\""));
        unknown.chain(duplicates).collect()
    }

    /// Tells whether there is nothing to do.
    pub(crate) fn is_empty(&self) -> bool {
        self.operations.is_empty()
    }

    /// Carries out the operations one by one.
    ///
    /// # Errors
    /// 422 without a word on which one does not apply.
    pub(crate) fn apply(&self, document: &mut Value) -> Result<(), ApiError> {
        self.carry_out(document).map_err(|failed| {
            tracing::debug!(%failed, "a JSON patch does not apply");
            ApiError::rejected()
        })
    }

    /// Carries out the operations one by one.
    ///
    /// # Errors
    /// Says which one does not apply.
    pub(crate) fn carry_out(&self, document: &mut Value) -> Result<(), String> {
        let mut growth = Growth { copied: 0, depth: depth(document) };
        for operation in &self.operations {
            carry_out(document, operation, &mut growth).ok_or_else(|| {
                let text = |name: &str| operation.get(name).and_then(Value::as_str).unwrap_or_default();
                format!("{} operation does not apply: {:?}", text("op"), text("path"))
            })?;
        }
        Ok(())
    }
}

/// Carries out an operation; none says that it does not apply.
fn carry_out(document: &mut Value, operation: &Map<String, Value>, growth: &mut Growth) -> Option<()> {
    let text = |name: &str| operation.get(name).and_then(Value::as_str);
    let path = || text("path");
    let value = operation.get(VALUE).unwrap_or(&Value::Null);
    match text("op")? {
        "test" => (look(document, path()?)? == value).then_some(()),
        "remove" => Spot::find(document, path()?)?.remove().map(drop),
        "add" => {
            growth.allow(path()?, depth(value))?;
            Spot::find(document, path()?)?.add(value.clone())
        }
        "replace" => {
            growth.allow(path()?, depth(value))?;
            replace(document, path()?, value.clone())
        }
        "move" => {
            let moved = Spot::find(document, text("from")?)?.remove()?;
            growth.allow(path()?, growth.depth.saturating_sub(steps(text("from")?)))?;
            Spot::find(document, path()?)?.add(moved)
        }
        "copy" => {
            let copy = look(document, text("from").filter(|from| !from.is_empty())?)?.clone();
            growth.copy(&copy)?;
            growth.allow(path()?, depth(&copy))?;
            Spot::find(document, path()?)?.add(copy)
        }
        _ => None,
    }
}

fn replace(document: &mut Value, path: &str, value: Value) -> Option<()> {
    if path.is_empty() {
        *document = Some(value).filter(|value| value.is_object() || value.is_array())?;
        return Some(());
    }
    Spot::find(document, path)?.set(value)
}

/// Returns what a path leads to; `null` where an object does not have the last field.
fn look<'v>(document: &'v Value, path: &str) -> Option<&'v Value> {
    let mut steps: Vec<_> = path.split('/').skip(1).map(unescaped).collect();
    let Some(last) = steps.pop() else { return path.is_empty().then_some(document) };
    let item = |items: &'v [Value], step: &str| position(step, items.len()).and_then(|at| items.get(at));
    let within = steps.iter().try_fold(document, |value, step| match value {
        Value::Object(fields) => fields.get(step),
        Value::Array(items) => item(items, step),
        _ => None,
    })?;
    match within {
        Value::Object(fields) => Some(fields.get(&last).unwrap_or(&Value::Null)),
        Value::Array(items) => item(items, &last),
        _ => None,
    }
}

/// How much operations have let a document grow.
struct Growth {
    /// The bytes that were copied.
    copied: usize,
    /// How deep the document can be by now at the most; a move is taken to move what is deepest.
    depth: usize,
}

impl Growth {
    /// Bounds how deep an operation makes a document, before it does: what is too deep would overflow the stack of
    /// whoever walks it.
    fn allow(&mut self, path: &str, depth: usize) -> Option<()> {
        self.depth = self.depth.max(steps(path) + depth);
        (self.depth <= MOST_DEPTH).then_some(())
    }

    /// Counts what is copied.
    fn copy(&mut self, copy: &Value) -> Option<()> {
        self.copied += copy.to_string().len();
        (self.copied <= MOST_COPIED).then_some(())
    }
}

fn steps(path: &str) -> usize {
    path.matches('/').count()
}

/// A place in a document: the last step of a path in what the other steps lead to.
struct Spot<'v> {
    within: &'v mut Value,
    step: String,
}

impl<'v> Spot<'v> {
    /// Follows a path. What stands before its first `/` is not looked at.
    fn find(document: &'v mut Value, path: &str) -> Option<Self> {
        let mut steps: Vec<_> = path.split('/').skip(1).map(unescaped).collect();
        let step = steps.pop()?;
        let within = steps.iter().try_fold(document, |value, step| match value {
            Value::Object(fields) => fields.get_mut(step),
            Value::Array(items) => position(step, items.len()).and_then(|at| items.get_mut(at)),
            _ => None,
        })?;
        Some(Self { within, step })
    }

    fn add(self, value: Value) -> Option<()> {
        match self.within {
            Value::Object(fields) => drop(fields.insert(self.step, value)),
            Value::Array(items) if self.step == "-" => items.push(value),
            Value::Array(items) => items.insert(position(&self.step, items.len() + 1)?, value),
            _ => return None,
        }
        Some(())
    }

    fn set(self, value: Value) -> Option<()> {
        match self.within {
            Value::Object(fields) => drop(fields.insert(self.step, value)),
            Value::Array(items) => {
                let at = position(&self.step, items.len())?;
                *items.get_mut(at)? = value;
            }
            _ => return None,
        }
        Some(())
    }

    fn remove(self) -> Option<Value> {
        match self.within {
            Value::Object(fields) => fields.remove(&self.step),
            Value::Array(items) => position(&self.step, items.len()).map(|at| items.remove(at)),
            _ => None,
        }
    }
}

fn unescaped(step: &str) -> String {
    step.replace("~1", "/").replace("~0", "~")
}

/// Returns the position that a step names among a number of items; from the end when it is negative.
fn position(step: &str, length: usize) -> Option<usize> {
    let number: i64 = step.parse().ok()?;
    let length = i64::try_from(length).ok()?;
    let number = if number < 0 { number + length } else { number };
    usize::try_from(number).ok().filter(|_| number < length)
}

/// Returns how many levels a value has; a scalar has one.
fn depth(value: &Value) -> usize {
    let below = match value {
        Value::Array(items) => items.iter().map(depth).max(),
        Value::Object(fields) => fields.values().map(depth).max(),
        _ => None,
    };
    1 + below.unwrap_or_default()
}
