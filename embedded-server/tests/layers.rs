//! Holds the layers: reads the sources of the workspace as text, and fails on an arrow that points up and on a
//! word that stands outside the one place that may say it.
//!
//! Looks at code alone: comments, and with them the links and examples of the documentation, may name anything.
//! Knows no Rust beyond paths: what is hidden in a macro it does not see.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::fs;
use std::path::{Path, PathBuf};

/// The layers, lowest first. A module may use those of the rows above its own, not its neighbours in the row.
const LAYERS: &[&[&str]] = &[
    &["clock", "meta", "metrics"],
    &["codec", "lookup"],
    &["storage"],
    &["cacher"],
    &["admission"],
    &["registry"],
    &["authentication", "authorization"],
    &["endpoints"],
    &["server"],
];

/// The resource types, and all that they may use of the layers.
const RESOURCES: (&[&str], &[&str]) = (&["workflow"], &["meta", "registry"]);

/// A word, and the places whose code may say it.
struct Reserved {
    /// How it begins; in small letters.
    word: &'static str,
    /// Where the rule holds.
    within: &'static str,
    /// The files and directories that may say it.
    by: &'static [&'static str],
    /// What it is good for.
    because: &'static str,
}

const LIBRARY: &str = "embedded-server/src/";
const BINARY: &str = "src/";
const EVERYWHERE: &str = "";

const RESERVED: &[Reserved] = &[
    Reserved {
        word: "serde_yaml",
        within: EVERYWHERE,
        by: &["embedded-server/src/codec/yaml.rs"],
        because: "it is no longer developed, and must be replaceable in one file",
    },
    Reserved {
        word: "rustls_pemfile",
        within: EVERYWHERE,
        by: &["embedded-server/src/server/pem.rs"],
        because: "it is no longer developed, and must be replaceable in one file",
    },
    Reserved {
        word: "use sled::",
        within: EVERYWHERE,
        by: &[SLED],
        because: "engines are known to their own backend alone",
    },
    Reserved {
        word: "::sled::",
        within: EVERYWHERE,
        by: &[SLED],
        because: "engines are known to their own backend alone",
    },
    Reserved {
        word: "tokio_postgres",
        within: EVERYWHERE,
        by: &["embedded-server/src/storage/postgres/"],
        because: "engines are known to their own backend alone",
    },
    Reserved {
        word: "tonic",
        within: EVERYWHERE,
        by: &[ETCD],
        because: "engines are known to their own backend alone",
    },
    Reserved {
        word: "prost",
        within: EVERYWHERE,
        by: &[ETCD],
        because: "engines are known to their own backend alone",
    },
    Reserved {
        word: "prometheus",
        within: EVERYWHERE,
        by: &["embedded-server/src/metrics/"],
        because: "who counts need not know how counts are kept and told",
    },
    Reserved {
        word: "workflow",
        within: LIBRARY,
        by: &["embedded-server/src/workflow/", "embedded-server/src/lib.rs"],
        because: "the library serves any resource type",
    },
    Reserved {
        word: "kube::",
        within: EVERYWHERE,
        by: &[
            "src/cluster/",
            "src/kubeconfig.rs",
            "src/commands/serve/proof.rs",
            "src/apply.rs",
            "src/proof/",
            "tests/",
        ],
        because: "who talks to a server as a client is to be found in few places",
    },
    Reserved {
        word: "http::",
        within: LIBRARY,
        by: &["embedded-server/src/authentication/", "embedded-server/src/endpoints/", SERVER, ETCD],
        because: "what happens to objects does not depend on how requests arrive",
    },
    Reserved {
        word: "hyper::",
        within: LIBRARY,
        by: &["embedded-server/src/endpoints/", SERVER],
        because: "what happens to objects does not depend on how requests arrive",
    },
    Reserved { word: "tokio::net", within: LIBRARY, by: &[SERVER], because: "only the server knows sockets" },
    Reserved { word: "tokio_rustls", within: LIBRARY, by: &[SERVER], because: "only the server knows TLS" },
    Reserved {
        word: "anyhow",
        within: LIBRARY,
        by: &[],
        because: "errors of the library are typed: whoever uses it can tell them apart",
    },
    Reserved { word: "println!", within: BINARY, by: &[PRINTER], because: ONE_WRITER },
    Reserved { word: "print!", within: BINARY, by: &[PRINTER], because: ONE_WRITER },
    Reserved { word: "eprintln!", within: BINARY, by: &[PRINTER], because: ONE_WRITER },
    Reserved { word: "eprint!", within: BINARY, by: &[PRINTER], because: ONE_WRITER },
    Reserved { word: "stdout()", within: BINARY, by: &[PRINTER], because: ONE_WRITER },
    Reserved { word: "stderr()", within: BINARY, by: &[PRINTER], because: ONE_WRITER },
];

const ETCD: &str = "embedded-server/src/storage/etcd/";
const SLED: &str = "embedded-server/src/storage/sled/";
const SERVER: &str = "embedded-server/src/server/";
const PRINTER: &str = "src/printer.rs";
const ONE_WRITER: &str = "only one writer knows of color, pipes and the progress that is on the screen";

#[test]
fn no_arrow_points_up() {
    let found: Vec<_> = sources(LIBRARY).iter().flat_map(|(path, text)| arrows_up(path, text)).collect();
    assert!(found.is_empty(), "these use a layer they must not know:\n{}", found.join("\n"));
}

#[test]
fn every_module_has_its_place_among_the_layers() {
    let unplaced: Vec<_> = sources(LIBRARY)
        .iter()
        .map(|(path, _)| module(path).to_owned())
        .filter(|module| module != "lib" && rank(module).is_none() && !RESOURCES.0.contains(&module.as_str()))
        .collect();
    assert!(
        unplaced.is_empty(),
        "decide where these stand in LAYERS, and in the crate's documentation: {unplaced:?}"
    );
}

#[test]
fn words_stand_only_where_they_may() {
    let sources: Vec<_> = [LIBRARY, BINARY, "tests/"].into_iter().flat_map(sources).collect();
    let found: Vec<_> = sources.iter().flat_map(|(path, text)| misplaced(path, text)).collect();
    assert!(found.is_empty(), "these belong elsewhere:\n{}", found.join("\n"));
}

/// Returns every `.rs` file below `directory` of the workspace, by its path from there.
fn sources(directory: &str) -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut found = Vec::new();
    let mut pending: Vec<PathBuf> = vec![root.join(directory)];
    while let Some(path) = pending.pop() {
        if path.is_dir() {
            pending.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            found.push((name, fs::read_to_string(&path).unwrap()));
        }
    }
    assert!(!found.is_empty(), "no sources in {directory}");
    found.sort();
    found
}

/// Returns what `text`, the file `path` of the library, uses but must not.
fn arrows_up(path: &str, text: &str) -> Vec<String> {
    let from = module(path);
    code(text)
        .flat_map(|(line, code)| targets(code).into_iter().map(move |target| (line, target)))
        .filter(|(_, to)| !may_use(from, to))
        .map(|(line, to)| format!("{path}:{line}: {from} -> {to}"))
        .collect()
}

fn may_use(from: &str, to: &str) -> bool {
    if from == to || from == "lib" {
        return true;
    }
    if RESOURCES.0.contains(&from) {
        return RESOURCES.1.contains(&to);
    }
    matches!((rank(from), rank(to)), (Some(from), Some(to)) if to < from)
}

fn rank(module: &str) -> Option<usize> {
    LAYERS.iter().position(|row| row.contains(&module))
}

/// Returns the module of the crate that the file `path` belongs to.
fn module(path: &str) -> &str {
    let inside = path.strip_prefix(LIBRARY).unwrap_or(path);
    inside.split('/').next().unwrap_or_default().trim_end_matches(".rs")
}

/// Returns the modules that the paths in a line of code begin with after `crate::`, a group of them included.
fn targets(code: &str) -> Vec<&str> {
    let after = code.match_indices("crate::").filter(|(at, _)| !code[..*at].ends_with(is_of_a_word));
    after.flat_map(|(at, prefix)| heads(&code[at + prefix.len()..])).collect()
}

/// Returns the first name of `path`, or of each member when it is a group in braces.
fn heads(path: &str) -> Vec<&str> {
    let Some(group) = path.strip_prefix('{') else { return vec![name(path)] };
    let mut depth = 0;
    let members = group.split(move |c| {
        depth += i32::from(c == '{') - i32::from(c == '}');
        c == ',' && depth == 0
    });
    members.map(|member| name(member.trim_start())).filter(|name| !name.is_empty()).collect()
}

fn name(path: &str) -> &str {
    &path[..path.find(|c| !is_of_a_word(c)).unwrap_or(path.len())]
}

fn is_of_a_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Returns the reserved words that `text`, the file `path` of the workspace, must not say.
fn misplaced(path: &str, text: &str) -> Vec<String> {
    let rules = RESERVED.iter().filter(|rule| path.starts_with(rule.within));
    let rules: Vec<_> = rules.filter(|rule| !rule.by.iter().any(|by| path.starts_with(by))).collect();
    code(text)
        .flat_map(|(line, code)| {
            rules.iter().filter(move |rule| says(code, rule.word)).map(move |rule| (line, rule))
        })
        .map(|(line, rule)| format!("{path}:{line}: {}: {}", rule.word, rule.because))
        .collect()
}

/// Tells whether a line of code has a word in it that begins with `word`, in whatever case.
fn says(code: &str, word: &str) -> bool {
    let lower = code.to_lowercase();
    lower.match_indices(word).any(|(at, _)| !lower[..at].ends_with(is_of_a_word))
}

/// Returns the lines that hold code, numbered, without the comments at their ends.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line));
    lines.filter_map(|(number, line)| {
        let code = line.split(" // ").next().unwrap_or_default().trim();
        (!code.is_empty() && !code.starts_with("//")).then_some((number, code))
    })
}

mod the_checks_themselves {
    use super::*;

    fn up(path: &str, text: &str) -> Vec<String> {
        arrows_up(&format!("{LIBRARY}{path}"), text)
    }

    #[test]
    fn find_an_arrow_that_points_up() {
        let found = up("meta/error.rs", "use crate::clock;\n\nuse crate::storage::Key;\n");
        assert_eq!(
            found,
            [
                "embedded-server/src/meta/error.rs:1: meta -> clock",
                "embedded-server/src/meta/error.rs:3: meta -> storage"
            ]
        );
        assert_eq!(up("storage/mod.rs", "let x = crate::server::pem::roots();").len(), 1);
        assert_eq!(
            up("storage/mod.rs", "use crate::{meta::{Name, Revision}, codec, cacher::View};").len(),
            1
        );
        assert_eq!(up("authorization/mod.rs", "use crate::authentication::Peer;").len(), 1);
    }

    #[test]
    fn let_arrows_point_down_and_stay_inside() {
        assert_eq!(up("server/mod.rs", "use crate::endpoints::Api;\nuse crate::server::tls;"), [""; 0]);
        assert_eq!(
            up("storage/memory.rs", "/// See [`Registry`](crate::registry::Registry).\n//! crate::server"),
            [""; 0]
        );
        assert_eq!(up("meta/mod.rs", "use my_crate::server;"), [""; 0]);
    }

    #[test]
    fn let_a_resource_type_know_meta_and_registry_alone() {
        assert_eq!(
            up("workflow/mod.rs", "use crate::meta::Resource;\nuse crate::registry::Strategy;"),
            [""; 0]
        );
        assert_eq!(up("workflow/mod.rs", "use crate::codec;\nuse crate::endpoints;").len(), 2);
        assert_eq!(up("registry/mod.rs", "use crate::workflow::Workflow;").len(), 1);
    }

    #[test]
    fn know_a_module_without_a_place() {
        assert_eq!(up("meta/mod.rs", "use crate::helpers;").len(), 1);
        assert_eq!(up("helpers.rs", "use crate::meta;").len(), 1);
    }

    #[test]
    fn find_a_word_outside_its_place() {
        let yaml = "let value = serde_yaml::from_str(text)?; // why";
        assert_eq!(misplaced("embedded-server/src/registry/mod.rs", yaml).len(), 1);
        assert_eq!(misplaced("src/config.rs", yaml).len(), 1);
        assert_eq!(misplaced("embedded-server/src/codec/yaml.rs", yaml), [""; 0]);
        assert_eq!(misplaced("src/main.rs", "eprintln!(\"no\");").len(), 1);
        assert_eq!(misplaced("src/printer.rs", "let out = io::stdout();"), [""; 0]);
        assert_eq!(misplaced("embedded-server/src/meta/mod.rs", "struct WorkflowList;").len(), 1);
    }

    #[test]
    fn let_words_pass_in_comments_and_inside_others() {
        let commented = "/// For example `workflow.example.com`.\nlet x = 1; // a Workflow";
        assert_eq!(misplaced("embedded-server/src/meta/mod.rs", commented), [""; 0]);
        assert_eq!(misplaced("src/main.rs", "let x = fingerprint!(y);"), [""; 0]);
    }
}
