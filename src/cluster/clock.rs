//! What time it is in the cluster, and what kind of cluster it is: the first thing to ask, because everybody may.

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use kube::client::Body;
use serde::Deserialize;

use super::access::Cluster;
use super::objects::{ClusterError, Reason};

const ASKING: &str = "ask for the version of";

/// How a cluster introduces itself.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Greeting {
    /// Its version, for example `v1.36.2`.
    pub(crate) version: String,
    /// The first two numbers of it; 0 for one that is none.
    pub(crate) release: (u32, u32),
    /// Its time, in whole seconds.
    pub(crate) now: Timestamp,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Version {
    git_version: String,
    major: String,
    minor: String,
}

impl Cluster {
    /// Asks for version and time.
    pub(crate) async fn greet(&self) -> Result<Greeting, ClusterError> {
        let wrong = |why: &str| ClusterError::new(ASKING, &self.server, Reason::Other, why);
        let failed =
            |error: kube::Error| ClusterError::from_client(ASKING, &self.server, &error).at(&self.server);
        let mut request = http::Request::new(Body::empty());
        *request.uri_mut() = http::Uri::from_static("/version");
        let (head, body) = self.client.send(request).await.map_err(failed)?.into_parts();
        let body = body.collect_bytes().await.map_err(failed)?;
        if !head.status.is_success() {
            let reason = Reason::of(head.status.as_u16(), "");
            return Err(ClusterError::new(
                ASKING,
                &self.server,
                reason,
                format!("it answers {}", head.status),
            ));
        }
        let version: Version = serde_json::from_slice(&body).map_err(|error| wrong(&error.to_string()))?;
        let date = head.headers.get(http::header::DATE).and_then(|date| date.to_str().ok());
        let now = date.and_then(moment).ok_or_else(|| wrong("it does not tell the time"))?;
        let release = (number(&version.major), number(&version.minor));
        Ok(Greeting { version: version.git_version, release, now })
    }

    /// Returns the time of the cluster, in whole seconds: by this, not by the clock of this machine, certificates are
    /// valid or not.
    pub(crate) async fn now(&self) -> Result<Timestamp, ClusterError> {
        Ok(self.greet().await?.now)
    }
}

/// Reads the date of an HTTP answer.
fn moment(date: &str) -> Option<Timestamp> {
    rfc2822::parse(date).ok().map(|date| date.timestamp())
}

/// Some clusters write `36+`.
fn number(text: &str) -> u32 {
    text.trim_end_matches(|c: char| !c.is_ascii_digit()).parse().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_date_of_an_answer_is_a_moment() {
        let expected: Timestamp = "2026-11-22T18:58:34Z".parse().unwrap();
        assert_eq!(moment("Sun, 22 Nov 2026 18:58:34 GMT"), Some(expected));
        assert_eq!(moment("yesterday"), None);
    }

    #[test]
    fn a_number_may_be_decorated() {
        assert_eq!(number("36+"), 36);
        assert_eq!(number("1"), 1);
        assert_eq!(number("?"), 0);
    }
}
