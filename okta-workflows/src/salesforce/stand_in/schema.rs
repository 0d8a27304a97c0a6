//! Objects and fields of the stand-in's org.

use serde_json::{Value, json};

/// An object.
pub(super) struct Object {
    pub(super) name: &'static str,
    pub(super) prefix: &'static str,
    /// Name, type, marks: `r` required at creation, `x` not writable, `u` not creatable but writable.
    pub(super) fields: &'static [(&'static str, &'static str, &'static str)],
}

/// Fields of every object.
const SYSTEM: &[(&str, &str, &str)] = &[
    ("Id", "id", "x"),
    ("CreatedDate", "datetime", "x"),
    ("LastModifiedDate", "datetime", "x"),
    ("SystemModstamp", "datetime", "x"),
];

pub(super) const OBJECTS: &[Object] = &[
    Object {
        name: "User",
        prefix: "005",
        fields: &[
            ("Username", "string", "r"),
            ("LastName", "string", "r"),
            ("FirstName", "string", ""),
            ("Email", "email", "r"),
            ("Alias", "string", "r"),
            ("ProfileId", "reference", "r"),
            ("UserRoleId", "reference", ""),
            ("TimeZoneSidKey", "picklist", "r"),
            ("LocaleSidKey", "picklist", "r"),
            ("LanguageLocaleKey", "picklist", "r"),
            ("EmailEncodingKey", "picklist", "r"),
            ("CommunityNickname", "string", ""),
            ("Title", "string", ""),
            ("Department", "string", ""),
            ("Division", "string", ""),
            ("CompanyName", "string", ""),
            ("EmployeeNumber", "string", ""),
            ("MobilePhone", "phone", ""),
            ("Phone", "phone", ""),
            ("Street", "textarea", ""),
            ("City", "string", ""),
            ("State", "string", ""),
            ("Country", "string", ""),
            ("PostalCode", "string", ""),
            ("FederationIdentifier", "string", ""),
            ("IsActive", "boolean", ""),
            ("UserPermissionsMarketingUser", "boolean", ""),
            ("UserPermissionsKnowledgeUser", "boolean", ""),
            ("Regions__c", "multipicklist", ""),
        ],
    },
    Object {
        name: "UserLogin",
        prefix: "0Yw",
        fields: &[
            ("UserId", "reference", "x"),
            ("IsFrozen", "boolean", "u"),
            ("IsPasswordLocked", "boolean", "u"),
        ],
    },
    Object {
        name: "Profile",
        prefix: "00e",
        fields: &[("Name", "string", "r"), ("UserLicenseId", "reference", "")],
    },
    Object {
        name: "UserRole",
        prefix: "00E",
        fields: &[("Name", "string", "r")],
    },
    Object {
        name: "Group",
        prefix: "00G",
        fields: &[("Name", "string", "r"), ("Type", "picklist", "")],
    },
    Object {
        name: "PermissionSet",
        prefix: "0PS",
        fields: &[
            ("Name", "string", "r"),
            ("Label", "string", ""),
            ("IsOwnedByProfile", "boolean", ""),
        ],
    },
    Object {
        name: "PermissionSetAssignment",
        prefix: "0Pa",
        fields: &[
            ("AssigneeId", "reference", "r"),
            ("PermissionSetId", "reference", ""),
            ("PermissionSetGroupId", "reference", ""),
        ],
    },
    Object {
        name: "PermissionSetLicense",
        prefix: "0PL",
        fields: &[
            ("DeveloperName", "string", "r"),
            ("MasterLabel", "string", ""),
        ],
    },
    Object {
        name: "PermissionSetLicenseAssign",
        prefix: "2LA",
        fields: &[
            ("AssigneeId", "reference", "r"),
            ("PermissionSetLicenseId", "reference", "r"),
        ],
    },
    Object {
        name: "Lead",
        prefix: "00Q",
        fields: &[
            ("LastName", "string", "r"),
            ("FirstName", "string", ""),
            ("Company", "string", "r"),
            ("Email", "email", ""),
            ("Status", "picklist", ""),
            ("OwnerId", "reference", ""),
            ("IsConverted", "boolean", "x"),
            ("AnnualRevenue", "currency", ""),
        ],
    },
    Object {
        name: "Contact",
        prefix: "003",
        fields: &[
            ("LastName", "string", "r"),
            ("FirstName", "string", ""),
            ("Email", "email", ""),
            ("Birthdate", "date", ""),
            ("HasOptedOutOfEmail", "boolean", ""),
        ],
    },
    Object {
        name: "Account",
        prefix: "001",
        fields: &[("Name", "string", "r"), ("Industry", "picklist", "")],
    },
    Object {
        name: "Folder",
        prefix: "00l",
        fields: &[("Name", "string", "r"), ("Type", "picklist", "")],
    },
    Object {
        name: "Document",
        prefix: "015",
        fields: &[
            ("Name", "string", "r"),
            ("FolderId", "reference", "r"),
            ("Type", "string", ""),
            ("Body", "base64", ""),
        ],
    },
];

impl Object {
    pub(super) fn find(name: &str) -> Option<&'static Self> {
        OBJECTS
            .iter()
            .find(|object| object.name.eq_ignore_ascii_case(name))
    }

    /// Own and system fields.
    pub(super) fn all(
        &self,
    ) -> impl Iterator<Item = &'static (&'static str, &'static str, &'static str)> {
        SYSTEM.iter().chain(self.fields)
    }

    /// Name, type and marks of a field.
    pub(super) fn field(
        &self,
        name: &str,
    ) -> Option<&'static (&'static str, &'static str, &'static str)> {
        self.all().find(|field| field.0.eq_ignore_ascii_case(name))
    }

    /// The object's line in the list of objects.
    pub(super) fn summary(&self) -> Value {
        let writable = self.name != "UserLogin";
        json!({
            "name": self.name, "label": self.name, "keyPrefix": self.prefix, "custom": false,
            "createable": writable, "updateable": true, "queryable": true, "retrieveable": true,
            "deletable": !matches!(self.name, "User" | "UserLogin"),
            "replicateable": self.name != "Folder",
        })
    }

    /// Its description.
    pub(super) fn describe(&self) -> Value {
        let fields: Vec<Value> = self
            .all()
            .map(|(name, kind, marks)| {
                let values: Vec<Value> = match *name {
                    "Regions__c" => ["North", "South", "Old"]
                        .iter()
                        .map(|value| json!({"value": value, "label": value, "active": *value != "Old"}))
                        .collect(),
                    _ => Vec::new(),
                };
                json!({
                    "name": name, "label": label(name), "type": kind,
                    "createable": !marks.contains(['x', 'u']), "updateable": !marks.contains('x'),
                    "nillable": !marks.contains('r'), "defaultedOnCreate": *kind == "boolean",
                    "filterable": !matches!(*kind, "base64" | "textarea"), "custom": name.ends_with("__c"),
                    "picklistValues": values,
                })
            })
            .collect();
        let mut description = self.summary();
        description["fields"] = fields.into();
        description
    }
}

/// `UserPermissionsMarketingUser` → `Marketing User`, `Regions__c` → `Regions`.
fn label(name: &str) -> String {
    let name = name
        .trim_start_matches("UserPermissions")
        .trim_end_matches("__c");
    let mut label = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && label.ends_with(|c: char| c.is_ascii_lowercase()) {
            label.push(' ');
        }
        label.push(c);
    }
    label
}
