//! The real binary as a process of its own, for tests that see no more of it than users do.
//!
//! Nothing here sleeps: everything waits for something that the other side says, and not for longer than
//! [`PATIENCE`].
#![allow(dead_code, unused_imports, reason = "each test program uses its part")]

mod client;
mod lines;
mod server;
mod soon;
mod tool;

use std::time::Duration;

pub(crate) use self::client::{Protocol, Workflows, connect, workflows};
pub(crate) use self::lines::Lines;
pub(crate) use self::server::{Home, Server};
pub(crate) use self::soon::Soon;
pub(crate) use self::tool::{Feature, Tool};

/// How long anything may take that should happen at once; long, for machines that have much to do.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
