//! What shells offer behind what was typed.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

const KUBECONFIG: &str = "\
apiVersion: v1
kind: Config
contexts:
- name: kind-one
  context: {cluster: nowhere, user: nobody}
- name: prod
  context: {cluster: nowhere, user: nobody}
clusters:
- name: nowhere
  cluster: {server: 'https://127.0.0.1:1'}
users:
- name: nobody
  user: {}
";

/// A home with a kubeconfig and a directory.
struct Home(TempDir);

impl Home {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir_all(home.path().join(".kube")).unwrap();
        fs::write(home.path().join(".kube/config"), KUBECONFIG).unwrap();
        fs::create_dir(home.path().join("data")).unwrap();
        Self(home)
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("HOME", self.0.path()).current_dir(self.0.path());
        command.env("PATH", std::env::var_os("PATH").unwrap());
        command
    }

    /// Returns what fish is told, without what it is told about that.
    fn offered(&self, line: &str) -> Vec<String> {
        let mut command = self.command(env!("CARGO_BIN_EXE_wfctl"));
        let command = command.env("WFCTL_COMPLETE", "fish").args(["--", "wfctl"]).args(line.split(' '));
        let value = |line: String| line.split('\t').next().unwrap_or_default().to_owned();
        lines(command).into_iter().map(value).collect()
    }

    /// Returns what bash makes of it, that parts words by rules of its own.
    fn bash(&self, words: &[&str], line: &str) -> Vec<String> {
        let script =
            self.command(env!("CARGO_BIN_EXE_wfctl")).args(["completions", "bash"]).output().unwrap();
        let path: PathBuf = self.0.path().join("script");
        fs::write(&path, script.stdout).unwrap();
        let asking = r#"
            source ./script; COMP_LINE=$1; COMP_POINT=${#1}; shift
            COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); current=${!#}
            if [[ $current == [=:] ]]; then current=; fi
            _wfctl wfctl "$current"
            printf '%s\n' "${COMPREPLY[@]}"
        "#;
        let mut bash = self.command("bash");
        lines(bash.args(["--norc", "-c", asking, "bash", line]).args(words))
    }
}

fn lines(command: &mut Command) -> Vec<String> {
    let output = command.output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn contexts_are_those_of_the_kubeconfig() {
    let home = Home::new();
    assert_eq!(home.offered("status --context "), ["kind-one", "prod"]);
    assert_eq!(home.offered("status --context k"), ["kind-one"]);
    assert_eq!(home.offered("status --context=p"), ["--context=prod"]);

    fs::write(home.0.path().join("other"), KUBECONFIG.replace("prod", "stage")).unwrap();
    assert_eq!(home.offered("install --kubeconfig other --context s"), ["stage"]);
    assert_eq!(home.offered("install --kubeconfig=~/other --context s"), ["stage"]);
    assert_eq!(home.offered("install --kubeconfig nowhere --context "), [""; 0]);
}

#[test]
fn a_cluster_that_does_not_answer_offers_nothing_and_does_not_complain() {
    let home = Home::new();
    assert_eq!(home.offered("status --context prod -n "), [""; 0]);
    assert_eq!(home.offered("install --storage-class "), [""; 0]);
}

#[test]
fn storage_has_kinds_and_a_directory_behind_sled() {
    let home = Home::new();
    assert_eq!(home.offered("serve --storage "), ["sled:", "memory:", "postgres://", "etcd://"]);
    assert_eq!(home.offered("storage check s"), ["sled:"]);
    assert_eq!(home.offered("storage migrate --from sled:d"), ["sled:data/"]);
}

#[test]
fn files_and_settings_are_offered() {
    let home = Home::new();
    assert_eq!(home.offered("install --kubeconfig d"), ["data/"]);
    assert_eq!(home.offered("install --set storage.s"), ["storage.size="]);
    assert_eq!(home.offered("install -o j"), ["json"]);
}

#[test]
fn bash_asks_for_words_that_it_has_parted() {
    let home = Home::new();
    assert_eq!(home.bash(&["wfctl", "stat"], "wfctl stat"), ["status"]);
    assert_eq!(
        home.bash(&["wfctl", "status", "--context", ""], "wfctl status --context "),
        ["kind-one", "prod"]
    );
    assert_eq!(
        home.bash(&["wfctl", "status", "--context", "=", "k"], "wfctl status --context=k"),
        ["kind-one"]
    );
    assert_eq!(
        home.bash(&["wfctl", "status", "--context", "="], "wfctl status --context="),
        ["kind-one", "prod"]
    );
    assert_eq!(
        home.bash(&["wfctl", "serve", "--storage", "sled", ":", "d"], "wfctl serve --storage sled:d"),
        ["data/"]
    );
}

#[test]
fn every_shell_has_a_script() {
    let home = Home::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = lines(home.command(env!("CARGO_BIN_EXE_wfctl")).args(["completions", shell]));
        assert!(script.iter().any(|line| line.contains("WFCTL_COMPLETE")), "{script:?}");
    }
}
