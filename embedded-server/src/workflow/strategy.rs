//! The rules of Workflows, as the registry asks for them.

use super::{Workflow, WorkflowStatus, table, validation};
use crate::meta::validation::finalizer_warnings;
use crate::meta::{ObjectMeta, Subresource, field};
use crate::registry::{Column, SelectableField, Strategy};

/// The rules of Workflows. Users own `metadata` and `spec`, the controller owns `status`.
#[derive(Clone, Copy, Debug, Default)]
pub struct WorkflowStrategy;

impl Strategy for WorkflowStrategy {
    type Object = Workflow;

    fn prepare_for_create(&self, workflow: &mut Workflow) {
        workflow.status = WorkflowStatus::default();
        workflow.metadata.generation = Some(1);
    }

    fn prepare_for_update(&self, part: Option<Subresource>, new: &mut Workflow, old: &Workflow) {
        match part {
            None => keep_status(new, old),
            Some(Subresource::Status) => keep_all_but_status(new, old),
        }
    }

    fn validate(&self, workflow: &Workflow) -> field::Errors {
        validation::validate(workflow)
    }

    fn warnings(&self, workflow: &Workflow) -> Vec<String> {
        let no_steps = workflow.spec.steps.is_empty();
        let nothing_to_run =
            no_steps.then(|| "spec.steps: a workflow without steps has nothing to run".to_owned());
        finalizer_warnings(&workflow.metadata).into_iter().chain(nothing_to_run).collect()
    }

    fn update_warnings(&self, new: &Workflow, old: &Workflow) -> Vec<String> {
        let known = finalizer_warnings(&old.metadata);
        self.warnings(new).into_iter().filter(|warning| !known.contains(warning)).collect()
    }

    fn columns(&self) -> &'static [Column<Workflow>] {
        &table::COLUMNS
    }

    fn selectable_fields(&self) -> &'static [SelectableField<Workflow>] {
        const FIELDS: [SelectableField<Workflow>; 1] =
            [SelectableField { path: "status.phase", value: |workflow| &workflow.status.phase }];
        &FIELDS
    }
}

/// Takes the status from `old` and counts a change of the spec.
fn keep_status(new: &mut Workflow, old: &Workflow) {
    new.status.clone_from(&old.status);
    new.metadata.generation = old.metadata.generation;
    if new.spec != old.spec {
        new.metadata.generation = Some(old.metadata.generation.unwrap_or_default() + 1);
    }
}

/// Takes everything from `old` but the status, who manages its fields, and the version the client names.
fn keep_all_but_status(new: &mut Workflow, old: &Workflow) {
    let sent = std::mem::take(&mut new.metadata);
    new.spec.clone_from(&old.spec);
    new.metadata = ObjectMeta {
        managed_fields: sent.managed_fields,
        resource_version: sent.resource_version,
        ..old.metadata.clone()
    };
}

#[cfg(test)]
mod tests {
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::ManagedFieldsEntry;

    use super::super::testing::{Builder, workflow};
    use super::*;

    fn updated(part: Option<Subresource>, mut new: Workflow, old: &Workflow) -> Workflow {
        WorkflowStrategy.prepare_for_update(part, &mut new, old);
        new
    }

    #[test]
    fn an_update_warns_of_the_finalizers_that_it_adds() {
        let with = |finalizers: &[&str]| {
            let mut workflow = workflow("a").with_step("build", "golang");
            workflow.metadata.finalizers = Some(finalizers.iter().map(|&name| name.to_owned()).collect());
            workflow
        };
        let warnings = WorkflowStrategy.update_warnings(&with(&["mine", "yours"]), &with(&["mine"]));
        assert_eq!(warnings.len(), 1);
        assert!(warnings[0].contains("\"yours\""), "{warnings:?}");
    }

    #[test]
    fn a_new_workflow_begins_at_generation_one_without_status() {
        let mut sent = workflow("a").with_step("build", "golang").with_phase("Running").with_generation(7);
        WorkflowStrategy.prepare_for_create(&mut sent);
        assert_eq!(sent, workflow("a").with_step("build", "golang").with_generation(1));
    }

    #[test]
    fn an_update_of_the_whole_keeps_the_status_and_counts_changes_of_the_spec() {
        let old = workflow("a").with_step("build", "golang").with_phase("Running").with_generation(3);
        let same_spec = workflow("a").with_step("build", "golang").with_phase("Failed").with_generation(9);
        assert_eq!(updated(None, same_spec, &old), old);
        let new_spec = workflow("a").with_step("build", "golang:2").with_generation(9);
        let expected = workflow("a").with_step("build", "golang:2").with_phase("Running").with_generation(4);
        assert_eq!(updated(None, new_spec, &old), expected);
    }

    #[test]
    fn metadata_changes_without_a_new_generation() {
        let old = workflow("a").with_generation(3);
        let mut new = old.clone();
        new.metadata.labels = Some([("a".to_owned(), "b".to_owned())].into());
        assert_eq!(updated(None, new.clone(), &old), new);
    }

    #[test]
    fn an_update_of_the_status_touches_nothing_else() {
        let old = workflow("a").with_step("build", "golang").with_generation(3);
        let mut new = workflow("b").with_step("test", "golang").with_phase("Running").with_generation(9);
        new.metadata.labels = Some([("a".to_owned(), "b".to_owned())].into());
        new.metadata.finalizers = Some(vec!["example.com/f".to_owned()]);
        let expected = workflow("a").with_step("build", "golang").with_generation(3).with_phase("Running");
        assert_eq!(updated(Some(Subresource::Status), new, &old), expected);
    }

    #[test]
    fn an_update_of_the_status_keeps_its_managers_and_the_version_it_names() {
        let old = workflow("a");
        let mut new = workflow("a").with_phase("Running");
        new.metadata.managed_fields = Some(vec![ManagedFieldsEntry::default()]);
        new.metadata.resource_version = Some("7".to_owned());
        assert_eq!(updated(Some(Subresource::Status), new.clone(), &old), new);
    }

    #[test]
    fn what_is_odd_but_accepted_is_warned_of() {
        let mut odd = workflow("a");
        odd.metadata.finalizers = Some(vec!["mine".to_owned()]);
        let warnings = WorkflowStrategy.warnings(&odd);
        assert!(
            warnings[0].starts_with("metadata.finalizers: \"mine\": prefer a domain-qualified"),
            "{warnings:?}"
        );
        assert_eq!(warnings[1], "spec.steps: a workflow without steps has nothing to run");
        assert!(WorkflowStrategy.warnings(&workflow("a").with_step("build", "golang")).is_empty());
    }

    #[test]
    fn workflows_can_be_selected_by_phase() {
        let [field] = WorkflowStrategy.selectable_fields() else { panic!("one field") };
        assert_eq!(field.path, "status.phase");
        assert_eq!((field.value)(&workflow("a").with_phase("Running")), "Running");
        assert_eq!((field.value)(&workflow("a")), "");
    }
}
