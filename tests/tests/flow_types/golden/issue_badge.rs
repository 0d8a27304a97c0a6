// Made from the flow's OpenAPI document; do not edit.

/// An object of the flow.
#[derive(Clone, Debug, Default, PartialEq, ::serde::Serialize, ::serde::Deserialize)]
pub struct IssueBadgeInputVisitor {
    /// `company`
    #[serde(rename = "company", default, skip_serializing_if = "Option::is_none")]
    pub company: Option<String>,
}

/// What the flow takes.
#[derive(Clone, Debug, Default, PartialEq, ::serde::Serialize, ::serde::Deserialize)]
pub struct IssueBadgeInput {
    /// `Badge Holder`
    #[serde(rename = "Badge Holder")]
    pub badge_holder: String,
    /// `level`
    #[serde(rename = "level")]
    pub level: f64,
    /// `since`
    #[serde(rename = "since", default, skip_serializing_if = "Option::is_none")]
    pub since: Option<::okta_workflows::card::types::DateTime>,
    /// `tags`
    #[serde(rename = "tags", default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<String>>,
    /// `urgent`
    #[serde(rename = "urgent", default, skip_serializing_if = "Option::is_none")]
    pub urgent: Option<bool>,
    /// `visitor`
    #[serde(rename = "visitor", default, skip_serializing_if = "Option::is_none")]
    pub visitor: Option<IssueBadgeInputVisitor>,
}

/// An object of the flow.
#[derive(Clone, Debug, Default, PartialEq, ::serde::Serialize, ::serde::Deserialize)]
pub struct IssueBadgeOutputDoors {
    /// `name`
    #[serde(rename = "name")]
    pub name: String,
    /// `open`
    #[serde(rename = "open", default, skip_serializing_if = "Option::is_none")]
    pub open: Option<bool>,
}

/// What the flow gives.
#[derive(Clone, Debug, Default, PartialEq, ::serde::Serialize, ::serde::Deserialize)]
pub struct IssueBadgeOutput {
    /// `doors`
    #[serde(rename = "doors", default, skip_serializing_if = "Option::is_none")]
    pub doors: Option<Vec<IssueBadgeOutputDoors>>,
    /// `number`
    #[serde(rename = "number")]
    pub number: i64,
    /// `validUntil`
    #[serde(rename = "validUntil", default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<::okta_workflows::card::types::DateTime>,
}

/// The contract that these types were made for, as JSON.
pub const CONTRACT: &str = "{\"input\":{\"object\":[{\"name\":\"Badge Holder\",\"kind\":\"text\",\"required\":true},{\"name\":\"level\",\"kind\":\"number\",\"required\":true},{\"name\":\"since\",\"kind\":\"date_time\",\"required\":false},{\"name\":\"tags\",\"kind\":{\"list\":\"text\"},\"required\":false},{\"name\":\"urgent\",\"kind\":\"boolean\",\"required\":false},{\"name\":\"visitor\",\"kind\":{\"object\":[{\"name\":\"company\",\"kind\":\"text\",\"required\":false}]},\"required\":false}]},\"output\":{\"object\":[{\"name\":\"doors\",\"kind\":{\"list\":{\"object\":[{\"name\":\"name\",\"kind\":\"text\",\"required\":true},{\"name\":\"open\",\"kind\":\"boolean\",\"required\":false}]}},\"required\":false},{\"name\":\"number\",\"kind\":\"integer\",\"required\":true},{\"name\":\"validUntil\",\"kind\":\"date_time\",\"required\":false}]}}";

/// Runs the flow.
///
/// # Errors
/// As [`Invocation::output`](::okta_workflows::invoke::Invocation::output).
pub async fn invoke(
    flow: &::okta_workflows::invoke::Flow,
    input: &IssueBadgeInput,
) -> ::core::result::Result<IssueBadgeOutput, ::okta_workflows::invoke::InvokeError> {
    flow.invoke(input).output().await
}
