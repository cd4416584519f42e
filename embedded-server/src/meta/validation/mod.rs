//! The rules that names and metadata of every object keep, worded as Kubernetes words them.
//!
//! The single checks return what is wrong with one text, so that any field can use them; [`object_meta`] and
//! [`object_meta_update`] put them together for `metadata`. The rules and messages are those of
//! `apimachinery/pkg/api/validation` and `apimachinery/pkg/api/validate/content`.

mod env;
mod labels;
mod managed_fields;
mod names;
mod object_meta;
mod owners;

pub use env::env_var_name;
pub use labels::{label_key, label_value};
pub use managed_fields::field_manager;
pub use names::{dns1123_label, dns1123_subdomain, name_prefix, path_segment};
pub use object_meta::{finalizer_warnings, object_meta, object_meta_update};

/// What is wrong with one text, in words; empty when nothing is.
pub type Messages = Vec<String>;

fn too_long(max_bytes: usize) -> String {
    format!("must be no more than {max_bytes} bytes")
}

/// Words the breach of a pattern, with examples of texts that keep it.
fn breaks_pattern(rule: &str, pattern: &str, examples: &[&str]) -> String {
    let examples: Vec<_> = examples.iter().map(|example| format!("'{example}', ")).collect();
    format!("{rule} (e.g. {}regex used for validation is '{pattern}')", examples.join(" or "))
}
