//! `kubectl get --watch`, begun again whenever it ends.

use std::path::PathBuf;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;

use super::follower::{Follower, MARK, Reports};
use super::picture::{Picture, key};
use super::program::Program;
use super::selection::{ALL, LABELLED, NAMESPACE, RUNNING, Selection};
use super::stage::Stage;
use super::story;
use super::support::Tool;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs kubectl"]
async fn what_kubectl_prints_adds_up_to_a_list() {
    for tool in Tool::all() {
        let mut stage = Stage::open().await;
        let mut followers = [
            kubectl(&stage, &tool, ALL, Picture::Row),
            kubectl(&stage, &tool, ALL, Picture::Whole),
            kubectl(&stage, &tool, NAMESPACE, Picture::Whole),
            kubectl(&stage, &tool, LABELLED, Picture::Row),
            kubectl(&stage, &tool, RUNNING, Picture::Whole),
        ];
        story::play(&mut stage, &mut followers).await;
    }
}

/// Somebody at a terminal who wants to see objects, as JSON or as the rows of a table.
#[derive(Debug)]
struct Terminal {
    tool: PathBuf,
    kubeconfig: PathBuf,
    home: TempDir,
    arguments: Vec<String>,
    picture: Picture,
}

fn kubectl(stage: &Stage, tool: &Tool, selection: Selection, picture: Picture) -> Follower {
    let namespace = match selection.namespace {
        "" => "--all-namespaces".to_owned(),
        namespace => format!("--namespace={namespace}"),
    };
    let output = match picture {
        Picture::Row => format!("--label-columns={MARK}"),
        Picture::Whole | Picture::Metadata => "--output=json".to_owned(),
    };
    let selectors =
        [format!("--selector={}", selection.labels), format!("--field-selector={}", selection.fields)];
    let arguments = [namespace, output].into_iter().chain(selectors).collect();
    let terminal = Terminal {
        tool: tool.path.clone(),
        kubeconfig: stage.kubeconfig(),
        home: tempfile::tempdir().unwrap(),
        arguments,
        picture,
    };
    let name = format!("{} ({picture:?})", tool.path.display());
    Follower::start(&name, selection, picture, |reports| terminal.watch(reports))
}

impl Terminal {
    /// Watches for good. What is printed is added up from nothing each time, as the list comes anew.
    async fn watch(self, reports: Reports) {
        loop {
            let mut kubectl = Program::start(&mut self.command());
            let mut objects = Vec::new();
            while let Some((event, object)) = self.next(&mut kubectl).await {
                objects.retain(|known| key(known) != key(&object));
                if event != "DELETED" {
                    objects.push(object);
                }
                reports.tell(&objects);
            }
            kubectl.ended().await;
        }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.tool);
        command
            .args(["get", "workflows", "--watch", "--output-watch-events"])
            .args(&self.arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.home.path())
            .env("KUBECONFIG", &self.kubeconfig);
        command
    }

    /// Waits for what is printed next: what happened, and an object.
    async fn next(&self, kubectl: &mut Program) -> Option<(String, Value)> {
        match self.picture {
            Picture::Row => next_row(kubectl).await,
            Picture::Whole | Picture::Metadata => next_event(kubectl).await,
        }
    }
}

/// Reads an event as JSON, on one line or on many: that depends on the kubectl.
async fn next_event(kubectl: &mut Program) -> Option<(String, Value)> {
    let mut text = String::new();
    while let Some(line) = kubectl.lines.next_line().await.unwrap() {
        text += &line;
        if let Ok(mut event) = serde_json::from_str::<Value>(&text) {
            return Some((event["type"].as_str().unwrap().to_owned(), event["object"].take()));
        }
    }
    None
}

/// Reads a row under the heading `EVENT NAMESPACE NAME PHASE SCHEDULE STEPS AGE MARK`; returns of the object what
/// can be seen there.
async fn next_row(kubectl: &mut Program) -> Option<(String, Value)> {
    loop {
        let line = kubectl.lines.next_line().await.unwrap()?;
        let cells: Vec<_> = line.split_whitespace().collect();
        let [event, namespace, name, phase, _, steps, _, ref labels @ ..] = cells[..] else {
            panic!("no row: {line}");
        };
        if event == "EVENT" {
            continue;
        }
        let phase = Some(phase).filter(|phase| *phase != "<none>");
        let steps: usize = steps.parse().unwrap_or_else(|_| panic!("no row: {line}"));
        let object = json!({
            "metadata": { "namespace": namespace, "name": name, "labels": { MARK: labels.first() } },
            "spec": { "steps": vec![Value::Null; steps] },
            "status": { "phase": phase },
        });
        return Some((event.to_owned(), object));
    }
}
