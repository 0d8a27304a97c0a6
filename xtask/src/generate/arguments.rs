//! What an operation's `new` and setters take, and how it comes into the call.

use std::fmt::Write as _;

use anyhow::{Result, bail};

use super::models::Ty;
use super::operations::{Writer, inline, takes_body};
use super::plan::Planned;
use super::shapes::is_json;
use super::{docs, words};
use crate::facts::{Body, Parameter};

/// Setters that would hide what every operation has.
const RESERVED: [&str; 10] = [
    "attach",
    "call",
    "call_mut",
    "into_call",
    "items",
    "new",
    "pages",
    "prepare",
    "send",
    "send_raw",
];

/// One argument of an operation's `new`.
pub(super) struct Argument {
    pub(super) name: String,
    pub(super) ty: String,
    /// Statement that puts it into the call.
    pub(super) set: String,
}

impl Writer<'_> {
    /// Path parameters, required parameters, the body.
    pub(super) fn arguments(&self, planned: &Planned) -> Result<Vec<Argument>> {
        let mut arguments = Vec::new();
        let required = planned
            .operation
            .parameters
            .iter()
            .filter(|parameter| parameter.location == "path" || parameter.required);
        for parameter in required {
            let name = words::ident(&parameter.name);
            let (ty, set) = self.value(parameter, &name)?;
            arguments.push(Argument {
                name,
                ty,
                set: format!("call.{set};"),
            });
        }
        if let Some(body) = planned
            .operation
            .request
            .first()
            .filter(|_| takes_body(planned))
        {
            arguments.push(self.body(body, &planned.operation.request));
            if planned.operation.request.len() > 1 {
                arguments.push(Argument {
                    name: "content_type".to_owned(),
                    ty: "&'static str".to_owned(),
                    set: String::new(),
                });
                let last = arguments.len() - 2;
                arguments[last].set = "call.set_bytes(content_type, body);".to_owned();
            }
        }
        Ok(arguments)
    }

    pub(super) fn setter(&self, out: &mut String, parameter: &Parameter) -> Result<()> {
        let name = words::ident(&parameter.name);
        if RESERVED.contains(&name.as_str()) || name.starts_with("with_") {
            bail!(
                "operation `{}`: a setter cannot be named `{name}`",
                parameter.operation
            );
        }
        let (ty, set) = self.value(parameter, "value")?;
        let _ = writeln!(
            out,
            "\n    {}{}    pub fn {name}(mut self, value: {ty}) -> Self {{\n        self.call.{set};\n        self\n    }}",
            docs::parameter(parameter),
            inline(&ty)
        );
        Ok(())
    }

    /// Type of a parameter's value, and the call that sets it.
    fn value(&self, parameter: &Parameter, name: &str) -> Result<(String, String)> {
        let wire = &parameter.name;
        if parameter.location == "path" {
            return Ok((
                "impl Into<String>".to_owned(),
                format!("set_path({wire:?}, {name})"),
            ));
        }
        if parameter.location == "header" {
            return Ok((
                "impl Into<String>".to_owned(),
                format!("set_header({wire:?}, {name})"),
            ));
        }
        let ty = self.models.ty(&parameter.ty);
        Ok(match &ty {
            Ty::Bool | Ty::I64 | Ty::F64 => (ty.source(), format!("set_query({wire:?}, {name})")),
            Ty::String | Ty::Timestamp | Ty::Json => (
                "impl Into<String>".to_owned(),
                format!("set_query({wire:?}, {name}.into())"),
            ),
            Ty::Named(_) => {
                let path = self.path(&ty);
                (
                    format!("impl Into<{path}>"),
                    format!("set_query({wire:?}, {name}.into().as_str().to_owned())"),
                )
            }
            Ty::Vec(_) => {
                let explode = !parameter.joined;
                (
                    "impl IntoIterator<Item = impl Into<String>>".to_owned(),
                    format!(
                        "set_query_list({wire:?}, {name}.into_iter().map(Into::into).collect(), {explode})"
                    ),
                )
            }
            _ => bail!(
                "operation `{}`: parameter `{wire}` has an unsupported type",
                parameter.operation
            ),
        })
    }

    pub(super) fn body(&self, body: &Body, all: &[Body]) -> Argument {
        let ty = self.models.ty(&body.ty);
        let name = "body".to_owned();
        if is_json(&body.media) {
            return match &ty {
                Ty::Vec(_) => Argument {
                    name,
                    ty: self.path(&ty),
                    set: "call.set_json(&body);".to_owned(),
                },
                _ => Argument {
                    name,
                    ty: format!("&{}", self.path(&ty)),
                    set: "call.set_json(body);".to_owned(),
                },
            };
        }
        match body.media.as_str() {
            "application/x-www-form-urlencoded" => Argument {
                name,
                ty: format!("&{}", self.path(&ty)),
                set: "call.set_form_model(body);".to_owned(),
            },
            "multipart/form-data" => Argument {
                name: "parts".to_owned(),
                ty: "Vec<okta_core::call::Part>".to_owned(),
                set: "call.set_multipart(parts);".to_owned(),
            },
            media => {
                debug_assert!(all.iter().all(|other| !is_json(&other.media)));
                Argument {
                    name,
                    ty: "impl Into<bytes::Bytes>".to_owned(),
                    set: format!("call.set_bytes({media:?}, body);"),
                }
            }
        }
    }
}
