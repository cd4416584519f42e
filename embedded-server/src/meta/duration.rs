//! Lengths of time as Go writes them and as people read them.
//!
//! Knows nothing of clocks: what has passed since a moment is for the caller to say.

use jiff::SignedDuration;

/// The reason why a text is not a duration, worded as Go's `time.ParseDuration` words it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ParseError(String);

/// The largest magnitude, in nanoseconds; only a negative duration may reach it.
const LIMIT: u64 = 1 << 63;

/// Reads a duration such as `300ms`, `-1.5h` or `2h45m`; the grammar and the limits are those of Go's
/// `time.ParseDuration`.
///
/// # Errors
///
/// Fails when the text is empty, a number has no unit or an unknown one, or the sum does not fit into 64 bits
/// of nanoseconds.
pub fn parse_go(text: &str) -> Result<SignedDuration, ParseError> {
    let negative = text.starts_with('-');
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if unsigned == "0" {
        return Ok(SignedDuration::ZERO);
    }
    let nanos = sum_of_terms(unsigned).map_err(|fault| fault.of(text))?;
    signed(nanos, negative).map(SignedDuration::from_nanos).ok_or_else(|| Fault::Invalid.of(text))
}

/// What is wrong with a part of a duration; the message names the whole.
enum Fault<'a> {
    Invalid,
    MissingUnit,
    UnknownUnit(&'a str),
}

impl Fault<'_> {
    fn of(&self, whole: &str) -> ParseError {
        let whole = quote(whole);
        ParseError(match self {
            Self::Invalid => format!("time: invalid duration {whole}"),
            Self::MissingUnit => format!("time: missing unit in duration {whole}"),
            Self::UnknownUnit(unit) => format!("time: unknown unit {} in duration {whole}", quote(unit)),
        })
    }
}

fn signed(nanos: u64, negative: bool) -> Option<i64> {
    if negative { 0i64.checked_sub_unsigned(nanos) } else { i64::try_from(nanos).ok() }
}

fn sum_of_terms(mut rest: &str) -> Result<u64, Fault<'_>> {
    if rest.is_empty() {
        return Err(Fault::Invalid);
    }
    let mut sum = 0u64;
    while !rest.is_empty() {
        let (nanos, after) = term(rest)?;
        sum = within_limit(sum.checked_add(nanos))?;
        rest = after;
    }
    Ok(sum)
}

/// Reads one number with its unit; returns the nanoseconds and the text after it.
fn term(text: &str) -> Result<(u64, &str), Fault<'_>> {
    let (whole, rest) = split_digits(text);
    let (fraction, rest) = match rest.strip_prefix('.') {
        Some(after) => split_digits(after),
        None => ("", rest),
    };
    if whole.is_empty() && fraction.is_empty() {
        return Err(Fault::Invalid);
    }
    let (unit, rest) =
        rest.split_at(rest.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(rest.len()));
    let unit = nanos_per(unit)?;
    let whole = whole_nanos(whole, unit)?;
    Ok((within_limit(whole.checked_add(fraction_nanos(fraction, unit)))?, rest))
}

fn split_digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

fn nanos_per(unit: &str) -> Result<u64, Fault<'_>> {
    Ok(match unit {
        "" => return Err(Fault::MissingUnit),
        "ns" => 1,
        "us" | "µs" | "μs" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return Err(Fault::UnknownUnit(unit)),
    })
}

fn whole_nanos<'a>(digits: &str, unit: u64) -> Result<u64, Fault<'a>> {
    let number = if digits.is_empty() { Some(0) } else { digits.parse::<u64>().ok() };
    within_limit(number.and_then(|number| number.checked_mul(unit)))
}

fn within_limit<'a>(nanos: Option<u64>) -> Result<u64, Fault<'a>> {
    nanos.filter(|&nanos| nanos <= LIMIT).ok_or(Fault::Invalid)
}

/// Returns the nanoseconds of `0.digits` units, rounded down. Digits beyond what 63 bits hold are of no
/// account; the arithmetic is Go's, floating point included, so that both agree to the nanosecond.
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn fraction_nanos(digits: &str, unit: u64) -> u64 {
    let (mut number, mut scale) = (0u64, 1f64);
    for digit in digits.bytes().map(|digit| u64::from(digit - b'0')) {
        match number.checked_mul(10).map(|tens| tens + digit) {
            Some(next) if number <= (LIMIT - 1) / 10 && next <= LIMIT => number = next,
            _ => break,
        }
        scale *= 10.0;
    }
    (number as f64 * (unit as f64 / scale)) as u64
}

/// Quotes as Go's `time` package does: bytes outside printable ASCII become `\xNN`.
fn quote(text: &str) -> String {
    let mut quoted = String::from("\"");
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => quoted.extend(['\\', char::from(byte)]),
            b' '..=b'~' | 0x7f => quoted.push(char::from(byte)),
            _ => quoted.push_str(&format!("\\x{byte:02x}")),
        }
    }
    quoted.push('"');
    quoted
}

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const YEAR: i64 = 365 * DAY;

/// Returns a duration in the two or three significant figures that `kubectl get` shows as an age, for example
/// `45s`, `3m20s`, `5h`, `2d3h` or `3y40d`.
///
/// Up to two seconds of the future read `0s`, since clocks differ; more read `<invalid>`. The steps are those
/// of `HumanDuration` in `apimachinery/pkg/util/duration/duration.go`.
pub fn human(duration: SignedDuration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        ..-1 => "<invalid>".to_owned(),
        -1 => "0s".to_owned(),
        _ if seconds < 2 * MINUTE => format!("{seconds}s"),
        _ if seconds < 10 * MINUTE => two_figures(seconds, (MINUTE, "m"), (1, "s")),
        _ if seconds < 3 * HOUR => format!("{}m", seconds / MINUTE),
        _ if seconds < 8 * HOUR => two_figures(seconds, (HOUR, "h"), (MINUTE, "m")),
        _ if seconds < 2 * DAY => format!("{}h", seconds / HOUR),
        _ if seconds < 8 * DAY => two_figures(seconds, (DAY, "d"), (HOUR, "h")),
        _ if seconds < 2 * YEAR => format!("{}d", seconds / DAY),
        _ if seconds < 8 * YEAR => two_figures(seconds, (YEAR, "y"), (DAY, "d")),
        _ => format!("{}y", seconds / YEAR),
    }
}

/// Writes whole `large` units and what remains in `small` ones, unless nothing does.
fn two_figures(seconds: i64, large: (i64, &str), small: (i64, &str)) -> String {
    let (many, few) = (seconds / large.0, seconds % large.0 / small.0);
    match few {
        0 => format!("{many}{}", large.1),
        _ => format!("{many}{}{few}{}", large.1, small.1),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn nanos(text: &str) -> i128 {
        parse_go(text).unwrap_or_else(|error| panic!("{text}: {error}")).as_nanos()
    }

    #[test]
    fn every_form_that_go_accepts_is_read() {
        let table = [
            ("0", 0),
            ("+0", 0),
            ("-0", 0),
            ("5s", 5_000_000_000),
            ("30m", 1_800_000_000_000),
            ("1478s", 1_478_000_000_000),
            ("-5s", -5_000_000_000),
            ("+5s", 5_000_000_000),
            ("5.s", 5_000_000_000),
            (".5s", 500_000_000),
            ("1.0s", 1_000_000_000),
            ("1.004s", 1_004_000_000),
            ("100.00100s", 100_001_000_000),
            ("10ns", 10),
            ("11us", 11_000),
            ("12µs", 12_000),
            ("12μs", 12_000),
            ("13ms", 13_000_000),
            ("3h30m", 12_600_000_000_000),
            ("10.5s4m", 250_500_000_000),
            ("-2m3.4s", -123_400_000_000),
            ("1h2m3s4ms5us6ns", 3_723_004_005_006),
            ("52763797000ns", 52_763_797_000),
            ("0.3333333333333333333h", 1_200_000_000_000),
            ("0.100000000000000000000h", 360_000_000_000),
            ("0.9223372036854775807h", 3_320_413_933_267),
            ("9223372036854775807ns", i128::from(i64::MAX)),
            ("-9223372036854775808ns", i128::from(i64::MIN)),
            ("-9223372036s854ms775us808ns", i128::from(i64::MIN)),
        ];
        for (text, expected) in table {
            assert_eq!(nanos(text), expected, "{text}");
        }
    }

    #[test]
    fn every_failure_is_worded_as_go_words_it() {
        let table = [
            ("", r#"time: invalid duration """#),
            ("x", r#"time: invalid duration "x""#),
            ("-", r#"time: invalid duration "-""#),
            (".s", r#"time: invalid duration ".s""#),
            ("+.s", r#"time: invalid duration "+.s""#),
            ("--1s", r#"time: invalid duration "--1s""#),
            ("1s ", r#"time: unknown unit "s " in duration "1s ""#),
            ("3", r#"time: missing unit in duration "3""#),
            ("00", r#"time: missing unit in duration "00""#),
            ("1m3", r#"time: missing unit in duration "1m3""#),
            ("1d", r#"time: unknown unit "d" in duration "1d""#),
            ("1H", r#"time: unknown unit "H" in duration "1H""#),
            ("1\"é", r#"time: unknown unit "\"\xc3\xa9" in duration "1\"\xc3\xa9""#),
            ("9223372036854775808ns", r#"time: invalid duration "9223372036854775808ns""#),
            ("9223372036854775809ns", r#"time: invalid duration "9223372036854775809ns""#),
            ("3000000h", r#"time: invalid duration "3000000h""#),
            ("9223372036854775.808us", r#"time: invalid duration "9223372036854775.808us""#),
            ("-9223372036854775809ns", r#"time: invalid duration "-9223372036854775809ns""#),
            ("99999999999999999999999s", r#"time: invalid duration "99999999999999999999999s""#),
        ];
        for (text, expected) in table {
            assert_eq!(parse_go(text).unwrap_err().to_string(), expected, "{text}");
        }
    }

    #[test]
    fn ages_change_their_form_exactly_where_kubectl_changes_it() {
        let table = [
            (-2, "<invalid>"),
            (-1, "0s"),
            (0, "0s"),
            (119, "119s"),
            (120, "2m"),
            (121, "2m1s"),
            (10 * MINUTE - 1, "9m59s"),
            (10 * MINUTE, "10m"),
            (3 * HOUR - 1, "179m"),
            (3 * HOUR, "3h"),
            (3 * HOUR + MINUTE, "3h1m"),
            (8 * HOUR - 1, "7h59m"),
            (8 * HOUR, "8h"),
            (2 * DAY - 1, "47h"),
            (2 * DAY, "2d"),
            (2 * DAY + HOUR, "2d1h"),
            (8 * DAY - 1, "7d23h"),
            (8 * DAY, "8d"),
            (2 * YEAR - 1, "729d"),
            (2 * YEAR, "2y"),
            (2 * YEAR + DAY, "2y1d"),
            (8 * YEAR - 1, "7y364d"),
            (8 * YEAR, "8y"),
            (i64::MAX, "292471208677y"),
        ];
        for (seconds, expected) in table {
            assert_eq!(human(SignedDuration::from_secs(seconds)), expected, "{seconds}");
        }
    }

    #[test]
    fn part_of_a_second_before_now_counts_as_now() {
        assert_eq!(human(SignedDuration::from_millis(-1_999)), "0s");
        assert_eq!(human(SignedDuration::from_millis(-2_000)), "<invalid>");
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in ".{0,40}") {
            let _ = parse_go(&text);
        }

        #[test]
        fn no_numbers_and_units_make_the_parser_panic(text in "[-+]?([0-9]{0,25}(\\.[0-9]{0,25})?(ns|us|ms|s|m|h|)){0,4}") {
            let _ = parse_go(&text);
        }

        #[test]
        fn a_sum_of_units_is_read_exactly(h in 0i128..1000, m in 0i128..1000, s in 0i128..1000, ns in 0i128..1_000_000_000) {
            let expected = ((h * 60 + m) * 60 + s) * 1_000_000_000 + ns;
            prop_assert_eq!(nanos(&format!("{h}h{m}m{s}s{ns}ns")), expected);
        }
    }
}
