//! Amounts as Kubernetes writes them. Source of the grammar: apimachinery/pkg/api/resource/quantity.go.

use std::str::FromStr;

use serde::Serialize;
use thiserror::Error;

use super::ValuesError;

/// An amount of something that is more than zero, kept as it was written.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(into = "String")]
pub(crate) struct Quantity {
    text: String,
    /// In units of 10^-9.
    nano: u128,
}

/// Why a text is no amount.
#[derive(Debug, Error, Eq, PartialEq)]
pub(crate) enum QuantityError {
    /// The number in front.
    #[error("it does not begin with a number")]
    Number,
    /// The unit behind it.
    #[error("its unit is none of m, k, M, G, T, P, E, Ki, Mi, Gi, Ti, Pi and Ei")]
    Unit,
    /// Nothing, or less.
    #[error("it must be more than zero")]
    Zero,
    /// More than Kubernetes can count.
    #[error("it is too large")]
    TooLarge,
}

impl Quantity {
    /// Says whether this limit is no less than `request`.
    pub(super) fn check_at_least(
        &self,
        request: &Self,
        limit_path: &'static str,
        request_path: &'static str,
    ) -> Result<(), ValuesError> {
        if self.nano >= request.nano {
            return Ok(());
        }
        Err(ValuesError::LimitUnderRequest { limit: limit_path, request: request_path })
    }
}

impl From<Quantity> for String {
    fn from(quantity: Quantity) -> Self {
        quantity.text
    }
}

impl FromStr for Quantity {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, QuantityError> {
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let (number, unit) = text.split_at(end);
        let nano = nano(number)?.checked_mul(factor(unit)?).ok_or(QuantityError::TooLarge)? / MILLI;
        check(nano > 0, QuantityError::Zero)?;
        check(nano / NANO <= u128::from(i64::MAX.unsigned_abs()), QuantityError::TooLarge)?;
        Ok(Self { text: text.to_owned(), nano })
    }
}

const NANO: u128 = 1_000_000_000;
const MILLI: u128 = 1000;

fn check(holds: bool, error: QuantityError) -> Result<(), QuantityError> {
    if holds { Ok(()) } else { Err(error) }
}

/// Reads a decimal number with at most nine places as a count of 10^-9.
fn nano(number: &str) -> Result<u128, QuantityError> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    check(fraction.len() <= 9 && !(whole.is_empty() && fraction.is_empty()), QuantityError::Number)?;
    format!("{whole}{fraction:0<9}").parse().map_err(|_| QuantityError::Number)
}

/// Returns what a unit stands for, in thousandths.
fn factor(unit: &str) -> Result<u128, QuantityError> {
    const BINARY: [&str; 6] = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
    const DECIMAL: [&str; 6] = ["k", "M", "G", "T", "P", "E"];
    let power = |units: &[&str]| units.iter().position(|known| *known == unit).map(|at| at as u32 + 1);
    match unit {
        "" => Ok(MILLI),
        "m" => Ok(1),
        _ => None
            .or_else(|| power(&BINARY).map(|power| MILLI * 1024_u128.pow(power)))
            .or_else(|| power(&DECIMAL).map(|power| MILLI * 1000_u128.pow(power)))
            .ok_or(QuantityError::Unit),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nano_of(text: &str) -> u128 {
        text.parse::<Quantity>().unwrap().nano
    }

    #[test]
    fn units_are_those_of_kubernetes() {
        assert_eq!(nano_of("1"), NANO);
        assert_eq!(nano_of("250m"), NANO / 4);
        assert_eq!(nano_of("0.25"), NANO / 4);
        assert_eq!(nano_of(".5"), NANO / 2);
        assert_eq!(nano_of("1.5Gi"), NANO * 3 * 512 * 1024 * 1024);
        assert_eq!(nano_of("2k"), 2000 * NANO);
        assert_eq!(nano_of("1Ei"), NANO << 60);
    }

    #[test]
    fn it_is_kept_as_it_was_written() {
        assert_eq!(String::from("0.50Gi".parse::<Quantity>().unwrap()), "0.50Gi");
    }

    #[test]
    fn what_is_no_amount_is_refused_with_the_reason() {
        let refused = |text: &str| text.parse::<Quantity>().unwrap_err();
        for text in ["", "Gi", "-1", ".", "1.2.3", "x", "0.0000000001"] {
            assert_eq!(refused(text), QuantityError::Number, "{text:?}");
        }
        for text in ["1gb", "1 Gi", "1GB", "1K", "1Gi "] {
            assert_eq!(refused(text), QuantityError::Unit, "{text:?}");
        }
        assert_eq!(refused("0"), QuantityError::Zero);
        assert_eq!(refused("0.0Gi"), QuantityError::Zero);
        assert_eq!(refused("16Ei"), QuantityError::TooLarge);
        assert_eq!(refused(&"9".repeat(60)), QuantityError::Number);
    }
}
