//! The cluster that this server is a part of: whose tokens are whose, who may do what, which front proxies to
//! trust, which namespaces there are. The only module that asks it while serving.
//!
//! What is done with the answers is for `embedded_server` to know.

mod ca_file;
mod configuration;
mod connection;
mod failure;
mod following;
mod namespaces;
mod reviews;
mod watching;

pub(crate) use ca_file::CaFile;
pub(crate) use connection::connect;
pub(crate) use following::{Follower, Lookup};
pub(crate) use kube::Client;
pub(crate) use namespaces::WatchedNamespaces;
pub(crate) use reviews::{access_reviews, token_reviews};
