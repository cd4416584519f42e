//! What a client says in the query of a request, checked.
//!
//! Source: `apimachinery/pkg/apis/meta/internalversion/validation/validation.go` and
//! `apimachinery/pkg/runtime/conversion.go`.

use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1 as meta;
use percent_encoding::percent_decode_str;

use super::field::{self, Path};
use super::selector::{FieldSelector, LabelSelector};
use super::{ApiError, Revision};

const GROUP: &str = "meta.k8s.io";

/// The parameters of a request's query; of repeated ones the first counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Takes apart what follows the `?` of a URL. Bad escapes are kept as they stand.
    pub fn parse(text: &str) -> Self {
        let pairs = text.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        });
        Self(pairs.collect())
    }

    /// Returns the parameter's value, or none when it is not there.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// Returns every value of a parameter, in order.
    pub fn all<'q>(&'q self, name: &'q str) -> impl Iterator<Item = &'q str> {
        self.0.iter().filter(move |(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// Returns the parameter's value, empty when it is not there.
    pub fn text(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default()
    }

    /// Reads a switch: absent, `0` and `false` are off, all else, even nothing, is on.
    pub fn flag(&self, name: &str) -> bool {
        self.optional_flag(name).unwrap_or(false)
    }

    /// Reads a switch that may be absent.
    pub fn optional_flag(&self, name: &str) -> Option<bool> {
        self.get(name).map(|value| value != "0" && !value.eq_ignore_ascii_case("false"))
    }

    /// Reads a number.
    ///
    /// # Errors
    /// 400 when it is not one.
    pub fn number(&self, name: &str) -> Result<Option<i64>, ApiError> {
        let Some(text) = self.get(name).filter(|text| !text.is_empty()) else { return Ok(None) };
        let parsed = text.parse().map_err(|_| {
            ApiError::bad_request(format!("strconv.ParseInt: parsing \"{text}\": invalid syntax"))
        });
        parsed.map(Some)
    }
}

fn decode(text: &str) -> String {
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
}

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
    /// 500 without a reason for a resource version that is no number, as k8s.io/apiserver answers.
    pub fn parse(query: &Query) -> Result<Self, ApiError> {
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
    fn parse(query: &Query) -> Result<Self, ApiError> {
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

fn parse_match(query: &Query) -> Result<Option<ResourceVersionMatch>, ApiError> {
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

fn invalid_list_options(errors: &[field::Error]) -> ApiError {
    ApiError::invalid(GROUP, "ListOptions", "", errors)
}

/// Where a watch begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WatchFrom {
    /// With the objects of a state, as additions, then what changes after it.
    State(GetOptions),
    /// With what changes after a revision.
    After(Revision),
    /// With what changes after the most recent state, or after whatever state is at hand.
    Now(GetOptions),
}

/// What a watch asks for.
#[derive(Clone, Debug)]
pub struct WatchOptions {
    /// Which objects.
    pub selector: Selector,
    /// Where it begins.
    pub from: WatchFrom,
    /// Whether bookmarks are wanted; after the objects of a state one is marked as the end of them.
    pub bookmarks: bool,
    /// How long it may last; none for the server's choice.
    pub timeout: Option<Duration>,
}

impl WatchOptions {
    /// Reads the options of a watch.
    ///
    /// # Errors
    /// 400 for values that cannot be read, 422 for combinations that make no sense, 500 without a reason for a
    /// resource version that is no number.
    pub fn parse(query: &Query) -> Result<Self, ApiError> {
        let selector = Selector::parse(query)?;
        let seconds = query.number("timeoutSeconds")?.and_then(|seconds| u64::try_from(seconds).ok());
        let from = Self::parse_from(query)?;
        let timeout = seconds.filter(|&seconds| seconds > 0).map(Duration::from_secs);
        Ok(Self { selector, from, bookmarks: query.flag("allowWatchBookmarks"), timeout })
    }

    fn parse_from(query: &Query) -> Result<WatchFrom, ApiError> {
        let rv_match = parse_match(query)?;
        let initial = query.optional_flag("sendInitialEvents");
        check_initial_events(initial, rv_match)?;
        let version = GetOptions::parse(query)?;
        Ok(match (initial, version) {
            (Some(true), version) => WatchFrom::State(version),
            (_, GetOptions::NotOlderThan(after)) => WatchFrom::After(after),
            (Some(false), version) => WatchFrom::Now(version),
            (None, version) => WatchFrom::State(version),
        })
    }
}

fn check_initial_events(
    initial: Option<bool>,
    rv_match: Option<ResourceVersionMatch>,
) -> Result<(), ApiError> {
    let path = Path::new("resourceVersionMatch");
    let error = match (initial, rv_match) {
        (None, None) | (Some(_), Some(ResourceVersionMatch::NotOlderThan)) => return Ok(()),
        (None, Some(_)) => field::Error::forbidden(
            &path,
            "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
        ),
        (Some(_), None) => field::Error::forbidden(
            &path,
            "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
        ),
        (Some(_), Some(ResourceVersionMatch::Exact)) => {
            field::Error::not_supported(&path, "Exact", &["NotOlderThan"])
        }
    };
    Err(invalid_list_options(&[error]))
}

/// What to do about fields of a body that the type does not have, or has twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FieldValidation {
    /// Drop them.
    Ignore,
    /// Drop them and warn.
    #[default]
    Warn,
    /// Refuse the request.
    Strict,
}

/// What a create, update or patch asks for besides its body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WriteOptions {
    /// Do everything but write.
    pub dry_run: bool,
    /// Who takes the fields over; empty for the default.
    pub field_manager: String,
    /// What to do about unknown and duplicate fields.
    pub field_validation: FieldValidation,
}

impl WriteOptions {
    /// Reads the options of a write; `kind` is `CreateOptions`, `UpdateOptions` or `PatchOptions`.
    ///
    /// # Errors
    /// 422 for values that are not known.
    pub fn parse(query: &Query, kind: &str) -> Result<Self, ApiError> {
        let mut errors = Vec::new();
        let dry_run = parse_dry_run(query.all("dryRun"), &mut errors);
        let field_validation = parse_field_validation(query.text("fieldValidation"), &mut errors);
        let field_manager = query.text("fieldManager").to_owned();
        check_field_manager(&field_manager, &mut errors);
        if errors.is_empty() {
            return Ok(Self { dry_run, field_manager, field_validation });
        }
        Err(ApiError::invalid(GROUP, kind, "", &errors))
    }
}

fn parse_dry_run<'v>(values: impl Iterator<Item = &'v str>, errors: &mut field::Errors) -> bool {
    let mut dry_run = false;
    for value in values {
        dry_run = true;
        if value != "All" {
            errors.push(field::Error::not_supported(&Path::new("dryRun"), value, &["All"]));
        }
    }
    dry_run
}

fn parse_field_validation(text: &str, errors: &mut field::Errors) -> FieldValidation {
    match text {
        "Ignore" => FieldValidation::Ignore,
        "" | "Warn" => FieldValidation::Warn,
        "Strict" => FieldValidation::Strict,
        other => {
            let supported = ["", "Ignore", "Strict", "Warn"];
            errors.push(field::Error::not_supported(&Path::new("fieldValidation"), other, &supported));
            FieldValidation::Warn
        }
    }
}

fn check_field_manager(manager: &str, errors: &mut field::Errors) {
    let path = Path::new("fieldManager");
    if manager.len() > 128 {
        errors.push(field::Error::too_long(&path, 128));
    }
    if let Some(bad) = manager.chars().position(char::is_control) {
        let detail = format!("should only contain printable characters (found at position {bad})");
        errors.push(field::Error::invalid(&path, manager, detail));
    }
}

/// What happens to the objects that the deleted one owns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Propagation {
    /// They are left without an owner.
    Orphan,
    /// They are deleted afterwards.
    Background,
    /// They are deleted first.
    Foreground,
}

/// What a delete asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeleteOptions {
    /// Do everything but delete.
    pub dry_run: bool,
    /// What happens to dependents; none for the default.
    pub propagation: Option<Propagation>,
    /// Whether the deprecated `orphanDependents=false` asked for the answer 202.
    pub orphan_dependents: Option<bool>,
    /// The uid the object must have.
    pub uid: Option<String>,
    /// The resource version the object must have.
    pub resource_version: Option<String>,
}

impl DeleteOptions {
    /// Reads the options from the query, for requests without a body.
    ///
    /// # Errors
    /// 422 for values that are not known or do not go together.
    pub fn parse(query: &Query) -> Result<Self, ApiError> {
        let options = meta::DeleteOptions {
            dry_run: Some(query.all("dryRun").map(str::to_owned).collect()),
            grace_period_seconds: query.number("gracePeriodSeconds")?,
            orphan_dependents: query.optional_flag("orphanDependents"),
            propagation_policy: query.get("propagationPolicy").map(str::to_owned),
            ..meta::DeleteOptions::default()
        };
        Self::check(options)
    }

    /// Takes the options over from a body.
    ///
    /// # Errors
    /// 422 for values that are not known or do not go together.
    pub fn check(options: meta::DeleteOptions) -> Result<Self, ApiError> {
        let mut errors = Vec::new();
        let dry_run = options.dry_run.unwrap_or_default();
        let dry_run = parse_dry_run(dry_run.iter().map(String::as_str), &mut errors);
        let propagation = parse_propagation(options.propagation_policy.as_deref(), &mut errors);
        if options.orphan_dependents.is_some() && options.propagation_policy.is_some() {
            let detail = "orphanDependents and deletionPropagation cannot be both set";
            errors.push(field::Error::invalid(
                &Path::new("propagationPolicy"),
                options.propagation_policy.unwrap_or_default(),
                detail,
            ));
        }
        if !errors.is_empty() {
            return Err(ApiError::invalid(GROUP, "DeleteOptions", "", &errors));
        }
        let preconditions = options.preconditions.unwrap_or_default();
        Ok(Self {
            dry_run,
            propagation: propagation.or(match options.orphan_dependents {
                Some(true) => Some(Propagation::Orphan),
                Some(false) => Some(Propagation::Background),
                None => None,
            }),
            orphan_dependents: options.orphan_dependents,
            uid: preconditions.uid,
            resource_version: preconditions.resource_version,
        })
    }
}

fn parse_propagation(text: Option<&str>, errors: &mut field::Errors) -> Option<Propagation> {
    match text {
        None => None,
        Some("Orphan") => Some(Propagation::Orphan),
        Some("Background") => Some(Propagation::Background),
        Some("Foreground") => Some(Propagation::Foreground),
        Some(other) => {
            let supported = ["Background", "Foreground", "Orphan"];
            errors.push(field::Error::not_supported(&Path::new("propagationPolicy"), other, &supported));
            None
        }
    }
}
