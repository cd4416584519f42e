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

    /// Every media type that a watch is offered in.
    pub const STREAMED: &'static [&'static str] = &["application/json;stream=watch"];

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
/// `allowed` says of a target whether the endpoint can make it.
pub fn negotiate(accept: &str, allowed: fn(&str) -> Option<Shape>) -> Option<Accepted> {
    if accept.trim().is_empty() {
        return Some(Accepted::JSON);
    }
    clauses(accept).iter().find_map(|clause| clause.accept(allowed))
}

/// Returns the media types that a client accepts, without parameters, the one it likes best first.
pub fn preferences(accept: &str) -> impl Iterator<Item = String> {
    let accept = if accept.trim().is_empty() { "*/*" } else { accept };
    clauses(accept).into_iter().map(|clause| clause.media)
}

/// The targets that `as` can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// `as=Table`.
    Table,
    /// `as=PartialObjectMetadata` or `as=PartialObjectMetadataList`.
    Metadata,
}

/// Tells whether an answer is to be indented: by Accept, by parameter, or because a person seems to look.
pub fn pretty(query: &Query, accepted: bool, user_agent: &str) -> bool {
    accepted
        || match query.text("pretty") {
            "" => ["curl", "Wget", "Mozilla/5.0"].iter().any(|agent| user_agent.starts_with(agent)),
            wanted => matches!(wanted, "1" | "t" | "T" | "true" | "TRUE" | "True"),
        }
}

fn clauses(accept: &str) -> Vec<Clause<'_>> {
    let mut clauses: Vec<_> = accept.split(',').filter_map(Clause::parse).collect();
    clauses.sort_by(|a, b| b.weight().total_cmp(&a.weight()));
    clauses
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
        let quality = quality.map_or(1.0, |(_, value)| value.parse().unwrap_or_default());
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

    fn accept(&self, allowed: fn(&str) -> Option<Shape>) -> Option<Accepted> {
        let format = match self.media.as_str() {
            "*/*" | "application/*" | "application/json" => Format::Json,
            "application/yaml" => Format::Yaml,
            _ => return None,
        };
        if self.parameter("stream").is_some_and(|stream| stream != "watch" || format == Format::Yaml) {
            return None;
        }
        let pretty = self.parameter("pretty") == Some("1");
        Some(Accepted { format, target: self.target(allowed)?, pretty })
    }

    fn target(&self, allowed: fn(&str) -> Option<Shape>) -> Option<Target> {
        let (kind, version) = match ["as", "g", "v"].map(|name| self.parameter(name)) {
            [None, None, None] => return Some(Target::Object),
            [Some(kind), Some("meta.k8s.io"), Some("v1")] => (kind, Version::V1),
            [Some(kind), Some("meta.k8s.io"), Some("v1beta1")] => (kind, Version::V1Beta1),
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
        negotiate(accept, object).map(|accepted| (accepted.format, accepted.target))
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
        assert_eq!(negotiated("application/json;v=v1"), None);
    }

    #[test]
    fn of_the_streams_only_watches_are_known_and_yaml_has_none() {
        assert_eq!(negotiated("application/json;stream=watch"), Some((Format::Json, Target::Object)));
        for accept in ["application/json;stream=other", "application/yaml;stream=watch"] {
            assert_eq!(negotiated(accept), None, "{accept}");
        }
    }

    #[test]
    fn parameters_that_mean_nothing_are_passed_over() {
        assert_eq!(negotiated("application/json;profile=nopeer;x=y"), Some((Format::Json, Target::Object)));
    }

    #[test]
    fn preferences_are_sorted_and_without_parameters() {
        let sorted: Vec<_> = preferences("*/*, a/b;q=0.5;x=y, c/d").collect();
        assert_eq!(sorted, ["c/d", "*/*", "a/b"]);
        assert_eq!(preferences("").collect::<Vec<_>>(), ["*/*"]);
    }

    #[test]
    fn people_get_indented_answers() {
        assert!(pretty(&Query::default(), false, "curl/8.0"));
        assert!(pretty(&Query::parse("pretty=false"), true, "curl/8.0"));
        for wanted in ["false", "0", "yes"] {
            assert!(!pretty(&Query::parse(&format!("pretty={wanted}")), false, "curl/8.0"), "{wanted}");
        }
        assert!(pretty(&Query::parse("pretty"), false, "Wget/1"));
        assert!(!pretty(&Query::default(), false, "kubectl/v1.32.4"));
    }
}
