//! Operations of a document as facts.

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::document::{Document, texts};
use super::schemas::Schemas;
use crate::facts::{Answer, Body, Operation, Parameter};

/// Methods that count as operations. `OPTIONS` answers browsers, no client calls it.
const METHODS: [&str; 6] = ["get", "put", "post", "patch", "delete", "head"];

/// Reads all operations, sorted by path and method.
pub(crate) fn read(document: &Document, schemas: &mut Schemas<'_>) -> Result<Vec<Operation>> {
    let mut operations = Vec::new();
    for (path, item) in document.root["paths"].as_object().into_iter().flatten() {
        for method in METHODS {
            if let Some(value) = item.get(method) {
                let method = method.to_ascii_uppercase();
                let operation = operation(document, schemas, path, &method, item, value)
                    .with_context(|| format!("{}: {method} {path}", document.name))?;
                operations.push(operation);
            }
        }
    }
    operations.sort_by(|a, b| (&a.path, &a.method).cmp(&(&b.path, &b.method)));
    for (n, operation) in operations.iter().enumerate() {
        if let Some(twin) = operations[..n]
            .iter()
            .find(|other| other.id == operation.id)
        {
            bail!(
                "{}: operationId `{}` is used by {} {} and {} {}",
                document.name,
                twin.id,
                twin.method,
                twin.path,
                operation.method,
                operation.path
            );
        }
    }
    Ok(operations)
}

fn operation(
    document: &Document,
    schemas: &mut Schemas<'_>,
    path: &str,
    method: &str,
    item: &Value,
    value: &Value,
) -> Result<Operation> {
    let id = value["operationId"]
        .as_str()
        .context("`operationId` is missing")?
        .to_owned();
    let mut operation = Operation {
        method: method.to_owned(),
        path: path.to_owned(),
        section: texts(&value["tags"]).into_iter().next().unwrap_or_default(),
        permissions: texts(&value["x-okta-iam-permissions"]),
        roles: texts(&value["x-okta-iam-admin-roles"]),
        lifecycle: value["x-okta-lifecycle"]["lifecycle"]
            .as_str()
            .unwrap_or_default()
            .to_owned(),
        skus: texts(&value["x-okta-lifecycle"]["SKUs"]),
        deprecated: value["deprecated"].as_bool().unwrap_or_default(),
        since: value["x-okta-added-version"].as_str().map(str::to_owned),
        ..Operation::default()
    };
    let requirements = value.get("security").unwrap_or(&document.root["security"]);
    security(&mut operation, requirements);
    let both = [&item["parameters"], &value["parameters"]];
    for value in both
        .into_iter()
        .flat_map(|list| list.as_array().into_iter().flatten())
    {
        let value = document.follow("parameters", value)?;
        let parameter = parameter(schemas, &id, value)?;
        operation.parameters.retain(|other| {
            (&other.location, &other.name) != (&parameter.location, &parameter.name)
        });
        operation.parameters.push(parameter);
    }
    order_parameters(&mut operation)?;
    if let Some(body) = value.get("requestBody") {
        let body = document.follow("requestBodies", body)?;
        operation.body_required = body["required"].as_bool().unwrap_or_default();
        for (media, content) in body["content"].as_object().into_iter().flatten() {
            let ty = schemas
                .ty(&content["schema"], &format!("{method} {path} request"))?
                .ty;
            operation.request.push(Body {
                media: media.clone(),
                ty,
            });
        }
    }
    for (status, value) in value["responses"].as_object().into_iter().flatten() {
        let value = document.follow("responses", value)?;
        let status: u16 = status
            .parse()
            .with_context(|| format!("response `{status}` is not a status"))?;
        let content = value["content"]
            .as_object()
            .filter(|content| !content.is_empty() && status < 400);
        let Some(content) = content else {
            operation.responses.push(Answer {
                status,
                media: None,
                ty: None,
            });
            continue;
        };
        for (media, content) in content {
            let ty = schemas
                .ty(&content["schema"], &format!("{method} {path} {status}"))?
                .ty;
            operation.responses.push(Answer {
                status,
                media: Some(media.clone()),
                ty: Some(ty),
            });
        }
    }
    operation.id = id;
    Ok(operation)
}

/// Path parameters first, in the order of the path, then the others by name.
fn order_parameters(operation: &mut Operation) -> Result<()> {
    let Operation {
        path, parameters, ..
    } = operation;
    for parameter in parameters.iter_mut() {
        parameter.required |= parameter.location == "path";
        if parameter.location == "path" && !path.contains(&format!("{{{}}}", parameter.name)) {
            bail!(
                "path parameter `{}` does not occur in the path",
                parameter.name
            );
        }
    }
    let names: Vec<String> = path
        .split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
        .map(str::to_owned)
        .collect();
    for name in &names {
        if !parameters
            .iter()
            .any(|parameter| parameter.location == "path" && parameter.name == *name)
        {
            bail!("path parameter `{name}` is not declared");
        }
    }
    let place = |parameter: &Parameter| {
        names
            .iter()
            .position(|name| parameter.location == "path" && *name == parameter.name)
            .unwrap_or(usize::MAX)
    };
    parameters
        .sort_by(|a, b| (place(a), &a.location, &a.name).cmp(&(place(b), &b.location, &b.name)));
    Ok(())
}

fn security(operation: &mut Operation, security: &Value) {
    let mut public = true;
    for requirement in security.as_array().into_iter().flatten() {
        for (scheme, scopes) in requirement.as_object().into_iter().flatten() {
            if scheme.eq_ignore_ascii_case("oauth2") {
                operation.scopes.extend(texts(scopes));
            }
            // Endpoints of the authorization server take the client's own authentication in the body.
            public &= scheme.starts_with("Client_authentication");
        }
    }
    operation.scopes.sort();
    operation.scopes.dedup();
    operation.public = public;
}

fn parameter(schemas: &mut Schemas<'_>, operation: &str, value: &Value) -> Result<Parameter> {
    let name = value["name"].as_str().context("a parameter has no name")?;
    let location = value["in"]
        .as_str()
        .with_context(|| format!("parameter `{name}`: `in` is missing"))?;
    let place = format!("parameter {name}");
    let typed = schemas
        .ty(&value["schema"], &format!("{place} of {operation}"))
        .with_context(|| place.clone())?;
    Ok(Parameter {
        operation: operation.to_owned(),
        name: name.to_owned(),
        location: location.to_owned(),
        ty: typed.ty,
        required: value["required"].as_bool().unwrap_or_default(),
        joined: value["explode"].as_bool() == Some(false),
        since: value["x-okta-added-version"].as_str().map(str::to_owned),
        lifecycle: value["x-okta-lifecycle"]["lifecycle"]
            .as_str()
            .unwrap_or_default()
            .to_owned(),
        limits: typed.limits,
    })
}
