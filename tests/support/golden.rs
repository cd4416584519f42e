//! What was agreed on, below `tests/golden/`. `UPDATE_GOLDENS=1` rewrites it.

use std::path::Path;

use similar::TextDiff;

/// Fails with the difference unless `told` is what the file says.
#[track_caller]
pub(crate) fn check(name: &str, told: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var_os("UPDATE_GOLDENS").is_some() {
        std::fs::write(&path, told).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    let diff = TextDiff::from_lines(&golden, told);
    let diff = diff.unified_diff().header(name, "what was told").to_string();
    assert!(diff.is_empty(), "{diff}");
}
