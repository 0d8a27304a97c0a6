//! What an operation does, read off its facts.

use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

use super::names;
use crate::generated::operations::OPERATIONS;
use crate::schema::{self, Type};
use crate::table::Operation;

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plan {
    /// All objects of the collection.
    List,
    Create,
    Get,
    /// Replaces an object; where nothing creates objects otherwise, also makes it.
    Replace {
        makes: bool,
    },
    Update {
        makes: bool,
    },
    Delete,
    /// Removes all objects of the collection.
    Clear,
    /// What exists once at this path.
    Read,
    Write {
        whole: bool,
    },
    Reset,
    /// A verb on the object or singleton above.
    Step,
    /// Taken in without an answer.
    Accept,
    /// Answered from the request and the schema of the answer.
    Reflect,
    /// Not answered, and why.
    None(&'static str),
}

struct Paths {
    methods: HashMap<&'static str, Vec<(&'static str, &'static Operation)>>,
    /// Paths below which there is an item path.
    collections: HashSet<&'static str>,
}

fn paths() -> &'static Paths {
    static PATHS: OnceLock<Paths> = OnceLock::new();
    PATHS.get_or_init(|| {
        let mut paths = Paths {
            methods: HashMap::new(),
            collections: HashSet::new(),
        };
        for operation in OPERATIONS {
            let of_path = paths.methods.entry(operation.path).or_default();
            of_path.push((operation.method, operation));
            if let Some((head, tail)) = operation.path.rsplit_once('/')
                && tail.starts_with('{')
            {
                paths.collections.insert(head);
            }
        }
        paths
    })
}

/// The operation at a path template.
pub(super) fn at(path: &str, method: &str) -> Option<&'static Operation> {
    let found = paths().methods.get(path)?;
    found
        .iter()
        .find(|(m, _)| *m == method)
        .map(|(_, operation)| *operation)
}

/// The methods of a path template.
pub(super) fn methods(path: &str) -> Vec<&'static str> {
    let found = paths().methods.get(path).into_iter().flatten();
    found.map(|(method, _)| *method).collect()
}

/// The member that wraps a list, or an empty text where the list stands alone; nothing where the
/// type is no list.
pub(super) fn list_of(api: &str, ty: &Type) -> Option<(String, Type)> {
    match schema::resolve(api, ty) {
        Type::List(inner) => Some((String::new(), *inner)),
        Type::Named(name) => {
            let found = schema::schema(api, &name)?;
            let mut lists = Vec::new();
            for (name, member) in &found.members {
                match schema::resolve(api, &member.ty) {
                    _ if matches!(name.as_str(), "_links" | "metadata" | "_embedded") => {}
                    Type::List(inner) => lists.push((name.clone(), *inner)),
                    _ => return None,
                }
            }
            match lists.len() {
                1 => lists.pop(),
                _ => None,
            }
        }
        _ => None,
    }
}

/// Whether a path names an object: it ends in a parameter.
pub(super) fn names_object(path: &str) -> bool {
    path.ends_with('}')
}

/// The part above the last segment, or above `lifecycle/verb`.
pub(super) fn above(path: &str) -> &str {
    let head = path.rsplit_once('/').map_or("", |(head, _)| head);
    head.strip_suffix("/lifecycle").unwrap_or(head)
}

/// The plan of an operation.
pub(super) fn of(operation: &Operation) -> Plan {
    static PLANS: OnceLock<HashMap<&'static str, Plan>> = OnceLock::new();
    let plans = PLANS.get_or_init(|| OPERATIONS.iter().map(|o| (o.id, make(o))).collect());
    plans
        .get(operation.id)
        .copied()
        .unwrap_or(Plan::None("not published"))
}

/// Why the engine does not answer an operation.
#[cfg(test)]
pub(crate) fn reason(operation: &Operation) -> Option<&'static str> {
    match of(operation) {
        Plan::None(reason) => Some(reason),
        _ => None,
    }
}

fn make(operation: &Operation) -> Plan {
    if let Some(reason) = names::left_out(operation) {
        return Plan::None(reason);
    }
    let path = operation.path;
    let facts = schema::facts(operation.id);
    let lists = |operation: &Operation| {
        let facts = schema::facts(operation.id);
        let answer = facts.answer.as_ref();
        answer.is_some_and(|ty| list_of(operation.api, ty).is_some())
    };
    let listed = at(path, "GET").is_some_and(lists);
    let item = names_object(path);
    let made_elsewhere = item && at(above(path), "POST").is_some();
    match operation.method {
        "GET" if facts.answer.is_none() => Plan::None("answers with something else than JSON"),
        "GET" if item && !listed => Plan::Get,
        "GET" if listed => Plan::List,
        "GET" => Plan::Read,
        "PUT" if item => Plan::Replace {
            makes: !made_elsewhere,
        },
        "PUT" if listed => Plan::Accept,
        "PUT" => Plan::Write { whole: true },
        "DELETE" if item => Plan::Delete,
        "DELETE" if listed => Plan::Clear,
        "DELETE" => Plan::Reset,
        "PATCH" if item => Plan::Update {
            makes: !made_elsewhere && methods(path) == ["PATCH"],
        },
        "PATCH" if !listed => Plan::Write { whole: false },
        "POST" if item => Plan::Update {
            makes: !made_elsewhere && at(path, "PUT").is_none(),
        },
        "POST" if listed || paths().collections.contains(path) => Plan::Create,
        "POST" if at(path, "GET").is_some() => Plan::Write { whole: false },
        "POST" => step(operation),
        _ => Plan::None("neither a collection nor an object"),
    }
}

/// A verb at the end of a path.
fn step(operation: &Operation) -> Plan {
    let facts = schema::facts(operation.id);
    let over = above(operation.path);
    let subject = at(over, "GET");
    let same = subject.is_some_and(|subject| {
        let theirs = &schema::facts(subject.id).answer;
        theirs.is_some() && *theirs == facts.answer
    });
    match &facts.answer {
        None if subject.is_some() && names_object(over) => Plan::Step,
        None => Plan::Accept,
        Some(_) if same => Plan::Step,
        Some(_) if names_object(over) && operation.path.contains("/lifecycle/") => Plan::Step,
        Some(_) => Plan::Reflect,
    }
}
