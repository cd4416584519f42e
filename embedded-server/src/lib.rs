//! The API machinery of a Kubernetes aggregated API server, for any resource type.
//!
//! Layers, lowest first; each uses only those before it:
//! [`clock`], [`meta`], [`metrics`] < [`codec`] < [`storage`] < [`cacher`] < [`admission`] < [`registry`] <
//! [`authentication`], [`authorization`] < [`endpoints`] < [`server`]. [`workflow`] sees only `meta` and
//! `registry`.

pub mod admission;
pub mod authentication;
pub mod authorization;
pub mod cacher;
pub mod clock;
pub mod codec;
pub mod endpoints;
pub mod meta;
pub mod metrics;
pub mod registry;
pub mod server;
pub mod storage;
pub mod workflow;
