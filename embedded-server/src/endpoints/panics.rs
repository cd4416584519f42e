//! A request whose handling panics is answered, and harms no other. Source: `apiserver/pkg/server/filters/wrap.go`.

use std::any::Any;
use std::future::Future;
use std::panic::AssertUnwindSafe;

use futures::FutureExt;
use http::Response;

use super::body::Body;
use super::response::text;

/// Returns what `answer` does, or the answer that says that it panicked.
pub(super) async fn guard(answer: impl Future<Output = Response<Body>>) -> Response<Body> {
    let answer = AssertUnwindSafe(answer).catch_unwind().await;
    answer.unwrap_or_else(|panic| panicked(&*panic))
}

fn panicked(panic: &(dyn Any + Send)) -> Response<Body> {
    let why = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let why = why.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
    tracing::error!(panic = %why, "a request caused a panic");
    text(500, "This request caused apiserver to panic. Look in the logs for details.\n")
}
