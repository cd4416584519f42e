//! What the client says of a failure, in the library's words.

use std::error::Error;
use std::io::{self, ErrorKind};

use embedded_server::lookup::Failed;

/// Tells apart what may pass and what will not.
///
/// Source: `apiserver/pkg/util/webhook/webhook.go`, `DefaultShouldRetry`.
pub(super) fn failed(error: &kube::Error) -> Failed {
    if may_pass(error) { Failed::passing(words(error)) } else { Failed::lasting(words(error)) }
}

fn may_pass(error: &kube::Error) -> bool {
    match error {
        kube::Error::Api(status) => {
            let told_when = status.details.as_ref().is_some_and(|details| details.retry_after_seconds > 0);
            told_when || matches!(status.reason.as_str(), "InternalError" | "Timeout" | "TooManyRequests")
        }
        error => causes(error).filter_map(|cause| cause.downcast_ref::<io::Error>()).any(was_cut),
    }
}

fn was_cut(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::UnexpectedEof)
}

/// Returns what went wrong, down to the first cause, in one line.
pub(super) fn words(error: &kube::Error) -> String {
    match error {
        kube::Error::Api(status) => status.message.clone(),
        error => {
            let wrapper = usize::from(error.source().is_some());
            causes(error).skip(wrapper).map(ToString::to_string).collect::<Vec<_>>().join(": ")
        }
    }
}

pub(super) fn causes<'e>(
    error: &'e (dyn Error + 'static),
) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error: &&'e (dyn Error + 'static)| (*error).source())
}

#[cfg(test)]
mod tests {
    use kube::core::Status;

    use super::*;

    fn api(reason: &str) -> kube::Error {
        kube::Error::Api(Status::failure("what it says", reason).boxed())
    }

    fn cut(kind: ErrorKind) -> kube::Error {
        kube::Error::Service(Box::new(io::Error::from(kind)))
    }

    #[test]
    fn a_busy_server_and_a_cut_connection_may_pass() {
        for passing in [api("InternalError"), api("TooManyRequests"), cut(ErrorKind::ConnectionReset)] {
            assert_eq!(failed(&passing), Failed::passing(words(&passing)), "{passing}");
        }
        for lasting in [api("Forbidden"), cut(ErrorKind::ConnectionRefused)] {
            assert_eq!(failed(&lasting), Failed::lasting(words(&lasting)), "{lasting}");
        }
    }

    #[test]
    fn a_status_speaks_for_itself() {
        assert_eq!(words(&api("Forbidden")), "what it says");
    }
}
