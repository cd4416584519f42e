//! Between objects and bytes: decoding with field validation, the encoded form every read shares, content
//! negotiation, tables and metadata-only answers. Knows no HTTP beyond media types, and no storage.

mod cells;
mod decode;
mod encoded;
mod go_json;
pub(crate) mod json_patch;
mod negotiation;
mod plain;
mod tree;
mod views;
pub mod yaml;

pub use cells::{Cell, Cells};
pub use decode::{Decoded, Expected, Problem, decode, decode_value, parse_tree};
pub use encoded::{Encoded, EventType, Malformed, encode};
pub use negotiation::{Accepted, BodyFormat, Format, Shape, Target, Version, negotiate, preferences, pretty};
pub use tree::Tree;
pub use views::{IncludeObject, PARTIAL_METADATA, metadata_of, partial_object_metadata, write_partial};
