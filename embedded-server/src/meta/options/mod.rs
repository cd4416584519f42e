//! What a client says in the query of a request, checked.
//!
//! Source: `apimachinery/pkg/apis/meta/internalversion/validation/validation.go` and
//! `apimachinery/pkg/runtime/conversion.go`.

mod delete;
mod query;
mod read;
mod watch;
mod write;

pub use self::delete::{DeleteOptions, Propagation};
pub use self::query::Query;
pub use self::read::{GetOptions, ListFrom, ListOptions, ResourceVersionMatch, Selector};
pub use self::watch::{WatchFrom, WatchOptions};
pub use self::write::{FieldValidation, WriteOptions};

/// The group of the kinds that errors in options name.
const GROUP: &str = "meta.k8s.io";
