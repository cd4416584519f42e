//! Durations as Go writes them, as far as flags need them: `60s`, `1m30s`, `1h`, `250ms`, `0`.

use std::time::Duration;

/// Returns the duration that `text` says; whole numbers only, none below zero.
pub(super) fn parse(text: &str) -> Result<Duration, &'static str> {
    match text {
        "" => Err("it is empty"),
        "0" => Ok(Duration::ZERO),
        _ => sum(text),
    }
}

fn sum(text: &str) -> Result<Duration, &'static str> {
    let mut total = Duration::ZERO;
    let mut rest = text;
    while !rest.is_empty() {
        let (term, after) = term(rest)?;
        total = total.checked_add(term).ok_or("it is too long")?;
        rest = after;
    }
    Ok(total)
}

fn term(text: &str) -> Result<(Duration, &str), &'static str> {
    let (digits, rest) = split_while(text, |c| c.is_ascii_digit());
    let (unit, rest) = split_while(rest, |c| c.is_ascii_alphabetic());
    if digits.is_empty() {
        return Err("a number is missing");
    }
    let number: u64 = digits.parse().map_err(|_| "it is too long")?;
    let milliseconds = number.checked_mul(milliseconds(unit)?).ok_or("it is too long")?;
    Ok((Duration::from_millis(milliseconds), rest))
}

fn milliseconds(unit: &str) -> Result<u64, &'static str> {
    match unit {
        "ms" => Ok(1),
        "s" => Ok(1_000),
        "m" => Ok(60_000),
        "h" => Ok(3_600_000),
        "" => Err("a unit is missing"),
        _ => Err("its unit is unknown"),
    }
}

fn split_while(text: &str, keep: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|c| !keep(c)).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_with_units_add_up() {
        assert_eq!(parse("60s"), Ok(Duration::from_secs(60)));
        assert_eq!(parse("1m30s"), Ok(Duration::from_secs(90)));
        assert_eq!(parse("1h1ms"), Ok(Duration::from_millis(3_600_001)));
        assert_eq!(parse("0"), Ok(Duration::ZERO));
        assert_eq!(parse("0s"), Ok(Duration::ZERO));
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for text in ["", "60", "s", "-1s", "1d", "1m 30s", "99999999999999999999h", "5124095576030431h"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
