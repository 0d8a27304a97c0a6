//! What fields a request has.

use okta_core::Page;

use crate::models::{
    CatalogEntryRequestFields, Field, RequestField, RequestFieldType, RequestTypeFull,
    RequestTypeRequestSettingsReadable,
};

/// A field that a request may, or must, fill in.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldDefinition {
    pub(super) id: String,
    pub(super) label: Option<String>,
    pub(super) kind: Option<RequestFieldType>,
    pub(super) choices: Option<Vec<String>>,
    pub(super) required: bool,
    pub(super) read_only: bool,
    pub(super) preset: Option<String>,
    pub(super) maximum: Option<String>,
}

/// The fields of a request: those of a catalog entry for a user (version 2), or of a request type
/// (version 1).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fields(Vec<FieldDefinition>);

impl FieldDefinition {
    /// A field of a request type that an admin made in the console: the API does not show those
    /// (`CUSTOM`), so that a program has to know them. Optional, and of any type, unless told.
    ///
    /// ```
    /// use okta_governance::access::{AccessRequestV1, FieldDefinition, FieldValue, Fields};
    /// use okta_governance::models::RequestFieldType;
    ///
    /// let building = FieldDefinition::new("8a7f2f51-9f5f-4b53-8f83-4a3c7b1c1f4e")
    ///     .labelled("buildingRequested")
    ///     .of_type(RequestFieldType::Select)
    ///     .choosing(["HQ", "Lab"])
    ///     .required();
    /// let fields: Fields = [building].into_iter().collect();
    /// let request = AccessRequestV1::new("65a0c7a1f3b2c4d5e6f70819", "Badge for the lab");
    /// let wrong = request.field("buildingRequested", FieldValue::select("Atlantis"));
    /// let refused = wrong.build_with(&fields).unwrap_err();
    /// assert!(refused.to_string().contains("buildingRequested"));
    /// ```
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            label: None,
            kind: None,
            choices: None,
            required: false,
            read_only: false,
            preset: None,
            maximum: None,
        }
    }

    /// What the requester is asked; values may name it.
    #[must_use]
    pub fn labelled(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// The type of its value.
    #[must_use]
    pub fn of_type(mut self, kind: RequestFieldType) -> Self {
        self.kind = Some(kind);
        self
    }

    /// Its choices.
    #[must_use]
    pub fn choosing(mut self, choices: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.choices = Some(choices.into_iter().map(Into::into).collect());
        self
    }

    /// A request has to have a value of it.
    #[must_use]
    pub fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// The id that values name.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What the requester is asked.
    pub fn label(&self) -> Option<&str> {
        self.label.as_deref()
    }

    /// The type of its value; `None` where the definition does not tell.
    pub fn field_type(&self) -> Option<&RequestFieldType> {
        self.kind.as_ref()
    }

    /// The choices of a field that has some.
    pub fn choices(&self) -> Option<&[String]> {
        self.choices.as_deref()
    }

    /// The request cannot go on without a value.
    pub fn is_required(&self) -> bool {
        self.required && self.preset.is_none() && !self.read_only
    }
}

impl Fields {
    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &FieldDefinition> {
        self.0.iter()
    }

    /// By id, else by a label that only one field has.
    pub fn find(&self, key: &str) -> Option<&FieldDefinition> {
        if let Some(field) = self.0.iter().find(|field| field.id == key) {
            return Some(field);
        }
        let mut labelled = self.0.iter().filter(|f| f.label.as_deref() == Some(key));
        let first = labelled.next();
        first.filter(|_| labelled.next().is_none())
    }

    /// How a user would name them, for errors.
    pub(super) fn names(&self) -> String {
        let name = |field: &FieldDefinition| match &field.label {
            Some(label) => format!("{} ({label:?})", field.id),
            None => field.id.clone(),
        };
        let names: Vec<String> = self.0.iter().map(name).collect();
        names.join(", ")
    }
}

impl From<&RequestField> for FieldDefinition {
    fn from(field: &RequestField) -> Self {
        Self {
            id: field.id.clone().unwrap_or_default(),
            label: field.label.clone(),
            kind: field.type_.clone(),
            choices: field.choices.clone(),
            required: field.required.unwrap_or_default(),
            read_only: field.read_only.unwrap_or_default(),
            preset: field.value.clone(),
            maximum: field.maximum_value.clone(),
        }
    }
}

impl From<&Field> for FieldDefinition {
    fn from(field: &Field) -> Self {
        let (kind, choices) = match field {
            Field::Date(_) => (Some(RequestFieldType::IsoDate), None),
            Field::Text(_) => (Some(RequestFieldType::Text), None),
            Field::Select(select) => {
                let options = select.options.iter().flatten();
                let choices = options.filter_map(|option| option.value.clone()).collect();
                (Some(RequestFieldType::Select), Some(choices))
            }
            _ => (None, None),
        };
        let base = field.base();
        Self {
            id: base.id.clone().unwrap_or_default(),
            label: base.prompt.clone(),
            kind,
            choices,
            // The specification's default.
            required: base.required.unwrap_or(true),
            read_only: false,
            preset: None,
            maximum: None,
        }
    }
}

impl<F> FromIterator<F> for Fields
where
    F: Into<FieldDefinition>,
{
    fn from_iter<I: IntoIterator<Item = F>>(fields: I) -> Self {
        Self(fields.into_iter().map(Into::into).collect())
    }
}

/// The fields of a catalog entry, for the user that access is asked for.
impl From<&CatalogEntryRequestFields> for Fields {
    fn from(fields: &CatalogEntryRequestFields) -> Self {
        fields.data.iter().flatten().collect()
    }
}

/// The fields of a catalog entry, as
/// `catalogs().default().entries().users(entry).request_fields(user).list().await?` answers them.
impl From<&Page<RequestField>> for Fields {
    fn from(page: &Page<RequestField>) -> Self {
        page.items.iter().collect()
    }
}

/// The fields of a request type; none where its settings cannot be shown by the API.
impl From<&RequestTypeFull> for Fields {
    fn from(kind: &RequestTypeFull) -> Self {
        let fields = match &kind.request_settings {
            Some(RequestTypeRequestSettingsReadable::Everyone(settings)) => {
                &settings.requester_fields
            }
            Some(RequestTypeRequestSettingsReadable::MemberOf(settings)) => {
                &settings.requester_fields
            }
            _ => &None,
        };
        fields.iter().flatten().collect()
    }
}
