//! Label selectors.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Display};

use k8s_openapi::apimachinery::pkg::apis::meta::v1 as meta;

use super::label_parser;

/// A label selector: all of its requirements have to be met.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LabelSelector(Vec<LabelRequirement>);

/// What one label of an object has to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelRequirement {
    key: String,
    operator: LabelOperator,
    /// Sorted and without duplicates.
    values: Vec<String>,
}

/// How a label and the values of a requirement relate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LabelOperator {
    /// The label is there and its value is the one named: `=` and `==`.
    Equals,
    /// The label is not there or its value is another: `!=`.
    NotEquals,
    /// The label is there and its value is one of those named: `in`.
    In,
    /// The label is not there or its value is none of those named: `notin`.
    NotIn,
    /// The label is there: its key alone.
    Exists,
    /// The label is not there: `!` and its key.
    DoesNotExist,
    /// The label is there and is an integer above the one named: `>`.
    GreaterThan,
    /// The label is there and is an integer below the one named: `<`.
    LessThan,
}

impl LabelSelector {
    /// Reads a selector such as `app=web,tier in (a, b),!canary`; the empty one selects everything.
    ///
    /// # Errors
    ///
    /// Says, as Kubernetes words it, what was found where something else is expected.
    pub fn parse(selector: &str) -> Result<Self, String> {
        let mut requirements = label_parser::requirements(selector)?;
        requirements.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(Self(requirements))
    }

    /// Reads a selector as objects spell it; the empty one selects everything.
    ///
    /// Source: `apimachinery/pkg/apis/meta/v1/helpers.go`, `LabelSelectorAsSelector`.
    ///
    /// # Errors
    ///
    /// Says what makes no sense.
    pub fn spelled(selector: &meta::LabelSelector) -> Result<Self, String> {
        let named = selector.match_labels.iter().flatten();
        let named =
            named.map(|(key, value)| Ok(LabelRequirement::new(key, LabelOperator::In, &[&**value].into())));
        let expressed = selector.match_expressions.iter().flatten().map(LabelRequirement::spelled);
        let mut requirements = named.chain(expressed).collect::<Result<Vec<_>, String>>()?;
        requirements.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(Self(requirements))
    }

    /// Tells whether an object with these labels is selected.
    pub fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        self.0.iter().all(|requirement| requirement.matches(labels))
    }

    /// Tells whether everything is selected.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the requirements, sorted by key.
    pub fn requirements(&self) -> &[LabelRequirement] {
        &self.0
    }
}

impl LabelRequirement {
    /// Returns the key of the label.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Returns how the label and the values relate.
    pub fn operator(&self) -> LabelOperator {
        self.operator
    }

    /// Returns the values: one or more for `In` and `NotIn`, none for `Exists` and `DoesNotExist`, else one.
    pub fn values(&self) -> &[String] {
        &self.values
    }

    fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        let value = labels.get(&self.key);
        match self.operator {
            LabelOperator::Equals | LabelOperator::In => value.is_some_and(|value| self.names(value)),
            LabelOperator::NotEquals | LabelOperator::NotIn => !value.is_some_and(|value| self.names(value)),
            LabelOperator::Exists => value.is_some(),
            LabelOperator::DoesNotExist => value.is_none(),
            LabelOperator::GreaterThan => self.compares(value, |value, bound| value > bound),
            LabelOperator::LessThan => self.compares(value, |value, bound| value < bound),
        }
    }

    fn names(&self, value: &String) -> bool {
        self.values.binary_search(value).is_ok()
    }

    fn compares(&self, value: Option<&String>, holds: fn(i64, i64) -> bool) -> bool {
        let integer = |text: Option<&String>| text.and_then(|text| text.parse::<i64>().ok());
        integer(value).zip(integer(self.values.first())).is_some_and(|(value, bound)| holds(value, bound))
    }

    fn spelled(requirement: &meta::LabelSelectorRequirement) -> Result<Self, String> {
        let values: BTreeSet<_> = requirement.values.iter().flatten().map(String::as_str).collect();
        let operator = match (requirement.operator.as_str(), values.is_empty()) {
            ("In", false) => LabelOperator::In,
            ("NotIn", false) => LabelOperator::NotIn,
            ("Exists", true) => LabelOperator::Exists,
            ("DoesNotExist", true) => LabelOperator::DoesNotExist,
            (operator, _) => {
                return Err(format!("{operator:?} is no label selector operator for these values"));
            }
        };
        Ok(Self::new(&requirement.key, operator, &values))
    }

    /// Makes a requirement of a sound key and of sound values, in order and each once.
    pub(super) fn new(key: &str, operator: LabelOperator, values: &BTreeSet<&str>) -> Self {
        let values = values.iter().map(|&value| value.to_owned()).collect();
        Self { key: key.to_owned(), operator, values }
    }
}

impl LabelOperator {
    /// Tells whether the operator compares integers.
    pub(super) fn is_of_integers(self) -> bool {
        matches!(self, Self::GreaterThan | Self::LessThan)
    }

    /// Tells whether the operator takes values in parentheses.
    pub(super) fn is_of_sets(self) -> bool {
        matches!(self, Self::In | Self::NotIn)
    }
}

impl Display for LabelSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, requirement) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "," };
            write!(f, "{separator}{requirement}")?;
        }
        Ok(())
    }
}

impl Display for LabelRequirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (key, values) = (&self.key, self.values.join(","));
        match self.operator {
            LabelOperator::Equals => write!(f, "{key}={values}"),
            LabelOperator::NotEquals => write!(f, "{key}!={values}"),
            LabelOperator::In => write!(f, "{key} in ({values})"),
            LabelOperator::NotIn => write!(f, "{key} notin ({values})"),
            LabelOperator::Exists => write!(f, "{key}"),
            LabelOperator::DoesNotExist => write!(f, "!{key}"),
            LabelOperator::GreaterThan => write!(f, "{key}>{values}"),
            LabelOperator::LessThan => write!(f, "{key}<{values}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn labels(text: &str) -> BTreeMap<String, String> {
        let pairs = text.split_terminator(',').map(|pair| pair.split_once('=').unwrap());
        pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
    }

    fn parse(selector: &str) -> LabelSelector {
        LabelSelector::parse(selector).unwrap_or_else(|error| panic!("{selector}: {error}"))
    }

    #[test]
    fn selectors_read_back_in_one_spelling() {
        let table = [
            ("", ""),
            ("  ", ""),
            ("a", "a"),
            ("!a", "!a"),
            ("! a", "!a"),
            ("a=b", "a=b"),
            ("a == b", "a=b"),
            ("a=", "a="),
            ("a!=b", "a!=b"),
            ("a!=", "a!="),
            ("b,a", "a,b"),
            ("x in (b,a,b)", "x in (a,b)"),
            ("x in ()", "x in ()"),
            ("x in (,)", "x in ()"),
            ("x in (a,,b)", "x in (,a,b)"),
            ("x in (a,)", "x in (,a)"),
            ("x notin(a)", "x notin (a)"),
            ("in in (in,notin)", "in in (in,notin)"),
            ("notin", "notin"),
            ("a=in", "a=in"),
            ("n>7,n<10", "n>7,n<10"),
            ("example.com/a=1, b", "b,example.com/a=1"),
            ("x=a,y!=b, z in (c),!w", "!w,x=a,y!=b,z in (c)"),
        ];
        for (selector, expected) in table {
            assert_eq!(parse(selector).to_string(), expected, "{selector}");
            assert_eq!(parse(expected), parse(selector), "{selector}");
        }
    }

    #[test]
    fn every_operator_matches_as_it_says() {
        let table = [
            ("", "", true),
            ("a=1", "a=1", true),
            ("a=1", "a=2", false),
            ("a=1", "", false),
            ("a=", "a=", true),
            ("a=", "", false),
            ("a!=1", "a=2", true),
            ("a!=1", "a=1", false),
            ("a!=1", "", true),
            ("a in (1,2)", "a=2", true),
            ("a in (1,2)", "a=3", false),
            ("a in (1,2)", "", false),
            ("a notin (1,2)", "a=3", true),
            ("a notin (1,2)", "a=1", false),
            ("a notin (1,2)", "", true),
            ("a", "a=", true),
            ("a", "b=", false),
            ("!a", "b=", true),
            ("!a", "a=", false),
            ("a>1", "a=2", true),
            ("a>1", "a=1", false),
            ("a>1", "a=x", false),
            ("a>1", "", false),
            ("a<1", "a=0", true),
            ("a<1", "a=1", false),
            ("a=1,b=2", "a=1,b=2", true),
            ("a=1,b=2", "a=1", false),
        ];
        for (selector, of, expected) in table {
            assert_eq!(parse(selector).matches(&labels(of)), expected, "{selector} against {of}");
        }
    }

    #[test]
    fn only_the_selector_without_requirements_is_empty() {
        assert!(parse(" ").is_empty());
        assert!(!parse("!a").is_empty());
    }

    #[test]
    fn requirements_are_there_to_be_read() {
        let selector = parse("b notin (y,x),a");
        let seen: Vec<_> = selector
            .requirements()
            .iter()
            .map(|requirement| (requirement.key(), requirement.operator(), requirement.values().to_vec()))
            .collect();
        assert_eq!(
            seen,
            [
                ("a", LabelOperator::Exists, vec![]),
                ("b", LabelOperator::NotIn, vec!["x".to_owned(), "y".to_owned()]),
            ]
        );
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in ".{0,60}") {
            let _ = LabelSelector::parse(&text);
        }

        #[test]
        fn what_is_parsed_reads_back_as_the_same_selector(text in "[a-c!=<>(),0-9 ]{0,30}|[a-c] (in|notin) \\([a-c,]{0,5}\\)") {
            if let Ok(selector) = LabelSelector::parse(&text) {
                prop_assert_eq!(LabelSelector::parse(&selector.to_string()), Ok(selector));
            }
        }
    }
}
