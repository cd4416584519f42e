//! The only writer to stdout and stderr: data on stdout, everything else on stderr, progress on a terminal
//! only, color where it is wanted.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use clap::builder::styling::{AnsiColor, Style};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use terminal_size::{Width, terminal_size_of};

use crate::cli::ColorWhen;
use crate::failure;

const TICK: Duration = Duration::from_millis(100);
/// How a bar looks.
const BAR: &str = "{msg} {wide_bar} {human_pos} of {human_len}, {eta} left";
/// How often a step of many parts is told of, and how many parts are not worth a line.
const TENTHS: usize = 10;
const FEW: usize = 500;
const ERROR: Style = AnsiColor::Red.on_default().bold();
const DONE: Style = AnsiColor::Green.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const HINT: Style = AnsiColor::Cyan.on_default().bold();

/// Prints for the whole program; clones share the terminal.
#[derive(Clone, Debug)]
pub(crate) struct Printer {
    color_out: bool,
    color_err: bool,
    interactive: bool,
    progress: MultiProgress,
}

impl Printer {
    /// Returns a printer for this process; `NO_COLOR` and the kind of stdout and stderr decide where `when`
    /// leaves it open.
    pub(crate) fn new(when: ColorWhen) -> Self {
        let interactive = io::stderr().is_terminal() && !is_set("CI") && !is_dumb();
        let target = if interactive { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        Self {
            color_out: colored(when, io::stdout().is_terminal()),
            color_err: colored(when, io::stderr().is_terminal()),
            interactive,
            progress: MultiProgress::with_draw_target(target),
        }
    }

    /// Writes data to stdout as it is. A reader that has gone away is not an error.
    pub(crate) fn data(&self, data: &str) -> io::Result<()> {
        let written = self.progress.suspend(|| {
            let mut out = io::stdout().lock();
            out.write_all(data.as_bytes()).and_then(|()| out.flush())
        });
        match written {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            written => written,
        }
    }

    /// Says whether data can be written in the place of what was written before.
    pub(crate) fn is_read_on_a_terminal(&self) -> bool {
        io::stdout().is_terminal() && !is_dumb()
    }

    /// Writes data to the top of the terminal, and nothing else is on it afterwards.
    pub(crate) fn redraw(&self, data: &str) -> io::Result<()> {
        self.data(&in_place(data))
    }

    /// Writes a line for people to stderr.
    pub(crate) fn note(&self, line: impl fmt::Display) {
        self.to_stderr(&format!("{line}\n"));
    }

    /// Writes what went wrong, why, and what to do next to stderr.
    pub(crate) fn error(&self, error: &anyhow::Error) {
        self.to_stderr(&render_error(error, self.color_err));
    }

    /// Writes what the parser of arguments has to say: help and version are data, the rest is not.
    pub(crate) fn parser_message(&self, error: &clap::Error) -> io::Result<()> {
        let text = error.render();
        if error.use_stderr() {
            self.to_stderr(&styled(&text, self.color_err));
            return Ok(());
        }
        self.data(&styled(&text, self.color_out))
    }

    /// Asks on stderr and reads the answer from stdin; says whether it is yes.
    pub(crate) fn ask(&self, question: &str) -> io::Result<bool> {
        self.to_stderr(&format!("{question} "));
        let mut answer = String::new();
        io::stdin().read_line(&mut answer)?;
        Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
    }

    /// Begins a step that may take a while: a spinner on a terminal, else a line.
    pub(crate) fn step(&self, doing: impl Into<Cow<'static, str>>) -> Step {
        let doing = doing.into();
        if !self.interactive {
            self.note(format_args!("{doing} …"));
        }
        let bar = self.progress.add(ProgressBar::new_spinner().with_message(doing));
        bar.set_style(ProgressStyle::default_spinner());
        bar.enable_steady_tick(TICK);
        Step { bar, plain: (!self.interactive).then(|| self.clone()) }
    }

    /// Writes that something is done.
    pub(crate) fn done(&self, what: impl fmt::Display) {
        self.note(format_args!("{} {what}", paint("✓", DONE, self.color_err)));
    }

    /// Writes that something is not as it should be, but nothing that keeps the command from going on.
    pub(crate) fn warning(&self, what: impl fmt::Display) {
        self.note(format_args!("{} {what}", paint("warning:", WARNING, self.color_err)));
    }

    /// Writes that something is in the way.
    pub(crate) fn problem(&self, what: impl fmt::Display) {
        self.note(format_args!("{} {what}", paint("✗", ERROR, self.color_err)));
    }

    /// Turns a spinner until it is dropped; on a terminal only.
    pub(crate) fn spinner(&self, doing: &'static str) -> Option<Step> {
        self.interactive.then(|| self.step(doing))
    }

    /// Begins, or goes on with, a step of so many parts: a bar on a terminal, else a line now and then.
    pub(crate) fn progress(&self, doing: &'static str, done: usize, parts: usize) -> Progress {
        let bar = ProgressBar::new(parts as u64).with_message(doing).with_position(done as u64);
        let bar = self.progress.add(bar);
        bar.set_style(ProgressStyle::with_template(BAR).unwrap_or_else(|_| ProgressStyle::default_bar()));
        let progress = Progress { bar, doing, parts, printer: self.clone() };
        progress.tell(done);
        progress
    }

    /// Returns a writer of log lines, which go to stderr around the progress.
    pub(crate) fn log_writer(&self) -> LogWriter {
        LogWriter(self.clone())
    }

    /// Returns a writer of data, which goes to stdout around the progress.
    pub(crate) fn data_writer(&self) -> DataWriter {
        DataWriter(self.clone())
    }

    /// Says whether data is to be colored where people read it.
    pub(crate) fn colors_data(&self) -> bool {
        self.color_out
    }

    /// Returns how many characters a line of data has room for, where that is known: on a terminal, or from `COLUMNS`.
    pub(crate) fn data_width(&self) -> Option<usize> {
        let terminal = terminal_size_of(io::stdout()).map(|(Width(columns), _)| usize::from(columns));
        terminal.or_else(|| std::env::var("COLUMNS").ok()?.parse().ok())
    }

    /// Says whether log lines are to be colored.
    pub(crate) fn colors_logs(&self) -> bool {
        self.color_err
    }

    /// There is nobody to tell that stderr cannot be written to.
    fn to_stderr(&self, text: &str) {
        let _ = self.progress.suspend(|| io::stderr().lock().write_all(text.as_bytes()));
    }
}

/// A step that is under way; it is over when dropped.
#[derive(Debug)]
pub(crate) struct Step {
    bar: ProgressBar,
    plain: Option<Printer>,
}

impl Step {
    /// Says what is being done now: on a terminal instead of what was said before, else as a line, if it is new.
    pub(crate) fn say(&self, doing: impl Into<Cow<'static, str>>) {
        let doing = doing.into();
        if let Some(printer) = self.plain.as_ref().filter(|_| self.bar.message() != doing) {
            printer.note(format_args!("{doing} …"));
        }
        self.bar.set_message(doing);
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// A step that is under way, and how far it is; it is over when dropped.
#[derive(Debug)]
pub(crate) struct Progress {
    bar: ProgressBar,
    doing: &'static str,
    parts: usize,
    printer: Printer,
}

impl Progress {
    /// Says that one more part is done.
    pub(crate) fn advance(&self) {
        self.bar.inc(1);
        let (done, tenth) = (self.bar.position() as usize, self.parts.div_ceil(TENTHS).max(FEW));
        if done.is_multiple_of(tenth) {
            self.tell(done);
        }
    }

    /// Says how far it is where there is no bar.
    fn tell(&self, done: usize) {
        if !self.printer.interactive {
            self.printer.note(format_args!("{}: {done} of {}", self.doing, self.parts));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// Writes log lines.
#[derive(Debug)]
pub(crate) struct LogWriter(Printer);

impl Write for LogWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.progress.suspend(|| io::stderr().lock().write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes data.
#[derive(Debug)]
pub(crate) struct DataWriter(Printer);

impl Write for DataWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.progress.suspend(|| {
            let mut out = io::stdout().lock();
            out.write_all(bytes).and_then(|()| out.flush())
        })?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Overwrites line by line: a terminal that is emptied first flickers.
fn in_place(data: &str) -> String {
    format!("\u{1b}[H{}\u{1b}[J", data.replace('\n', "\u{1b}[K\n"))
}

fn render_error(error: &anyhow::Error, color: bool) -> String {
    let mut text = format!("{} {error}\n", paint("error:", ERROR, color));
    for cause in error.chain().skip(1) {
        text += &format!("  caused by: {cause}\n");
    }
    for hint in failure::hints(error) {
        text += &format!("{} {hint}\n", paint("hint:", HINT, color));
    }
    text
}

fn paint(word: &str, style: Style, color: bool) -> String {
    if color { format!("{style}{word}{style:#}") } else { word.to_owned() }
}

fn styled(text: &clap::builder::StyledStr, color: bool) -> String {
    if color { text.ansi().to_string() } else { text.to_string() }
}

fn colored(when: ColorWhen, terminal: bool) -> bool {
    match when {
        ColorWhen::Always => true,
        ColorWhen::Never => false,
        ColorWhen::Auto => terminal && !is_set("NO_COLOR") && !is_dumb(),
    }
}

fn is_set(variable: &str) -> bool {
    std::env::var_os(variable).is_some_and(|value| !value.is_empty())
}

fn is_dumb() -> bool {
    std::env::var_os("TERM").is_some_and(|term| term == "dumb")
}

#[cfg(test)]
mod tests {
    use anyhow::{Context, anyhow};

    use super::*;
    use crate::failure::Hint;

    fn failed() -> anyhow::Error {
        let failed: anyhow::Result<()> = Err(anyhow!("port in use"));
        failed.context("cannot listen").hint("take another port").unwrap_err()
    }

    #[test]
    fn an_error_says_what_why_and_what_next() {
        let text = "error: cannot listen\n  caused by: port in use\nhint: take another port\n";
        assert_eq!(render_error(&failed(), false), text);
    }

    #[test]
    fn what_is_drawn_in_place_leaves_nothing_of_what_was_there() {
        assert_eq!(in_place("a\nb\n"), "\u{1b}[Ha\u{1b}[K\nb\u{1b}[K\n\u{1b}[J");
    }

    #[test]
    fn color_is_only_where_it_was_asked_for() {
        assert!(render_error(&failed(), true).contains('\u{1b}'));
        assert!(colored(ColorWhen::Always, false));
        assert!(!colored(ColorWhen::Never, true));
        assert!(!colored(ColorWhen::Auto, false));
    }
}
