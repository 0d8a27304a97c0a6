//! Unions without discriminator: which alternative applies when; and short names of variants.

use std::collections::BTreeMap;

use anyhow::{Result, bail};

use super::build::Models;
use super::unions::{Class, possible_members};
use super::{Alternative, Ty, When};
use crate::facts::{Member, Type};
use crate::generate::words;

impl Models<'_> {
    /// Alternatives by JSON kind, in the order in which kinds are looked at.
    pub(super) fn by_kind(&self, variants: &[Type], depth: usize) -> Vec<(&'static str, Vec<Ty>)> {
        let mut kinds: Vec<(&'static str, Vec<Ty>)> = Vec::new();
        for variant in variants {
            let ty = self.ty_at(variant, depth);
            let kind = self.kind(variant, &ty);
            match kinds.iter_mut().find(|(other, _)| *other == kind) {
                Some((_, types)) if types.contains(&ty) => {}
                Some((_, types)) => types.push(ty),
                None => kinds.push((kind, vec![ty])),
            }
        }
        // Every integer is a number: look at the narrower kind first.
        kinds.sort_by_key(|(kind, _)| *kind == "number");
        kinds
    }

    fn kind(&self, fact: &Type, ty: &Ty) -> &'static str {
        match ty {
            Ty::Bool => "boolean",
            Ty::I64 => "integer",
            Ty::F64 => "number",
            Ty::String | Ty::Timestamp => "string",
            Ty::Vec(_) => "array",
            Ty::Named(_)
                if fact.schema().and_then(|id| self.classes.get(id)) == Some(&Class::Enum) =>
            {
                "string"
            }
            _ => "object",
        }
    }

    pub(super) fn choice(&self, id: &str, variants: &[Type]) -> Result<Vec<Alternative>> {
        let kinds = self.by_kind(variants, 0);
        let mut out = Vec::new();
        for (kind, types) in &kinds {
            if *kind == "object" && types.len() > 1 {
                continue;
            }
            let variant = match (*kind, kinds.as_slice()) {
                ("array", [_, _]) => "Many",
                (_, [(a, _), (b, _)]) if *a == "array" || *b == "array" => "One",
                ("string", _) => "Text",
                ("integer", _) => "Integer",
                ("number", _) => "Number",
                ("boolean", _) => "Boolean",
                ("array", _) => "List",
                _ => "Object",
            };
            let ty = match types.as_slice() {
                [only] => only.clone(),
                _ if *kind == "string" => Ty::String,
                _ => Ty::Vec(Box::new(Ty::Json)),
            };
            out.push(Alternative {
                when: When::Kind(kind),
                variant: variant.to_owned(),
                ty,
            });
        }
        let objects: Vec<(&Type, Ty)> = variants
            .iter()
            .map(|v| (v, self.ty(v)))
            .filter(|(v, ty)| self.kind(v, ty) == "object")
            .collect();
        if objects.len() > 1 {
            out.extend(self.by_members(id, &objects)?);
        }
        Ok(out)
    }

    /// Objects told apart by members that only one of them has.
    fn by_members(&self, id: &str, objects: &[(&Type, Ty)]) -> Result<Vec<Alternative>> {
        let members: Vec<BTreeMap<String, Member>> = objects
            .iter()
            .map(|(fact, _)| {
                fact.schema()
                    .map(|id| possible_members(self.catalog, id))
                    .unwrap_or_default()
            })
            .collect();
        let names: Vec<String> = objects
            .iter()
            .map(|(fact, ty)| {
                ty.named()
                    .map(str::to_owned)
                    .or_else(|| fact.schema().map(words::type_name))
                    .unwrap_or_else(|| "Object".to_owned())
            })
            .collect();
        let short = short_names(
            &names.iter().map(String::as_str).collect::<Vec<_>>(),
            &self.name(id),
        );
        let mut marked = Vec::new();
        let mut rest = Vec::new();
        for (n, (_, ty)) in objects.iter().enumerate() {
            let exclusive: Vec<&Member> = members[n]
                .values()
                .filter(|member| {
                    members
                        .iter()
                        .enumerate()
                        .all(|(other, members)| other == n || !members.contains_key(&member.name))
                })
                .collect();
            let required: Vec<&Member> = exclusive
                .iter()
                .copied()
                .filter(|member| member.required)
                .collect();
            let markers = if required.is_empty() {
                exclusive
            } else {
                required
            };
            let markers: Vec<String> = markers.iter().map(|member| member.name.clone()).collect();
            let variant = short[n].clone().unwrap_or_else(|| names[n].clone());
            let alternative = Alternative {
                when: When::Has(markers.clone()),
                variant,
                ty: ty.clone(),
            };
            if markers.is_empty() {
                rest.push(alternative)
            } else {
                marked.push(alternative)
            }
        }
        let mut last = match rest.len() {
            0 => marked.remove(0),
            1 => rest.remove(0),
            _ => {
                let same = rest
                    .iter()
                    .map(|a| a.variant.as_str())
                    .collect::<Vec<_>>()
                    .join("`, `");
                bail!(
                    "union `{id}`: nothing tells `{same}` apart; give it a discriminator in api/corrections.jsonl"
                );
            }
        };
        last.when = When::Kind("object");
        marked.push(last);
        Ok(marked)
    }
}

/// Names without the words that all of them begin or end with; `None` where nothing is left.
pub(super) fn short_names(names: &[&str], union: &str) -> Vec<Option<String>> {
    let split =
        |name: &str| -> Vec<String> { words::snake(name).split('_').map(str::to_owned).collect() };
    let all: Vec<Vec<String>> = names.iter().map(|name| split(name)).collect();
    if all.len() < 2 {
        // One variant alone: without the union's own words.
        let union = split(union);
        return all
            .iter()
            .map(|name| {
                let rest: Vec<&str> = name
                    .iter()
                    .filter(|word| !union.contains(word))
                    .map(String::as_str)
                    .collect();
                (!rest.is_empty()).then(|| words::variant(&rest.join("_")))
            })
            .collect();
    }
    let least = all.iter().map(Vec::len).min().unwrap_or_default();
    let prefix = (0..least)
        .take_while(|n| all.iter().all(|name| name[*n] == all[0][*n]))
        .count();
    let suffix = (0..least - prefix)
        .take_while(|n| {
            all.iter()
                .all(|name| name[name.len() - 1 - n] == all[0][all[0].len() - 1 - n])
        })
        .count();
    // A name that would vanish keeps its last words.
    let suffix = if least <= prefix + suffix { 0 } else { suffix };
    let prefix = if least <= prefix {
        prefix.saturating_sub(1)
    } else {
        prefix
    };
    all.iter()
        .map(|name| {
            let rest = &name[prefix..name.len() - suffix];
            let short = words::type_name(&rest.join("_"));
            let fits = !rest.is_empty()
                && short.starts_with(|c: char| c.is_ascii_alphabetic())
                && !matches!(short.as_str(), "Other" | "Self");
            fits.then_some(short)
        })
        .collect()
}
