//! Operations and their handles as Rust source.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::{Result, bail};

use super::models::{Models, Ty};
use super::plan::Planned;
use super::shapes::answer;
use super::tree::Node;
use super::{docs, words};
use crate::facts::Type;

/// What is needed to write a crate's operations.
pub(crate) struct Writer<'a> {
    pub(crate) models: &'a Models<'a>,
    /// Family of each type.
    pub(crate) families: &'a BTreeMap<String, String>,
}

/// What an operation answers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Output {
    Page(Ty),
    Json(Ty),
    Empty,
    Text,
    Bytes,
}

impl Writer<'_> {
    /// The answer of an operation.
    pub(crate) fn output(&self, planned: &Planned) -> Output {
        if let Some(listing) = &planned.listing {
            return Output::Page(self.models.ty(&listing.item));
        }
        if let Some((_, ty)) = answer(&planned.operation) {
            return Output::Json(self.models.ty(ty));
        }
        let other = planned
            .operation
            .responses
            .iter()
            .find(|answer| answer.status < 300 && answer.media.is_some());
        match other.and_then(|answer| answer.ty.as_ref()) {
            Some(Type::String(format)) if format == "binary" => Output::Bytes,
            Some(_) => Output::Text,
            None => Output::Empty,
        }
    }

    /// A type seen from an operation's module.
    pub(super) fn path(&self, ty: &Ty) -> String {
        ty.source_with(&|name| match self.families.get(name).map(String::as_str) {
            Some(super::models::SHARED) | None => format!("shared::{name}"),
            Some(_) => format!("models::{name}"),
        })
    }

    /// The module's items: handle, operations, their static facts.
    pub(crate) fn module(
        &self,
        node: &Node<'_>,
        family: &str,
        inline_children: bool,
    ) -> Result<String> {
        let mut body = String::new();
        self.handle(&mut body, node, !inline_children)?;
        for planned in &node.operations {
            if words::type_name(&planned.route.function) == node.handle() {
                bail!(
                    "`{}` is both the handle and an operation of its module",
                    node.handle()
                );
            }
            self.operation(&mut body, node, planned)?;
        }
        if inline_children {
            for child in node.children.values() {
                let inner = self.module(child, family, true)?;
                let _ = writeln!(
                    body,
                    "\n/// {}\npub mod {} {{\n{inner}}}",
                    module_title(child),
                    child.name
                );
            }
        }
        let own = if inline_children {
            body.split("\npub mod ").next().unwrap_or_default()
        } else {
            body.as_str()
        };
        let mut out = String::from("use okta_core::Client;\n");
        if !node.operations.is_empty() {
            out.push_str("use http::Method;\nuse okta_core::Call;\n");
            let used = ["Location", "Parameter", "ResponseInfo"]
                .into_iter()
                .filter(|name| {
                    own.contains(&format!("{name} {{")) || own.contains(&format!("{name}::"))
                });
            let names: Vec<&str> = ["Lifecycle", "OperationInfo", "Paging"]
                .into_iter()
                .chain(used)
                .collect();
            let _ = writeln!(out, "use okta_core::operation::{{{}}};", names.join(", "));
            if own.contains("Json>")
                || own.contains("json Json")
                || own.contains("&Json")
                || own.contains("page Json")
            {
                out.push_str("use okta_core::Json;\n");
            }
            if own.contains("Map<") {
                out.push_str("use okta_core::Map;\n");
            }
            if own.contains("Timestamp") {
                out.push_str("use okta_core::Timestamp;\n");
            }
        }
        if own.contains("models::") {
            let _ = writeln!(out, "use crate::generated::{family}::models;");
        }
        if own.contains("shared::") {
            out.push_str("use crate::generated::shared::models as shared;\n");
        }
        out.push('\n');
        out.push_str(&body);
        Ok(out)
    }

    fn handle(&self, out: &mut String, node: &Node<'_>, top: bool) -> Result<()> {
        let handle = node.handle();
        let _ = writeln!(
            out,
            "/// {}\n#[derive(Clone, Debug)]\npub struct {handle} {{\n    pub(crate) client: Client,",
            module_title(node)
        );
        for held in &node.held {
            let _ = writeln!(out, "    pub(crate) {held}: String,");
        }
        let _ = writeln!(out, "}}\n\nimpl {handle} {{");
        if top {
            let mut signature = String::new();
            let mut own = String::new();
            for name in &node.own {
                let _ = write!(signature, ", {name}: impl Into<String>");
                let _ = write!(own, ", {name}: {name}.into()");
            }
            let _ = writeln!(
                out,
                "    /// What the client gives under this name.\n{}    pub fn new(client: &Client{signature}) -> Self {{\n        Self {{ client: client.clone(){own} }}\n    }}\n",
                inline(&signature)
            );
        }
        for planned in &node.operations {
            let operation = words::type_name(&planned.route.function);
            let arguments = self.arguments(planned)?;
            let own = &arguments[node.held.len()..];
            let signature: String = own
                .iter()
                .map(|argument| format!(", {}: {}", argument.name, argument.ty))
                .collect();
            let held = node.held.iter().map(|held| format!("self.{held}.clone()"));
            let values: Vec<String> = held
                .chain(own.iter().map(|argument| argument.name.clone()))
                .collect();
            let _ = writeln!(
                out,
                "    /// `{} {}` (operation `{}`).\n{}    pub fn {}(&self{signature}) -> {operation} {{\n        {operation} {{ call: {operation}::new({}).call.attach(&self.client) }}\n    }}\n",
                planned.operation.method,
                planned.operation.path,
                planned.operation.id,
                inline(&signature),
                planned.route.function,
                values.join(", ")
            );
        }
        for child in node.children.values() {
            let _ = writeln!(
                out,
                "    /// {}\n{}",
                module_title(child),
                accessor(node, child, "pub ")
            );
        }
        out.push_str("}\n");
        Ok(())
    }

    fn operation(&self, out: &mut String, node: &Node<'_>, planned: &Planned) -> Result<()> {
        let function = &planned.route.function;
        let name = words::type_name(function);
        let arguments = self.arguments(planned)?;
        let signature: Vec<String> = arguments
            .iter()
            .map(|argument| format!("{}: {}", argument.name, argument.ty))
            .collect();
        let _ = writeln!(
            out,
            "\n{}#[doc(alias = {:?})]\n#[doc(alias = {:?})]\n#[derive(Clone)]\n#[must_use = \"an operation does nothing until it is awaited or sent\"]\npub struct {name} {{\n    call: Call,\n}}\n\nimpl {name} {{",
            docs::operation(planned),
            planned.operation.id,
            planned.operation.path
        );
        let sets: String = arguments
            .iter()
            .map(|argument| format!("        {}\n", argument.set))
            .collect();
        let place = node.held.len() + planned.route.arguments.len();
        let what = if arguments.len() > place {
            "what the operation requires"
        } else {
            "the path's parameters"
        };
        let what = if arguments.is_empty() {
            "The operation, without a client.".to_owned()
        } else {
            format!("The operation with {what}, without a client.")
        };
        if arguments.is_empty() {
            let _ = writeln!(
                out,
                "    /// {what}\n    #[inline]\n    pub fn new() -> Self {{\n        Self {{ call: Call::of::<Self>() }}\n    }}"
            );
        } else {
            let _ = writeln!(
                out,
                "    /// {what}\n{}    pub fn new({}) -> Self {{\n        let mut call = Call::of::<Self>();\n{sets}        Self {{ call }}\n    }}",
                inline(&signature.join(", ")),
                signature.join(", ")
            );
        }
        for parameter in &planned.operation.parameters {
            if parameter.location != "path" && !parameter.required {
                self.setter(out, parameter)?;
            }
        }
        if let Some(body) = planned
            .operation
            .request
            .first()
            .filter(|_| !takes_body(planned))
        {
            let argument = self.body(body, &planned.operation.request);
            let _ = writeln!(
                out,
                "\n    /// The request's body.\n{}    pub fn body(mut self, {}: {}) -> Self {{\n        self.{}\n        self\n    }}",
                inline(&argument.ty),
                argument.name,
                argument.ty,
                argument.set
            );
        }
        out.push_str("}\n\n");
        let output = match self.output(planned) {
            Output::Page(ty) => format!("page {}", self.path(&ty)),
            Output::Json(ty) => format!("json {}", self.path(&ty)),
            Output::Empty => "empty".to_owned(),
            Output::Text => "text".to_owned(),
            Output::Bytes => "bytes".to_owned(),
        };
        let info = info(planned);
        let _ = writeln!(out, "okta_core::operation!({name}, {info}, {output});");
        Ok(())
    }
}

/// The record of an operation, written line by line: nothing formats what stands in a macro.
fn info(planned: &Planned) -> String {
    let operation = &planned.operation;
    let parameters: Vec<String> = operation
        .parameters
        .iter()
        .map(|p| {
            let location = match p.location.as_str() {
                "path" => "Path",
                "header" => "Header",
                _ => "Query",
            };
            format!(
                "Parameter {{ name: {:?}, location: Location::{location}, required: {} }}",
                p.name, p.required
            )
        })
        .collect();
    let responses: Vec<String> = operation
        .responses
        .iter()
        .filter(|answer| answer.status < 400)
        .map(|answer| {
            format!(
                "ResponseInfo {{ status: {}, media: {:?} }}",
                answer.status,
                answer.media.as_deref().unwrap_or_default()
            )
        })
        .collect();
    let media: Vec<&str> = operation
        .request
        .iter()
        .map(|body| body.media.as_str())
        .collect();
    let limit = operation
        .parameters
        .iter()
        .find(|p| p.name == "limit")
        .and_then(|p| p.limits.max.as_ref())
        .and_then(serde_json::Value::as_u64);
    let items = planned
        .listing
        .as_ref()
        .and_then(|listing| listing.member.as_deref());
    let facts = [
        ("id", format!("{:?}", operation.id)),
        ("api", format!("{:?}", planned.api)),
        ("rust_name", format!("{:?}", planned.rust_name())),
        ("method", format!("Method::{}", operation.method)),
        ("path", format!("{:?}", operation.path)),
        ("parameters", format!("&[{}]", parameters.join(", "))),
        ("scopes", format!("&{:?}", operation.scopes)),
        ("permissions", format!("&{:?}", operation.permissions)),
        ("roles", format!("&{:?}", operation.roles)),
        (
            "lifecycle",
            format!("Lifecycle::{}", lifecycle(&operation.lifecycle)),
        ),
        ("deprecated", operation.deprecated.to_string()),
        ("since", format!("{:?}", operation.since)),
        ("request_media", format!("&{media:?}")),
        ("responses", format!("&[{}]", responses.join(", "))),
        ("paging", format!("Paging::{}", planned.paging)),
        ("items", format!("{items:?}")),
        ("max_limit", format!("{limit:?}")),
        ("idempotent", planned.idempotent().to_string()),
        ("bucket", format!("{:?}", planned.bucket)),
        ("public", operation.public.to_string()),
    ];
    let lines: String = facts
        .iter()
        .map(|(name, value)| format!("    {name}: {value},\n"))
        .collect();
    format!("OperationInfo {{\n{lines}}}")
}

/// Whether the body is an argument. Specifications often forget to require it.
pub(super) fn takes_body(planned: &Planned) -> bool {
    let operation = &planned.operation;
    !operation.request.is_empty()
        && (operation.body_required
            || matches!(
                planned.route.function.as_str(),
                "create" | "replace" | "update"
            ))
}

fn lifecycle(name: &str) -> &'static str {
    match name {
        "EA" => "Ea",
        "BETA" => "Beta",
        "LIMITED_GA" => "LimitedGa",
        _ => "Ga",
    }
}

/// First line of a module's or handle's documentation.
pub(crate) fn module_title(node: &Node<'_>) -> String {
    match node.operations.first() {
        Some(first) => format!(
            "Operations on `{}`.",
            first
                .operation
                .path
                .split("/lifecycle/")
                .next()
                .unwrap_or_default()
        ),
        None => format!("Operations below `{}`.", node.name),
    }
}

/// The function that gives a child's handle.
pub(crate) fn accessor(node: &Node<'_>, child: &Node<'_>, visibility: &str) -> String {
    let signature: String = child
        .own
        .iter()
        .map(|own| format!(", {own}: impl Into<String>"))
        .collect();
    let held: String = node
        .held
        .iter()
        .map(|held| format!(", {held}: self.{held}.clone()"))
        .collect();
    let own: String = child
        .own
        .iter()
        .map(|own| format!(", {own}: {own}.into()"))
        .collect();
    let path = format!("{}::{}", child.name, child.handle());
    if node.is_root() {
        let own: String = child.own.iter().map(|own| format!(", {own}")).collect();
        return format!(
            "{}    {visibility}fn {}(&self{signature}) -> {path} {{\n        {path}::new(&self.client{own})\n    }}\n",
            inline(&signature),
            child.name
        );
    }
    format!(
        "{}    {visibility}fn {}(&self{signature}) -> {path} {{\n        {path} {{ client: self.client.clone(){held}{own} }}\n    }}\n",
        inline(&signature),
        child.name
    )
}

/// `#[inline]` for what is not generic, so that only programs that use it compile it.
pub(super) fn inline(signature: &str) -> &'static str {
    if signature.contains("impl ") {
        ""
    } else {
        "    #[inline]\n"
    }
}
