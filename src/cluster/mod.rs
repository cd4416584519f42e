//! The cluster, asked: the only module that does.
//!
//! While serving it is the one that this server is a part of: whose tokens are whose, who may do what, which front
//! proxies to trust, which namespaces there are, what it gave this server to show. What is done with the answers is
//! for `embedded_server` to know.
//!
//! Commands work on the one that a kubeconfig names: on its [`Objects`], by its clock.

#![expect(dead_code, unused_imports, reason = "the commands that ask for more of it are not there yet")]

mod access;
mod ca_file;
mod clock;
mod configuration;
mod connection;
mod failure;
mod following;
mod namespaces;
mod objects;
mod paths;
mod reviews;
mod secret;
mod watching;
mod webhooks;

pub(crate) use access::{Access, Cluster, Patience};
pub(crate) use ca_file::CaFile;
pub(crate) use clock::Greeting;
pub(crate) use connection::connect;
pub(crate) use following::{Follower, Lookup};
pub(crate) use kube::Client;
pub(crate) use namespaces::WatchedNamespaces;
pub(crate) use objects::{ClusterError, Delete, Id, Kind, Objects, Owned, Permission, Reason, Write};
pub(crate) use reviews::{access_reviews, token_reviews};
pub(crate) use secret::{SecretData, follow_secret};
pub(crate) use webhooks::{WebhookClient, mutating_webhooks, validating_webhooks};
