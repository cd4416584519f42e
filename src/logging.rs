//! Log lines: on stderr, as text or JSON, as many as `-v` asks for.

use tracing_subscriber::EnvFilter;

use crate::cli::LogFormat;
use crate::printer::Printer;

/// Sends the log lines of the whole process to `printer`; `RUST_LOG` counts before `verbose`. Only the first
/// call of a process has an effect.
pub(crate) fn start(format: LogFormat, verbose: u8, printer: &Printer) {
    let writer = printer.clone();
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter(verbose))
        .with_writer(move || writer.log_writer())
        .with_ansi(printer.colors_logs() && format == LogFormat::Text);
    let started = match format {
        LogFormat::Text => lines.try_init(),
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
    };
    if let Err(error) = started {
        tracing::debug!(%error, "log lines go elsewhere already");
    }
}

fn filter(verbose: u8) -> EnvFilter {
    EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(directives(verbose)))
}

/// Failed watches are explained by [`cluster`](crate::cluster), in words for people.
fn directives(verbose: u8) -> &'static str {
    match verbose {
        0 => "warn,kube_runtime=error,wfctl=info,embedded_server=info",
        1 => "warn,kube_runtime=error,wfctl=debug,embedded_server=debug",
        2 => "info,wfctl=trace,embedded_server=trace",
        _ => "trace",
    }
}
