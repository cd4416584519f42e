//! Tells the program what it was built from. Whatever cannot be found out is left empty: a build never fails
//! for want of git.

#![allow(clippy::print_stdout, reason = "a build script speaks to cargo on stdout")]

use std::path::Path;
use std::process::Command;

fn main() {
    let compiler = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    println!("cargo::rustc-env=WFCTL_BUILD_RUSTC={}", output(&compiler, &["--version"]));
    println!("cargo::rustc-env=WFCTL_BUILD_COMMIT={}", commit());
    println!("cargo::rerun-if-env-changed=WFCTL_GIT_COMMIT");
    println!("cargo::rerun-if-changed=build.rs");
    let history = git(&["rev-parse", "--git-path", "logs/HEAD"]);
    if Path::new(&history).is_file() {
        println!("cargo::rerun-if-changed={history}");
    }
}

/// What the builder says it is (an image build has no checkout), else what git says.
fn commit() -> String {
    let told = std::env::var("WFCTL_GIT_COMMIT").unwrap_or_default();
    if told.is_empty() { git(&["rev-parse", "HEAD"]) } else { told }
}

/// Asks git about this directory if it is a checkout; one further up is somebody else's.
fn git(arguments: &[&str]) -> String {
    if Path::new(".git").exists() { output("git", arguments) } else { String::new() }
}

fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().ok().filter(|output| output.status.success());
    let text = output.and_then(|output| String::from_utf8(output.stdout).ok()).unwrap_or_default();
    text.lines().next().unwrap_or_default().trim().to_owned()
}
