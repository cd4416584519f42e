//! The command line as its users see it, compared with what was agreed on.
//!
//! `TRYCMD=overwrite cargo test --test cli` writes down what the program says now; read the diff.

#[test]
fn the_command_line_says_what_was_agreed_on() {
    let cases = trycmd::TestCases::new();
    cases.env("COLUMNS", "100").insert_var("[VERSION]", env!("CARGO_PKG_VERSION")).unwrap();
    cases.case("tests/cli/*.trycmd");
}
