//! `$retainKeys`: unions of which one member may be set, so that setting another takes the old one away.

use std::collections::HashSet;

use serde_json::Value;

use super::{DELETE_FROM, Object, PatchError, RETAIN_KEYS, SET_ORDER};

/// Takes the directive out of the patch, and out of the original what it does not name.
///
/// # Errors
/// [`PatchError::RetainKeys`] when the directive is no list, or leaves out a field that the patch sets.
pub(super) fn apply(original: &mut Object, patch: &mut Object) -> Result<(), PatchError> {
    let Some(directive) = patch.remove(RETAIN_KEYS) else { return Ok(()) };
    let Value::Array(names) = directive else { return Err(PatchError::RetainKeys) };
    let names: HashSet<&str> = names.iter().filter_map(Value::as_str).collect();
    let mut set = patch.iter().filter(|(name, value)| !value.is_null() && !is_about_a_list(name));
    if set.any(|(name, _)| !names.contains(name.as_str())) {
        return Err(PatchError::RetainKeys);
    }
    original.retain(|name, _| names.contains(name.as_str()));
    Ok(())
}

fn is_about_a_list(name: &str) -> bool {
    name.starts_with(DELETE_FROM) || name.starts_with(SET_ORDER)
}
