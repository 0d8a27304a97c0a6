//! Leads and files.

use okta_core::call::Part;
use serde_json::json;

use super::Cx;
use super::records::search;
use crate::card::types::{Object, Value};
use crate::generated::salesforce::actions::*;
use crate::run::Outputs;
use crate::salesforce::api::failure;
use crate::salesforce::error::SalesforceError;
use crate::salesforce::soql;

pub(crate) async fn search_leads(cx: &Cx<'_>, card: SearchLeads) -> Outputs {
    let ids = search(cx, "Lead", card.input.fields.lead_fields, "fields").await?;
    let mut outputs = Object::new();
    cx.put(&mut outputs, "lead_i_ds", Value::from(ids));
    Ok(outputs)
}

/// Gives all open leads of one user to another.
pub(crate) async fn transfer_leads(cx: &Cx<'_>, card: TransferLeads) -> Outputs {
    let (from, to) = (
        card.input.transfer_from.user_id,
        card.input.transfer_to.user_id,
    );
    let ignore =
        card.options.ignore_assignment_rules == transfer_leads::IgnoreAssignmentRulesChoice::Yes;
    let soql = format!(
        "SELECT Id FROM Lead WHERE OwnerId = {} AND IsConverted = false",
        soql::text(&from)
    );
    let leads = cx.service.query(&soql).await?;
    let records: Vec<Value> = leads
        .into_iter()
        .map(|lead| json!({"attributes": {"type": "Lead"}, "id": lead["Id"], "OwnerId": to}))
        .collect();
    let assign = if ignore { "FALSE" } else { "TRUE" };
    let answers = cx
        .service
        .collection("PATCH", &records, Some(("Sforce-Auto-Assign", assign)))
        .await?;
    let refused = || answers.iter().filter(|answer| answer["success"] != true);
    if let Some(first) = refused().next() {
        return Err(
            failure(SalesforceError::from_element(first)).with_hint(format!(
                "{} of {} leads were not transferred; run the card again for the rest",
                refused().count(),
                answers.len()
            )),
        );
    }
    Ok(Object::new())
}

/// Uploads a Document (at most 5 MB). Without a folder it goes to the personal folder of the connected user.
pub(crate) async fn upload_document(cx: &Cx<'_>, card: UploadDocument) -> Outputs {
    let file = card.input.file;
    let folder = match card.options.folder.filter(|folder| !folder.is_empty()) {
        Some(folder) => folder,
        None => own_user_id(cx).await?,
    };
    let extension = file.extension.filter(|text| !text.is_empty());
    let mut document = Object::new();
    document.insert("Name".to_owned(), file.name.as_str().into());
    document.insert("FolderId".to_owned(), folder.into());
    if let Some(extension) = &extension {
        document.insert("Type".to_owned(), extension.trim_start_matches('.').into());
    }
    let name = match (file.file_content.name, &extension) {
        (Some(name), _) => name,
        (None, Some(extension)) => format!("{}.{}", file.name, extension.trim_start_matches('.')),
        (None, None) => file.name,
    };
    let kind = file
        .file_content
        .content_type
        .unwrap_or_else(|| "application/octet-stream".to_owned());
    let parts = vec![
        Part::text("entity_document", Value::from(document).to_string())
            .content_type("application/json"),
        Part::file("Body", name, kind, file.file_content.bytes),
    ];
    let call = cx.service.call("POST", "/sobjects/Document").await?;
    let answer = cx.service.json(call.multipart(parts)).await?;
    let mut outputs = Object::new();
    cx.put(&mut outputs, "record_id", answer["id"].clone());
    Ok(outputs)
}

/// The connected user: the last part of the token's identity URL, else asked for.
async fn own_user_id(cx: &Cx<'_>) -> Result<String, crate::CardError> {
    let tokens = cx.service.connection().tokens();
    let id = tokens.and_then(|tokens| tokens.id).and_then(|url| {
        url.trim_end_matches('/')
            .rsplit('/')
            .next()
            .map(str::to_owned)
    });
    match id {
        Some(id) => Ok(id),
        None => {
            let client = cx.service.client().await?;
            let info = cx
                .service
                .json(client.call("GET", "/services/oauth2/userinfo"))
                .await?;
            cx.required("folder", info["user_id"].as_str().map(str::to_owned))
        }
    }
}
