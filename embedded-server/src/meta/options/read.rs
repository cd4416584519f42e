//! The options of gets and lists: which objects, of which state, how many.

use super::{GROUP, Query};
use crate::meta::field::{self, Path};
use crate::meta::selector::{FieldSelector, LabelSelector};
use crate::meta::{ApiError, NoRevision, Revision};

/// Which state a read may be answered from, as `resourceVersion` says it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GetOptions {
    /// Not set: the most recent state.
    #[default]
    MostRecent,
    /// `0`: whatever is at hand.
    Any,
    /// A revision: that state or a later one.
    NotOlderThan(Revision),
}

impl GetOptions {
    /// Reads the options of a get.
    ///
    /// # Errors
    /// 400 for a parameter that is gone, else as `version`.
    pub fn parse(query: &Query) -> Result<Self, ApiError> {
        if query.flag("export") {
            let why = "the export parameter, deprecated since v1.14, is no longer supported";
            return Err(ApiError::bad_request(why));
        }
        Self::version(query)
    }

    /// Reads the resource version of a get or watch.
    ///
    /// # Errors
    /// 500 without a reason for a resource version that is no number, as k8s.io/apiserver answers.
    pub(super) fn version(query: &Query) -> Result<Self, ApiError> {
        let text = query.text("resourceVersion");
        parse_resource_version(text).map_err(ApiError::unclassified)
    }
}

fn parse_resource_version(text: &str) -> Result<GetOptions, String> {
    match text {
        "" => Ok(GetOptions::MostRecent),
        "0" => Ok(GetOptions::Any),
        text => text
            .parse()
            .map(GetOptions::NotOlderThan)
            .map_err(|why: NoRevision| format!("resourceVersion: Invalid value: \"{text}\": {why}")),
    }
}

/// What `resourceVersionMatch` can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResourceVersionMatch {
    /// Exactly the state at the resource version.
    Exact,
    /// The state at the resource version or a later one.
    NotOlderThan,
}

impl ResourceVersionMatch {
    pub(super) const EXACT: &'static str = "Exact";
    pub(super) const NOT_OLDER_THAN: &'static str = "NotOlderThan";

    fn parse(text: &str) -> Option<Self> {
        match text {
            Self::EXACT => Some(Self::Exact),
            Self::NOT_OLDER_THAN => Some(Self::NotOlderThan),
            _ => None,
        }
    }
}

/// Which objects a client wants to see.
#[derive(Clone, Debug, Default)]
pub struct Selector {
    /// What their labels have to be.
    pub labels: LabelSelector,
    /// What their fields have to be.
    pub fields: FieldSelector,
}

impl Selector {
    pub(super) fn parse(query: &Query) -> Result<Self, ApiError> {
        let labels = LabelSelector::parse(query.text("labelSelector")).map_err(ApiError::bad_request)?;
        let fields = FieldSelector::parse(query.text("fieldSelector")).map_err(ApiError::bad_request)?;
        Ok(Self { labels, fields })
    }

    /// Tells whether every object is selected.
    pub fn is_everything(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }
}

/// The state a list is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListFrom {
    /// The most recent state.
    MostRecent,
    /// Whatever is at hand.
    Any,
    /// That state or a later one.
    NotOlderThan(Revision),
    /// That very state.
    Exact(Revision),
    /// Where an earlier page ended, by its token.
    Continue(String),
}

/// What a list asks for.
#[derive(Clone, Debug)]
pub struct ListOptions {
    /// Which objects.
    pub selector: Selector,
    /// Of which state.
    pub from: ListFrom,
    /// How many at the most; none for all.
    pub limit: Option<usize>,
}

impl ListOptions {
    /// Reads the options of a list.
    ///
    /// # Errors
    /// 400 for values that cannot be read, 422 for combinations that make no sense.
    pub fn parse(query: &Query) -> Result<Self, ApiError> {
        let selector = Selector::parse(query)?;
        query.number("timeoutSeconds")?;
        let limit = query.number("limit")?.and_then(|limit| usize::try_from(limit).ok()).filter(|&l| l > 0);
        check(&list_faults(query))?;
        let rv_match = ResourceVersionMatch::parse(query.text("resourceVersionMatch"));
        let from = Self::parse_from(query, rv_match, limit.is_some())?;
        // What may be of any age comes whole, also as the rest of a list that was read in pages.
        let limit = limit.filter(|_| query.text("resourceVersion") != "0");
        Ok(Self { selector, from, limit })
    }

    fn parse_from(
        query: &Query,
        rv_match: Option<ResourceVersionMatch>,
        limited: bool,
    ) -> Result<ListFrom, ApiError> {
        let version = query.text("resourceVersion");
        if let Some(token) = query.get("continue").filter(|token| !token.is_empty()) {
            if !matches!(version, "" | "0") {
                let why = "specifying resource version is not allowed when using continue";
                return Err(ApiError::bad_request(why));
            }
            return Ok(ListFrom::Continue(token.to_owned()));
        }
        let version = parse_resource_version(version)
            .map_err(|why| ApiError::bad_request(format!("invalid resource version: {why}")))?;
        Ok(match (version, rv_match) {
            (GetOptions::MostRecent, _) => ListFrom::MostRecent,
            (GetOptions::Any, _) => ListFrom::Any,
            (GetOptions::NotOlderThan(at), Some(ResourceVersionMatch::Exact)) => ListFrom::Exact(at),
            (GetOptions::NotOlderThan(at), None) if limited => ListFrom::Exact(at),
            (GetOptions::NotOlderThan(at), _) => ListFrom::NotOlderThan(at),
        })
    }
}

/// Returns what in a list's options does not go together.
fn list_faults(query: &Query) -> field::Errors {
    let (rv_match, version) = (query.text("resourceVersionMatch"), query.text("resourceVersion"));
    let path = Path::new("resourceVersionMatch");
    let forbidden = |why: &str| field::Error::forbidden(&path, why);
    let of_match = [
        (
            version.is_empty(),
            forbidden("resourceVersionMatch is forbidden unless resourceVersion is provided"),
        ),
        (!query.text("continue").is_empty(), forbidden(WITH_CONTINUE)),
        (ResourceVersionMatch::parse(rv_match).is_none(), {
            let known = [ResourceVersionMatch::EXACT, ResourceVersionMatch::NOT_OLDER_THAN, ""];
            field::Error::not_supported(&path, rv_match, &known)
        }),
        (rv_match == ResourceVersionMatch::EXACT && version == "0", {
            forbidden("resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"")
        }),
    ];
    let initial = query.optional_flag("sendInitialEvents").map(|_| {
        field::Error::forbidden(&Path::new("sendInitialEvents"), "sendInitialEvents is forbidden for list")
    });
    let of_match = of_match.into_iter().filter(|(holds, _)| *holds && !rv_match.is_empty());
    of_match.map(|(_, error)| error).chain(initial).collect()
}

pub(super) const WITH_CONTINUE: &str = "resourceVersionMatch is forbidden when continue is provided";

/// Fails when there are faults.
pub(super) fn check(faults: &[field::Error]) -> Result<(), ApiError> {
    if faults.is_empty() { Ok(()) } else { Err(ApiError::invalid(GROUP, "ListOptions", "", faults)) }
}
