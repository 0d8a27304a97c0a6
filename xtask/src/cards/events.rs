//! Event cards as Rust.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::{Context as _, Result, bail};

use super::facts::{Card, Connector, Field};
use super::{HEADER, module as module_of, paths};
use crate::facts::Api;
use crate::generate::{ident, type_name};

/// A struct, ready to be written.
#[derive(Clone, Debug, PartialEq)]
struct Members {
    /// Name, key, type, documentation, expression.
    list: Vec<[String; 5]>,
}

/// `events.rs` of one connector.
pub(super) fn module(connector: &Connector, management: &Api) -> Result<String> {
    let mut groups: BTreeMap<String, Members> = BTreeMap::new();
    let mut cards = String::new();
    for card in connector.cards.iter().filter(|card| card.kind == "event") {
        cards.push_str(
            &event(card, connector, management, &mut groups)
                .with_context(|| format!("event card {}/{}", connector.head.key, card.slug))?,
        );
    }
    let mut text = format!(
        "{HEADER}use std::borrow::Cow;\n\nuse okta_core::model::{{Json, Map, Timestamp}};\n\
         use okta_management::logs::models::{{LogAuthenticationContext, LogClient, LogEvent, LogSecurityContext, LogTransaction}};\n\n\
         use crate::event::{{Entity, text_in}};\n\n"
    );
    for unused in [
        "LogAuthenticationContext",
        "LogClient",
        "LogSecurityContext",
        "LogTransaction",
    ] {
        if !cards.contains(&format!("a {unused}>")) {
            text = text
                .replace(&format!("{unused}, "), "")
                .replace(&format!(", {unused}"), "");
        }
    }
    for (name, members) in &groups {
        let what = name.trim_end_matches("Group");
        let _ = writeln!(
            text,
            "crate::event_group! {{\n    /// Output group *{what}*.\n    {name} {{"
        );
        text.push_str(&members_text(members));
        text.push_str("    }\n}\n\n");
    }
    text.push_str(&cards);
    for unused in ["text_in"] {
        if !text.contains(&format!("{unused}(")) {
            text = text.replace(&format!(", {unused}"), "");
        }
    }
    if !text.contains("Cow<") {
        text = text.replace("use std::borrow::Cow;\n\n", "");
    }
    Ok(text)
}

fn members_text(members: &Members) -> String {
    let mut text = String::new();
    for [name, key, ty, doc, expression] in &members.list {
        let _ = writeln!(
            text,
            "        /// {doc}\n        {name}: {key:?} {ty} = |source| {expression},"
        );
    }
    text
}

fn event(
    card: &Card,
    connector: &Connector,
    management: &Api,
    groups: &mut BTreeMap<String, Members>,
) -> Result<String> {
    let name = type_name(&card.slug);
    let mut members = Members { list: Vec::new() };
    let mut done: Vec<&str> = Vec::new();
    for field in &card.outputs {
        let Some(group) = field.group.as_deref() else {
            members.list.push(single(field, management)?);
            continue;
        };
        if done.contains(&group) {
            continue;
        }
        done.push(group);
        let fields: Vec<&Field> = card
            .outputs
            .iter()
            .filter(|field| field.group.as_deref() == Some(group))
            .collect();
        members
            .list
            .push(group_member(group, &fields, management, groups, &name)?);
    }
    let types: Vec<String> = card
        .event_types
        .iter()
        .map(|found| format!("`{}`", found.event_type))
        .collect();
    let mut text = String::new();
    let _ = writeln!(
        text,
        "crate::event_card! {{\n    /// *{}* of the {} connector: fires on {}.",
        card.name,
        connector.head.name,
        types.join(", ")
    );
    if card.deprecated {
        let _ = writeln!(
            text,
            "    ///\n    /// Deprecated there in favour of the card of the {} connector.",
            card.replacement.as_deref().unwrap_or("newer")
        );
    }
    let _ = writeln!(
        text,
        "    {name}: {:?} {:?} {{",
        connector.head.key, card.slug
    );
    text.push_str(&members_text(&members));
    text.push_str("    }\n}\n\n");
    Ok(text)
}

/// An output outside of groups, or inside of one.
fn single(field: &Field, management: &Api) -> Result<[String; 5]> {
    if !field.children.is_empty() || field.list {
        bail!("output `{}` has children or is a list", field.name);
    }
    let (place, source) = match (&field.path, &field.envelope) {
        (Some(path), _) => (paths::in_log_event(path, management)?, format!("`{path}`")),
        (None, Some(path)) => (paths::in_envelope(path)?, format!("delivery: `{path}`")),
        (None, None) => {
            return Ok([
                ident(&field.key),
                field.key.clone(),
                "Option<&'a str>".to_owned(),
                format!("{}: place not known, always empty.", field.name),
                "{ let _ = source; None }".to_owned(),
            ]);
        }
    };
    let sure = if place.confirmed {
        "confirmed"
    } else {
        "derived"
    };
    Ok([
        ident(&field.key),
        field.key.clone(),
        place.ty,
        format!("{}: {source}, {sure}.", field.name),
        place.expression,
    ])
}

const ENTITY: [(&str, &str); 4] = [
    ("alternate_id", "alternateId"),
    ("display_name", "displayName"),
    ("id", "id"),
    ("type", "type"),
];

/// A group as one member of the card.
fn group_member(
    group: &str,
    fields: &[&Field],
    management: &Api,
    groups: &mut BTreeMap<String, Members>,
    card: &str,
) -> Result<[String; 5]> {
    let key = ident(&group.to_ascii_lowercase().replace(' ', "_"));
    if let Some(base) = entity(fields) {
        // Checks the path as well.
        let (expression, doc) = match base.as_str() {
            "" => (
                "{ let _ = source; Entity::default() }".to_owned(),
                "place not known, always empty".to_owned(),
            ),
            "actor" => ("source.actor()".to_owned(), "`actor`, confirmed".to_owned()),
            "target[0]" => (
                "Entity::of(source.first_target())".to_owned(),
                "the first target, derived".to_owned(),
            ),
            base => {
                let kind = base
                    .strip_prefix("target[type=")
                    .and_then(|rest| rest.strip_suffix(']'))
                    .with_context(|| format!("group {group} comes from `{base}`"))?;
                (
                    format!("Entity::of(source.target({kind:?}))"),
                    format!("the first target of type `{kind}`, derived"),
                )
            }
        };
        for field in fields.iter().filter_map(|field| field.path.as_deref()) {
            paths::in_log_event(field, management)?;
        }
        return Ok([
            key.clone(),
            key,
            "Entity<'a>".to_owned(),
            format!("{group}: {doc}."),
            expression,
        ]);
    }
    let members = Members {
        list: fields
            .iter()
            .map(|field| single(field, management))
            .collect::<Result<_>>()?,
    };
    let mut name = format!("{}Group", type_name(group));
    if groups.get(&name).is_some_and(|before| *before != members) {
        name = format!("{card}{name}");
    }
    groups.insert(name.clone(), members);
    Ok([
        key.clone(),
        key,
        format!("{name}<'a>"),
        format!("{group}."),
        format!("{name}::of(source)"),
    ])
}

/// The common place of a group that is an actor or a target with its four members.
fn entity(fields: &[&Field]) -> Option<String> {
    let mut keys: Vec<&str> = fields.iter().map(|field| field.key.as_str()).collect();
    keys.sort_unstable();
    if keys != ENTITY.map(|(key, _)| key) {
        return None;
    }
    let mut base: Option<String> = None;
    for field in fields {
        let found = match &field.path {
            None => String::new(),
            Some(path) => {
                let (before, last) = path.rsplit_once('.')?;
                let expected = ENTITY.iter().find(|(key, _)| *key == field.key)?.1;
                if last != expected {
                    return None;
                }
                before.to_owned()
            }
        };
        if base.as_ref().is_some_and(|base| *base != found) {
            return None;
        }
        base = Some(found);
    }
    base
}

/// `event_card.rs`: one enum of all event cards, and which event types fire them.
pub(super) fn card_enum(connectors: &[Connector]) -> Result<String> {
    let mut variants = String::new();
    let mut types: BTreeMap<&str, Vec<(String, String)>> = BTreeMap::new();
    for connector in connectors {
        let module = module_of(&connector.head.key);
        for card in connector
            .cards
            .iter()
            .filter(|card| card.kind == "event" && !card.event_types.is_empty())
        {
            let variant = format!("{}{}", type_name(module), type_name(&card.slug));
            let _ = writeln!(
                variants,
                "        {variant}({module}::events::{}<'a>),",
                type_name(&card.slug)
            );
            for found in &card.event_types {
                types.entry(&found.event_type).or_default().push((
                    variant.clone(),
                    format!("{module}::events::{}", type_name(&card.slug)),
                ));
            }
        }
    }
    let mut text = format!(
        "{HEADER}use super::{{identity_governance, okta}};\n\ncrate::event_cards! {{\n    cards {{\n{variants}    }}\n    types {{\n"
    );
    for (event_type, cards) in types {
        let cards: Vec<String> = cards
            .into_iter()
            .map(|(variant, card)| format!("{variant}({card})"))
            .collect();
        let _ = writeln!(text, "        {event_type:?} => [{}],", cards.join(", "));
    }
    text.push_str("    }\n}\n");
    Ok(text)
}
