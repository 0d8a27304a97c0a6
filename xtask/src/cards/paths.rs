//! Places in the log event: checked against its schema, written as Rust expressions.

use anyhow::{Context as _, Result, bail};

use crate::facts::{Api, Kind, Type};
use crate::generate::{member, type_name};

/// Where a value comes from, and what it is in Rust.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Place {
    /// Expression over `source: &Source<'a>`.
    pub(crate) expression: String,
    /// Type of the expression.
    pub(crate) ty: String,
    /// The schema of the log event has the path; false where a kind of target or a member of an open map is assumed.
    pub(crate) confirmed: bool,
}

const TEXT: &str = "Option<&'a str>";

/// Finds a path of the log event.
pub(crate) fn in_log_event(path: &str, api: &Api) -> Result<Place> {
    if path == "$" {
        return Ok(Place {
            expression: "source.event()".to_owned(),
            ty: "&'a LogEvent".to_owned(),
            confirmed: true,
        });
    }
    let mut at = Walk {
        api,
        schema: "LogEvent".to_owned(),
        expression: String::new(),
        confirmed: true,
    };
    let mut segments = path.split('.').peekable();
    while let Some(segment) = segments.next() {
        let last = segments.peek().is_none();
        if let Some(place) = at.step(segment, last, path)? {
            match segments.next() {
                None => return Ok(place),
                // A member of an open map.
                Some(name) if segments.peek().is_none() && place.ty.contains("Map<") => {
                    return Ok(Place {
                        expression: format!("text_in({}, {name:?})", place.expression),
                        ty: "Option<Cow<'a, str>>".to_owned(),
                        confirmed: false,
                    });
                }
                Some(_) => bail!("`{path}` goes on below a value"),
            }
        }
    }
    bail!("`{path}` ends at no value")
}

/// Finds a value of the delivery around the log event.
pub(crate) fn in_envelope(path: &str) -> Result<Place> {
    let (expression, ty) = match path {
        "body.source" => ("source.envelope().source", TEXT),
        "body.eventId" => ("source.envelope().event_id", TEXT),
        "body.eventTime" => ("source.envelope().event_time", TEXT),
        "headers" => ("source.envelope().headers", "Option<&'a Map<String>>"),
        "context.execution_id" => ("source.envelope().execution_id", TEXT),
        _ => bail!("the delivery has no `{path}`"),
    };
    Ok(Place {
        expression: expression.to_owned(),
        ty: ty.to_owned(),
        confirmed: true,
    })
}

struct Walk<'a> {
    api: &'a Api,
    schema: String,
    expression: String,
    confirmed: bool,
}

impl Walk<'_> {
    /// Goes to a member; the place, if the member is no object with members of its own or is the last one.
    fn step(&mut self, segment: &str, last: bool, path: &str) -> Result<Option<Place>> {
        let (name, selector) = match segment.split_once('[') {
            Some((name, rest)) => (name, Some(rest.trim_end_matches(']'))),
            None => (segment, None),
        };
        let schema = self
            .api
            .schemas
            .get(&self.schema)
            .with_context(|| format!("no schema {}", self.schema))?;
        let found = schema
            .members
            .get(name)
            .with_context(|| format!("{} has no member `{name}` (path `{path}`)", self.schema))?;
        if let Some(selector) = selector {
            self.confirmed = false;
            let Type::Array(inner) = &found.ty else {
                bail!("`{name}` of `{path}` is no list");
            };
            inner
                .schema()
                .context("a list of objects")?
                .clone_into(&mut self.schema);
            self.expression = match selector.strip_prefix("type=") {
                Some(kind) => format!("source.target({kind:?})"),
                None => "source.first_target()".to_owned(),
            };
            return Ok(None);
        }
        let field = member(name);
        let kind = found.ty.schema().map(|name| {
            let kind = self.api.schemas.get(name).map(|schema| schema.kind);
            (name.to_owned(), kind.unwrap_or_default())
        });
        let (access, ty) = match (&found.ty, kind) {
            (Type::String(format), _) if format == "date-time" => (
                format!("{field}.as_ref()"),
                "Option<&'a Timestamp>".to_owned(),
            ),
            (Type::String(_), _) => (format!("{field}.as_deref()"), TEXT.to_owned()),
            (Type::Map(_), _) => (
                format!("{field}.as_ref()"),
                "Option<&'a Map<Json>>".to_owned(),
            ),
            (Type::Schema(_), Some((_, Kind::Enum))) => (
                format!("{field}.as_ref().map(|word| word.as_str())"),
                TEXT.to_owned(),
            ),
            (Type::Schema(_), Some((name, Kind::Object))) => {
                let ty = format!("Option<&'a {}>", type_name(&name));
                if !last {
                    self.schema = name;
                    self.expression = self.access(&format!("{field}.as_ref()"));
                    return Ok(None);
                }
                (format!("{field}.as_ref()"), ty)
            }
            (ty, _) => bail!("`{name}` of `{path}` is {ty}, which no card field holds"),
        };
        Ok(Some(Place {
            expression: self.access(&access),
            ty,
            confirmed: self.confirmed,
        }))
    }

    fn access(&self, access: &str) -> String {
        if self.expression.is_empty() {
            format!("source.event().{access}")
        } else {
            format!("{}.and_then(|part| part.{access})", self.expression)
        }
    }
}
