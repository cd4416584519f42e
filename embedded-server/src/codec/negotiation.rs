//! Which form an answer takes, from what the client accepts and the server can make.
//!
//! Source: `apiserver/pkg/endpoints/handlers/negotiation/negotiate.go`.

use crate::meta::Query;

/// The encoding of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `application/json`.
    Json,
    /// `application/yaml`.
    Yaml,
}

impl Format {
    /// Every media type that is offered, the default first.
    pub const OFFERED: &'static [&'static str] = &["application/json", "application/yaml"];

    /// Returns the media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Yaml => "application/yaml",
        }
    }
}

/// The encoding of a request's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyFormat {
    /// `application/json`, also when nothing is said.
    Json,
    /// `application/yaml`.
    Yaml,
}

impl BodyFormat {
    /// Reads a `Content-Type`; none when it is not understood.
    pub fn parse(content_type: &str) -> Option<Self> {
        match essence(content_type).as_str() {
            "" | "application/json" => Some(Self::Json),
            "application/yaml" => Some(Self::Yaml),
            _ => None,
        }
    }
}

/// The version of `meta.k8s.io` that a derived answer is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// `v1`.
    V1,
    /// `v1beta1`.
    V1Beta1,
}

impl Version {
    /// Returns the version's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V1 => "v1",
            Self::V1Beta1 => "v1beta1",
        }
    }
}

/// What an answer is about an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// The object itself.
    Object,
    /// A table for people.
    Table(Version),
    /// Only its metadata.
    Metadata(Version),
}

/// The outcome of a negotiation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// How the answer is encoded.
    pub format: Format,
    /// What it shows.
    pub target: Target,
    /// Whether the clause that won asked for indentation.
    pub pretty: bool,
}

impl Accepted {
    /// Plain JSON.
    pub const JSON: Self = Self { format: Format::Json, target: Target::Object, pretty: false };
}

/// Picks the answer's form, or none when nothing the client accepts can be made.
///
/// `allowed` says of a target whether the endpoint can make it; `stream` is set for watches, which YAML cannot
/// carry.
pub fn negotiate(accept: &str, stream: bool, allowed: fn(&str) -> Option<Shape>) -> Option<Accepted> {
    if accept.trim().is_empty() {
        return Some(Accepted::JSON);
    }
    let mut clauses: Vec<_> = accept.split(',').filter_map(Clause::parse).collect();
    clauses.sort_by(|a, b| b.weight().total_cmp(&a.weight()));
    clauses.iter().find_map(|clause| clause.accept(stream, allowed))
}

/// The targets that `as` can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// `as=Table`.
    Table,
    /// `as=PartialObjectMetadata` or `as=PartialObjectMetadataList`.
    Metadata,
}

/// Tells whether an answer is to be indented: by parameter, by Accept, or because a person seems to look.
pub fn pretty(query: &Query, accepted: bool, user_agent: &str) -> bool {
    match query.optional_flag("pretty") {
        Some(wanted) => wanted,
        None => accepted || ["curl", "Wget", "Mozilla/5.0"].iter().any(|agent| user_agent.starts_with(agent)),
    }
}

struct Clause<'a> {
    media: String,
    parameters: Vec<(&'a str, &'a str)>,
    quality: f32,
}

impl<'a> Clause<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let media = parts.next().filter(|media| !media.is_empty())?.to_ascii_lowercase();
        let parameters: Vec<_> = parts.filter_map(|part| part.split_once('=')).collect();
        let quality = parameters.iter().find(|(name, _)| *name == "q");
        let quality = quality.and_then(|(_, value)| value.parse().ok()).unwrap_or(1.0);
        Some(Self { media, parameters, quality })
    }

    /// Orders clauses by quality, then by how specific they are.
    fn weight(&self) -> f32 {
        let specific = match self.media.as_str() {
            "*/*" => 0.0,
            media if media.ends_with("/*") => 0.0001,
            _ => 0.0002,
        };
        self.quality + specific
    }

    fn accept(&self, stream: bool, allowed: fn(&str) -> Option<Shape>) -> Option<Accepted> {
        if self.quality <= 0.0 {
            return None;
        }
        let format = match self.media.as_str() {
            "*/*" | "application/*" | "application/json" => Format::Json,
            "application/yaml" if !stream => Format::Yaml,
            _ => return None,
        };
        if self.parameter("stream").is_some_and(|stream| stream != "watch") {
            return None;
        }
        let pretty = self.parameter("pretty") == Some("1");
        Some(Accepted { format, target: self.target(allowed)?, pretty })
    }

    fn target(&self, allowed: fn(&str) -> Option<Shape>) -> Option<Target> {
        let Some(kind) = self.parameter("as") else { return Some(Target::Object) };
        let version = match (self.parameter("g"), self.parameter("v")) {
            (Some("meta.k8s.io"), Some("v1")) => Version::V1,
            (Some("meta.k8s.io"), Some("v1beta1")) => Version::V1Beta1,
            _ => return None,
        };
        match allowed(kind)? {
            Shape::Table => Some(Target::Table(version)),
            Shape::Metadata => Some(Target::Metadata(version)),
        }
    }

    fn parameter(&self, name: &str) -> Option<&'a str> {
        self.parameters.iter().find(|(n, _)| *n == name).map(|(_, value)| *value)
    }
}

fn essence(content_type: &str) -> String {
    content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(kind: &str) -> Option<Shape> {
        match kind {
            "Table" => Some(Shape::Table),
            "PartialObjectMetadata" => Some(Shape::Metadata),
            _ => None,
        }
    }

    fn negotiated(accept: &str) -> Option<(Format, Target)> {
        negotiate(accept, false, object).map(|accepted| (accepted.format, accepted.target))
    }

    #[test]
    fn nothing_and_anything_mean_json() {
        for accept in ["", "*/*", "application/*", "application/json"] {
            assert_eq!(negotiated(accept), Some((Format::Json, Target::Object)), "{accept}");
        }
    }

    #[test]
    fn the_first_clause_that_can_be_made_wins() {
        let kubectl = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
        assert_eq!(negotiated(kubectl), Some((Format::Json, Target::Table(Version::V1))));
        let metadata = "application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,\
                        application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json";
        assert_eq!(negotiated(metadata), Some((Format::Json, Target::Metadata(Version::V1))));
        let unknown = "application/json;as=Nothing;v=v1;g=meta.k8s.io,application/yaml";
        assert_eq!(negotiated(unknown), Some((Format::Yaml, Target::Object)));
    }

    #[test]
    fn quality_and_specificity_order_the_clauses() {
        assert_eq!(negotiated("application/json;q=0.5,application/yaml").map(|a| a.0), Some(Format::Yaml));
        assert_eq!(negotiated("*/*,application/yaml").map(|a| a.0), Some(Format::Yaml));
    }

    #[test]
    fn what_cannot_be_made_is_not_acceptable() {
        assert_eq!(negotiated("text/html"), None);
        assert_eq!(negotiated("application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"), None);
        assert_eq!(negotiated("application/json;q=0"), None);
        assert_eq!(negotiate("application/yaml", true, object), None);
    }

    #[test]
    fn people_get_indented_answers() {
        assert!(pretty(&Query::default(), false, "curl/8.0"));
        assert!(!pretty(&Query::parse("pretty=false"), true, "curl/8.0"));
        assert!(!pretty(&Query::default(), false, "kubectl/v1.32.4"));
    }
}
