//! Field selectors.

use std::fmt::{self, Display};

/// A field selector: all of its requirements have to be met.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldSelector(Vec<FieldRequirement>);

/// What one field of an object has to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldRequirement {
    path: String,
    operator: FieldOperator,
    value: String,
}

/// How a field and the value of a requirement relate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldOperator {
    /// The field has the value named: `=` and `==`.
    Equals,
    /// The field has another value: `!=`.
    NotEquals,
}

/// Operators as they are looked for at one place, the longer ones first.
const OPERATORS: [(&str, FieldOperator); 3] =
    [("!=", FieldOperator::NotEquals), ("==", FieldOperator::Equals), ("=", FieldOperator::Equals)];

impl FieldSelector {
    /// Reads a selector such as `metadata.name=a,status.phase!=Failed`; the empty one selects everything. In
    /// values `\`, `,` and `=` are written with a `\` before them.
    ///
    /// Which paths a type can be selected by is not known here.
    ///
    /// # Errors
    ///
    /// Says, as Kubernetes words it, which part makes no sense.
    pub fn parse(selector: &str) -> Result<Self, String> {
        let mut terms = split_terms(selector);
        terms.sort_unstable();
        let terms = terms.into_iter().filter(|term| !term.is_empty());
        terms.map(|term| requirement(term, selector)).collect::<Result<_, _>>().map(Self)
    }

    /// Tells whether an object is selected, given what returns its fields; a field that is not set is empty.
    pub fn matches<'a>(&self, value_of: impl Fn(&str) -> &'a str) -> bool {
        self.0.iter().all(|requirement| requirement.matches(value_of(&requirement.path)))
    }

    /// Tells whether everything is selected.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the requirements, sorted by how they were spelled.
    pub fn requirements(&self) -> &[FieldRequirement] {
        &self.0
    }

    /// Returns the one value that the field at `path` has to have, if the selector says so.
    pub fn required_value(&self, path: &str) -> Option<&str> {
        let mut required = self.0.iter().filter(|of| of.path == path && of.operator == FieldOperator::Equals);
        required.next().map(FieldRequirement::value)
    }
}

impl FieldRequirement {
    /// Returns the path of the field, for example `metadata.name`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns how the field and the value relate.
    pub fn operator(&self) -> FieldOperator {
        self.operator
    }

    /// Returns the value, without escapes.
    pub fn value(&self) -> &str {
        &self.value
    }

    fn matches(&self, value: &str) -> bool {
        (self.value == value) == (self.operator == FieldOperator::Equals)
    }
}

impl Display for FieldSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, requirement) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "," };
            write!(f, "{separator}{requirement}")?;
        }
        Ok(())
    }
}

impl Display for FieldRequirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let operator = match self.operator {
            FieldOperator::Equals => "=",
            FieldOperator::NotEquals => "!=",
        };
        write!(f, "{}{operator}{}", self.path, escape(&self.value))
    }
}

/// Splits at commas that no `\` stands before.
fn split_terms(selector: &str) -> Vec<&str> {
    let mut escaped = false;
    selector
        .split(|c| {
            let ends = c == ',' && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        })
        .collect()
}

fn requirement(term: &str, selector: &str) -> Result<FieldRequirement, String> {
    let (path, operator, value) = split_term(term)
        .ok_or_else(|| format!("invalid selector: '{selector}'; can't understand '{term}'"))?;
    Ok(FieldRequirement { path: path.to_owned(), operator, value: unescape(value)? })
}

/// Splits a term at its first operator.
fn split_term(term: &str) -> Option<(&str, FieldOperator, &str)> {
    term.char_indices().find_map(|(at, _)| {
        let (path, rest) = term.split_at(at);
        let mut operators = OPERATORS.iter();
        operators.find_map(|(text, operator)| Some((path, *operator, rest.strip_prefix(text)?)))
    })
}

fn escape(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for c in value.chars() {
        if matches!(c, '\\' | ',' | '=') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

/// Takes the escapes out of a value. The character in a message is a number, as Go prints it.
fn unescape(value: &str) -> Result<String, String> {
    let mut plain = String::with_capacity(value.len());
    let mut characters = value.chars();
    while let Some(c) = characters.next() {
        match c {
            '\\' => plain.push(escaped_character(characters.next())?),
            ',' | '=' => {
                let number = u32::from(c);
                return Err(format!("invalid field selector: unescaped character in value: {number}"));
            }
            _ => plain.push(c),
        }
    }
    Ok(plain)
}

fn escaped_character(c: Option<char>) -> Result<char, String> {
    let sequence = match c {
        Some(c @ ('\\' | ',' | '=')) => return Ok(c),
        Some(other) => format!("\\{other}"),
        None => "\\".to_owned(),
    };
    Err(format!("invalid field selector: invalid escape sequence: {sequence}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(selector: &str) -> FieldSelector {
        FieldSelector::parse(selector).unwrap_or_else(|error| panic!("{selector}: {error}"))
    }

    fn triples(selector: &str) -> Vec<(String, FieldOperator, String)> {
        let selector = parse(selector);
        let requirements = selector.requirements().iter();
        requirements.map(|of| (of.path().to_owned(), of.operator(), of.value().to_owned())).collect()
    }

    #[test]
    fn terms_are_split_at_their_first_operator() {
        let triple = |path: &str, operator, value: &str| (path.to_owned(), operator, value.to_owned());
        assert_eq!(triples(""), []);
        assert_eq!(triples(",,"), []);
        for selector in ["metadata.name=a", "metadata.name==a", ",metadata.name=a,"] {
            assert_eq!(
                triples(selector),
                [triple("metadata.name", FieldOperator::Equals, "a")],
                "{selector}"
            );
        }
        assert_eq!(
            triples("status.phase!=Failed,metadata.name="),
            [
                triple("metadata.name", FieldOperator::Equals, ""),
                triple("status.phase", FieldOperator::NotEquals, "Failed"),
            ]
        );
        assert_eq!(triples("a= b "), [triple("a", FieldOperator::Equals, " b ")]);
    }

    #[test]
    fn escapes_hold_separators_in_values() {
        assert_eq!(triples(r"a=b\,c\=d\\,e=f").len(), 2);
        assert_eq!(triples(r"a=b\,c\=d\\")[0].2, r"b,c=d\");
        assert_eq!(parse(r"a=b\,c\=d\\").to_string(), r"a=b\,c\=d\\");
    }

    #[test]
    fn faults_are_worded_as_kubernetes_words_them() {
        let table = [
            ("a", "invalid selector: 'a'; can't understand 'a'"),
            ("a=b,c", "invalid selector: 'a=b,c'; can't understand 'c'"),
            ("a=b=c", "invalid field selector: unescaped character in value: 61"),
            (r"a=\b", r"invalid field selector: invalid escape sequence: \b"),
            (r"a=b\", r"invalid field selector: invalid escape sequence: \"),
        ];
        for (selector, expected) in table {
            assert_eq!(FieldSelector::parse(selector).unwrap_err(), expected, "{selector}");
        }
    }

    #[test]
    fn all_requirements_have_to_be_met() {
        let fields = |path: &str| match path {
            "metadata.name" => "a",
            "status.phase" => "Running",
            _ => "",
        };
        let table = [
            ("", true),
            ("metadata.name=a", true),
            ("metadata.name=b", false),
            ("metadata.name!=b", true),
            ("metadata.name!=a", false),
            ("metadata.name=a,status.phase=Running", true),
            ("metadata.name=a,status.phase!=Running", false),
            ("unset=", true),
            ("unset!=", false),
        ];
        for (selector, expected) in table {
            assert_eq!(parse(selector).matches(fields), expected, "{selector}");
        }
    }

    #[test]
    fn only_an_equality_requires_a_value() {
        let selector = parse("a=1,b!=2");
        assert_eq!(selector.required_value("a"), Some("1"));
        assert_eq!(selector.required_value("b"), None);
        assert_eq!(selector.required_value("c"), None);
        assert!(parse("").is_empty() && !selector.is_empty());
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in ".{0,60}|[a=!,\\\\]{0,12}") {
            if let Ok(selector) = FieldSelector::parse(&text) {
                let again = parse(&selector.to_string());
                prop_assert_eq!(again.requirements().len(), selector.requirements().len());
            }
        }

        #[test]
        fn any_value_survives_being_written_and_read(value in ".{0,30}") {
            let selector = parse(&format!("a={}", escape(&value)));
            prop_assert_eq!(selector.required_value("a"), Some(value.as_str()));
        }
    }
}
