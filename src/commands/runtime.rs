//! The threads of a command.

use std::future::Future;

use anyhow::Context;
use tokio::runtime::Builder;

use crate::failure::Failure;

/// Runs a command to its end. What it has not waited for is not waited for here either.
pub(super) fn block_on<T>(command: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = Builder::new_multi_thread().enable_all().build().context("cannot start threads")?;
    let outcome = runtime.block_on(command);
    runtime.shutdown_background();
    outcome
}
