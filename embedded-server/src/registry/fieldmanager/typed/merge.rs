//! What an object becomes when a configuration is laid over it.
//!
//! Source: structured-merge-diff `typed/merge.go`.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::{Map as Object, Value};

use super::super::path::PathElement;
use super::super::schema::{Kind, List, Map, Shape};
use super::{elements, entries, is_one_list, is_one_map, items, pairs};

/// Returns `live` with all that `config` sets. Removes nothing.
pub(in super::super) fn merge(kind: Kind<'_>, live: &Value, config: &Value) -> Value {
    merged(kind, Some(live), Some(config)).unwrap_or(Value::Null)
}

fn merged(kind: Kind<'_>, live: Option<&Value>, config: Option<&Value>) -> Option<Value> {
    let shape = kind.shape(config.or(live)?);
    match shape {
        Shape::List(list) if !is_one_list(list, live, config) => merged_items(kind, list, live, config),
        Shape::Map(map) if !is_one_map(map, live, config) => merged_entries(kind, map, live, config),
        _ => config.or(live).cloned(),
    }
}

fn merged_entries(kind: Kind<'_>, map: &Map, live: Option<&Value>, config: Option<&Value>) -> Option<Value> {
    let merge = |(name, live, config): (&String, Option<&Value>, Option<&Value>)| {
        let value = match config {
            None => live.cloned(),
            Some(_) => merged(kind.field(map, name), live, config),
        };
        value.map(|value| (name.clone(), value))
    };
    let entries: Object<String, Value> = pairs(entries(live), entries(config)).filter_map(merge).collect();
    (!entries.is_empty()).then_some(Value::Object(entries))
}

fn merged_items(kind: Kind<'_>, list: &List, live: Option<&Value>, config: Option<&Value>) -> Option<Value> {
    let ours = items::named(kind, list, elements(live));
    let theirs = items::named(kind, list, elements(config));
    let (Some(ours), Some(theirs)) = (ours, theirs) else { return config.or(live).cloned() };
    let merged = Interleaving::of(kind.item(list), &ours, &theirs).run();
    (!merged.is_empty()).then_some(Value::Array(merged))
}

type Named<'v> = [(PathElement, &'v Value)];

/// Brings the items of two lists into one order: that of the configuration for its own items, and around them
/// those of the live list, which stay behind the items they stood behind.
struct Interleaving<'a> {
    kind: Kind<'a>,
    live: &'a Named<'a>,
    config: &'a Named<'a>,
    live_values: BTreeMap<&'a PathElement, &'a Value>,
    config_values: BTreeMap<&'a PathElement, &'a Value>,
    /// The items of both lists that are still to come, in the configuration's order.
    shared: VecDeque<&'a PathElement>,
    done: BTreeSet<&'a PathElement>,
    merged: Vec<Value>,
}

impl<'a> Interleaving<'a> {
    fn of(kind: Kind<'a>, live: &'a Named<'a>, config: &'a Named<'a>) -> Self {
        let mut live_values = BTreeMap::new();
        for (name, value) in live {
            // What stands in the live list twice is replaced, not merged.
            live_values.entry(name).and_modify(|value| *value = &Value::Null).or_insert(*value);
        }
        let config_values: BTreeMap<_, _> = config.iter().map(|(name, value)| (name, *value)).collect();
        let shared =
            config.iter().map(|(name, _)| name).filter(|name| live_values.contains_key(name)).collect();
        let (done, merged) = (BTreeSet::new(), Vec::with_capacity(live.len().max(config.len())));
        Self { kind, live, config, live_values, config_values, shared, done, merged }
    }

    fn run(mut self) -> Vec<Value> {
        while !(self.live.is_empty() && self.config.is_empty()) {
            if !self.take_from_live() {
                self.take_from_config();
            }
        }
        self.merged
    }

    /// Takes the next live item if it is its turn, or skips it; tells whether it did either.
    fn take_from_live(&mut self) -> bool {
        let Some(((name, value), rest)) = self.live.split_first() else { return false };
        let next = self.config.first().map(|(name, _)| name);
        if next == Some(name) {
            self.live = rest;
            return false;
        }
        if !self.config_values.contains_key(name) {
            self.merged.push((*value).clone());
            self.live = rest;
            return true;
        }
        let comes_later = next.is_some() && self.shared.front().is_some_and(|shared| *shared != name);
        if comes_later {
            self.live = rest;
            return true;
        }
        if self.done.contains(name) {
            self.live = rest;
        }
        false
    }

    /// Takes the next item of the configuration, merged with the live one of its name.
    fn take_from_config(&mut self) {
        let Some(((name, _), rest)) = self.config.split_first() else { return };
        let (live, config) = (self.live_values.get(name).copied(), self.config_values.get(name).copied());
        self.merged.extend(merged(self.kind, live, config));
        self.done.insert(name);
        self.config = rest;
        if self.shared.front() == Some(&name) {
            self.shared.pop_front();
        }
    }
}
