//! From an HTTP request to an HTTP answer: what is asked for, who asks, whether he may, and what came of it.
//!
//! A request passes typed stages, `Received`, `Authenticated`, `Authorized`, before anything is done. Knows no
//! sockets and no TLS.

mod api;
mod audit;
mod body;
mod conditional;
mod descriptions;
pub mod discovery;
mod document;
mod documents;
mod exchange;
mod gzip;
pub mod health;
mod impersonation;
mod inflight;
pub mod openapi;
mod panics;
mod request_info;
mod resource;
mod resources;
mod response;
mod routing;
mod scrape;
mod stages;
mod table;
#[cfg(test)]
mod testing;
mod watching;
mod websocket;

pub use api::{Api, Builder};
pub use audit::{AuditPolicy, AuditPolicyError, AuditSink};
pub use body::Body;
pub use document::Document;
pub use documents::VersionInfo;
pub use exchange::Attended;
pub use inflight::MaxInflight;
pub use resource::{Route, ServedResource, Target, method};
