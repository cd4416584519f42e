//! Selectors: what a client asks a collection to be narrowed to.
//!
//! The grammars and error texts are those of `apimachinery/pkg/labels` and `apimachinery/pkg/fields`. Matching
//! allocates nothing: a selector is read once and then held against every object and every event.

mod fields;
mod label_parser;
mod labels;
mod tokens;

pub use fields::{FieldOperator, FieldRequirement, FieldSelector};
pub use labels::{LabelOperator, LabelRequirement, LabelSelector};
