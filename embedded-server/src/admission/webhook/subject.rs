//! The objects of a write as webhooks see and change them.

use serde_json::Value;

use crate::admission::{Operation, Review};
use crate::codec::json_patch::Patch;
use crate::meta::{ApiError, Descriptor};

/// A write, and its objects as they are by now, in the version of the request.
#[derive(Debug)]
pub(super) struct Subject<'a> {
    pub(super) review: Review<'a>,
    pub(super) new: Option<Value>,
    pub(super) old: Option<Value>,
}

/// The objects of a write in some version.
#[derive(Debug)]
pub(super) struct Pair {
    pub(super) new: Option<Value>,
    pub(super) old: Option<Value>,
}

impl<'a> Subject<'a> {
    /// Returns the write of what is about to be stored.
    pub(super) fn of(review: Review<'a>, new: Option<Value>) -> Result<Self, ApiError> {
        Ok(Self { review, new, old: review.objects.old_object()? })
    }

    /// Returns the name of the object; empty while it is still to be generated.
    pub(super) fn name(&self) -> &str {
        match (&self.new, self.review.operation) {
            (Some(new), Operation::Create) => new["metadata"]["name"].as_str().unwrap_or_default(),
            _ => self.review.name,
        }
    }

    /// Returns the objects in a version.
    pub(super) fn in_version(&self, version: &Descriptor) -> Result<Pair, ApiError> {
        let own = self.review.resource;
        let read = |object: &Option<Value>| match object {
            Some(object) if version != own => {
                self.review.objects.read(object.clone(), own, version).map(Some)
            }
            object => Ok(object.clone()),
        };
        Ok(Pair { new: read(&self.new)?, old: read(&self.old)? })
    }

    /// Changes the object as a patch of its form in a version says, and tells whether that made a difference.
    ///
    /// # Errors
    /// When the patch does not apply, when it makes something else of the object than the type knows, or when there
    /// is no object.
    pub(super) fn patch(
        &mut self,
        hook: &str,
        version: &Descriptor,
        patch: &Patch,
    ) -> Result<bool, ApiError> {
        let Some(mut patched) = self.in_version(version)?.new else {
            let why = "attempted to modify the object, which is not supported for this operation";
            return Err(ApiError::internal(format!("admission webhook {hook:?} {why}")));
        };
        patch.carry_out(&mut patched).map_err(ApiError::internal)?;
        let patched = Some(self.review.objects.read(patched, version, self.review.resource)?);
        let changed = patched != self.new;
        self.new = patched;
        Ok(changed)
    }
}
