//! What a request meets: the documents a server describes itself with.

pub mod discovery;
mod document;
pub mod openapi;
mod resource;
#[cfg(test)]
mod testing;

pub use document::Document;
pub use resource::{Route, ServedResource, Target, method};
