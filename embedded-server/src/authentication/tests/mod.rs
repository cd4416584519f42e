//! Who is believed, and above all who is not.

mod certificates;
mod front_proxy;
mod pki;
mod tokens;
mod union;

use std::sync::Arc;

use http::header::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;

use super::*;
use crate::clock::ManualClock;

/// When every test begins.
fn now() -> Timestamp {
    "2026-03-01T00:00:00Z".parse().unwrap()
}

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(now()))
}

fn headers(headers: &[(&str, &str)]) -> HeaderMap {
    let pairs = headers.iter().map(|(name, value)| {
        (name.parse::<HeaderName>().unwrap(), HeaderValue::from_bytes(value.as_bytes()).unwrap())
    });
    pairs.fold(HeaderMap::new(), |mut map, (name, value)| {
        map.append(name, value);
        map
    })
}

/// Asks one authenticator; returns the user's name.
async fn name_by(
    authenticator: &dyn Authenticator,
    peer: &Peer,
    headers: &HeaderMap,
) -> Result<Option<String>, Rejected> {
    let user = authenticator.authenticate(Credentials { peer, headers }).await?;
    Ok(user.map(|user| user.name.clone()))
}
