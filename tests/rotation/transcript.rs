//! What somebody sees who rotates, compared with what was agreed on: `tests/golden/rotation/`.
//! `UPDATE_GOLDENS=1 cargo test --test rotation` rewrites it.

use jiff::Timestamp;

use super::golden;
use super::standin::Output;

/// What is said or not, depending on how fast somebody is.
const PASSING: [&str; 3] = [
    "waiting until the serving certificate is served by",
    "waiting until requests are answered",
    "watching every replica serve",
];

/// Commands and what they told.
#[derive(Default)]
pub(crate) struct Transcript(String);

impl Transcript {
    /// Says what has happened before the next command.
    pub(crate) fn note(&mut self, what: &str) {
        self.0 += &format!("# {what}\n");
    }

    /// Adds a command that has ended.
    pub(crate) fn add(&mut self, line: &str, output: &Output) {
        let lasting = output.stderr.lines().filter(|line| !is_passing(line));
        let stderr: String = lasting.map(|line| format!("{line}\n")).collect();
        let code = output.code.map_or_else(|| "none".to_owned(), |code| code.to_string());
        let told = stable(&stderr) + &stable(&output.stdout);
        self.0 += &format!("$ wfctl {line}\n{told}# exit status {code}\n\n");
    }

    /// Compares all of it.
    pub(crate) fn check(self, name: &str) {
        golden::check(&format!("rotation/{name}.txt"), &self.0);
    }
}

fn is_passing(line: &str) -> bool {
    line.split_once(": ").is_some_and(|(_, said)| PASSING.iter().any(|passing| said.starts_with(passing)))
}

/// Puts words in the place of what is another each time.
fn stable(text: &str) -> String {
    text.lines().map(|line| stable_line(line) + "\n").collect()
}

fn stable_line(line: &str) -> String {
    let words: Vec<_> = line.split(' ').collect();
    let next = |at: usize| words.get(at).copied().unwrap_or_default();
    let is_counted = |at| next(at + 1) == "requests" || (next(at + 1), next(at + 3)) == ("of", "requests");
    let stable = |(at, word): (usize, &&str)| stable_word(word, is_counted(at));
    words.iter().enumerate().map(stable).collect::<Vec<_>>().join(" ")
}

fn stable_word(word: &str, is_counted: bool) -> String {
    let bare = word.trim_matches(|c: char| "(),;:\"".contains(c));
    name(bare, is_counted).map_or_else(|| word.to_owned(), |name| word.replace(bare, name))
}

/// Names what a word stands for.
fn name(word: &str, is_counted: bool) -> Option<&'static str> {
    match word {
        _ if word.parse::<Timestamp>().is_ok() => Some("TIME"),
        _ if is_fingerprint(word) => Some("FINGERPRINT"),
        _ if word.starts_with("workflow-apiserver-") && word.split('-').count() == 4 => Some("POD"),
        _ if is_counted && word != "0" && word.parse::<u32>().is_ok() => Some("N"),
        _ => None,
    }
}

fn is_fingerprint(word: &str) -> bool {
    matches!(word.len(), 16 | 64) && word.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'A'..=b'F'))
}
