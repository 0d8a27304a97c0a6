//! The engine alone, as if no behaviour were written: operations tried with bodies made from the
//! schemas, and the answers held against the schemas.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::plan::{self, Plan};
use super::{act, names, parents};
use crate::bench::Bench;
use crate::generated::operations::OPERATIONS;
use crate::json::text;
use crate::schema::{self, Kind, Limits, Type};
use crate::table::Operation;

/// A request body that a schema allows: required members, or all that can be set.
fn body(api: &str, ty: &Type, all: bool, name: &str, limits: &Limits, depth: usize) -> Value {
    if let Some(only) = &limits.only {
        return json!(only);
    }
    match schema::resolve(api, ty) {
        Type::Any => json!("x"),
        Type::Boolean => json!(true),
        Type::Integer => json!(limits.min.unwrap_or(1.0) as i64),
        Type::Number => json!(limits.min.unwrap_or(1.5)),
        Type::Text(format) => {
            let mut text = match format.as_str() {
                "date-time" => "2027-01-01T00:00:00.000Z".to_owned(),
                "uri" => "https://example.com/x".to_owned(),
                "email" => "someone@example.com".to_owned(),
                // Of a patch's steps.
                _ if name == "path" => "/name".to_owned(),
                _ => format!("{name}-1"),
            };
            while text.len() < limits.shortest {
                text.push('y');
            }
            if let Some(longest) = limits.longest {
                text.truncate(longest);
            }
            json!(text)
        }
        Type::List(inner) => {
            let count = if depth > 6 {
                0
            } else {
                limits.fewest.max(usize::from(all))
            };
            let plain = Limits::default();
            (0..count.min(3))
                .map(|_| body(api, &inner, all, name, &plain, depth + 1))
                .collect()
        }
        Type::Map(_) => json!({}),
        Type::Named(schema_name) => {
            let found = schema::schema(api, &schema_name).expect("a schema");
            match found.kind {
                Kind::Enum => json!(found.values[0]),
                Kind::Alias => Value::Null,
                _ if depth > 8 => json!({}),
                Kind::Union if found.tag.is_none() => {
                    body(api, &found.variants[0], all, name, limits, depth + 1)
                }
                Kind::Union | Kind::Object => {
                    let mut made = Map::new();
                    if let (Some(tag), Some(first)) = (&found.tag, found.tagged.keys().next()) {
                        made.insert(tag.clone(), json!(first));
                    }
                    let own = schema::variant(api, found, &Value::Object(made.clone()));
                    for (name, member) in &own.members {
                        let wanted = member.needed || all && depth < 4;
                        if wanted
                            && !member.read_only
                            && !name.starts_with('_')
                            && !made.contains_key(name)
                        {
                            let value = body(api, &member.ty, all, name, &member.limits, depth + 1);
                            made.insert(name.clone(), value);
                        }
                    }
                    Value::Object(made)
                }
            }
        }
    }
}

/// What is wrong with a value of a type.
fn faults(api: &str, ty: &Type, value: &Value, at: &str, found: &mut Vec<String>, depth: usize) {
    if depth > 24 {
        return;
    }
    match (schema::resolve(api, ty), value) {
        (_, Value::Null) | (Type::Any, _) => {}
        (Type::Boolean, Value::Bool(_)) | (Type::Integer | Type::Number, Value::Number(_)) => {}
        (Type::Text(format), Value::String(text)) => {
            if format == "date-time" && crate::clock::parse(text).is_none() {
                found.push(format!("{at}: no date: {text}"));
            }
        }
        (Type::List(inner), Value::Array(items)) => {
            for item in items {
                faults(api, &inner, item, &format!("{at}[]"), found, depth + 1);
            }
        }
        (Type::Map(inner), Value::Object(members)) => {
            for (name, item) in members {
                faults(api, &inner, item, &format!("{at}.{name}"), found, depth + 1);
            }
        }
        (Type::Named(name), value) => {
            let Some(schema) = schema::schema(api, &name) else {
                return;
            };
            match schema.kind {
                Kind::Enum => {
                    if !schema.values.iter().any(|v| value == v) {
                        found.push(format!("{at}: {value} is no {name}"));
                    }
                }
                Kind::Alias => {}
                Kind::Union if schema.tag.is_none() => {
                    let fits = schema.variants.iter().any(|ty| {
                        let mut inner = Vec::new();
                        faults(api, ty, value, at, &mut inner, depth + 1);
                        inner.is_empty()
                    });
                    if !fits {
                        found.push(format!("{at}: fits no alternative of {name}: {value}"));
                    }
                }
                Kind::Union | Kind::Object => {
                    if !value.is_object() {
                        found.push(format!("{at}: {value} is no {name}"));
                        return;
                    }
                    let own = schema::variant(api, schema, value);
                    if own.kind != Kind::Object {
                        return;
                    }
                    for (name, member) in &own.members {
                        match value.get(name) {
                            None if member.needed
                                && !member.write_only
                                && !name.starts_with('_') =>
                            {
                                found.push(format!("{at}.{name}: missing ({})", own.name));
                            }
                            Some(inner) => {
                                let at = format!("{at}.{name}");
                                faults(api, &member.ty, inner, &at, found, depth + 1);
                            }
                            None => {}
                        }
                    }
                }
            }
        }
        (ty, value) => found.push(format!("{at}: {value} is no {ty:?}")),
    }
}

struct Tour {
    bench: Bench,
    problems: Vec<String>,
    done: BTreeMap<&'static str, u32>,
    /// Ids that were found or made, by collection path.
    made: BTreeMap<String, String>,
}

impl Tour {
    fn new() -> Self {
        Self {
            bench: Bench::new(),
            problems: Vec::new(),
            done: BTreeMap::new(),
            made: BTreeMap::new(),
        }
    }

    /// A path with its parameters filled with objects that exist; nothing where none can be had.
    fn path(&mut self, template: &'static str, upto: usize) -> Option<String> {
        let mut path = String::new();
        for (place, segment) in template.split('/').skip(1).enumerate() {
            if place == upto {
                break;
            }
            let value = match parents::parameter(segment) {
                None => segment.to_owned(),
                Some(name) => {
                    let collection = template
                        .split('/')
                        .skip(1)
                        .take(place)
                        .fold(String::new(), |p, s| p + "/" + s);
                    self.object(&collection, &path.clone(), name, template)?
                }
            };
            path.push('/');
            path.push_str(&value);
        }
        Some(path)
    }

    fn object(
        &mut self,
        collection: &str,
        path: &str,
        name: &str,
        template: &str,
    ) -> Option<String> {
        if let Some(known) = self.made.get(path) {
            return Some(known.clone());
        }
        let by_type = OPERATIONS
            .iter()
            .filter(|o| o.path == template)
            .find_map(|o| {
                let ty = schema::facts(o.id).path.get(name)?;
                let found = schema::object(o.api, ty)?;
                found.values.first().cloned()
            });
        if by_type.is_some() {
            return by_type;
        }
        let org = self.bench.shared.org();
        let built_in = match names::word(collection) {
            "users" if name == "userId" || name == "id" => Some(org.admin.clone()),
            "groups" if path == "/api/v1/groups" => Some(org.everyone.clone()),
            "apps" | "identity-sources" => org
                .apps
                .values()
                .next()
                .map(|app| text(app, "/id").to_owned()),
            "policies" if path == "/api/v1/policies" => org
                .policies
                .values()
                .next()
                .map(|policy| text(policy, "/id").to_owned()),
            _ => None,
        };
        drop(org);
        if built_in.is_some() {
            return built_in;
        }
        // Made by the API, or put there where the API only lists them.
        if let Some(create) = plan::at(collection, "POST") {
            let facts = schema::facts(create.id);
            if let (Plan::Create, Some(ty)) = (plan::of(create), &facts.request) {
                let body = body(create.api, ty, false, "x", &Limits::default(), 0);
                let (status, answer) = self.bench.call("POST", path, Some(&body));
                let first = match &answer {
                    Value::Array(items) => items.first().cloned().unwrap_or_default(),
                    other => other.clone(),
                };
                let key = ["/id", "/kid", "/aaguid", "/client_id"]
                    .iter()
                    .map(|p| text(&first, p))
                    .find(|id| !id.is_empty());
                if status < 300
                    && let Some(id) = key
                {
                    self.made.insert(path.to_owned(), id.to_owned());
                    return Some(id.to_owned());
                }
            }
        }
        if names::word(collection) == "clients" {
            let org = self.bench.shared.org();
            return org
                .apps
                .values()
                .next()
                .map(|app| text(app, "/id").to_owned());
        }
        if plan::methods(collection).is_empty()
            && plan::at(&format!("{collection}/{{{name}}}"), "GET").is_none()
        {
            return Some("anything".to_owned());
        }
        let mut org = self.bench.shared.org();
        let shelf = org.shelf(path);
        let known = shelf
            .placed()
            .next()
            .map(|(_, o)| text(o, "/id").to_owned());
        let id = known
            .filter(|id| !id.is_empty())
            .unwrap_or_else(|| "made1".to_owned());
        if !shelf.contains(&id) {
            shelf.put(&id, json!({ "id": id, act::HIDDEN: id }));
        }
        drop(org);
        self.made.insert(path.to_owned(), id.clone());
        Some(id)
    }

    fn send(&mut self, operation: &'static Operation, path: &str, body: Option<&Value>) -> Value {
        let facts = schema::facts(operation.id);
        let query: Vec<String> = facts
            .needs
            .iter()
            .map(|name| format!("{name}=id%20pr"))
            .collect();
        let target = match query.is_empty() {
            true => path.to_owned(),
            false => format!("{path}?{}", query.join("&")),
        };
        let (status, answer) = self.bench.call(operation.method, &target, body);
        *self.done.entry(operation.id).or_default() += 1;
        if status != operation.success {
            self.problems.push(format!(
                "{} {target}: {status} {answer}\n    {body:?}",
                operation.id
            ));
        } else if let Some(ty) = &facts.answer {
            let mut found = Vec::new();
            faults(operation.api, ty, &answer, "", &mut found, 0);
            found.truncate(3);
            if !found.is_empty() {
                self.problems.push(format!(
                    "{} {target}: {found:?}\n    {answer}",
                    operation.id
                ));
            }
        }
        answer
    }

    fn visit(&mut self, operation: &'static Operation) {
        let depth = operation.path.matches('/').count();
        let Some(path) = self.path(operation.path, depth) else {
            self.problems.push(format!("{}: no path", operation.id));
            return;
        };
        let facts = schema::facts(operation.id);
        let ty = facts.request.as_ref().filter(|_| !facts.other_media);
        // What only an assignment makes is assigned first.
        for method in ["PUT", "POST"] {
            if let (Plan::Get | Plan::Delete, Some(put)) =
                (plan::of(operation), plan::at(operation.path, method))
                && let Plan::Replace { makes: true } | Plan::Update { makes: true } = plan::of(put)
            {
                let facts = schema::facts(put.id);
                let ty = facts.request.as_ref().filter(|_| !facts.other_media);
                let body = ty.map(|ty| body(put.api, ty, false, "x", &Limits::default(), 0));
                self.send(put, &path, body.as_ref());
            }
        }
        for all in [false, true] {
            let body = ty.map(|ty| body(operation.api, ty, all, "x", &Limits::default(), 0));
            self.send(operation, &path, body.as_ref());
            if matches!(plan::of(operation), Plan::Delete | Plan::Clear) {
                self.made.retain(|made, _| !path.starts_with(made.as_str()));
                break;
            }
            if !all && ty.is_none() {
                break;
            }
            if matches!(plan::of(operation), Plan::Create) && operation.id.contains("aguid") {
                break;
            }
        }
    }
}

/// Families whose objects stand on shelves alone, of every form that plans have. They have
/// behaviour; what the engine makes of them is what it makes of operations that come new.
const FAMILIES: [&str; 17] = [
    "/api/v1/agentPools/{poolId}/updates",
    "/api/v1/authenticators",
    "/api/v1/bot-protection",
    "/api/v1/device-integrations",
    "/api/v1/device-posture-checks",
    "/api/v1/directories",
    "/api/v1/dr",
    "/api/v1/email-servers",
    "/api/v1/iam/governance",
    "/api/v1/ssf",
    "/api/v1/telephony-providers",
    "/api/v1/threats",
    "/api/v1/users/{userId}/classification",
    "/attack-protection",
    "/integrations",
    "/okta-personal-settings",
    "/privileged-access",
];

fn engine_operations() -> Vec<&'static Operation> {
    let operations = OPERATIONS.iter();
    operations
        .filter(|o| FAMILIES.iter().any(|family| o.path.starts_with(family)))
        .filter(|o| !matches!(plan::of(o), Plan::None(_)))
        .collect()
}

#[test]
fn every_answer_fits_its_schema() {
    crate::behaviour::tests::ENGINE_ALONE.set(true);
    let mut tour = Tour::new();
    // Sequences are made in the product only.
    let shelf = "/governance/api/v2/resources/anything/request-sequences";
    let sequence = json!({ "id": "made1", act::HIDDEN: "made1" });
    tour.bench.shared.org().shelf(shelf).put("made1", sequence);
    tour.made.insert(
        "/governance/api/v2/request-sequences".to_owned(),
        "made1".to_owned(),
    );
    let mut operations = engine_operations();
    // Deletions last, so that each other operation finds what it needs.
    operations.sort_by_key(|o| matches!(plan::of(o), Plan::Delete | Plan::Clear | Plan::Reset));
    for operation in &operations {
        tour.visit(operation);
    }
    assert_eq!(tour.done.len(), operations.len());
    let problems = tour.problems.join("\n");
    assert!(
        problems.is_empty(),
        "{} problems:\n{problems}",
        tour.problems.len()
    );
}
