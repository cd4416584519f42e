//! Parcels: a type that is stored in `v1` and served in `v1beta1` too, where all is called otherwise.

use std::sync::Arc;

use embedded_server::admission::Chain;
use embedded_server::cacher::Limits;
use embedded_server::clock::Clock;
use embedded_server::meta::field::{self, Path};
use embedded_server::meta::{Descriptor, ObjectMeta, Resource, Subresource, Version};
use embedded_server::registry::{Column, Registry, Rest, SelectableField, Strategy};
use embedded_server::storage::Backend;
use futures::future::BoxFuture;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

const V1: Descriptor = Descriptor {
    group: "post.example.com",
    version: "v1",
    kind: "Parcel",
    plural: "parcels",
    singular: "parcel",
    subresources: &[Subresource::Status],
    definition_prefix: "com.example.post.v1",
    ..Descriptor::NAMESPACED
};

/// Parcel is something on its way.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
struct Parcel {
    metadata: ObjectMeta,
    spec: ParcelSpec,
    status: ParcelStatus,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
struct ParcelSpec {
    address: Address,
    grams: i64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend(
        "x-kubernetes-list-type" = "map",
        "x-kubernetes-list-map-keys" = ["name"],
        "x-kubernetes-patch-strategy" = "merge",
        "x-kubernetes-patch-merge-key" = "name"
    ))]
    stops: Vec<Stop>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
struct Address {
    #[serde(skip_serializing_if = "String::is_empty")]
    street: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    city: String,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
struct Stop {
    name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    note: String,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
struct ParcelStatus {
    #[serde(skip_serializing_if = "String::is_empty")]
    phase: String,
}

impl Resource for Parcel {
    const DESCRIPTOR: Descriptor = V1;

    fn metadata(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn metadata_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}

/// A parcel as it was called first.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
struct OldParcel {
    metadata: ObjectMeta,
    spec: OldParcelSpec,
    status: ParcelStatus,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
struct OldParcelSpec {
    #[serde(skip_serializing_if = "String::is_empty")]
    street: String,
    /// Bonn, unless it is given.
    #[serde(skip_serializing_if = "String::is_empty")]
    city: String,
    grams: i64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend(
        "x-kubernetes-list-type" = "map",
        "x-kubernetes-list-map-keys" = ["place"],
        "x-kubernetes-patch-strategy" = "merge",
        "x-kubernetes-patch-merge-key" = "place"
    ))]
    stops: Vec<OldStop>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
struct OldStop {
    place: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    note: String,
}

impl Resource for OldParcel {
    const DESCRIPTOR: Descriptor =
        Descriptor { version: "v1beta1", definition_prefix: "com.example.post.v1beta1", ..V1 };

    fn metadata(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn metadata_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }

    fn set_defaults(&mut self) {
        if self.spec.city.is_empty() {
            "Bonn".clone_into(&mut self.spec.city);
        }
    }
}

impl Version for OldParcel {
    type Hub = Parcel;

    fn from_hub(Parcel { metadata, spec, status }: Parcel) -> Self {
        let Address { street, city } = spec.address;
        let stops = spec.stops.into_iter().map(|Stop { name, note }| OldStop { place: name, note }).collect();
        Self { metadata, spec: OldParcelSpec { street, city, grams: spec.grams, stops }, status }
    }

    fn into_hub(self) -> Parcel {
        let Self { metadata, spec, status } = self;
        let OldParcelSpec { street, city, grams, stops } = spec;
        let stops = stops.into_iter().map(|OldStop { place, note }| Stop { name: place, note }).collect();
        Parcel { metadata, spec: ParcelSpec { address: Address { street, city }, grams, stops }, status }
    }
}

#[derive(Debug)]
struct ParcelStrategy;

impl Strategy for ParcelStrategy {
    type Object = Parcel;

    fn prepare_for_create(&self, parcel: &mut Parcel) {
        parcel.status = ParcelStatus::default();
    }

    fn prepare_for_update(&self, part: Option<Subresource>, new: &mut Parcel, old: &Parcel) {
        match part {
            None => new.status = old.status.clone(),
            Some(Subresource::Status) => new.spec = old.spec.clone(),
        }
    }

    fn validate(&self, parcel: &Parcel) -> field::Errors {
        let path = Path::new("spec").child("grams");
        let too_light = parcel.spec.grams < 0;
        too_light
            .then(|| field::Error::invalid(&path, parcel.spec.grams, "must not float"))
            .into_iter()
            .collect()
    }

    fn columns(&self) -> &'static [Column<Parcel>] {
        const COLUMNS: [Column<Parcel>; 1] = [Column {
            name: "City",
            kind: "string",
            format: "",
            description: "Where it goes.",
            priority: 0,
            cell: |parcel| Value::from(parcel.spec.address.city.as_str()).into(),
        }];
        &COLUMNS
    }

    fn selectable_fields(&self) -> &'static [SelectableField<Parcel>] {
        const FIELDS: [SelectableField<Parcel>; 1] =
            [SelectableField { path: "status.phase", value: |parcel| &parcel.status.phase }];
        &FIELDS
    }
}

/// Returns parcels as they are served: `v1beta1` is preferred, `v1` stored.
pub(crate) fn parcels(
    backend: Arc<dyn Backend>,
    clock: Arc<dyn Clock>,
    limits: Limits,
) -> BoxFuture<'static, Vec<Arc<dyn Rest>>> {
    admitted_parcels(backend, Chain::default(), clock, limits)
}

/// Returns the same with others to admit them.
pub(crate) fn admitted_parcels(
    backend: Arc<dyn Backend>,
    admission: Chain,
    clock: Arc<dyn Clock>,
    limits: Limits,
) -> BoxFuture<'static, Vec<Arc<dyn Rest>>> {
    Box::pin(async move {
        let registry = Registry::start(ParcelStrategy, backend, admission, clock, limits).await;
        let registry = Arc::new(registry.unwrap());
        vec![registry.serve_as::<OldParcel>().unwrap(), registry]
    })
}
