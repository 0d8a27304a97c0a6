//! Names of operations from their URLs.
//!
//! Path literals make the module (`X/api/vN` is stripped), path parameters are arguments: those
//! before the last literal go to the handles on the way, the others to the operation. Method and
//! kind of path make the function. See the architecture page for the whole rule.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail};

use super::exceptions::Exceptions;
use super::words;

/// What naming needs to know of an operation.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    pub(crate) api: String,
    pub(crate) method: String,
    pub(crate) path: String,
    /// The answer is a list: an array, a page, or an object around one array.
    pub(crate) list: bool,
    /// The answer is an array or a page.
    pub(crate) plain_list: bool,
    pub(crate) has_body: bool,
}

/// Where an operation stands in the generated crate.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Route {
    /// Module segments with the path parameters that their handle takes.
    pub(crate) module: Vec<(String, Vec<String>)>,
    /// Name of the function.
    pub(crate) function: String,
    /// Path parameters that the function takes.
    pub(crate) arguments: Vec<String>,
}

impl Route {
    /// Module path: `users::factors`.
    pub(crate) fn module_path(&self) -> String {
        self.module
            .iter()
            .map(|(name, _)| name.as_str())
            .collect::<Vec<_>>()
            .join("::")
    }

    /// `users::factors::List`.
    pub(crate) fn rust_name(&self) -> String {
        format!(
            "{}::{}",
            self.module_path(),
            words::type_name(&self.function)
        )
    }
}

enum Segment {
    Literal(String),
    Parameter(String),
}

/// Routes of all operations, in their order.
pub(crate) fn routes(shapes: &[Shape], exceptions: &Exceptions) -> Result<Vec<Route>> {
    let named: Vec<String> = shapes
        .iter()
        .map(|shape| exceptions.path(&shape.path))
        .collect();
    let site = Site::new(shapes, &named);
    let mut routes = Vec::new();
    for (shape, path) in shapes.iter().zip(&named) {
        routes.push(route(shape, path, &site, exceptions)?);
    }
    suffix_versions(shapes, &mut routes);
    check_distinct(shapes, &routes)?;
    check_handles(shapes, &routes)?;
    Ok(routes)
}

/// What stands under which path.
struct Site<'a> {
    by_path: BTreeMap<(&'a str, &'a str), BTreeMap<&'a str, &'a Shape>>,
    prefixes: BTreeSet<(&'a str, String)>,
}

impl<'a> Site<'a> {
    fn new(shapes: &'a [Shape], named: &'a [String]) -> Self {
        let mut site = Self {
            by_path: BTreeMap::new(),
            prefixes: BTreeSet::new(),
        };
        for (shape, path) in shapes.iter().zip(named) {
            site.by_path
                .entry((crate_of(&shape.api), path))
                .or_default()
                .insert(&shape.method, shape);
            let mut prefix = path.as_str();
            while let Some((shorter, _)) = prefix.rsplit_once('/') {
                site.prefixes
                    .insert((crate_of(&shape.api), shorter.to_owned()));
                prefix = shorter;
            }
        }
        site
    }

    fn at(&self, api: &str, path: &str, method: &str) -> Option<&'a Shape> {
        self.by_path
            .get(&(crate_of(api), path))?
            .get(method)
            .copied()
    }

    /// Whether something stands below the path.
    fn has_below(&self, api: &str, path: &str) -> bool {
        self.prefixes.contains(&(crate_of(api), path.to_owned()))
    }
}

/// OAuth operations live in the crate of the Management API.
pub(crate) fn crate_of(api: &str) -> &str {
    if api == "oauth" { "management" } else { api }
}

/// Strips `X/api/vN` and gives the version.
fn strip_prefix(path: &str) -> &str {
    let parts: Vec<&str> = path.split('/').collect();
    for n in 0..parts.len().saturating_sub(1) {
        if parts[n] == "api" && version(parts[n + 1]).is_some() {
            let length: usize = parts[..=n + 1].iter().map(|part| part.len() + 1).sum();
            return &path[length.min(path.len())..];
        }
    }
    path.trim_start_matches('/')
}

fn version(segment: &str) -> Option<u32> {
    segment.strip_prefix('v')?.parse().ok()
}

/// The version in `X/api/vN`.
fn path_version(path: &str) -> u32 {
    let mut parts = path.split('/');
    while let Some(part) = parts.next() {
        if part == "api" {
            return parts.next().and_then(version).unwrap_or(1);
        }
    }
    1
}

fn segments(path: &str) -> Vec<Segment> {
    strip_prefix(path)
        .split('/')
        .filter(|part| !part.is_empty())
        .map(|part| {
            match part
                .strip_prefix('{')
                .and_then(|part| part.strip_suffix('}'))
            {
                Some(name) => Segment::Parameter(name.to_owned()),
                None => Segment::Literal(part.to_owned()),
            }
        })
        .collect()
}

fn route(shape: &Shape, path: &str, site: &Site<'_>, exceptions: &Exceptions) -> Result<Route> {
    let mut module: Vec<(String, Vec<String>)> = Vec::new();
    let mut pending: Vec<String> = Vec::new();
    let mut action = None;
    let mut after_lifecycle = false;
    let segments = segments(path);
    let last = segments.len().saturating_sub(1);
    for (n, segment) in segments.iter().enumerate() {
        match segment {
            Segment::Parameter(name) => pending.push(name.clone()),
            Segment::Literal(literal) if literal == "lifecycle" && n < last => {
                after_lifecycle = true
            }
            Segment::Literal(literal) => {
                let verb = after_lifecycle || is_verb(literal, shape, path, site, exceptions);
                let literal = exceptions.literal(literal);
                if n == last && verb && !module.is_empty() {
                    action = Some(words::ident(literal));
                } else {
                    module.push((words::ident(literal), std::mem::take(&mut pending)));
                }
            }
        }
    }
    if module.is_empty() {
        bail!(
            "{} {}: no path literal to name a module after",
            shape.method,
            shape.path
        );
    }
    let item = matches!(segments.last(), Some(Segment::Parameter(_)));
    let key = format!("{} {}", shape.method, shape.path);
    let function = match (exceptions.operation(&key), action) {
        (Some(name), _) => name.to_owned(),
        (None, Some(action)) => action,
        (None, None) if item => format!(
            "{}{}",
            item_function(shape, path, site),
            twin_suffix(shape, path, site)
        ),
        (None, None) => collection_function(shape, path, site).to_owned(),
    };
    Ok(Route {
        module,
        function,
        arguments: pending,
    })
}

/// A last literal that only takes POST, has nothing below it, and whose first word is an action.
fn is_verb(
    literal: &str,
    shape: &Shape,
    path: &str,
    site: &Site<'_>,
    exceptions: &Exceptions,
) -> bool {
    let word = words::snake(literal);
    let first = word.split('_').next().unwrap_or_default();
    shape.method == "POST"
        && exceptions.verbs.contains(first)
        && !["GET", "PUT", "PATCH", "DELETE"]
            .iter()
            .any(|method| site.at(&shape.api, path, method).is_some())
        && !site.has_below(&shape.api, path)
}

fn item_function(shape: &Shape, path: &str, site: &Site<'_>) -> &'static str {
    let put = site.at(&shape.api, path, "PUT");
    match shape.method.as_str() {
        "GET" | "HEAD" if shape.plain_list => "list",
        "GET" | "HEAD" => "get",
        "PUT" if !shape.has_body => "assign",
        "PUT" => "replace",
        "DELETE" if put.is_some_and(|put| !put.has_body) => "unassign",
        "DELETE" => "delete",
        "POST" if site.at(&shape.api, path, "PATCH").is_some() => "create",
        _ => "update",
    }
}

/// Where an item and an item below it take the same method, the lower one names its parameter:
/// `assign(app_name)` and `assign_app(app_name, app_id)`.
fn twin_suffix(shape: &Shape, path: &str, site: &Site<'_>) -> String {
    let Some((shorter, parameter)) = path.rsplit_once('/') else {
        return String::new();
    };
    let twin = shorter.ends_with('}') && site.at(&shape.api, shorter, &shape.method).is_some();
    let parameter = parameter.trim_matches(['{', '}']);
    if twin {
        format!(
            "_{}",
            words::snake(parameter.strip_suffix("Id").unwrap_or(parameter))
        )
    } else {
        String::new()
    }
}

fn collection_function(shape: &Shape, path: &str, site: &Site<'_>) -> &'static str {
    let get = site.at(&shape.api, path, "GET");
    let singleton = get.is_some_and(|get| !get.list);
    let collection = match get {
        Some(get) => get.list,
        None => path.ends_with('s'),
    };
    match shape.method.as_str() {
        "GET" | "HEAD" if shape.list => "list",
        "GET" | "HEAD" => "get",
        "POST" if singleton && site.at(&shape.api, path, "PATCH").is_none() => "update",
        "POST" => "create",
        "PUT" if collection && !shape.has_body => "assign_all",
        "PUT" => "replace",
        "DELETE" if collection => "delete_all",
        "DELETE" => "delete",
        _ => "update",
    }
}

/// Where two versions of an API would share a name, the module of the later one gets `_vN`.
fn suffix_versions(shapes: &[Shape], routes: &mut [Route]) {
    let mut first: BTreeMap<(String, String), u32> = BTreeMap::new();
    let key = |shape: &Shape, route: &Route| (crate_of(&shape.api).to_owned(), route.rust_name());
    for (shape, route) in shapes.iter().zip(routes.iter()) {
        let version = path_version(&shape.path);
        first
            .entry(key(shape, route))
            .and_modify(|least| *least = version.min(*least))
            .or_insert(version);
    }
    let mut clashing: BTreeSet<(String, Vec<String>, u32)> = BTreeSet::new();
    for (shape, route) in shapes.iter().zip(routes.iter()) {
        let version = path_version(&shape.path);
        if first[&key(shape, route)] < version {
            let module = route.module.iter().map(|(name, _)| name.clone()).collect();
            clashing.insert((crate_of(&shape.api).to_owned(), module, version));
        }
    }
    for (api, module, version) in clashing {
        for (shape, route) in shapes.iter().zip(routes.iter_mut()) {
            let below = route.module.len() >= module.len()
                && route
                    .module
                    .iter()
                    .zip(&module)
                    .all(|((name, _), clash)| name == clash);
            if below && crate_of(&shape.api) == api && path_version(&shape.path) == version {
                route.module[module.len() - 1]
                    .0
                    .push_str(&format!("_v{version}"));
            }
        }
    }
}

fn check_distinct(shapes: &[Shape], routes: &[Route]) -> Result<()> {
    let mut seen: BTreeMap<(&str, String), &Shape> = BTreeMap::new();
    for (shape, route) in shapes.iter().zip(routes) {
        if let Some(twin) = seen.insert((crate_of(&shape.api), route.rust_name()), shape) {
            bail!(
                "two operations are both named `{}`: {} {} and {} {}; add an exception to api/names.json",
                route.rust_name(),
                twin.method,
                twin.path,
                shape.method,
                shape.path
            );
        }
    }
    Ok(())
}

/// A handle's functions and the accessors of its modules must differ, and an accessor must take
/// the same number of parameters wherever it stands.
fn check_handles(shapes: &[Shape], routes: &[Route]) -> Result<()> {
    let mut names: BTreeMap<(String, String), (bool, usize, &Shape)> = BTreeMap::new();
    for (shape, route) in shapes.iter().zip(routes) {
        let mut handle = crate_of(&shape.api).to_owned();
        let accessors = route
            .module
            .iter()
            .map(|(name, parameters)| (name, true, parameters.len()));
        for (name, accessor, count) in accessors.chain([(&route.function, false, usize::MAX)]) {
            let key = (handle.clone(), name.clone());
            let known = names.entry(key).or_insert((accessor, count, shape));
            if (known.0, known.1) != (accessor, count) {
                bail!(
                    "`{handle}` cannot have `{name}` both for {} {} and for {} {}; add an exception to api/names.json",
                    known.2.method,
                    known.2.path,
                    shape.method,
                    shape.path
                );
            }
            handle = format!("{handle}::{name}");
        }
    }
    Ok(())
}
