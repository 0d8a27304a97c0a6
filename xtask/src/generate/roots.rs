//! The files at the root of a generated crate: its modules, its entry points, and its lists of operations and scopes.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::crates::Crate;
use super::models::SHARED;
use super::operations::{Writer, accessor, module_title};
use super::parts::MODELS;
use super::shapes::is_json;
use super::tree::Node;
use super::words;
use crate::facts::Type;

const ALLOWED: &str = "// `new` of an operation is the start of a builder, not a default value.\n#![allow(clippy::new_without_default)]\n\n";

fn module_of(path: &str) -> Option<&str> {
    path.strip_suffix("/mod.rs")
}

fn has_models(files: &BTreeMap<String, String>, family: &str) -> bool {
    files.contains_key(&format!("{family}/models.rs"))
}

/// `mod.rs` of a part, or of a crate in one piece.
pub(super) fn part_root(
    target: &Crate<'_>,
    files: &BTreeMap<String, String>,
    header: &str,
    part: &str,
) -> String {
    let mut text = format!("{header}//! Generated code.\n\n{ALLOWED}");
    let modules: Vec<&str> = files.keys().filter_map(|path| module_of(path)).collect();
    for module in &modules {
        let _ = writeln!(text, "pub mod {module};");
    }
    if part.is_empty() {
        text.push_str("pub mod scopes;\n\nmod entry;\nmod table;\n");
    }
    text.push('\n');
    if part.is_empty() {
        text.push_str(&entry_names(target));
    }
    text.push_str("/// All types, flat.\npub mod models {\n");
    for module in modules {
        if has_models(files, module) {
            let _ = writeln!(text, "    pub use super::{module}::models::*;");
        }
    }
    text.push_str("}\n");
    text
}

fn entry_names(target: &Crate<'_>) -> String {
    let api = target
        .under
        .map(|_| format!(", {}Api", target.entry))
        .unwrap_or_default();
    format!(
        "pub use entry::{{{}{api}}};\npub use table::OPERATIONS;\n\n",
        target.entry
    )
}

/// `mod.rs` of a divided crate: everything under the path that it would have in one piece.
pub(super) fn facade(target: &Crate<'_>, modules: &BTreeSet<String>, header: &str) -> String {
    let mut text =
        format!("{header}//! Generated code.\n\npub mod scopes;\n\nmod entry;\nmod table;\n\n");
    let part_crate = |part: &str| format!("okta_{}_{part}", target.name);
    for part in target.parts.names() {
        let own: Vec<&str> = modules
            .iter()
            .map(String::as_str)
            .filter(|family| *family != SHARED && target.parts.of_family(family) == part)
            .collect();
        let _ = writeln!(
            text,
            "#[doc(inline)]\npub use {}::{{{}}};",
            part_crate(part),
            own.join(", ")
        );
    }
    text.push_str(&entry_names(target));
    let from_all = |path: &str| -> String {
        let of = |part: &str| {
            let name = part_crate(part);
            format!("    #[doc(inline)]\n    pub use {name}::{path}::*;\n")
        };
        target.parts.names().map(of).collect()
    };
    let _ = writeln!(
        text,
        "/// All types, flat.\npub mod {MODELS} {{\n{}}}\n",
        from_all(MODELS)
    );
    let _ = writeln!(
        text,
        "/// Types that several families use.\npub mod {SHARED} {{\n    /// All of them.\n    pub mod {MODELS} {{\n{}    }}\n}}",
        from_all(&format!("{SHARED}::{MODELS}"))
    );
    text
}

pub(super) fn entry(target: &Crate<'_>, tree: &Node<'_>, header: &str) -> String {
    let name = target.entry;
    let mut text = format!("{header}//! Entry points on the client.\n\nuse okta_core::Client;\n\n");
    for child in tree.children.keys() {
        let _ = writeln!(text, "use crate::generated::{child};");
    }
    text.push_str("\nmod sealed {\n    /// Keeps the trait's functions free to grow.\n    pub trait Sealed {}\n    impl Sealed for okta_core::Client {}\n}\n\n");
    if let Some(under) = target.under {
        let _ = writeln!(
            text,
            "/// Entry point on the client.\npub trait {name}: sealed::Sealed {{\n    /// All operations of this API.\n    fn {under}(&self) -> {name}Api;\n}}\n\n\
             impl {name} for Client {{\n    fn {under}(&self) -> {name}Api {{\n        {name}Api {{ client: self.clone() }}\n    }}\n}}\n\n\
             /// All operations of this API.\n#[derive(Clone, Debug)]\npub struct {name}Api {{\n    client: Client,\n}}\n\nimpl {name}Api {{"
        );
        for child in tree.children.values() {
            let _ = writeln!(
                text,
                "    /// {}\n{}",
                module_title(child),
                accessor(tree, child, "pub ")
            );
        }
        text.push_str("}\n");
        return text;
    }
    let _ = writeln!(
        text,
        "/// Entry points on the client.\npub trait {name}: sealed::Sealed {{"
    );
    let bodies: Vec<(String, String)> = tree
        .children
        .values()
        .map(|child| {
            let whole = accessor(tree, child, "").replace("&self.client", "self");
            let signature = whole.split(" {\n").next().unwrap_or_default();
            let signature = signature.trim_start_matches("    #[inline]\n");
            (
                format!("    /// {}\n{signature};\n", module_title(child)),
                whole,
            )
        })
        .collect();
    for (declaration, _) in &bodies {
        text.push_str(declaration);
    }
    let _ = writeln!(text, "}}\n\nimpl {name} for Client {{");
    for (_, body) in &bodies {
        text.push_str(body);
    }
    text.push_str("}\n");
    text
}

/// The run-time list of operations.
pub(super) fn entries(target: &Crate<'_>, writer: &Writer<'_>, header: &str) -> String {
    let mut text = format!(
        "{header}//! The run-time list of operations.\n\nuse okta_core::model::*;\nuse okta_core::operation::{{Operation, OperationEntry}};\n\nuse crate::generated;\nuse crate::generated::models as m;\n\n"
    );
    text.push_str("/// Every operation of this crate, by API, path and method. A constant, so that only programs that use it compile\n/// the decoders it names.\npub const OPERATIONS: &[OperationEntry] = &[\n");
    for planned in &target.planned {
        let recode = |ty: &Type| {
            format!(
                "recode::<{}>",
                writer
                    .models
                    .ty(ty)
                    .source_with(&|name| format!("m::{name}"))
            )
        };
        let json = |media: &Option<String>| media.as_deref().is_some_and(is_json);
        let responses: Vec<String> = planned
            .operation
            .responses
            .iter()
            .filter(|answer| answer.status < 300 && json(&answer.media))
            .filter_map(|answer| {
                Some(format!(
                    "({}, {})",
                    answer.status,
                    recode(answer.ty.as_ref()?)
                ))
            })
            .collect();
        let request = planned
            .operation
            .request
            .iter()
            .find(|body| is_json(&body.media))
            .map(|body| recode(&body.ty));
        let request = request.map_or_else(|| "None".to_owned(), |recode| format!("Some({recode})"));
        let info = format!(
            "generated::{}::{}",
            planned.route.module_path(),
            words::type_name(&planned.route.function)
        );
        let _ = writeln!(
            text,
            "    OperationEntry {{ info: {info}::INFO, responses: &[{}], request: {request} }},",
            responses.join(", ")
        );
    }
    text.push_str("];\n");
    text
}

pub(super) fn scopes(target: &Crate<'_>, header: &str) -> String {
    let mut text = format!("{header}//! Every known scope.\n\nuse okta_core::Scope;\n");
    let scopes: BTreeSet<&String> = target.heads.iter().flat_map(|head| &head.scopes).collect();
    for scope in scopes {
        let name = words::shouty(scope.strip_prefix("okta.").unwrap_or(scope));
        let _ = writeln!(
            text,
            "\n/// `{scope}`\npub const {name}: Scope = Scope::new({scope:?});"
        );
    }
    text
}
