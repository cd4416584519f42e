//! Those who change and refuse writes on their way to the store.

use std::sync::Arc;

use async_trait::async_trait;
use embedded_server::admission::{Chain, Mutate, Operation, Review};
use embedded_server::cacher::Limits;
use embedded_server::clock::Clock;
use embedded_server::meta::ApiError;
use embedded_server::registry::Rest;
use embedded_server::storage::Backend;
use futures::future::BoxFuture;
use serde_json::{Value, json};

use crate::support::{MERGE_PATCH, Setup, TestServer, admitted_parcels};

const NEW: &str = "/apis/post.example.com/v1/namespaces/default/parcels";
const OLD: &str = "/apis/post.example.com/v1beta1/namespaces/default/parcels";

/// Weighs parcels that have no weight, and writes on them in which version they came.
#[derive(Debug)]
struct Stamp;

#[async_trait]
impl Mutate for Stamp {
    fn is_idle(&self) -> bool {
        false
    }

    async fn mutate(&self, review: Review<'_>, object: Option<&mut Value>) -> Result<(), ApiError> {
        let Some(object) = object else { return Ok(()) };
        if review.name == "banned" {
            return Err(ApiError::forbidden(&review.resource.group_resource(), review.name, "not by post"));
        }
        if object["spec"]["grams"].as_i64().unwrap() <= 0 {
            object["spec"]["grams"] = json!(100);
        }
        if review.operation == Operation::Create {
            object["metadata"]["labels"] =
                json!({"came-in": object["apiVersion"].as_str().unwrap().rsplit('/').next()});
            object["metadata"]["managedFields"] = json!([]);
            object["status"] = json!({"phase": "Stamped"});
        }
        Ok(())
    }
}

fn stamped(
    backend: Arc<dyn Backend>,
    clock: Arc<dyn Clock>,
    limits: Limits,
) -> BoxFuture<'static, Vec<Arc<dyn Rest>>> {
    admitted_parcels(backend, Chain::default().mutating(vec![Arc::new(Stamp)]), clock, limits)
}

async fn server() -> TestServer {
    Setup::default().serving(stamped).start().await
}

fn parcel(version: &str, name: &str, grams: i64) -> Value {
    json!({
        "apiVersion": format!("post.example.com/{version}"),
        "kind": "Parcel",
        "metadata": {"name": name},
        "spec": {"grams": grams},
    })
}

#[tokio::test]
async fn a_new_object_is_changed_in_the_version_of_its_writer_before_it_is_validated() {
    let server = server().await;
    for (collection, version) in [(NEW, "v1"), (OLD, "v1beta1")] {
        let created = server.post(collection, parcel(version, version, -1)).await.expect(201).json();
        assert_eq!(created["spec"]["grams"], 100);
        assert_eq!(created["metadata"]["labels"], json!({"came-in": version}));
    }
}

#[tokio::test]
async fn what_is_changed_on_the_way_belongs_to_nobody() {
    let server = server().await;
    let created = server.post(NEW, parcel("v1", "a", 7)).await.expect(201).json();
    let managers = created["metadata"]["managedFields"].as_array().unwrap();
    assert_eq!(managers.len(), 1);
    assert_eq!(managers[0]["fieldsV1"].get("f:metadata"), None, "{created:#}");
}

#[tokio::test]
async fn what_clients_must_not_set_others_must_not_either() {
    let server = server().await;
    let created = server.post(NEW, parcel("v1", "a", 7)).await.expect(201).json();
    assert_eq!(created["status"], json!({}));
}

#[tokio::test]
async fn applied_objects_and_patched_ones_are_changed_too() {
    let server = server().await;
    let path = format!("{NEW}/a?fieldManager=m");
    let made =
        server.patch(path, "application/apply-patch+yaml", parcel("v1", "a", 0)).await.expect(201).json();
    assert_eq!([&made["spec"]["grams"], &made["metadata"]["labels"]["came-in"]], [&json!(100), &json!("v1")]);
    let patch = json!({"spec": {"grams": -5}});
    let patched = server.patch(format!("{OLD}/a"), MERGE_PATCH, patch).await.expect(200).json();
    assert_eq!(patched["spec"]["grams"], 100);
}

#[tokio::test]
async fn a_write_that_is_undone_on_the_way_writes_nothing() {
    let server = server().await;
    let created = server.post(NEW, parcel("v1", "a", 100)).await.expect(201).json();
    server.clock.advance(jiff::SignedDuration::from_mins(5));
    let patch = json!({"spec": {"grams": 0}});
    let patched = server.patch(format!("{NEW}/a"), MERGE_PATCH, patch).await.expect(200).json();
    assert_eq!(patched["metadata"]["resourceVersion"], created["metadata"]["resourceVersion"]);
}

#[tokio::test]
async fn who_may_change_objects_may_refuse_them() {
    let server = server().await;
    let message = "parcels.post.example.com \"banned\" is forbidden: not by post";
    server.post(NEW, parcel("v1", "banned", 7)).await.failure(403, "Forbidden", message);
}
