//! The API machinery of a Kubernetes aggregated API server, for any resource type.
//!
//! Layers, lowest first; each uses only those before it:
//! [`clock`], [`meta`] < [`codec`] < [`storage`] < [`cacher`] < [`admission`] < [`registry`] <
//! [`authentication`], [`authorization`] < [`endpoints`] < [`server`]. [`workflow`] sees only `meta` and
//! `registry`.

pub mod clock;
pub mod endpoints;
pub mod meta;
pub mod storage;
pub mod registry;
