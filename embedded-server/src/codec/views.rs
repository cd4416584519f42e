//! Smaller pictures of an object, derived from its bytes on demand.

use serde_json::Deserializer;
use serde_json::value::RawValue;

use super::Malformed;
use super::encoded::metadata_at;

/// What stands between the beginning of the field and its value.
const FIELD: &str = "\"metadata\":";

/// The kind of an answer that holds nothing but an object's metadata.
pub const PARTIAL_METADATA: &str = "PartialObjectMetadata";

/// What a table's rows carry of their object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IncludeObject {
    /// Nothing.
    None,
    /// Its metadata.
    #[default]
    Metadata,
    /// All of it.
    Object,
}

/// Returns the metadata of an encoded object, as JSON. Looks at nothing behind it.
///
/// # Errors
/// When the bytes are no object with metadata.
pub fn metadata_of(object: &[u8]) -> Result<&RawValue, Malformed> {
    let value = &object[metadata_at(object)? + FIELD.len()..];
    let first = Deserializer::from_slice(value).into_iter().next();
    first.ok_or(Malformed)?.map_err(|_| Malformed)
}

/// Returns an encoded object's metadata as a `PartialObjectMetadata` of `meta.k8s.io/<version>`.
///
/// # Errors
/// When the bytes are no object with metadata.
pub fn partial_object_metadata(object: &[u8], version: &str) -> Result<Vec<u8>, Malformed> {
    let metadata = metadata_of(object)?;
    let mut out = Vec::with_capacity(metadata.get().len() + 96);
    write_partial(&mut out, metadata, version);
    Ok(out)
}

/// Adds a `PartialObjectMetadata` of `meta.k8s.io/<version>` with this metadata to `out`.
pub fn write_partial(out: &mut Vec<u8>, metadata: &RawValue, version: &str) {
    out.extend_from_slice(br#"{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/"#);
    out.extend_from_slice(version.as_bytes());
    out.extend_from_slice(br#"","metadata":"#);
    out.extend_from_slice(metadata.get().as_bytes());
    out.push(b'}');
}
