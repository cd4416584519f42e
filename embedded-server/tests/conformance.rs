//! Holds the list of what clients rely on: reads `docs/conformance.md` as text, and fails for a row that is missing
//! or stands twice, for one that has neither test nor reason, and for a test that is not there.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::collections::HashMap;
use std::fs;
use std::path::Path;

/// The sections whose rows are numbered, and how many each has.
const SECTIONS: &[(usize, usize)] = &[
    (1, 16),
    (2, 17),
    (3, 20),
    (4, 20),
    (5, 22),
    (6, 14),
    (7, 12),
    (8, 11),
    (9, 15),
    (10, 6),
    (11, 13),
    (12, 5),
    (13, 8),
    (14, 4),
    (15, 10),
    (16, 8),
    (17, 12),
    (18, 8),
    (19, 6),
    (20, 8),
    (21, 3),
    (22, 15),
    (23, 6),
    (24, 9),
    (25, 11),
    (26, 8),
    (32, 20),
];

/// The sections that stand in another file until the two are put together; empty, and gone, from then on.
const SECTIONS_ELSEWHERE: &[usize] = &[4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

/// What the reason of a row without a test begins with.
const REASONS: [&str; 3] = ["Deliberately not: ", "Not yet: ", "Elsewhere: "];

/// A line of the list.
#[derive(Debug)]
struct Row {
    number: String,
    what: String,
    held_by: String,
}

#[test]
fn every_row_stands_once_and_in_order() {
    let expected: Vec<String> = SECTIONS
        .iter()
        .filter(|(section, _)| !SECTIONS_ELSEWHERE.contains(section))
        .flat_map(|(section, rows)| (1..=*rows).map(move |row| format!("{section}.{row}")))
        .collect();
    let found: Vec<String> = rows(&list()).into_iter().map(|row| row.number).collect();
    assert_eq!(found, expected);
}

#[test]
fn every_row_says_what_and_by_which_test_or_why_not() {
    let says_nothing =
        |row: &Row| row.what.is_empty() || (tests(&row.held_by).is_empty() && !has_reason(row));
    let found: Vec<Row> = rows(&list()).into_iter().filter(says_nothing).collect();
    assert!(found.is_empty(), "these have neither a test nor a reason: {found:#?}");
}

#[test]
fn every_test_that_is_named_is_there() {
    let mut sources = HashMap::new();
    let missing: Vec<String> = rows(&list())
        .iter()
        .flat_map(|row| tests(&row.held_by).into_iter().map(|test| (row.number.clone(), test)))
        .filter(|(_, (path, name))| {
            let source = sources.entry(path.clone()).or_insert_with(|| read(path).unwrap_or_default());
            !has_test(source, name)
        })
        .map(|(row, (path, name))| format!("{row}: {path}::{name}"))
        .collect();
    assert!(missing.is_empty(), "these tests are not there:\n{}", missing.join("\n"));
}

fn list() -> String {
    read("docs/conformance.md").unwrap()
}

/// Reads a file of the workspace.
fn read(path: &str) -> Option<String> {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).parent()?.join(path)).ok()
}

/// Returns the rows of all tables whose first cell is a number of two parts.
fn rows(list: &str) -> Vec<Row> {
    list.lines().filter_map(row).collect()
}

fn row(line: &str) -> Option<Row> {
    let cells = line.strip_prefix("| ")?.strip_suffix(" |")?;
    let mut cells = cells.splitn(3, " | ").map(str::to_owned);
    let number = cells.next().filter(|number| is_number(number))?;
    Some(Row { number, what: cells.next().unwrap_or_default(), held_by: cells.next().unwrap_or_default() })
}

fn is_number(text: &str) -> bool {
    text.split_once('.')
        .is_some_and(|(section, row)| [section, row].iter().all(|part| part.parse::<usize>().is_ok()))
}

fn has_reason(row: &Row) -> bool {
    REASONS.iter().any(|reason| row.held_by.strip_prefix(reason).is_some_and(|why| !why.is_empty()))
}

/// Returns the tests that stand in backticks, as path and name.
fn tests(held_by: &str) -> Vec<(String, String)> {
    let quoted = held_by.split('`').skip(1).step_by(2);
    quoted
        .filter_map(|text| text.split_once(".rs::"))
        .map(|(path, name)| (format!("{path}.rs"), name.to_owned()))
        .collect()
}

/// Tells whether a source has a function of that name that is marked as a test.
fn has_test(source: &str, name: &str) -> bool {
    let lines: Vec<&str> = source.lines().map(str::trim).collect();
    let signature = format!("fn {name}(");
    let at = lines.iter().position(|line| line.trim_start_matches("async ").starts_with(&signature));
    at.is_some_and(|at| {
        let marks = lines[..at].iter().rev().take_while(|line| line.starts_with("#["));
        marks.into_iter().any(|mark| mark.starts_with("#[test]") || mark.starts_with("#[tokio::test"))
    })
}

mod the_checks_themselves {
    use super::*;

    #[test]
    fn know_a_row_from_the_rest_of_a_table() {
        let numbers = |text: &str| rows(text).into_iter().map(|row| row.number).collect::<Vec<_>>();
        let table =
            "# 1. One\n| row | what | held by |\n| --- | --- | --- |\n| 1.1 | a | `b` |\n| 1.x | a | b |";
        assert_eq!(numbers(table), ["1.1"]);
    }

    #[test]
    fn know_tests_and_reasons() {
        let row = |held_by: &str| row(&format!("| 1.1 | a | {held_by} |")).unwrap();
        assert_eq!(tests("`a/b.rs::c`, `d.rs::e`; `f`").len(), 2);
        assert!(has_reason(&row("Not yet: later.")));
        assert!(!has_reason(&row("Not yet")) && !has_reason(&row("later")));
    }

    #[test]
    fn know_a_test_from_another_function() {
        let source = "#[tokio::test(start_paused = true)]\n#[ignore = \"x\"]\nasync fn a() {}\n\nfn b() {}\n";
        assert!(has_test(source, "a"));
        assert!(!has_test(source, "b") && !has_test(source, "c"));
    }
}
