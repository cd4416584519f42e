//! The cluster, the server, and who asks it.

mod client;
mod kube;
mod load;
mod process;
mod server;
mod webhook;
mod wire;

pub(crate) use crate::pki::{Authority, Identity};

pub(crate) use self::client::{Answer, Client};
pub(crate) use self::kube::{Decides, Kube};
pub(crate) use self::load::Load;
pub(crate) use self::server::{Server, Setup, Starting};
pub(crate) use self::webhook::{Reply, Webhook};
pub(crate) use self::wire::Fate;

/// The Workflows of all namespaces.
pub(crate) const ALL: &str = "/apis/workflow.example.com/v1alpha1/workflows";
