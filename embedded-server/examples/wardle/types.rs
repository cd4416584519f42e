//! Flunders in two versions, and Fischers in one. Source: `sample-apiserver/pkg/apis/wardle`.

use embedded_server::meta::{Descriptor, Names, ObjectMeta, Resource, Scope, Version};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(crate) const FLUNDER: &str = "Flunder";
pub(crate) const FISCHER: &str = "Fischer";

const FLUNDERS: Descriptor = Descriptor {
    group: "wardle.example.com",
    version: "v1beta1",
    kind: "Flunder",
    plural: "flunders",
    singular: "flunder",
    names: Names::PathSegment,
    definition_prefix: "io.k8s.sample-apiserver.pkg.apis.wardle.v1beta1",
    ..Descriptor::NAMESPACED
};

/// FlunderStatus is the status of a Flunder.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub(crate) struct FlunderStatus {}

pub(crate) mod v1beta1 {
    //! The version in which Flunders are stored: the only one that can say everything.

    use super::*;

    /// Flunder is an example type with a spec and a status.
    #[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
    #[serde(default)]
    pub(crate) struct Flunder {
        pub(crate) metadata: ObjectMeta,
        pub(crate) spec: FlunderSpec,
        pub(crate) status: FlunderStatus,
    }

    /// FlunderSpec is the specification of a Flunder.
    #[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
    #[serde(default, rename_all = "camelCase")]
    pub(crate) struct FlunderSpec {
        /// A name of another flunder, mutually exclusive to the FischerReference.
        #[serde(skip_serializing_if = "String::is_empty")]
        pub(crate) flunder_reference: String,
        /// A name of a fischer, mutually exclusive to the FlunderReference.
        #[serde(skip_serializing_if = "String::is_empty")]
        pub(crate) fischer_reference: String,
        /// The reference type.
        #[serde(skip_serializing_if = "String::is_empty")]
        pub(crate) reference_type: String,
    }

    impl Resource for Flunder {
        const DESCRIPTOR: Descriptor = FLUNDERS;

        fn metadata(&self) -> &ObjectMeta {
            &self.metadata
        }

        fn metadata_mut(&mut self) -> &mut ObjectMeta {
            &mut self.metadata
        }
    }
}

pub(crate) mod v1alpha1 {
    //! The first version, where one field refers to either kind.

    use super::*;

    /// Flunder is an example type with a spec and a status.
    #[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
    #[serde(default)]
    pub(crate) struct Flunder {
        pub(crate) metadata: ObjectMeta,
        pub(crate) spec: FlunderSpec,
        pub(crate) status: FlunderStatus,
    }

    /// FlunderSpec is the specification of a Flunder.
    #[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
    #[serde(default, rename_all = "camelCase")]
    pub(crate) struct FlunderSpec {
        /// A name of another flunder or fischer, depending on the reference type.
        #[serde(skip_serializing_if = "String::is_empty")]
        pub(crate) reference: String,
        /// The reference type, defaults to "Flunder" if reference is set.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub(crate) reference_type: Option<String>,
    }

    impl Resource for Flunder {
        const DESCRIPTOR: Descriptor = Descriptor {
            version: "v1alpha1",
            definition_prefix: "io.k8s.sample-apiserver.pkg.apis.wardle.v1alpha1",
            deprecation_warning: Some(
                "wardle.example.com/v1alpha1 Flunder is deprecated in v1.3+, unavailable in v1.10+",
            ),
            ..FLUNDERS
        };

        fn metadata(&self) -> &ObjectMeta {
            &self.metadata
        }

        fn metadata_mut(&mut self) -> &mut ObjectMeta {
            &mut self.metadata
        }

        fn set_defaults(&mut self) {
            let FlunderSpec { reference, reference_type } = &mut self.spec;
            if !reference.is_empty() && reference_type.as_ref().is_none_or(String::is_empty) {
                *reference_type = Some(FLUNDER.to_owned());
            }
        }
    }

    impl Version for Flunder {
        type Hub = v1beta1::Flunder;

        fn from_hub(v1beta1::Flunder { metadata, spec, status }: v1beta1::Flunder) -> Self {
            let reference = match spec.reference_type.as_str() {
                FLUNDER => Some(spec.flunder_reference),
                FISCHER => Some(spec.fischer_reference),
                _ => None,
            };
            let reference_type = reference.is_some().then_some(spec.reference_type);
            let reference = reference.unwrap_or_default();
            Self { metadata, spec: FlunderSpec { reference, reference_type }, status }
        }

        /// A type of reference that is unknown goes, and the reference with it, as in the original.
        fn into_hub(self) -> v1beta1::Flunder {
            let Self { metadata, spec: FlunderSpec { reference, reference_type }, status } = self;
            let mut spec = v1beta1::FlunderSpec::default();
            match reference_type.as_deref() {
                Some(FLUNDER) => spec.flunder_reference = reference,
                Some(FISCHER) => spec.fischer_reference = reference,
                _ => return v1beta1::Flunder { metadata, spec, status },
            }
            spec.reference_type = reference_type.unwrap_or_default();
            v1beta1::Flunder { metadata, spec, status }
        }
    }

    /// Fischer is an example type with a list.
    #[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
    #[serde(default, rename_all = "camelCase")]
    pub(crate) struct Fischer {
        pub(crate) metadata: ObjectMeta,
        /// DisallowedFlunders holds a list of Flunder.Names that are disallowed.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        #[schemars(extend("x-kubernetes-list-type" = "atomic"))]
        pub(crate) disallowed_flunders: Vec<String>,
    }

    impl Resource for Fischer {
        const DESCRIPTOR: Descriptor = Descriptor {
            version: "v1alpha1",
            kind: "Fischer",
            plural: "fischers",
            singular: "fischer",
            scope: Scope::Cluster,
            deprecation_warning: Some(
                "wardle.example.com/v1alpha1 Fischer is deprecated in v1.3+, unavailable in v1.10+",
            ),
            definition_prefix: "io.k8s.sample-apiserver.pkg.apis.wardle.v1alpha1",
            ..FLUNDERS
        };

        fn metadata(&self) -> &ObjectMeta {
            &self.metadata
        }

        fn metadata_mut(&mut self) -> &mut ObjectMeta {
            &mut self.metadata
        }
    }
}
