//! The cells of an object's row in a table, made once for each object.

use std::io::Write;

use jiff::Timestamp;
use serde_json::Value;

use crate::meta::duration;

/// What a cell says.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// What stays as it is as long as the object does.
    Fixed(Value),
    /// How long ago a moment was when the row is read, as [`duration::human`] words it.
    Since(Timestamp),
}

/// The cells of an object's row, encoded but for those that time changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cells {
    json: Box<str>,
    /// Where cells are left open, in bytes from the beginning, and what they tell the age of.
    ages: Box<[(usize, Timestamp)]>,
}

impl Cells {
    /// Returns the row of the object `name`.
    pub fn new(name: &str, cells: impl Iterator<Item = Cell>) -> Self {
        let mut json = format!("[{}", Value::from(name));
        let mut ages = Vec::new();
        for cell in cells {
            json.push(',');
            match cell {
                Cell::Fixed(value) => json.push_str(&value.to_string()),
                Cell::Since(start) => ages.push((json.len(), start)),
            }
        }
        json.push(']');
        Self { json: json.into(), ages: ages.into() }
    }

    /// Adds the row to `out` as a JSON array, as it reads at `now`.
    pub fn write(&self, out: &mut Vec<u8>, now: Timestamp) {
        let json = self.json.as_bytes();
        let mut done = 0;
        for (at, start) in &self.ages {
            out.extend_from_slice(&json[done..*at]);
            // Writing to memory does not fail.
            let _ = write!(out, "\"{}\"", duration::human(now.duration_since(*start)));
            done = *at;
        }
        out.extend_from_slice(&json[done..]);
    }
}

impl From<Timestamp> for Cell {
    fn from(start: Timestamp) -> Self {
        Self::Since(start)
    }
}

impl From<Value> for Cell {
    fn from(value: Value) -> Self {
        Self::Fixed(value)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(cells: &Cells, now: &str) -> Value {
        let mut out = Vec::new();
        cells.write(&mut out, now.parse().unwrap());
        serde_json::from_slice(&out).unwrap()
    }

    #[test]
    fn a_row_ages_and_else_stays_as_it_is() {
        let start: Timestamp = "2026-01-01T10:00:00Z".parse().unwrap();
        let cells = [start.into(), json!("a \"b\"").into(), json!(3).into(), start.into()];
        let cells = Cells::new("name", cells.into_iter());
        assert_eq!(read(&cells, "2026-01-01T10:00:42Z"), json!(["name", "42s", "a \"b\"", 3, "42s"]));
        assert_eq!(read(&cells, "2026-01-03T10:00:00Z"), json!(["name", "2d", "a \"b\"", 3, "2d"]));
    }

    #[test]
    fn a_row_may_have_a_name_alone() {
        assert_eq!(read(&Cells::new("\n", std::iter::empty()), "2026-01-01T00:00:00Z"), json!(["\n"]));
    }
}
