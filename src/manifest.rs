//! What is installed: `(templates, &Values) -> Vec<Manifest>`, pure. The templates are the files of `templates/`,
//! one object each, in the order in which they are applied; this module knows what they can name. It talks to
//! nobody.

mod places;
mod template;
#[cfg(test)]
mod tests;

use embedded_server::codec::yaml;
use serde_json::{Value, json};
use thiserror::Error;

use self::template::TemplateError;
use crate::values::Values;

/// A file of `templates/`.
#[derive(Clone, Copy, Debug)]
struct Template {
    name: &'static str,
    text: &'static str,
}

macro_rules! templates {
    ($($name:literal),* $(,)?) => {
        &[$(Template { name: $name, text: include_str!(concat!("../templates/", $name, ".yaml")) }),*]
    };
}

const TEMPLATES: &[Template] = templates![
    "10-namespace",
    "20-serviceaccount",
    "21-serviceaccount-renewal",
    "30-clusterrolebinding-auth-delegator",
    "31-rolebinding-auth-reader",
    "32-clusterrole-namespace-reader",
    "33-clusterrolebinding-namespace-reader",
    "34-role-serving-certificate",
    "35-rolebinding-serving-certificate",
    "36-role-renewal",
    "37-rolebinding-renewal",
    "38-clusterrole-renewal",
    "39-clusterrolebinding-renewal",
    "40-clusterrole-workflow-admin",
    "41-clusterrole-workflow-viewer",
    "50-secret-ca",
    "51-secret-certs",
    "52-secret-storage",
    "53-certificate",
    "60-persistentvolumeclaim",
    "61-networkpolicy",
    "62-service",
    "63-poddisruptionbudget",
    "70-deployment",
    "80-cronjob-renewal",
    "90-apiservice",
];

/// One object to apply.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Manifest {
    object: Value,
}

impl Manifest {
    /// Returns the object.
    pub(crate) fn into_object(self) -> Value {
        self.object
    }
}

/// A template that cannot be filled.
#[derive(Debug, Error)]
#[error("the template {template} is wrong")]
pub(crate) struct RenderError {
    template: &'static str,
    source: TemplateError,
}

/// Returns the objects that `values` ask for, in the order to apply them in.
pub(crate) fn render(values: &Values) -> Result<Vec<Manifest>, RenderError> {
    let places = places::of(values);
    let filled = TEMPLATES.iter().map(|template| {
        template::fill(template.text, &places)
            .map_err(|source| RenderError { template: template.name, source })
    });
    Ok(filled
        .collect::<Result<Vec<_>, _>>()?
        .into_iter()
        .flatten()
        .map(|object| Manifest { object })
        .collect())
}

/// Returns what every object is called that an installation in `namespace` may have, whatever its values are: kind and
/// name alone.
///
/// # Errors
///
/// A template is no YAML.
pub(crate) fn identities(namespace: &str) -> Result<Vec<Value>, RenderError> {
    let identity = |template: &Template| {
        let object = yaml::to_value(template.text.as_bytes());
        object
            .map(|object| identity(&object, namespace))
            .map_err(|error| RenderError { template: template.name, source: error.into() })
    };
    TEMPLATES.iter().map(identity).collect()
}

fn identity(template: &Value, namespace: &str) -> Value {
    let here = |field: &str| {
        template["metadata"][field].as_str().map(|text| text.replace("${namespace}", namespace))
    };
    json!({
        "apiVersion": template["apiVersion"],
        "kind": template["kind"],
        "metadata": { "name": here("name"), "namespace": here("namespace") },
    })
}

/// Returns `manifests` as one stream of YAML documents.
pub(crate) fn to_yaml(manifests: &[Manifest]) -> String {
    let documents = manifests.iter().map(|manifest| yaml::from_value(&manifest.object));
    documents.collect::<Vec<_>>().join("---\n")
}
