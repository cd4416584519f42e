//! Servers that end while they are used, by a crash or when asked to: what was acknowledged is there afterwards,
//! what was refused is not, and a watch goes on where it was.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::print_stderr, reason = "what a test says is shown when it fails")]

mod kill;
mod ledger;
mod replay;
mod stop;
#[path = "../support/mod.rs"]
mod support;
mod writer;

use std::collections::BTreeMap;

use kube::api::{DynamicObject, ListParams};
use serde_json::Value;

use support::Workflows;

/// Objects by name, as the server shows them.
type Objects = BTreeMap<String, Value>;

/// Returns `object` without what the place where it is shown may leave out: `kind` and `apiVersion`.
fn shown(mut object: DynamicObject) -> Value {
    object.types = None;
    serde_json::to_value(object).unwrap()
}

fn name_of(object: &Value) -> &str {
    object["metadata"]["name"].as_str().unwrap()
}

/// Returns the revision at which `object` was written. That it is a number is a promise of this server.
fn revision_of(object: &Value) -> u64 {
    object["metadata"]["resourceVersion"].as_str().unwrap().parse().unwrap()
}

/// Returns all that is stored, and the revision of the store.
async fn list(api: &Workflows) -> (u64, Objects) {
    let list = api.list(&ListParams::default()).await.unwrap();
    let revision = list.metadata.resource_version.unwrap().parse().unwrap();
    let objects = list.items.into_iter().map(shown);
    (revision, objects.map(|object| (name_of(&object).to_owned(), object)).collect())
}

/// Returns the generator of random numbers of a test; its seed is shown when the test fails. What threads and
/// the disk do in the meantime is not in the seed.
fn random() -> fastrand::Rng {
    let seed =
        std::env::var("WFCTL_TEST_SEED").map_or_else(|_| fastrand::u64(..), |seed| seed.parse().unwrap());
    eprintln!("to repeat: WFCTL_TEST_SEED={seed}");
    fastrand::Rng::with_seed(seed)
}
