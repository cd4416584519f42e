//! What the group serves, its rules, and the plugin that bans Flunders.

use std::sync::Arc;

use async_trait::async_trait;
use embedded_server::admission::{Chain, Mutate, Operation, Review};
use embedded_server::cacher::Limits;
use embedded_server::clock::Clock;
use embedded_server::meta::field::{Error, Errors, Path};
use embedded_server::meta::{ApiError, Subresource, Version};
use embedded_server::registry::{Reader, Registry, Rest, Strategy};
use embedded_server::storage::{Backend, StorageError};
use serde_json::Value;

use super::types::v1alpha1::{self, Fischer};
use super::types::v1beta1::Flunder;
use super::types::{FISCHER, FLUNDER};

/// Returns what the group serves; of its two versions `v1beta1` is preferred. `bans` tells whether names of Flunders can
/// be banned.
///
/// # Errors
/// When the store cannot be read.
pub(crate) async fn serve(
    store: Arc<dyn Backend>,
    clock: Arc<dyn Clock>,
    limits: Limits,
    bans: bool,
) -> Result<Vec<Arc<dyn Rest>>, StorageError> {
    let fischers =
        Registry::start(Fischers, Arc::clone(&store), Chain::default(), Arc::clone(&clock), limits);
    let fischers = Arc::new(fischers.await?);
    let plugins: Vec<Arc<dyn Mutate>> = match bans {
        true => vec![Arc::new(BanFlunder(fischers.reader()))],
        false => Vec::new(),
    };
    let chain = Chain::default().mutating(plugins);
    let flunders = Arc::new(Registry::start(Flunders, store, chain, clock, limits).await?);
    let first =
        flunders.serve_as::<v1alpha1::Flunder>().map_err(|error| StorageError::Corrupt(error.into()))?;
    Ok(vec![flunders, first, fischers])
}

/// Fischers have no rules.
#[derive(Debug)]
struct Fischers;

impl Strategy for Fischers {
    type Object = Fischer;
}

/// The rules of Flunders. Source: `sample-apiserver/pkg/registry/wardle/flunder/strategy.go`.
#[derive(Debug)]
struct Flunders;

impl Strategy for Flunders {
    type Object = Flunder;

    /// The original stores `v1alpha1`: what that version cannot say is lost. A new Flunder that says so is refused.
    fn prepare_for_update(&self, _: Option<Subresource>, new: &mut Flunder, _: &Flunder) {
        *new = v1alpha1::Flunder::from_hub(std::mem::take(new)).into_hub();
    }

    /// Source: `sample-apiserver/pkg/apis/wardle/validation/validation.go`.
    fn validate(&self, flunder: &Flunder) -> Errors {
        let path = Path::new("spec");
        let spec = &flunder.spec;
        let invalid = |field: &str, value: &str, why: &str| Error::invalid(&path.child(field), value, why);
        let (flunder, fischer) = (spec.flunder_reference.as_str(), spec.fischer_reference.as_str());
        let broken = match (flunder, fischer, spec.reference_type.as_str()) {
            ("", "", FISCHER) => {
                Some(("fischerReference", "", "cannot be empty if referenceType is Fischer"))
            }
            ("", "", FLUNDER) => {
                Some(("flunderReference", "", "cannot be empty if referenceType is Flunder"))
            }
            ("", "", _) | ("", _, FISCHER) | (_, "", FLUNDER) => None,
            ("", fischer, _) => {
                Some(("fischerReference", fischer, "cannot be set if referenceType is not Fischer"))
            }
            (flunder, "", _) => {
                Some(("flunderReference", flunder, "cannot be set if referenceType is not Flunder"))
            }
            (_, fischer, _) => {
                Some(("fischerReference", fischer, "cannot be set with flunderReference at the same time"))
            }
        };
        let unknown = !matches!(spec.reference_type.as_str(), "" | FLUNDER | FISCHER);
        let unknown =
            unknown.then(|| invalid("referenceType", &spec.reference_type, "must be Flunder or Fischer"));
        broken.map(|(field, value, why)| invalid(field, value, why)).into_iter().chain(unknown).collect()
    }

    /// The original checks new Flunders only.
    fn validate_update(&self, _: &Flunder, _: &Flunder) -> Errors {
        Errors::new()
    }
}

/// Refuses new Flunders whose name a Fischer disallows, before they are validated.
///
/// Source: `sample-apiserver/pkg/admission/plugin/banflunder/admission.go`.
#[derive(Debug)]
struct BanFlunder(Reader<Fischers>);

#[async_trait]
impl Mutate for BanFlunder {
    fn is_idle(&self) -> bool {
        false
    }

    async fn mutate(&self, review: Review<'_>, _: Option<&mut Value>) -> Result<(), ApiError> {
        if review.operation != Operation::Create {
            return Ok(());
        }
        let fischers = self.0.list("").await?;
        if fischers.iter().flat_map(|fischer| &fischer.disallowed_flunders).any(|name| name == review.name) {
            let why = "this name may not be used, please change the resource name";
            return Err(ApiError::forbidden(&review.resource.group_resource(), review.name, why));
        }
        Ok(())
    }
}
