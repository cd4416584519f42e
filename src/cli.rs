//! What can be typed: clap types and help texts, nothing else. What the words mean is for
//! [`config`](crate::config).

mod certs;
mod delegation;
mod image;
mod install;
mod operation;
mod status;
mod storage;
mod target;
mod uninstall;
mod upstream;

use std::ffi::OsString;
use std::net::IpAddr;
use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

pub(crate) use certs::{CertsCommand, CertsList, CertsRotate};
pub(crate) use delegation::Delegation;
pub(crate) use image::{ImageCommand, ImageSave};
pub(crate) use install::Install;
pub(crate) use operation::Operation;
pub(crate) use status::Status;
pub(crate) use storage::{StorageCheck, StorageCommand, StorageExport, StorageImport, StorageMigrate};
pub(crate) use target::Target;
pub(crate) use uninstall::Uninstall;
pub(crate) use upstream::{Fate, Upstream};

/// Serve Workflows as a Kubernetes API
#[derive(Debug, Parser)]
#[command(name = "wfctl", version, propagate_version = false, arg_required_else_help = true)]
#[command(max_term_width = 100, after_long_help = EXAMPLES)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Flags that every command takes.
#[derive(Args, Clone, Copy, Debug)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// Say more: -v for debug messages, -vv for traces, -vvv for those of the libraries too
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// When to use color; NO_COLOR in the environment turns it off where this says auto
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: ColorWhen,
}

/// When to use color.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub(crate) enum ColorWhen {
    /// On a terminal that wants it
    #[default]
    Auto,
    /// Even in a pipe
    Always,
    /// Nowhere
    Never,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Serve(Box<Serve>),
    Install(Box<Install>),
    Status(Status),
    Uninstall(Uninstall),
    #[command(subcommand)]
    Certs(CertsCommand),
    #[command(subcommand)]
    Storage(StorageCommand),
    #[command(subcommand)]
    Image(ImageCommand),
    /// Print an example Workflow, ready for kubectl apply
    #[command(after_long_help = EXAMPLE_EXAMPLES)]
    Example,
    Version(Version),
    /// Print the completion script of a shell
    ///
    /// It completes what is asked for, too: --context from the kubeconfig, --namespace, --storage-class and
    /// --cert-manager from the cluster that the words before lead to, if that answers in two seconds.
    #[command(after_long_help = COMPLETIONS_EXAMPLES)]
    Completions {
        /// The shell to complete for
        shell: Shell,
    },
}

/// Serve the API
///
/// It serves behind the aggregation layer of a cluster, and asks that cluster who is who and who may do what.
///
/// With --dev it needs no cluster: it listens on 127.0.0.1, makes its own certificates, lets the admin
/// certificate do everything and writes a kubeconfig that kubectl can use at once.
#[derive(Args, Debug)]
#[command(after_long_help = SERVE_EXAMPLES)]
pub(crate) struct Serve {
    /// Serve on this machine without a cluster
    #[arg(long, env = "WFCTL_DEV", hide_env_values = true, value_parser = BoolishValueParser::new())]
    pub(crate) dev: bool,
    /// Where objects are kept: sled:PATH, postgres://USER@HOST/DB, memory: or
    /// etcd://HOST:PORT,HOST:PORT/PREFIX?ca=FILE&cert=FILE&key=FILE&compaction=5m
    /// [default: sled:/var/lib/wfctl, with --dev sled:wfctl-dev/data]
    #[arg(long, value_name = "URL", env = "WFCTL_STORAGE", hide_env_values = true)]
    pub(crate) storage: Option<String>,
    /// The address to listen on [default: 0.0.0.0, with --dev 127.0.0.1]
    #[arg(long, value_name = "IP", env = "WFCTL_BIND_ADDRESS", hide_env_values = true)]
    pub(crate) bind_address: Option<IpAddr>,
    /// The port to listen on (HTTPS); 0 takes a free one
    #[arg(long, value_name = "PORT", env = "WFCTL_SECURE_PORT", hide_env_values = true)]
    #[arg(default_value_t = 8443)]
    pub(crate) secure_port: u16,
    /// With --dev: the kubeconfig to write
    #[arg(long, value_name = "FILE", env = "WFCTL_WRITE_KUBECONFIG", hide_env_values = true)]
    #[arg(default_value = "wfctl-dev/kubeconfig")]
    pub(crate) write_kubeconfig: PathBuf,
    /// How long a request may take before it is answered with a timeout; watches are not bound by it
    #[arg(long, value_name = "DURATION", env = "WFCTL_REQUEST_TIMEOUT", hide_env_values = true)]
    #[arg(default_value = "60s")]
    pub(crate) request_timeout: String,
    /// How long to go on serving, but unready, once told to stop
    #[arg(long, value_name = "DURATION", env = "WFCTL_SHUTDOWN_DELAY_DURATION", hide_env_values = true)]
    #[arg(default_value = "0s")]
    pub(crate) shutdown_delay_duration: String,
    /// The form of log lines, which go to stderr
    #[arg(long, value_name = "FORMAT", env = "WFCTL_LOG_FORMAT", hide_env_values = true)]
    #[arg(default_value = "text")]
    pub(crate) log_format: LogFormat,
    #[command(flatten)]
    pub(crate) operation: Operation,
    #[command(flatten)]
    pub(crate) delegation: Delegation,
    #[command(flatten)]
    pub(crate) upstream: Upstream,
}

/// The form of log lines.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum LogFormat {
    /// A line for people
    Text,
    /// A JSON object per line
    Json,
}

/// Print the version of this program
#[derive(Args, Debug)]
pub(crate) struct Version {
    /// The form of the output
    #[arg(short, long, value_name = "FORMAT", default_value = "table")]
    pub(crate) output: OutputFormat,
}

/// The form of data on stdout.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum OutputFormat {
    /// Columns for people
    Table,
    /// JSON, a stable shape
    Json,
    /// YAML, a stable shape
    Yaml,
}

impl Cli {
    /// Returns `arguments` with what Deployments leave out that were written for a server without subcommands: a flag
    /// of `serve` in the first place means `serve`, and `-v=2` is the `--v=2` of klog.
    pub(crate) fn completed(mut arguments: Vec<OsString>) -> Vec<OsString> {
        let first =
            arguments.get(1).and_then(|first| first.to_str()).and_then(|first| first.strip_prefix("--"));
        let name = first.and_then(|flag| flag.split('=').next());
        let serve = Self::command().find_subcommand("serve").cloned().unwrap_or_default();
        if name.is_some() && serve.get_arguments().any(|flag| flag.get_long() == name) {
            arguments.insert(1, "serve".into());
        }
        for argument in &mut arguments {
            if let Some(level) = argument.to_str().and_then(|argument| argument.strip_prefix("-v=")) {
                *argument = format!("--v={level}").into();
            }
        }
        arguments
    }
}

impl ColorWhen {
    /// Returns what `--color` says in `arguments`, so that errors of parsing them obey it too; `Auto` where
    /// that cannot be told.
    pub(crate) fn peek(arguments: &[OsString]) -> Self {
        let words: Vec<_> = arguments.iter().filter_map(|word| word.to_str()).collect();
        let glued = words.iter().find_map(|word| word.strip_prefix("--color="));
        let apart = words.iter().position(|word| *word == "--color").and_then(|at| words.get(at + 1));
        let value = glued.or(apart.copied()).unwrap_or("auto");
        Self::from_str(value, false).unwrap_or_default()
    }
}

const EXAMPLES: &str = "\
Examples:
  Serve on this machine, no cluster needed, and use it with kubectl:
    wfctl serve --dev
    export KUBECONFIG=wfctl-dev/kubeconfig
    wfctl example | kubectl apply -f -
    kubectl get workflows";

const SERVE_EXAMPLES: &str = "\
Examples:
  Serve on this machine; objects are kept in wfctl-dev/data:
    wfctl serve --dev

  On a free port, keeping nothing:
    wfctl serve --dev --secure-port 0 --storage memory:

  In PostgreSQL, with the password where nobody else sees it:
    PGPASSWORD=secret wfctl serve --dev --storage postgres://wfctl@db/workflows

  With settings from the environment:
    WFCTL_DEV=true WFCTL_STORAGE=sled:/tmp/workflows wfctl serve";

const EXAMPLE_EXAMPLES: &str = "\
Examples:
  wfctl example | kubectl apply -f -";

const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  source <(wfctl completions bash)
  source <(wfctl completions zsh)
  wfctl completions fish | source

  In every shell to come:
    echo 'source <(wfctl completions bash)' >> ~/.bashrc
    echo 'source <(wfctl completions zsh)' >> ~/.zshrc
    echo 'wfctl completions fish | source' >> ~/.config/fish/config.fish";

#[cfg(test)]
mod tests {
    use super::*;

    fn peek(words: &[&str]) -> ColorWhen {
        ColorWhen::peek(&words.iter().map(OsString::from).collect::<Vec<_>>())
    }

    #[test]
    fn the_definition_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_flag_of_serve_can_be_set_by_the_environment() {
        let command = Cli::command();
        let serve = command.find_subcommand("serve").unwrap();
        for flag in serve.get_arguments().filter(|flag| !flag.is_hide_set()) {
            let name = flag.get_long().unwrap().to_uppercase().replace('-', "_");
            assert_eq!(flag.get_env().unwrap(), format!("WFCTL_{name}").as_str());
        }
    }

    #[test]
    fn flags_of_serve_alone_mean_serve() {
        let completed = |words: &[&str]| {
            let words = words.iter().map(OsString::from).collect();
            Cli::completed(words).join(&OsString::from(" ")).into_string().unwrap()
        };
        assert_eq!(completed(&["wfctl", "--secure-port=443", "-v=2"]), "wfctl serve --secure-port=443 --v=2");
        assert_eq!(completed(&["wfctl", "--feature-gates", "A=true"]), "wfctl serve --feature-gates A=true");
        for others in
            ["wfctl", "wfctl --help", "wfctl --color=never serve", "wfctl version", "wfctl --unknown"]
        {
            assert_eq!(completed(&others.split(' ').collect::<Vec<_>>()), others);
        }
    }

    #[test]
    fn color_is_known_before_the_arguments_are_parsed() {
        assert_eq!(peek(&["wfctl", "--color", "never", "--wrong"]), ColorWhen::Never);
        assert_eq!(peek(&["wfctl", "--color=always"]), ColorWhen::Always);
        assert_eq!(peek(&["wfctl", "--color"]), ColorWhen::Auto);
        assert_eq!(peek(&["wfctl", "--color=green"]), ColorWhen::Auto);
    }
}
