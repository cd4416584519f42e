//! The settings that were typed, over those that are remembered.

use std::io;
use std::path::Path;

use anyhow::Context;
use serde_json::{Value, json};

use super::storage_files;
use crate::cli::Install;
use crate::failure::Failure;
use crate::settings::{self, File, Settings};

/// The settings of one command line: files, flags and `--set`.
#[derive(Debug)]
pub(super) struct Typed {
    files: Vec<File>,
    flags: Value,
    sets: Vec<String>,
}

impl Typed {
    /// Reads the files that were named.
    pub(super) fn read(arguments: &Install) -> anyhow::Result<Self> {
        Ok(Self {
            files: arguments.values.iter().map(|path| read(path)).collect::<anyhow::Result<_>>()?,
            flags: flags(arguments),
            sets: arguments.set.clone(),
        })
    }

    /// Returns what was typed, over what is `remembered`, with the files that the storage URL names.
    pub(super) fn settings(&self, remembered: Option<File>) -> Result<Settings, Failure> {
        let files: Vec<_> = remembered.into_iter().chain(self.files.iter().cloned()).collect();
        let mut settings = settings::layered(&files, self.flags.clone(), &self.sets)?;
        storage_files::take(&mut settings.storage)?;
        Ok(settings)
    }
}

fn read(path: &Path) -> anyhow::Result<File> {
    let name = path.display().to_string();
    let text =
        if name == "-" { io::read_to_string(io::stdin().lock()) } else { std::fs::read_to_string(path) };
    let text = text.with_context(|| format!("cannot read the settings in {name}"))?;
    Ok(File { name, text })
}

/// Returns the settings that have flags of their own, as a layer; what was not said is not in it, because null would take
/// back what a file says.
fn flags(arguments: &Install) -> Value {
    let replicas = arguments.replicas.map(|replicas| json!(replicas));
    let text = |text: &Option<String>| text.as_ref().map(|text| json!(text));
    let said = |flags: Vec<(&str, Option<Value>)>| -> Value {
        flags.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
    };
    said(vec![
        ("image", text(&arguments.image)),
        ("replicas", replicas),
        (
            "storage",
            Some(said(vec![
                ("url", text(&arguments.storage)),
                ("size", text(&arguments.storage_size)),
                ("class", text(&arguments.storage_class)),
            ])),
        ),
        ("certManager", Some(said(vec![("issuer", text(&arguments.cert_manager))]))),
    ])
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::{Cli, Command};

    fn settings(flags: &[&str], remembered: &str) -> Settings {
        let cli = Cli::try_parse_from(["wfctl", "install"].iter().chain(flags)).unwrap();
        let Command::Install(install) = cli.command else { panic!("{cli:?}") };
        let remembered = File { name: "remembered".to_owned(), text: remembered.to_owned() };
        Typed::read(&install).unwrap().settings(Some(remembered)).unwrap()
    }

    #[test]
    fn what_is_not_typed_stays_as_it_is_remembered() {
        let settings = settings(&["--replicas", "2"], "{image: a, storage: {url: 'etcd://e', size: null}}");
        assert_eq!(settings.image.as_deref(), Some("a"));
        assert_eq!(settings.storage.url.as_deref(), Some("etcd://e"));
        assert_eq!(settings.replicas, Some(2));
    }

    #[test]
    fn what_is_typed_wins() {
        let settings =
            settings(&["--image", "b", "--set", "storage.size=2Gi"], "{image: a, storage: {size: 1Gi}}");
        assert_eq!((settings.image.as_deref(), settings.storage.size.as_deref()), (Some("b"), Some("2Gi")));
    }
}
