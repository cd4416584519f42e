//! Whether an applied configuration fits its type.
//!
//! Source: structured-merge-diff `typed/validate.go`; the words are those of the source.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::path::PathElement;
use super::super::schema::{Identity, Kind, List, Map, Scalar, Shape};
use super::{items, show};

/// Checks an applied configuration: no unknown fields, no item of a keyed list or set twice or without a name,
/// no value of another type. `null` fits every type.
///
/// # Errors
/// What is wrong, each fault with its path.
pub(in super::super) fn validate(kind: Kind<'_>, config: &Value) -> Result<(), String> {
    let mut faults = Faults::default();
    faults.check(kind, config);
    match faults.found.as_slice() {
        [] => Ok(()),
        [one] => Err(one.clone()),
        several => Err(format!("errors:\n  {}", several.join("\n  "))),
    }
}

#[derive(Default)]
struct Faults {
    path: Vec<PathElement>,
    found: Vec<String>,
}

impl Faults {
    fn check(&mut self, kind: Kind<'_>, value: &Value) {
        match (kind.shape(value), value) {
            (_, Value::Null) => {}
            (Shape::Scalar(scalar), value) => self.check_scalar(scalar, value),
            (Shape::List(list), Value::Array(items)) => self.check_items(kind, list, items),
            (Shape::Map(map), Value::Object(entries)) => {
                entries.iter().for_each(|(name, value)| self.check_field(kind, map, name, value));
            }
            (Shape::List(_), value) => {
                self.report(&format!("expected list, got &{{{}}}", show::plain(value)));
            }
            (Shape::Map(_), value) => self.report(&format!("expected map, got &{{{}}}", show::plain(value))),
        }
    }

    fn check_scalar(&mut self, scalar: Scalar, value: &Value) {
        match (scalar, value) {
            (Scalar::Boolean, Value::Bool(_))
            | (Scalar::Numeric, Value::Number(_))
            | (Scalar::String, Value::String(_))
            | (Scalar::Any, Value::Bool(_) | Value::Number(_) | Value::String(_)) => {}
            (Scalar::Boolean, value) => {
                self.report(&format!("expected boolean, got &{{{}}}", show::plain(value)));
            }
            (Scalar::Numeric, value) => {
                self.report(&format!("expected numeric (int or float), got {}", show::go_type(value)));
            }
            (Scalar::String, value) => {
                let value = show::go_syntax(value);
                self.report(&format!("expected string, got &value.valueUnstructured{{Value:{value}}}"));
            }
            (Scalar::Any, value) => {
                self.report(&format!("expected any scalar, got &{{{}}}", show::plain(value)));
            }
        }
    }

    fn check_items(&mut self, kind: Kind<'_>, list: &List, items: &[Value]) {
        let mut seen = BTreeSet::new();
        for (index, item) in items.iter().enumerate() {
            let name = match list.identity {
                Identity::Atomic => Ok(PathElement::Index(i64::try_from(index).unwrap_or(i64::MAX))),
                _ => items::name(kind, list, item),
            };
            let name = match name {
                Ok(name) => name,
                Err(why) => return self.report(&format!("element {index}: {why}")),
            };
            if !seen.insert(name.clone()) {
                self.report(&format!("duplicate entries for key {name}"));
            }
            self.descend(name, |faults| faults.check(kind.item(list), item));
        }
    }

    fn check_field(&mut self, kind: Kind<'_>, map: &Map, name: &str, value: &Value) {
        self.descend(PathElement::field(name), |faults| {
            if map.allows(name) {
                faults.check(kind.field(map, name), value);
            } else {
                faults.report("field not declared in schema");
            }
        });
    }

    fn descend(&mut self, element: PathElement, check: impl FnOnce(&mut Self)) {
        self.path.push(element);
        check(self);
        self.path.pop();
    }

    fn report(&mut self, why: &str) {
        let path: String = self.path.iter().map(ToString::to_string).collect();
        self.found.push(if path.is_empty() { why.to_owned() } else { format!("{path}: {why}") });
    }
}
