//! The results as Markdown.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::time::Duration;

use crate::load::Measured;
use crate::process;

/// Collects results and prints them.
#[derive(Debug)]
pub(crate) struct Report {
    machine: String,
    setting: String,
    operations: String,
    states: String,
}

impl Report {
    /// Begins a report of servers and what they keep objects in; the machine is described as it is before the load.
    pub(crate) fn new(setting: String) -> Self {
        Self { machine: process::machine(), setting, operations: String::new(), states: String::new() }
    }

    /// Notes what an operation took, `at_once` at a time.
    pub(crate) fn operation(&mut self, name: &str, at_once: usize, measured: &Measured) {
        let milliseconds = |share| match measured.quantile(share) {
            Some(latency) => format!("{:.2}", latency.as_secs_f64() * 1e3),
            None => "–".to_owned(),
        };
        let row = format!(
            "| {name} | {at_once} | {:.0} | {} | {} | {:.4} | {:.4} |",
            measured.rate(),
            milliseconds(0.5),
            milliseconds(0.99),
            measured.server_cpu(),
            measured.client_cpu(),
        );
        progress(&row);
        let _ = writeln!(self.operations, "{row}");
    }

    /// Notes what a server is like that holds `objects` objects.
    pub(crate) fn state(&mut self, objects: usize, what: &str, start: Option<Duration>, megabytes: f64) {
        let start = start.map_or_else(|| "–".to_owned(), |start| format!("{:.3}", start.as_secs_f64()));
        let row = format!("| {objects} | {what} | {start} | {megabytes:.1} |");
        progress(&row);
        let _ = writeln!(self.states, "{row}");
    }

    /// Prints everything on standard output.
    pub(crate) fn print(&self) -> io::Result<()> {
        let command: Vec<String> =
            std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
        let mut out = io::stdout().lock();
        writeln!(out, "wfctl {}, {}, {}  ", env!("CARGO_PKG_VERSION"), self.setting, self.machine)?;
        writeln!(out, "`make bench ARGS='{}'`\n", command.join(" "))?;
        writeln!(out, "| objects | state | start to ready, s | resident, MB |\n| --- | --- | --- | --- |")?;
        writeln!(out, "{}", self.states)?;
        writeln!(
            out,
            "| operation | at once | a second | p50, ms | p99, ms | server CPU, s/1,000 | client CPU, s/1,000 |"
        )?;
        writeln!(out, "| --- | --- | --- | --- | --- | --- | --- |\n{}", self.operations.trim_end())
    }
}

/// Says how far the run is.
pub(crate) fn progress(text: &str) {
    // Nobody has to listen.
    let _ = writeln!(io::stderr(), "{text}");
}
