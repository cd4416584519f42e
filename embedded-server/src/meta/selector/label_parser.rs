//! The grammar of label selectors, as `apimachinery/pkg/labels/selector.go` states it.

use std::collections::BTreeSet;

use super::labels::{LabelOperator, LabelRequirement};
use super::tokens::{Token, Tokens};
use crate::meta::field::{Error, Errors, Path};
use crate::meta::validation::{label_key, label_value};

/// Reads the requirements of a selector, in the order they stand in.
pub(super) fn requirements(selector: &str) -> Result<Vec<LabelRequirement>, String> {
    let mut tokens = Tokens::new(selector);
    let mut requirements = Vec::new();
    match tokens.peek() {
        Token::End => return Ok(requirements),
        Token::Word(_) | Token::Not => {}
        other => return Err(expected(other, "!, identifier, or 'end of string'")),
    }
    loop {
        let parsed = requirement(&mut tokens).map_err(|why| format!("unable to parse requirement: {why}"))?;
        requirements.push(parsed);
        match tokens.next() {
            Token::End => return Ok(requirements),
            Token::Comma => another_follows(&tokens)?,
            other => return Err(expected(other, "',' or 'end of string'")),
        }
    }
}

fn expected(found: Token<'_>, what: &str) -> String {
    format!("found '{}', expected: {what}", found.text())
}

fn another_follows(tokens: &Tokens<'_>) -> Result<(), String> {
    match tokens.peek() {
        Token::Word(_) | Token::Not => Ok(()),
        other => Err(expected(other, "identifier after ','")),
    }
}

fn requirement(tokens: &mut Tokens<'_>) -> Result<LabelRequirement, String> {
    let negated = tokens.peek() == Token::Not;
    if negated {
        tokens.next();
    }
    let key = key(tokens)?;
    if negated {
        return Ok(LabelRequirement::new(key, LabelOperator::DoesNotExist, &BTreeSet::new()));
    }
    if matches!(tokens.peek(), Token::End | Token::Comma) {
        return Ok(LabelRequirement::new(key, LabelOperator::Exists, &BTreeSet::new()));
    }
    let operator = operator(tokens.next())?;
    let values = if operator.is_of_sets() { set(tokens)? } else { exact_value(tokens)? };
    match value_faults(key, operator, &values).as_slice() {
        [] => Ok(LabelRequirement::new(key, operator, &values)),
        [one] => Err(one.to_string()),
        many => Err(format!("[{}]", many.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))),
    }
}

/// Reads a key. Its fault stands without a path, which Go prints as `<nil>`.
fn key<'a>(tokens: &mut Tokens<'a>) -> Result<&'a str, String> {
    let key = match tokens.next() {
        Token::Word(key) => key,
        other => return Err(expected(other, "identifier")),
    };
    let messages = label_key(key);
    if messages.is_empty() {
        return Ok(key);
    }
    Err(Error::invalid(&Path::new("<nil>"), key, messages.join("; ")).to_string())
}

fn operator(token: Token<'_>) -> Result<LabelOperator, String> {
    Ok(match token {
        Token::Word("in") => LabelOperator::In,
        Token::Word("notin") => LabelOperator::NotIn,
        Token::Equals | Token::DoubleEquals => LabelOperator::Equals,
        Token::NotEquals => LabelOperator::NotEquals,
        Token::Greater => LabelOperator::GreaterThan,
        Token::Less => LabelOperator::LessThan,
        other => return Err(expected(other, "in, notin, =, ==, !=, gt, lt")),
    })
}

/// Reads the one value after an operator; nothing stands for the empty value.
fn exact_value<'a>(tokens: &mut Tokens<'a>) -> Result<BTreeSet<&'a str>, String> {
    if matches!(tokens.peek(), Token::End | Token::Comma) {
        return Ok(BTreeSet::from([""]));
    }
    match tokens.next() {
        Token::Word(value) => Ok(BTreeSet::from([value])),
        other => Err(expected(other, "identifier")),
    }
}

/// Reads values in parentheses; nothing before, between or after commas stands for the empty value.
fn set<'a>(tokens: &mut Tokens<'a>) -> Result<BTreeSet<&'a str>, String> {
    match tokens.next() {
        Token::Open => {}
        other => return Err(format!("found '{}' expected: '('", other.text())),
    }
    let mut values = BTreeSet::new();
    loop {
        values.insert(set_member(tokens)?);
        match tokens.next() {
            Token::Comma => {}
            Token::Close => return Ok(values),
            other => return Err(expected(other, "',' or ')'")),
        }
    }
}

fn set_member<'a>(tokens: &mut Tokens<'a>) -> Result<&'a str, String> {
    match tokens.peek() {
        Token::Comma | Token::Close => Ok(""),
        Token::Word(value) => {
            tokens.next();
            Ok(value)
        }
        other => Err(expected(other, "',', ')' or identifier")),
    }
}

/// Returns what is wrong with values: first those that are no integers where integers are compared.
fn value_faults(key: &str, operator: LabelOperator, values: &BTreeSet<&str>) -> Errors {
    let path = Path::new("values");
    let mut faults = Errors::new();
    for (index, &value) in values.iter().enumerate() {
        if operator.is_of_integers() && value.parse::<i64>().is_err() {
            let detail = "for 'Gt', 'Lt' operators, the value must be an integer";
            faults.push(Error::invalid(&path.index(index), value, detail));
        }
    }
    for (index, &value) in values.iter().enumerate() {
        let messages = label_value(value);
        if !messages.is_empty() {
            faults.push(Error::invalid(&path.index(index).key(key), value, messages.join("; ")));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_worded_as_kubernetes_words_them() {
        let table = [
            (",", "found ',', expected: !, identifier, or 'end of string'"),
            ("=a", "found '=', expected: !, identifier, or 'end of string'"),
            ("a,", "found '', expected: identifier after ','"),
            ("a,,b", "found ',', expected: identifier after ','"),
            ("a=b c", "found 'c', expected: ',' or 'end of string'"),
            ("!a=b", "found '=', expected: ',' or 'end of string'"),
            ("!", "unable to parse requirement: found '', expected: identifier"),
            ("!!a", "unable to parse requirement: found '!', expected: identifier"),
            ("a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"),
            ("a !b", "unable to parse requirement: found '!', expected: in, notin, =, ==, !=, gt, lt"),
            ("a (b)", "unable to parse requirement: found '(', expected: in, notin, =, ==, !=, gt, lt"),
            ("a==!b", "unable to parse requirement: found '!', expected: identifier"),
            ("a=(b)", "unable to parse requirement: found '(', expected: identifier"),
            ("a in b", "unable to parse requirement: found 'b' expected: '('"),
            ("a in", "unable to parse requirement: found '' expected: '('"),
            ("a in (", "unable to parse requirement: found '', expected: ',', ')' or identifier"),
            ("a in (b", "unable to parse requirement: found '', expected: ',' or ')'"),
            ("a in (b c)", "unable to parse requirement: found 'c', expected: ',' or ')'"),
        ];
        for (selector, expected) in table {
            assert_eq!(requirements(selector).unwrap_err(), expected, "{selector}");
        }
    }

    #[test]
    fn keys_and_values_keep_the_rules_of_labels() {
        let table = [
            (
                "a/b/c=d",
                "unable to parse requirement: <nil>: Invalid value: \"a/b/c\": a valid label key must",
            ),
            ("a$", "unable to parse requirement: <nil>: Invalid value: \"a$\": name part must consist of"),
            ("a=$", "unable to parse requirement: values[0][a]: Invalid value: \"$\": a valid label must be"),
            (
                "a in (b,$c)",
                "unable to parse requirement: values[0][a]: Invalid value: \"$c\": a valid label",
            ),
            (
                "a>b",
                "unable to parse requirement: values[0]: Invalid value: \"b\": for 'Gt', 'Lt' operators, the value must be an integer",
            ),
            (
                "a>-",
                "unable to parse requirement: [values[0]: Invalid value: \"-\": for 'Gt', 'Lt' operators, the value must be an integer, values[0][a]: Invalid value: \"-\": a valid",
            ),
        ];
        for (selector, expected) in table {
            let error = requirements(selector).unwrap_err();
            assert!(error.starts_with(expected), "{selector}: {error}");
        }
    }
}
