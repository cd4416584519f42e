//! What the library's example serves: the same as Kubernetes' sample-apiserver.

#[path = "../../embedded-server/examples/wardle/api.rs"]
pub(crate) mod api;
#[path = "../../embedded-server/examples/wardle/types.rs"]
mod types;
