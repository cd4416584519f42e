//! A report as people read it: headings, a line for each check, and what helps below the ones that are not well.

use clap::builder::styling::{AnsiColor, Style};

use super::report::{Check, Outcome, Report};

const HEADING: Style = Style::new().bold();
const OK: Style = AnsiColor::Green.on_default();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const FAILED: Style = AnsiColor::Red.on_default().bold();
const HINT: Style = AnsiColor::Cyan.on_default();
/// The width of the longest outcome, and two spaces.
const MARGIN: usize = 9;
/// Where names begin, and whatever does not fit beside its name.
const INDENT: usize = 2 + MARGIN;
/// Longer names stand beside no others where lines are short.
const LONG: usize = 36;

/// Shows `report`, with colors where `color` says so, in lines that are no longer than `width`. A hint is never broken,
/// so that it can be copied.
pub(crate) fn render(report: &Report, color: bool, width: Option<usize>) -> String {
    let mut text = String::new();
    let mut hints: Vec<&str> = Vec::new();
    for checks in report.checks.chunk_by(|one, next| one.category == next.category) {
        text.extend(checks.first().map(|check| paint(check.category.title(), HEADING, color) + "\n"));
        let lines = Lines { names: names(checks, width), color, width };
        for check in checks {
            text += &lines.check(check);
            text += &check.hint.iter().map(|hint| lines.hint(hint, &mut hints)).collect::<String>();
        }
    }
    text + "\n" + &summary(report) + "\n"
}

/// Returns the width of the names that stand beside their messages.
fn names(checks: &[Check], width: Option<usize>) -> usize {
    let longest = width.map_or(usize::MAX, |_| LONG);
    checks.iter().map(|check| length(&check.name)).filter(|length| *length <= longest).max().unwrap_or(0)
}

/// How the lines below one heading look.
struct Lines {
    names: usize,
    color: bool,
    width: Option<usize>,
}

impl Lines {
    fn check(&self, check: &Check) -> String {
        let (word, style) = match check.result {
            Outcome::Ok => ("ok", OK),
            Outcome::Warning => ("warning", WARNING),
            Outcome::Failed => ("failed", FAILED),
        };
        let outcome = paint(&format!("{word:<MARGIN$}"), style, self.color);
        format!("  {outcome}{}\n", self.told(&check.name, &one_line(&check.message)))
    }

    /// Says it beside the name, or below where it does not fit.
    fn told(&self, name: &str, message: &str) -> String {
        let beside = format!("{name:<names$}  {message}", names = self.names);
        match self.width.map(|width| width.saturating_sub(INDENT)) {
            Some(room) if length(&beside) > room => {
                let lines = wrapped(message, room);
                lines.iter().fold(name.to_owned(), |text, line| format!("{text}\n{:INDENT$}{line}", ""))
            }
            _ => beside,
        }
    }

    /// A command that was told before is not told again.
    fn hint<'r>(&self, hint: &'r str, told: &mut Vec<&'r str>) -> String {
        let words = if told.contains(&hint) { "as above" } else { hint };
        told.push(hint);
        format!("{:INDENT$}{} {words}\n", "", paint("hint:", HINT, self.color))
    }
}

fn length(text: &str) -> usize {
    text.chars().count()
}

/// Breaks a text between words; a word that is longer than a line stays whole.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if length(line) + 1 + length(word) <= width => *line += &format!(" {word}"),
            _ => lines.push(word.to_owned()),
        }
    }
    lines
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
    use super::super::report::Category;
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
  warning  deployment  1 of 2
           hint: kubectl get pods
  failed   pod a       crashed:  [2Jboo
           hint: kubectl logs a

Not healthy: 1 ok, 1 to look after, 1 failed.
";
        assert_eq!(render(&report(), false, None), text);
        assert_eq!(render(&report(), false, Some(80)), text);
    }

    #[test]
    fn what_does_not_fit_beside_its_name_stands_below_and_no_hint_is_broken() {
        let said = "it was said by somebody who had much to say";
        let report = Report::of(vec![
            Check::new(Category::Rollout, "pod a", Err(failed(said, "kubectl describe pod -n somewhere a"))),
            Check::new(
                Category::Rollout,
                "pod b",
                Err(failed("short", "kubectl describe pod -n somewhere a")),
            ),
        ]);
        let text = "\
Rollout
  failed   pod a
           it was said by somebody
           who had much to say
           hint: kubectl describe pod -n somewhere a
  failed   pod b  short
           hint: as above

Not healthy: 0 ok, 0 to look after, 2 failed.
";
        assert_eq!(render(&report, false, Some(35)), text);
    }

    #[test]
    fn names_that_are_very_long_do_not_move_all_messages_away() {
        let name = "replica workflow-apiserver-6d4cf56db6-abcde";
        let report = Report::of(vec![
            Check::new(Category::Certificates, "caBundle", Ok("it is good".to_owned())),
            Check::new(Category::Certificates, name, Ok("so is this".to_owned())),
        ]);
        let text = render(&report, false, Some(80));
        assert!(text.contains("  ok       caBundle  it is good\n"), "{text}");
        assert!(text.contains(&format!("  ok       {name}  so is this\n")), "{text}");
    }

    #[test]
    fn color_is_only_where_it_was_asked_for() {
        assert!(render(&report(), true, None).contains('\u{1b}'));
    }
}
