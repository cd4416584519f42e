//! A type as it is served in one version.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use schemars::{Schema, SchemaGenerator};

use super::form::Form;
use super::{ColumnDefinition, Context, Outcome, Registry, Request, Rest, Strategy};
use crate::cacher::{Convert, Describe};
use crate::codec::Malformed;
use crate::meta::{ApiError, Descriptor, ObjectMeta, Version};
use crate::metrics::CacheFacts;

impl<S: Strategy> Registry<S> {
    /// Serves the type in a further version; the registry itself serves it in the stored one. To be done before
    /// the first request: what a version's clients manage is forgotten by writes while it is not served.
    ///
    /// # Errors
    /// When the version does not write `metadata` first.
    pub fn serve_as<V: Version<Hub = S::Object>>(self: &Arc<Self>) -> Result<Arc<dyn Rest>, Malformed> {
        let form = Arc::new(Form::converted::<V>()?);
        let mut forms = self.forms.write();
        *forms = Arc::new(forms.with(&form));
        Ok(Arc::new(Served { registry: Arc::clone(self), form }))
    }
}

/// A type in a version that is not the stored one.
#[derive(Debug)]
struct Served<S: Strategy> {
    registry: Arc<Registry<S>>,
    form: Arc<Form<S::Object>>,
}

#[async_trait]
impl<S: Strategy> Rest for Served<S> {
    fn descriptor(&self) -> &'static Descriptor {
        self.form.descriptor()
    }

    fn storage_version(&self) -> &'static str {
        self.registry.storage_version()
    }

    fn conversion(&self) -> Option<&Arc<dyn Convert>> {
        self.form.conversion()
    }

    async fn execute(&self, context: &Context, request: Request) -> Result<Outcome, ApiError> {
        self.registry.execute_in(&self.form, context, request).await
    }

    fn blank(&self, metadata: ObjectMeta) -> Result<Vec<u8>, Malformed> {
        self.form.blank(metadata)
    }

    fn columns(&self) -> Vec<ColumnDefinition> {
        self.registry.columns()
    }

    fn describe(&self) -> &dyn Describe {
        self.registry.describe()
    }

    fn now(&self) -> Timestamp {
        self.registry.now()
    }

    fn schema(&self) -> fn(&mut SchemaGenerator) -> Schema {
        self.form.schema()
    }

    fn is_ready(&self) -> bool {
        self.registry.is_ready()
    }

    fn object_count(&self) -> usize {
        self.registry.object_count()
    }

    fn cache_facts(&self) -> CacheFacts {
        self.registry.cache_facts()
    }
}
