//! The files beside this one.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use embedded_server::codec::yaml;
use serde::de::DeserializeOwned;

/// Returns the path of a file of this test.
pub(crate) fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/differential").join(name)
}

/// Reads a file of YAML or JSON.
pub(crate) fn read<T: DeserializeOwned>(name: &str) -> T {
    let text = fs::read(path(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    yaml::from_slice(&text).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Writes a file, and makes its directory.
pub(crate) fn write(name: &str, text: &str) {
    let path = path(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap_or_else(|error| panic!("{name}: {error}"));
}

/// Returns the names of all files in a directory, without their endings.
pub(crate) fn names(directory: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(path(directory)).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect()
}
