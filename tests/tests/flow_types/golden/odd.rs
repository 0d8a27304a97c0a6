// Made from the flow's OpenAPI document; do not edit.

/// What the flow takes.
#[derive(Clone, Debug, Default, PartialEq, ::serde::Serialize, ::serde::Deserialize)]
pub struct Flow2OddInput {
    /// `type`
    #[serde(rename = "type")]
    pub r#type: String,
    /// `Type`
    #[serde(rename = "Type", default, skip_serializing_if = "Option::is_none")]
    pub r#type_: Option<i64>,
    /// `self`
    #[serde(rename = "self", default, skip_serializing_if = "Option::is_none")]
    pub self_: Option<String>,
    /// `2nd "level"  x `
    #[serde(rename = "2nd \"level\"\n`x`", default, skip_serializing_if = "Option::is_none")]
    pub field_2nd_level_x: Option<::serde_json::Value>,
    /// `größe`
    #[serde(rename = "größe", default, skip_serializing_if = "Option::is_none")]
    pub gr_e: Option<String>,
    /// ``
    #[serde(rename = "", default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}

/// An object of the flow.
#[derive(Clone, Debug, Default, PartialEq, ::serde::Serialize, ::serde::Deserialize)]
pub struct Flow2OddOutputChildren {
    /// `id`
    #[serde(rename = "id")]
    pub id: String,
}

/// What the flow gives.
#[derive(Clone, Debug, Default, PartialEq, ::serde::Serialize, ::serde::Deserialize)]
pub struct Flow2OddOutput {
    /// `anything`
    #[serde(rename = "anything", default, skip_serializing_if = "Option::is_none")]
    pub anything: Option<::serde_json::Value>,
    /// `children`
    #[serde(rename = "children", default, skip_serializing_if = "Option::is_none")]
    pub children: Option<Vec<Flow2OddOutputChildren>>,
    /// `free`
    #[serde(rename = "free", default, skip_serializing_if = "Option::is_none")]
    pub free: Option<::std::collections::BTreeMap<String, ::serde_json::Value>>,
    /// `id`
    #[serde(rename = "id")]
    pub id: String,
    /// `labels`
    #[serde(rename = "labels", default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<::std::collections::BTreeMap<String, f64>>,
    /// `list`
    #[serde(rename = "list", default, skip_serializing_if = "Option::is_none")]
    pub list: Option<Vec<::serde_json::Value>>,
}

/// The contract that these types were made for, as JSON.
pub const CONTRACT: &str = "{\"input\":{\"object\":[{\"name\":\"type\",\"kind\":\"text\",\"required\":true},{\"name\":\"Type\",\"kind\":\"integer\",\"required\":false},{\"name\":\"self\",\"kind\":\"text\",\"required\":false},{\"name\":\"2nd \\\"level\\\"\\n`x`\",\"kind\":\"any\",\"required\":false},{\"name\":\"größe\",\"kind\":\"text\",\"required\":false},{\"name\":\"\",\"kind\":\"text\",\"required\":false}]},\"output\":{\"object\":[{\"name\":\"anything\",\"kind\":\"any\",\"required\":false},{\"name\":\"children\",\"kind\":{\"list\":{\"object\":[{\"name\":\"id\",\"kind\":\"text\",\"required\":true}]}},\"required\":false},{\"name\":\"free\",\"kind\":{\"map\":\"any\"},\"required\":false},{\"name\":\"id\",\"kind\":\"text\",\"required\":true},{\"name\":\"labels\",\"kind\":{\"map\":\"number\"},\"required\":false},{\"name\":\"list\",\"kind\":{\"list\":\"any\"},\"required\":false}]}}";

/// Runs the flow.
///
/// # Errors
/// As [`Invocation::output`](::okta_workflows::invoke::Invocation::output).
pub async fn invoke(
    flow: &::okta_workflows::invoke::Flow,
    input: &Flow2OddInput,
) -> ::core::result::Result<Flow2OddOutput, ::okta_workflows::invoke::InvokeError> {
    flow.invoke(input).output().await
}
