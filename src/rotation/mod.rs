//! Rotation in a cluster: look, let [`pki::rotate`](crate::pki::rotate) decide, take the step, look again; while
//! requests go through kube-apiserver all the time.
//!
//! Knows neither the order of the steps nor why it is safe: that is the machine's. Everything else is here: what the
//! objects hold, how a change is bound to what was read, and what to say.

mod act;
mod entry;
mod in_cluster;
mod installation;
mod journal;
mod look;
mod objects;
mod run;
mod words;

#[cfg(test)]
mod rights;
#[cfg(test)]
mod stage;
#[cfg(test)]
mod tests;

pub(crate) use self::entry::{Certificate, Role, Said, certificates};
pub(crate) use self::in_cluster::InCluster;
pub(crate) use self::journal::{Entry, Journal};
pub(crate) use self::look::Look;
pub(crate) use self::objects::Pair;
pub(crate) use self::run::{Done, RotateError, Rotation, planned};
