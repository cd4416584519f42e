//! Paths: operations grouped by path, with the parameters they share written once.

use std::collections::BTreeMap;

use super::operations::Operation;
use super::parameters::Parameter;

/// A path with its operations.
#[derive(Debug, Default)]
pub(super) struct Path {
    /// The parameters that every operation has.
    pub(super) shared: Vec<Parameter>,
    /// The operations, without the shared parameters.
    pub(super) operations: Vec<Operation>,
}

/// Groups operations by path.
pub(super) fn paths(operations: impl IntoIterator<Item = Operation>) -> BTreeMap<String, Path> {
    let mut paths: BTreeMap<String, Path> = BTreeMap::new();
    for operation in operations {
        paths.entry(operation.path.clone()).or_default().operations.push(operation);
    }
    paths.values_mut().for_each(share);
    paths
}

fn share(path: &mut Path) {
    let Some(first) = path.operations.first() else { return };
    let is_shared = |parameter: &&Parameter| path.operations.iter().all(|o| o.parameters.contains(parameter));
    path.shared = first.parameters.iter().filter(is_shared).cloned().collect();
    for operation in &mut path.operations {
        operation.parameters.retain(|parameter| !path.shared.contains(parameter));
    }
}
