//! Cron schedules: whether a text is one, and whether it ever comes round.
//!
//! The grammar and the error texts are those of `ParseStandard` in github.com/robfig/cron v3, which also
//! judges the schedules of Kubernetes CronJobs. When a schedule fires next is not known here.

use crate::meta::duration;

/// Returns what keeps a text from being a schedule.
///
/// A schedule is five fields (minute, hour, day of month, month, day of week), a macro such as `@daily`, or
/// `@every` and a duration. Beyond the grammar, a schedule has to fire some day, and must not name a time zone:
/// as with CronJobs, what it means would depend on the zone files of the machine that reads it.
pub(super) fn fault(schedule: &str) -> Option<String> {
    if schedule.contains("TZ") {
        return Some("cannot use TZ or CRON_TZ in schedule, times are in UTC".to_owned());
    }
    let judged = if schedule.starts_with('@') { descriptor(schedule) } else { five_fields(schedule) };
    judged.err()
}

fn descriptor(schedule: &str) -> Result<(), String> {
    const MACROS: [&str; 7] =
        ["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"];
    if MACROS.contains(&schedule) {
        return Ok(());
    }
    let Some(every) = schedule.strip_prefix("@every ") else {
        return Err(format!("unrecognized descriptor: {schedule}"));
    };
    let every =
        duration::parse_go(every).map_err(|error| format!("failed to parse duration {schedule}: {error}"))?;
    if every.is_positive() { Ok(()) } else { Err("the duration of @every must be greater than 0".to_owned()) }
}

/// The values that a field can have, and their names from the first on.
struct Bounds {
    min: u32,
    max: u32,
    names: &'static [&'static str],
}

const MINUTES: Bounds = Bounds { min: 0, max: 59, names: &[] };
const HOURS: Bounds = Bounds { min: 0, max: 23, names: &[] };
const DAYS_OF_MONTH: Bounds = Bounds { min: 1, max: 31, names: &[] };
const MONTHS: Bounds = Bounds {
    min: 1,
    max: 12,
    names: &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
};
const DAYS_OF_WEEK: Bounds =
    Bounds { min: 0, max: 6, names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"] };

fn five_fields(schedule: &str) -> Result<(), String> {
    let fields: Vec<_> = schedule.split_whitespace().collect();
    let &[minute, hour, day_of_month, month, day_of_week] = fields.as_slice() else {
        let (count, fields) = (fields.len(), fields.join(" "));
        return Err(format!("expected exactly 5 fields, found {count}: [{fields}]"));
    };
    let times = Times {
        minute: field(minute, &MINUTES)?,
        hour: field(hour, &HOURS)?,
        day_of_month: field(day_of_month, &DAYS_OF_MONTH)?,
        month: field(month, &MONTHS)?,
        day_of_week: field(day_of_week, &DAYS_OF_WEEK)?,
    };
    if times.come_round() { Ok(()) } else { Err("the schedule never fires".to_owned()) }
}

/// The values that a field names.
#[derive(Clone, Copy, Default)]
struct Values {
    bits: u64,
    /// The field leaves the choice to the other field of days.
    any: bool,
}

impl Values {
    fn has(self, value: u32) -> bool {
        self.bits & (1 << value) != 0
    }

    fn is_empty(self) -> bool {
        self.bits == 0
    }
}

struct Times {
    minute: Values,
    hour: Values,
    day_of_month: Values,
    month: Values,
    day_of_week: Values,
}

impl Times {
    /// Tells whether there is a moment that every field names. Days of month and of week add up when both are
    /// restricted, and every month has all days of the week.
    fn come_round(&self) -> bool {
        let time = !self.minute.is_empty() && !self.hour.is_empty() && !self.month.is_empty();
        let by_week = !self.day_of_week.any && !self.day_of_week.is_empty();
        let either = !self.day_of_month.any && !self.day_of_week.any;
        let days = match either {
            true => by_week || self.has_date(),
            false => !self.day_of_week.is_empty() && self.has_date(),
        };
        time && days
    }

    fn has_date(&self) -> bool {
        const LONGEST: [u32; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        let mut months = (1..).zip(LONGEST).filter(|&(month, _)| self.month.has(month));
        months.any(|(_, days)| (1..=days).any(|day| self.day_of_month.has(day)))
    }
}

/// Reads a list of ranges; nothing between commas is nothing.
fn field(text: &str, bounds: &Bounds) -> Result<Values, String> {
    let ranges = text.split(',').filter(|range| !range.is_empty());
    ranges.map(|text| range(text, bounds)).try_fold(Values::default(), |sum, values| {
        let values = values?;
        Ok(Values { bits: sum.bits | values.bits, any: sum.any || values.any })
    })
}

/// Reads `*`, `?`, `5`, `1-5`, each perhaps with `/` and a step.
fn range(text: &str, bounds: &Bounds) -> Result<Values, String> {
    let (ends, step) = match text.split('/').collect::<Vec<_>>()[..] {
        [ends] => (ends, None),
        [ends, step] => (ends, Some(step)),
        _ => return Err(format!("too many slashes: {text}")),
    };
    let ends: Vec<_> = ends.split('-').collect();
    let any = matches!(ends[..], ["*" | "?", ..]);
    let (start, mut end) = if any { (bounds.min, bounds.max) } else { start_and_end(&ends, text, bounds)? };
    let step_size = step.map_or(Ok(1), number)?;
    if step.is_some() && ends.len() == 1 {
        end = bounds.max;
    }
    check_range(start, end, step_size, text, bounds)?;
    let bits = (start..=end)
        .step_by(usize::try_from(step_size).unwrap_or(usize::MAX))
        .fold(0, |bits, value| bits | 1 << value);
    Ok(Values { bits, any: any && step_size == 1 })
}

fn start_and_end(ends: &[&str], text: &str, bounds: &Bounds) -> Result<(u32, u32), String> {
    match *ends {
        [one] => number_or_name(one, bounds).map(|value| (value, value)),
        [start, end] => Ok((number_or_name(start, bounds)?, number_or_name(end, bounds)?)),
        _ => {
            number_or_name(ends.first().copied().unwrap_or_default(), bounds)?;
            Err(format!("too many hyphens: {text}"))
        }
    }
}

fn check_range(start: u32, end: u32, step: u32, text: &str, bounds: &Bounds) -> Result<(), String> {
    let Bounds { min, max, .. } = *bounds;
    if start < min {
        return Err(format!("beginning of range ({start}) below minimum ({min}): {text}"));
    }
    if end > max {
        return Err(format!("end of range ({end}) above maximum ({max}): {text}"));
    }
    if start > end {
        return Err(format!("beginning of range ({start}) beyond end of range ({end}): {text}"));
    }
    if step == 0 {
        return Err(format!("step of range should be a positive number: {text}"));
    }
    Ok(())
}

fn number_or_name(text: &str, bounds: &Bounds) -> Result<u32, String> {
    let named = (bounds.min..).zip(bounds.names).find(|(_, name)| text.eq_ignore_ascii_case(name));
    named.map_or_else(|| number(text), |(value, _)| Ok(value))
}

/// Reads a number, which may have a sign; faults are worded as Go's `strconv.Atoi` words them.
fn number(text: &str) -> Result<u32, String> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let fault = |why: &str| format!("failed to parse int from {text}: strconv.Atoi: parsing {text:?}: {why}");
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(fault("invalid syntax"));
    }
    let value: i64 = text.parse().map_err(|_| fault("value out of range"))?;
    if value < 0 {
        return Err(format!("negative number ({value}) not allowed: {text}"));
    }
    Ok(u32::try_from(value).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_form_of_schedule_is_accepted() {
        let table = [
            "* * * * *",
            "? ? ? ? ?",
            "0 2 * * *",
            "*/15 * * * *",
            "5/15 * * * *",
            "0-30/10,45 8-18 * * MON-FRI",
            "0 0 1,15 jan,JUL ?",
            "0 0 * * sun",
            "  0   2\t* * * ",
            "0 0 29 2 *",
            "0 0 31 2 1",
            "0 0 31 */2 *",
            "*/61 * * * *",
            "+5 * * * *",
            "5,,10 * * * *",
            "0 0 31 2,3 *",
            "@yearly",
            "@annually",
            "@monthly",
            "@weekly",
            "@daily",
            "@midnight",
            "@hourly",
            "@every 1h30m",
        ];
        for schedule in table {
            assert_eq!(fault(schedule), None, "{schedule}");
        }
    }

    #[test]
    fn faults_are_worded_as_cron_jobs_word_them() {
        let table = [
            ("", "expected exactly 5 fields, found 0: []"),
            ("* * * *", "expected exactly 5 fields, found 4: [* * * *]"),
            ("0 * * * * *", "expected exactly 5 fields, found 6: [0 * * * * *]"),
            ("60 * * * *", "end of range (60) above maximum (59): 60"),
            ("* 24 * * *", "end of range (24) above maximum (23): 24"),
            ("* * 0 * *", "beginning of range (0) below minimum (1): 0"),
            ("* * * 13 *", "end of range (13) above maximum (12): 13"),
            ("* * * * 7", "end of range (7) above maximum (6): 7"),
            ("30-10 * * * *", "beginning of range (30) beyond end of range (10): 30-10"),
            ("*/0 * * * *", "step of range should be a positive number: */0"),
            ("1/2/3 * * * *", "too many slashes: 1/2/3"),
            ("1-2-3 * * * *", "too many hyphens: 1-2-3"),
            ("x * * * *", r#"failed to parse int from x: strconv.Atoi: parsing "x": invalid syntax"#),
            ("-5 * * * *", r#"failed to parse int from : strconv.Atoi: parsing "": invalid syntax"#),
            ("*/-5 * * * *", "negative number (-5) not allowed: -5"),
            (
                "* * * mond *",
                r#"failed to parse int from mond: strconv.Atoi: parsing "mond": invalid syntax"#,
            ),
            (
                "99999999999999999999 * * * *",
                "failed to parse int from 99999999999999999999: strconv.Atoi: parsing \"99999999999999999999\": value out of range",
            ),
            ("@reboot", "unrecognized descriptor: @reboot"),
            ("@Daily", "unrecognized descriptor: @Daily"),
            ("@every", "unrecognized descriptor: @every"),
            ("@every 1d", r#"failed to parse duration @every 1d: time: unknown unit "d" in duration "1d""#),
        ];
        for (schedule, expected) in table {
            assert_eq!(fault(schedule).as_deref(), Some(expected), "{schedule}");
        }
    }

    #[test]
    fn a_time_zone_is_refused() {
        for schedule in ["TZ=UTC 0 0 * * *", "CRON_TZ=Europe/Paris 0 0 * * *", "TZ=UTC", "CRON_TZ="] {
            let expected = "cannot use TZ or CRON_TZ in schedule, times are in UTC";
            assert_eq!(fault(schedule).as_deref(), Some(expected), "{schedule}");
        }
    }

    #[test]
    fn a_schedule_that_never_fires_is_refused() {
        for schedule in
            ["0 0 31 2 *", "0 0 30 FEB ?", "0 0 31 4,6,9,11 *", ", * * * *", "* * * * ,", "* * , , *"]
        {
            assert_eq!(fault(schedule).as_deref(), Some("the schedule never fires"), "{schedule}");
        }
        for schedule in ["@every 0s", "@every -1h"] {
            let expected = "the duration of @every must be greater than 0";
            assert_eq!(fault(schedule).as_deref(), Some(expected), "{schedule}");
        }
    }

    fn any_range(min: u32, max: u32) -> impl Strategy<Value = String> {
        let range = (min..=max, min..=max).prop_map(|(a, b)| format!("{}-{}", a.min(b), a.max(b)));
        let step = (min..=max, 1u32..100).prop_map(|(from, step)| format!("{from}/{step}"));
        prop_oneof![Just("*".to_owned()), (min..=max).prop_map(|value| value.to_string()), range, step]
    }

    fn any_field(min: u32, max: u32) -> impl Strategy<Value = String> {
        proptest::collection::vec(any_range(min, max), 1..4).prop_map(|ranges| ranges.join(","))
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in ".{0,40}|[-0-9*?,/ @a-z]{0,30}|([-0-9*?,/]{1,12} ){4}[-0-9*?,/]{1,12}") {
            let _ = fault(&text);
        }

        #[test]
        fn every_combination_of_ranges_is_a_schedule(
            minute in any_field(0, 59), hour in any_field(0, 23), day in any_field(1, 28),
            month in any_field(1, 12), week in any_field(0, 6),
        ) {
            prop_assert_eq!(fault(&format!("{minute} {hour} {day} {month} {week}")), None);
        }
    }
}
