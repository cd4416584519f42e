//! `wfctl storage check`.

use std::collections::BTreeMap;
use std::fmt::Write;

use anyhow::{Context, anyhow};
use embedded_server::codec::yaml;
use embedded_server::storage::{Backend, KeyValue, Prefix, Snapshot};
use serde::Serialize;

use super::{kinds, url};
use crate::cli::{OutputFormat, StorageCheck};
use crate::failure::Failure;
use crate::printer::Printer;
use crate::store::{self, migration::Migration};

/// What a key says that is none of an object.
const NO_RESOURCE: &str = "?";
const HALF: &str = "a migration into this store is not done; wfctl storage migrate goes on with it";

/// What was found in a store. The form is stable.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Report {
    /// The revision of the store.
    revision: String,
    /// How many objects there are, by resource.
    resources: Vec<Counted>,
    /// What is wrong, by key.
    damage: Vec<Damage>,
}

#[derive(Debug, PartialEq, Serialize)]
struct Counted {
    resource: String,
    objects: usize,
    damaged: usize,
}

#[derive(Debug, PartialEq, Serialize)]
struct Damage {
    key: String,
    problem: String,
}

/// Reads everything and says what is there.
pub(super) async fn run(arguments: &StorageCheck, printer: &Printer) -> Result<(), Failure> {
    let url = url("URL", &arguments.url)?;
    let store = store::open_existing(&url).await?;
    let report = {
        let _step = printer.step("Reading every object");
        report(&*store).await
    };
    store.close().await;
    let report = report?;
    let text = render(&report, arguments.output).context("cannot render the report")?;
    printer.data(&text).context("cannot write the report")?;
    Ok(report.verdict()?)
}

/// Reads everything.
///
/// # Errors
///
/// The store itself cannot be read.
pub(super) async fn report(store: &dyn Backend) -> anyhow::Result<Report> {
    let everything = store.list(&Prefix::all()).await.context("cannot read the store")?;
    Ok(Report::of(&everything))
}

impl Report {
    fn of(everything: &Snapshot) -> Self {
        let mut counted: BTreeMap<String, Counted> = BTreeMap::new();
        let mut damage = Vec::new();
        for item in &everything.items {
            let problem = problem(item);
            if item.key != Migration::key() {
                let resource = resource(item);
                let of =
                    counted.entry(resource.clone()).or_insert(Counted { resource, objects: 0, damaged: 0 });
                of.objects += 1;
                of.damaged += usize::from(problem.is_some());
            }
            damage.extend(problem.map(|problem| Damage { key: item.key.to_string(), problem }));
        }
        let resources = counted.into_values().collect();
        Self { revision: everything.revision.0.to_string(), resources, damage }
    }

    /// Says whether all is well.
    pub(super) fn verdict(&self) -> anyhow::Result<()> {
        match self.damage.as_slice() {
            [] => Ok(()),
            [one] => Err(anyhow!("the store is damaged at {}: {}", one.key, one.problem)),
            [one, others @ ..] => {
                Err(anyhow!("the store is damaged at {} and {} other keys", one.key, others.len()))
            }
        }
    }
}

fn problem(item: &KeyValue) -> Option<String> {
    match item.key == Migration::key() {
        true => Some(HALF.to_owned()),
        false => kinds::examine(item).err(),
    }
}

fn resource(item: &KeyValue) -> String {
    let address = item.key.address();
    address.map_or(NO_RESOURCE.to_owned(), |address| format!("{}.{}", address.resource, address.group))
}

fn render(report: &Report, format: OutputFormat) -> anyhow::Result<String> {
    match format {
        OutputFormat::Table => Ok(table(report)),
        OutputFormat::Json => Ok(serde_json::to_string_pretty(report)? + "\n"),
        OutputFormat::Yaml => Ok(yaml::to_string(report)?),
    }
}

fn table(report: &Report) -> String {
    let longest = report.resources.iter().map(|of| of.resource.len()).max().unwrap_or_default().max(8);
    let mut text = format!("{:<longest$}  OBJECTS  DAMAGED\n", "RESOURCE");
    for Counted { resource, objects, damaged } in &report.resources {
        // A string takes everything.
        let _ = writeln!(text, "{resource:<longest$}  {objects:>7}  {damaged:>7}");
    }
    for Damage { key, problem } in &report.damage {
        let _ = writeln!(text, "\n{key}\n  {problem}");
    }
    text
}

#[cfg(test)]
mod tests {
    use embedded_server::storage::{Key, Write as Change};

    use super::super::testing::store_of;
    use super::*;

    #[tokio::test]
    async fn a_sound_store_is_counted() {
        let report = report(&*store_of(&["a", "b"]).await).await.unwrap();
        report.verdict().unwrap();
        let expected = "RESOURCE                        OBJECTS  DAMAGED\n\
                        workflows.workflow.example.com        2        0\n";
        assert_eq!(table(&report), expected);
    }

    #[tokio::test]
    async fn damage_is_told_by_key() {
        let store = store_of(&["a"]).await;
        for key in ["nowhere", "workflow.example.com/workflows/default/b", Migration::key().as_str()] {
            let write = Change::Create("{}".into());
            store.commit(&Key::from_stored(key), write).await.unwrap();
        }
        let report = report(&*store).await.unwrap();
        let json = serde_json::to_value(&report).unwrap();
        let resources = serde_json::json!([
            {"resource": "?", "objects": 1, "damaged": 1},
            {"resource": "workflows.workflow.example.com", "objects": 2, "damaged": 1},
        ]);
        assert_eq!((&json["resources"], &json["revision"]), (&resources, &"5".into()));
        let keys: Vec<&str> = report.damage.iter().map(|damage| damage.key.as_str()).collect();
        let migration = Migration::key();
        assert_eq!(keys, ["nowhere", migration.as_str(), "workflow.example.com/workflows/default/b"]);
        let error = report.verdict().unwrap_err();
        assert_eq!(error.to_string(), "the store is damaged at nowhere and 2 other keys");
    }
}
