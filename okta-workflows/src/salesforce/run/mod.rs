//! What each action card of the Salesforce connector does.

mod leads;
mod lists;
mod records;
mod users;

use crate::card::types::Object;
use crate::generated::salesforce::actions::*;
use crate::okta::run::relative;
use crate::run::{self, Outputs, Run};
use crate::salesforce::api::SalesforceApi;

pub(crate) use leads::*;
pub(crate) use lists::*;
pub(crate) use records::*;
pub(crate) use users::*;

/// What the cards work with.
pub(crate) type Service = SalesforceApi;

type Cx<'a> = Run<'a, Service>;

pub(crate) async fn custom_api_action(cx: &Cx<'_>, card: CustomApiAction) -> Outputs {
    let (method, input) = (card.options.request_type.as_str(), card.input);
    // A URL is relative to the newest version, unless it begins at the host.
    let url = match input.relative_url.trim() {
        url if url.starts_with("/services/") || url.contains("://") => url.to_owned(),
        url => format!(
            "{}/{}",
            cx.service.base().await?,
            url.trim_start_matches('/')
        ),
    };
    let client = cx.service.client().await?;
    let call = relative(
        cx,
        &client,
        method,
        &url,
        "relative_url",
        input.query,
        input.headers,
        input.body,
    )?;
    let raw = cx.service.send(call).await?;
    let mut outputs = Object::new();
    cx.put(&mut outputs, "status_code", raw.status().as_u16());
    cx.put(&mut outputs, "headers", run::headers(raw.headers()));
    cx.put(&mut outputs, "body", run::body(raw.body()));
    Ok(outputs)
}
