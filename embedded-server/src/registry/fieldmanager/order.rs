//! A total order of JSON values in which a number equals itself however it is written.
//!
//! Source of the order: structured-merge-diff `value/value.go`. Integers and floats are compared exactly there
//! where the source rounds, so that the order is transitive for every input.

use std::cmp::Ordering;

use serde_json::{Map, Number, Value};

/// Compares two values: numbers come before strings, then booleans, lists, maps and null.
pub(super) fn compare(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => numbers(a, b),
        (Value::String(a), Value::String(b)) => a.cmp(b),
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::Array(a), Value::Array(b)) => lists(a, b),
        (Value::Object(a), Value::Object(b)) => maps(a, b),
        _ => rank(a).cmp(&rank(b)),
    }
}

/// Tells whether two values mean the same.
pub(super) fn equal(a: &Value, b: &Value) -> bool {
    compare(a, b).is_eq()
}

fn rank(value: &Value) -> u8 {
    match value {
        Value::Number(_) => 0,
        Value::String(_) => 1,
        Value::Bool(_) => 2,
        Value::Array(_) => 3,
        Value::Object(_) => 4,
        Value::Null => 5,
    }
}

fn lists(a: &[Value], b: &[Value]) -> Ordering {
    let differing = a.iter().zip(b).map(|(a, b)| compare(a, b)).find(|order| order.is_ne());
    differing.unwrap_or_else(|| a.len().cmp(&b.len()))
}

fn maps(a: &Map<String, Value>, b: &Map<String, Value>) -> Ordering {
    let entries =
        |(a, b): ((&String, &Value), (&String, &Value))| a.0.cmp(b.0).then_with(|| compare(a.1, b.1));
    let differing = a.iter().zip(b).map(entries).find(|order| order.is_ne());
    differing.unwrap_or_else(|| a.len().cmp(&b.len()))
}

fn numbers(a: &Number, b: &Number) -> Ordering {
    match (integer(a), integer(b)) {
        (Some(a), Some(b)) => a.cmp(&b),
        (Some(a), None) => integer_and_float(a, float(b)),
        (None, Some(b)) => integer_and_float(b, float(a)).reverse(),
        (None, None) => float(a).partial_cmp(&float(b)).unwrap_or(Ordering::Equal),
    }
}

fn integer(number: &Number) -> Option<i128> {
    number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from))
}

fn float(number: &Number) -> f64 {
    number.as_f64().unwrap_or_default()
}

/// The conversion saturates, which keeps numbers beyond all integers on their side.
#[allow(clippy::cast_possible_truncation)]
fn integer_and_float(integer: i128, float: f64) -> Ordering {
    let floor = float.floor();
    let below = if float > floor { Ordering::Less } else { Ordering::Equal };
    integer.cmp(&(floor as i128)).then(below)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_number_equals_itself_however_it_is_written() {
        assert!(equal(&json!(1), &json!(1.0)));
        assert!(equal(&json!([{"a": 2.0}]), &json!([{"a": 2}])));
        assert!(!equal(&json!(1), &json!("1")));
    }

    #[test]
    fn integers_and_floats_stand_on_one_line() {
        let sorted =
            [json!(-1e300), json!(-2), json!(-1.5), json!(-1), json!(0), json!(0.5), json!(1), json!(1e300)];
        for pair in sorted.windows(2) {
            assert_eq!(compare(&pair[0], &pair[1]), Ordering::Less, "{pair:?}");
            assert_eq!(compare(&pair[1], &pair[0]), Ordering::Greater, "{pair:?}");
        }
    }

    #[test]
    fn big_integers_do_not_collapse_into_their_nearest_float() {
        let (odd, even, float) = (
            json!(9_007_199_254_740_993_i64),
            json!(9_007_199_254_740_992_i64),
            json!(9_007_199_254_740_992.0),
        );
        assert!(equal(&even, &float));
        assert_eq!(compare(&odd, &float), Ordering::Greater);
    }

    #[test]
    fn types_come_in_a_fixed_order() {
        let sorted = [
            json!(1),
            json!("a"),
            json!(true),
            json!([]),
            json!([1]),
            json!({}),
            json!({"a": 1}),
            json!(null),
        ];
        for pair in sorted.windows(2) {
            assert_eq!(compare(&pair[0], &pair[1]), Ordering::Less, "{pair:?}");
        }
    }
}
