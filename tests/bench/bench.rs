//! Measures the release binary from outside, as a client meets it: how fast it answers, what that costs and how
//! much memory it takes. Asserts nothing about time.

mod client;
mod load;
mod object;
mod options;
mod process;
mod report;
mod scenarios;
mod server;

use std::io::{self, Write};

use crate::options::{HELP, Options};
use crate::report::{Report, progress};
use crate::scenarios::Bench;
use crate::server::Server;

/// How often an empty server is started; the median counts.
const STARTS: usize = 3;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    match Options::parse(std::env::args().skip(1))? {
        Some(options) => measure(&options).await,
        None => Ok(writeln!(io::stdout(), "{HELP}")?),
    }
}

async fn measure(options: &Options) -> anyhow::Result<()> {
    let mut report = Report::new();
    progress("starting empty servers");
    start_empty(options, &mut report).await?;
    let directory = tempfile::tempdir()?;
    let server = Server::start(options, directory.path()).await?;
    Bench::new(options, &server).await?.create(&mut report).await?;
    report.state(options.objects, "as written", None, server.idle_megabytes().await?);
    server.stop()?;

    let server = Server::start(options, directory.path()).await?;
    let megabytes = server.idle_megabytes().await?;
    report.state(options.objects, "restarted", Some(server.start), megabytes);
    let bench = Bench::new(options, &server).await?;
    bench.read(&mut report).await?;
    bench.update(&mut report).await?;
    bench.watch(&mut report).await?;
    report.state(options.objects, "after all but deletes", None, server.idle_megabytes().await?);
    bench.delete(&mut report).await?;
    drop(bench);
    server.stop()?;
    Ok(report.print()?)
}

/// Starts servers without a store, each the first in its directory.
async fn start_empty(options: &Options, report: &mut Report) -> anyhow::Result<()> {
    let mut starts = Vec::new();
    for _ in 0..STARTS {
        let directory = tempfile::tempdir()?;
        let server = Server::start(options, directory.path()).await?;
        starts.push((server.start, server.idle_megabytes().await?));
        server.stop()?;
    }
    starts.sort_unstable_by_key(|(start, _)| *start);
    let (start, megabytes) = starts[STARTS / 2];
    report.state(0, "new", Some(start), megabytes);
    Ok(())
}
