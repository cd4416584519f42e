//! Versions, times and lines of source inside of sentences.

/// What stands before a resourceVersion in a text.
const BEFORE_VERSION: [&str; 6] = [
    "resource version: ",
    "ResourceVersion in precondition: ",
    "ResourceVersion in object meta: ",
    "ResourceVersion in the precondition (",
    "ResourceVersion in record (",
    r#"resourceVersion\":\""#,
];
/// The shape of a time.
const TIME: &str = "0000-00-00T00:00:00Z";
/// Where a time stands in an object that is shown as quoted JSON.
const BEFORE_TIME: [&str; 2] = [r#"creationTimestamp\":\""#, r#"time\":\""#];

/// Hides the versions in sentences that are known to name some, by what `rank` makes of them.
pub(crate) fn hide_versions(text: String, rank: impl Fn(u64) -> Option<String>) -> String {
    BEFORE_VERSION.iter().fold(text, |text, words| {
        replace_after(&text, words, |rest| {
            let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            let known = rest[..digits].parse().ok().and_then(&rank);
            known.map(|known| (digits, known))
        })
    })
}

/// Hides the times in objects that are shown as quoted JSON.
pub(crate) fn hide_times(text: String) -> String {
    let hidden = |rest: &str| is_time(rest.get(..TIME.len())?).then(|| (TIME.len(), "{{time}}".to_owned()));
    BEFORE_TIME.iter().fold(text, |text, words| replace_after(&text, words, hidden))
}

/// Hides what the types of a server are called as a whole: a line of its source.
pub(crate) fn hide_scheme(text: &str) -> String {
    replace_after(text, "in scheme \"", |rest| Some((rest.find('"')?, "{{scheme}}".to_owned())))
}

/// Tells whether a text is a time of whole seconds in UTC.
pub(crate) fn is_time(text: &str) -> bool {
    text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).eq(TIME.chars())
}

/// Replaces what follows each occurrence of `words`, as long and by what `found` says.
fn replace_after(text: &str, words: &str, found: impl Fn(&str) -> Option<(usize, String)>) -> String {
    let mut parts = text.split(words);
    let mut made = parts.next().unwrap_or_default().to_owned();
    for rest in parts {
        let (length, by) = found(rest).unwrap_or_default();
        made.extend([words, &by, &rest[length..]]);
    }
    made
}

#[test]
fn what_the_server_chose_is_hidden_inside_of_sentences() {
    let known = |version| (version == 12).then(|| "{{version 1}}".to_owned());
    let hidden = hide_versions("ResourceVersion in record (12), resource version: 7".to_owned(), known);
    assert_eq!(hidden, "ResourceVersion in record ({{version 1}}), resource version: 7");
    let hidden = hide_times(r#"{\"time\":\"2026-01-01T00:00:00Z\",\"x\":1}"#.to_owned());
    assert_eq!(hidden, r#"{\"time\":\"{{time}}\",\"x\":1}"#);
    assert_eq!(hide_scheme("in scheme \"a.go:3\"."), "in scheme \"{{scheme}}\".");
}
