//! Match conditions: expressions in CEL that say whether a webhook is asked.
//!
//! There is no `authorizer`, and there are no functions but those of CEL itself and of its extensions for strings and
//! lists: an expression that needs more cannot be evaluated. The cluster has checked what expressions cost before it
//! took them, so here they are only kept from being long.
//!
//! Source: `apiserver/pkg/admission/plugin/webhook/matchconditions/matcher.go`.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, LazyLock};
use std::thread;

use cel::objects::{Key, Map};
use cel::{Context, Env, Program, Value as Cel, extensions};
use k8s_openapi::api::admissionregistration::v1::MatchCondition;
use serde_json::{Number, Value};

use super::subject::Pair;

/// The longest expression, in bytes. It bounds how deep one is.
const LONGEST: usize = 2 << 10;
/// What the deepest needs, and much more; memory that is not used is not taken.
const STACK: usize = 128 << 20;

/// What expressions may call.
static LANGUAGE: LazyLock<Arc<Env>> = LazyLock::new(|| {
    let mut language = Env::stdlib();
    for extension in [extensions::strings, extensions::lists] {
        if let Err(error) = language.add_extension(extension) {
            tracing::error!(%error, "CEL lacks an extension");
        }
    }
    Arc::new(language)
});

/// The conditions of a webhook, all of which have to hold.
#[derive(Debug, Default)]
pub(super) struct Conditions(Vec<Condition>);

struct Condition {
    expression: String,
    program: Result<Program, String>,
}

/// What conditions come to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Hold,
    /// One does not hold.
    Fail,
    /// None fails, but some cannot be evaluated.
    Unknown(String),
}

impl Conditions {
    /// Reads the conditions; those that make no sense are remembered as such.
    pub(super) fn of(configured: &[MatchCondition]) -> Self {
        let read = |condition: &MatchCondition| Condition::of(&condition.expression);
        Self(configured.iter().map(read).collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Evaluates all conditions. One that does not hold outweighs those that cannot be evaluated.
    pub(super) fn evaluate(&self, objects: &Pair, request: &Value) -> Verdict {
        let results = match aside(|| self.results(objects, request)) {
            Ok(results) => results,
            Err(why) => vec![Err(why)],
        };
        if results.contains(&Ok(false)) {
            return Verdict::Fail;
        }
        let errors: Vec<_> = results.into_iter().filter_map(Result::err).collect();
        match errors.as_slice() {
            [] => Verdict::Hold,
            [one] => Verdict::Unknown(one.clone()),
            many => Verdict::Unknown(format!("[{}]", many.join(", "))),
        }
    }

    fn results(&self, objects: &Pair, request: &Value) -> Vec<Result<bool, String>> {
        let mut context = Context::with_env(Arc::clone(&LANGUAGE));
        context.add_variable_from_value("object", objects.new.as_ref().map_or(Cel::Null, cel));
        context.add_variable_from_value("oldObject", objects.old.as_ref().map_or(Cel::Null, cel));
        context.add_variable_from_value("request", cel(request));
        self.0.iter().map(|condition| condition.holds(&context)).collect()
    }
}

impl Condition {
    fn of(expression: &str) -> Self {
        let program = match expression.len() {
            ..=LONGEST => {
                aside(|| LANGUAGE.compile(expression).map_err(|errors| errors.to_string())).flatten()
            }
            length => Err(format!("it has {length} bytes, and {LONGEST} are the most")),
        };
        let program = program.map_err(|why| format!("compilation failed: {why}"));
        Self { expression: expression.to_owned(), program }
    }

    fn holds(&self, context: &Context<'_, '_>) -> Result<bool, String> {
        let program = self.program.as_ref().map_err(Clone::clone);
        let result = program.and_then(|program| program.execute(context).map_err(|error| error.to_string()));
        match result {
            Ok(Cel::Bool(holds)) => Ok(holds),
            Ok(_) => Err(format!("expression '{}' must evaluate to bool", self.expression)),
            Err(why) => Err(format!("expression '{}' resulted in error: {why}", self.expression)),
        }
    }
}

/// Works on expressions where neither a deep one nor a failure of the interpreter harms anybody: the interpreter calls
/// itself for each level of an expression, and whoever runs out of stack ends the process.
fn aside<T: Send>(act: impl FnOnce() -> T + Send) -> Result<T, String> {
    thread::scope(|scope| {
        let worker = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, act);
        let worker = worker.map_err(|error| format!("there is no thread for it: {error}"))?;
        worker.join().map_err(|_| "the interpreter failed".to_owned())
    })
}

/// Returns JSON in terms of CEL. Integers are `int`, as a cluster has them.
fn cel(value: &Value) -> Cel {
    match value {
        Value::Null => Cel::Null,
        Value::Bool(value) => Cel::Bool(*value),
        Value::Number(number) => of_number(number),
        Value::String(text) => text.as_str().into(),
        Value::Array(items) => Cel::List(Arc::new(items.iter().map(cel).collect())),
        Value::Object(fields) => {
            let fields = fields.iter().map(|(name, value)| (Key::from(name.as_str()), cel(value)));
            Cel::Map(Map { map: Arc::new(fields.collect::<HashMap<_, _>>()) })
        }
    }
}

fn of_number(number: &Number) -> Cel {
    match number.as_i64() {
        Some(integer) => Cel::Int(integer),
        None => number.as_f64().map_or(Cel::Null, Cel::Float),
    }
}

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.expression)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn evaluated(expressions: &[&str]) -> Verdict {
        let condition =
            |expression: &&str| MatchCondition { expression: (*expression).to_owned(), name: String::new() };
        let conditions = Conditions::of(&expressions.iter().map(condition).collect::<Vec<_>>());
        let new = json!({"metadata": {"name": "a", "labels": {"tier": "gold"}}, "spec": {"size": 3, "of": ["x", "y"]}});
        let objects = Pair { new: Some(new), old: None };
        let request = json!({
            "operation": "CREATE",
            "userInfo": {"username": "system:serviceaccount:ns:a", "groups": ["g"]},
            "dryRun": false,
        });
        conditions.evaluate(&objects, &request)
    }

    fn is_unknown(expression: &str) -> bool {
        matches!(evaluated(&[expression]), Verdict::Unknown(_))
    }

    #[test]
    fn what_cannot_be_evaluated_is_neither_yes_nor_no() {
        let deep = format!("{}true{}", "(".repeat(1000), ")".repeat(1000));
        let long = format!("'{}' != ''", "a".repeat(LONGEST));
        assert!(is_unknown(&deep) && is_unknown(&long));
        for expression in [
            "",
            "(",
            "1",
            "null",
            "\u{0}",
            "object.",
            "object.spec.missing == 1",
            "oldObject.spec.size == 1",
            "authorizer.group('').resource('pods').check('get').allowed()",
            "nobody.knows()",
            "1 / 0 == 1",
            "9223372036854775807 + 1 > 0",
            "[1][9] == 1",
            "'a'.matches('(')",
        ] {
            assert!(is_unknown(expression), "{expression}: {:?}", evaluated(&[expression]));
        }
    }

    #[test]
    fn no_expression_ends_the_process() {
        for (part, rest) in
            [("!", "true"), ("-", "1 < 0"), ("1+", "1 > 0"), ("a?1:", "2"), ("[", "]"), ("a.", "b")]
        {
            evaluated(&[&(part.repeat((LONGEST - rest.len()) / part.len()) + rest)]);
        }
        assert_eq!(evaluated(&[&["true"; 300].join("||")]), Verdict::Hold);
        assert_eq!(evaluated(&[&["true"; 300].join("&&")]), Verdict::Hold);
    }

    #[test]
    fn expressions_see_the_objects_and_the_request() {
        for expression in [
            "object.spec.size > 2 && object.spec.size == 3",
            "oldObject == null",
            "has(object.metadata.labels) && object.metadata.labels['tier'] == 'gold'",
            "!has(object.metadata.annotations)",
            "'tier' in object.metadata.labels",
            "object.spec.of.exists(one, one == 'y') && size(object.spec.of) == 2",
            "request.operation == 'CREATE' && !request.dryRun",
            "request.userInfo.username.startsWith('system:serviceaccount:')",
            "'g' in request.userInfo.groups",
            "object.metadata.name.matches('^[a-z]+$')",
            "object.metadata.name.upperAscii() == 'A'",
            "object.?metadata.?annotations.orValue({}) == {}",
        ] {
            assert_eq!(evaluated(&[expression]), Verdict::Hold, "{expression}");
        }
    }

    #[test]
    fn one_that_does_not_hold_outweighs_all_others() {
        assert_eq!(evaluated(&["true", "no.such", "false"]), Verdict::Fail);
        assert_eq!(evaluated(&[]), Verdict::Hold);
        let Verdict::Unknown(why) = evaluated(&["true", "a.b", "1"]) else { panic!("it is not known") };
        assert!(why.starts_with("[expression 'a.b' resulted in error: "), "{why}");
        assert!(why.ends_with("expression '1' must evaluate to bool]"), "{why}");
    }
}
