//! The order of a merged list: what the patch names in the patch's order, the rest in the server's.

use std::collections::HashMap;

use serde_json::Value;

use super::{MAP, PatchError};

/// What tells the items of a list apart.
#[derive(Clone, Copy, Debug)]
pub(super) enum Identity<'a> {
    /// The items themselves.
    Value,
    /// A field that every item has.
    Key(&'a str),
}

impl<'a> Identity<'a> {
    /// Items have an identity by their merge key, where one is declared.
    pub(super) fn by(merge_key: Option<&'a str>) -> Self {
        merge_key.map_or(Self::Value, Self::Key)
    }

    /// Returns what tells an item from the others.
    ///
    /// # Errors
    /// When it should be a map with a merge key and is not.
    pub(super) fn of<'v>(&self, item: &'v Value) -> Result<&'v Value, PatchError> {
        match self {
            Self::Value => Ok(item),
            Self::Key(key) => {
                let map = item.as_object().ok_or_else(|| PatchError::mistyped(MAP, item))?;
                map.get(*key).ok_or_else(|| PatchError::no_merge_key(item, key))
            }
        }
    }
}

/// The places of items in a list, by their identity; of equal items the first counts.
pub(super) type Ranks = HashMap<Value, usize>;

/// Returns the places of a list's items.
///
/// # Errors
/// Those of [`Identity::of`].
pub(super) fn ranks(list: &[Value], identity: Identity<'_>) -> Result<Ranks, PatchError> {
    let mut ranks = Ranks::with_capacity(list.len());
    for (rank, item) in list.iter().enumerate() {
        ranks.entry(identity.of(item)?.clone()).or_insert(rank);
    }
    Ok(ranks)
}

/// An item with its places in the order that is wanted and in the live one.
struct Placed {
    wanted: Option<usize>,
    live: Option<usize>,
    item: Value,
}

/// Puts a merged list in order.
///
/// Items that are wanted stand as they are wanted and the others as they stood. Both orders hold; between the
/// two, an item that only the server has comes before a wanted one when it stood before it.
///
/// # Errors
/// Those of [`Identity::of`].
pub(super) fn arrange(
    merged: Vec<Value>,
    wanted: &Ranks,
    live: &Ranks,
    identity: Identity<'_>,
) -> Result<Vec<Value>, PatchError> {
    let mut placed = Vec::with_capacity(merged.len());
    for item in merged {
        let key = identity.of(&item)?;
        let (wanted, live) = (wanted.get(key).copied(), live.get(key).copied());
        placed.push(Placed { wanted, live, item });
    }
    let (mut chosen, mut others): (Vec<_>, Vec<_>) =
        placed.into_iter().partition(|placed| placed.wanted.is_some());
    chosen.sort_by_key(|placed| placed.wanted);
    others.sort_by_key(|placed| placed.live.unwrap_or(usize::MAX));
    Ok(interleave(chosen, others))
}

fn interleave(chosen: Vec<Placed>, others: Vec<Placed>) -> Vec<Value> {
    let mut list = Vec::with_capacity(chosen.len() + others.len());
    let mut others = others.into_iter().peekable();
    for next in chosen {
        while let Some(other) = others.next_if(|other| stood_before(other, &next)) {
            list.push(other.item);
        }
        list.push(next.item);
    }
    list.extend(others.map(|other| other.item));
    list
}

fn stood_before(one: &Placed, other: &Placed) -> bool {
    one.live.zip(other.live).is_some_and(|(one, other)| one < other)
}
