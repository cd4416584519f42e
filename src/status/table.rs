//! A report as people read it: headings, a line for each check, and what helps below the ones that are not well.

use clap::builder::styling::{AnsiColor, Style};

use super::report::{Category, Check, Outcome, Report};

const HEADING: Style = Style::new().bold();
const OK: Style = AnsiColor::Green.on_default();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const FAILED: Style = AnsiColor::Red.on_default().bold();
const HINT: Style = AnsiColor::Cyan.on_default();
/// The width of the longest outcome, and two spaces.
const MARGIN: usize = 9;

/// Shows `report`, with colors where `color` says so.
pub(crate) fn render(report: &Report, color: bool) -> String {
    let width = report.checks.iter().map(|check| check.name.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    let mut heading: Option<Category> = None;
    for check in &report.checks {
        if heading != Some(check.category) {
            text += &format!("{}\n", paint(check.category.title(), HEADING, color));
            heading = Some(check.category);
        }
        text += &line(check, width, color);
    }
    text + "\n" + &summary(report) + "\n"
}

fn line(check: &Check, width: usize, color: bool) -> String {
    let (word, style) = match check.result {
        Outcome::Ok => ("ok", OK),
        Outcome::Warning => ("warning", WARNING),
        Outcome::Failed => ("failed", FAILED),
    };
    let outcome = paint(&format!("{word:<MARGIN$}"), style, color);
    let mut line = format!("  {outcome}{:<width$}  {}\n", check.name, one_line(&check.message));
    if let Some(hint) = &check.hint {
        line += &format!("  {:MARGIN$}{} {hint}\n", "", paint("hint:", HINT, color));
    }
    line
}

/// What others say may have several lines, or characters that a terminal obeys.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn summary(report: &Report) -> String {
    let count = |outcome| report.checks.iter().filter(|check| check.result == outcome).count();
    let word = if report.healthy { "Healthy" } else { "Not healthy" };
    let [ok, warnings, failed] = [Outcome::Ok, Outcome::Warning, Outcome::Failed].map(count);
    format!("{word}: {ok} ok, {warnings} to look after, {failed} failed.")
}

fn paint(word: &str, style: Style, color: bool) -> String {
    if color { format!("{style}{word}{style:#}") } else { word.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::super::verdict::{failed, warning};
    use super::*;

    fn report() -> Report {
        Report::of(vec![
            Check::new(Category::Cluster, "kube-apiserver", Ok("it answers".to_owned())),
            Check::new(Category::Rollout, "deployment", Err(warning("1 of 2", "kubectl get pods"))),
            Check::new(Category::Rollout, "pod a", Err(failed("crashed:\n\u{1b}[2Jboo", "kubectl logs a"))),
        ])
    }

    #[test]
    fn checks_stand_under_their_headings_with_what_helps() {
        let text = "\
Cluster
  ok       kube-apiserver  it answers
Rollout
  warning  deployment      1 of 2
           hint: kubectl get pods
  failed   pod a           crashed:  [2Jboo
           hint: kubectl logs a

Not healthy: 1 ok, 1 to look after, 1 failed.
";
        assert_eq!(render(&report(), false), text);
    }

    #[test]
    fn color_is_only_where_it_was_asked_for() {
        assert!(render(&report(), true).contains('\u{1b}'));
    }
}
