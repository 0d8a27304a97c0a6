// Written by profile-codegen from the org's schema; run it again after the schema has changed.

use serde::{Deserialize, Serialize};

/// User.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EmployeeProfile {
    /// Exempt.
    #[serde(rename = "2fa_exempt", skip_serializing_if = "Option::is_none")]
    pub _2fa_exempt: Option<bool>,
    /// Badge number: at least 1, at most 99999.
    #[serde(rename = "badgeNumber", skip_serializing_if = "Option::is_none")]
    pub badge_number: Option<i64>,
    /// City.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub city: Option<String>,
    /// Cost center.
    #[serde(rename = "costCenter", skip_serializing_if = "Option::is_none")]
    pub cost_center: Option<String>,
    /// Country code: format country-code.
    #[serde(rename = "countryCode", skip_serializing_if = "Option::is_none")]
    pub country_code: Option<String>,
    /// Department.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub department: Option<String>,
    /// Display name.
    #[serde(rename = "displayName", skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Division.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub division: Option<String>,
    /// Primary email: required, format email.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Employee number.
    #[serde(rename = "employeeNumber", skip_serializing_if = "Option::is_none")]
    pub employee_number: Option<String>,
    /// First name: required, at least 1 characters, at most 50 characters.
    #[serde(rename = "firstName", skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    /// Honorific prefix.
    #[serde(rename = "honorificPrefix", skip_serializing_if = "Option::is_none")]
    pub honorific_prefix: Option<String>,
    /// Honorific suffix.
    #[serde(rename = "honorificSuffix", skip_serializing_if = "Option::is_none")]
    pub honorific_suffix: Option<String>,
    /// Languages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub languages: Option<Vec<String>>,
    /// Last name: at least 1 characters, at most 50 characters.
    #[serde(rename = "lastName", skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    /// Load factor.
    #[serde(rename = "load-factor", skip_serializing_if = "Option::is_none")]
    pub load_factor: Option<f64>,
    /// Locale: format locale.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// Username: required, at least 5 characters, at most 100 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login: Option<String>,
    /// Manager.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manager: Option<String>,
    /// ManagerId.
    #[serde(rename = "managerId", skip_serializing_if = "Option::is_none")]
    pub manager_id: Option<String>,
    /// Middle name.
    #[serde(rename = "middleName", skip_serializing_if = "Option::is_none")]
    pub middle_name: Option<String>,
    /// Mobile phone: at most 100 characters.
    #[serde(rename = "mobilePhone", skip_serializing_if = "Option::is_none")]
    pub mobile_phone: Option<String>,
    /// Nickname.
    #[serde(rename = "nickName", skip_serializing_if = "Option::is_none")]
    pub nick_name: Option<String>,
    /// Organization.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
    /// Postal Address.
    #[serde(rename = "postalAddress", skip_serializing_if = "Option::is_none")]
    pub postal_address: Option<String>,
    /// Preferred language: format language-code.
    #[serde(rename = "preferredLanguage", skip_serializing_if = "Option::is_none")]
    pub preferred_language: Option<String>,
    /// Primary phone: at most 100 characters.
    #[serde(rename = "primaryPhone", skip_serializing_if = "Option::is_none")]
    pub primary_phone: Option<String>,
    /// Profile Url: format uri.
    #[serde(rename = "profileUrl", skip_serializing_if = "Option::is_none")]
    pub profile_url: Option<String>,
    /// Works remotely.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remote: Option<bool>,
    /// Secondary email: format email.
    #[serde(rename = "secondEmail", skip_serializing_if = "Option::is_none")]
    pub second_email: Option<String>,
    /// Shirt size.
    #[serde(rename = "shirtSize", skip_serializing_if = "Option::is_none")]
    pub shirt_size: Option<ShirtSize>,
    /// First day: format date-time.
    #[serde(rename = "startDate", skip_serializing_if = "Option::is_none")]
    pub start_date: Option<okta_core::Timestamp>,
    /// State.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Street address.
    #[serde(rename = "streetAddress", skip_serializing_if = "Option::is_none")]
    pub street_address: Option<String>,
    /// Time zone: format timezone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
    /// Title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Kind of contract: at least 1 characters, at most 20 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r#type: Option<String>,
    /// User type.
    #[serde(rename = "userType", skip_serializing_if = "Option::is_none")]
    pub user_type: Option<String>,
    /// Zip code.
    #[serde(rename = "zipCode", skip_serializing_if = "Option::is_none")]
    pub zip_code: Option<String>,
}

/// Shirt size.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum ShirtSize {
    /// `S`.
    S,
    /// `M`.
    M,
    /// `X-Large`.
    XLarge,
    /// A value that the schema did not have.
    Other(String),
}

impl From<String> for ShirtSize {
    fn from(text: String) -> Self {
        match text.as_str() {
            "S" => Self::S,
            "M" => Self::M,
            "X-Large" => Self::XLarge,
            _ => Self::Other(text),
        }
    }
}

impl From<ShirtSize> for String {
    fn from(value: ShirtSize) -> Self {
        match value {
            ShirtSize::S => "S".into(),
            ShirtSize::M => "M".into(),
            ShirtSize::XLarge => "X-Large".into(),
            ShirtSize::Other(text) => text,
        }
    }
}
