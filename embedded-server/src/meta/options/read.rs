//! The options of gets and lists: which objects, of which state, how many.

use super::{GROUP, Query};
use crate::meta::field::{self, Path};
use crate::meta::selector::{FieldSelector, LabelSelector};
use crate::meta::{ApiError, Revision};

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
        text => text.parse().map(GetOptions::NotOlderThan).map_err(|_| {
            format!(
                "invalid resource version: resourceVersion: Invalid value: \"{text}\": \
                 strconv.ParseUint: parsing \"{text}\": invalid syntax"
            )
        }),
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
        let rv_match = parse_match(query)?;
        if query.optional_flag("sendInitialEvents").is_some() {
            let error = field::Error::forbidden(
                &Path::new("sendInitialEvents"),
                "sendInitialEvents is forbidden for list",
            );
            return Err(invalid_list_options(&[error]));
        }
        let limit = query.number("limit")?.and_then(|limit| usize::try_from(limit).ok()).filter(|&l| l > 0);
        let from = Self::parse_from(query, rv_match, limit.is_some())?;
        let limit = if from == ListFrom::Any { None } else { limit };
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
        let version = parse_resource_version(version).map_err(ApiError::bad_request)?;
        Ok(match (version, rv_match) {
            (GetOptions::MostRecent, _) => ListFrom::MostRecent,
            (GetOptions::Any, _) => ListFrom::Any,
            (GetOptions::NotOlderThan(at), Some(ResourceVersionMatch::Exact)) => ListFrom::Exact(at),
            (GetOptions::NotOlderThan(at), None) if limited => ListFrom::Exact(at),
            (GetOptions::NotOlderThan(at), _) => ListFrom::NotOlderThan(at),
        })
    }
}

pub(super) fn parse_match(query: &Query) -> Result<Option<ResourceVersionMatch>, ApiError> {
    let path = Path::new("resourceVersionMatch");
    let text = query.text("resourceVersionMatch");
    let forbidden = |why: &str| Err(invalid_list_options(&[field::Error::forbidden(&path, why)]));
    let parsed = match text {
        "" => return Ok(None),
        "Exact" => ResourceVersionMatch::Exact,
        "NotOlderThan" => ResourceVersionMatch::NotOlderThan,
        other => {
            let error = field::Error::not_supported(&path, other, &["Exact", "NotOlderThan", ""]);
            return Err(invalid_list_options(&[error]));
        }
    };
    let version = query.text("resourceVersion");
    if !query.text("continue").is_empty() {
        return forbidden("resourceVersionMatch is forbidden when continue is provided");
    }
    if query.optional_flag("sendInitialEvents").is_none() && version.is_empty() {
        return forbidden("resourceVersionMatch is forbidden unless resourceVersion is provided");
    }
    if parsed == ResourceVersionMatch::Exact && version == "0" {
        return forbidden("resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"");
    }
    Ok(Some(parsed))
}

pub(super) fn invalid_list_options(errors: &[field::Error]) -> ApiError {
    ApiError::invalid(GROUP, "ListOptions", "", errors)
}
