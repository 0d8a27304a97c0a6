//! State of the stand-in's org.

use std::collections::BTreeMap;

use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::assertion::PublicKey;
use super::refusal::{Refusal, missing, refusal};
use super::schema::{OBJECTS, Object};
use super::soql::get;
use super::switches::Switches;

pub(super) type Record = Map<String, Value>;

/// An access token.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) user: String,
    pub(super) until: Timestamp,
    pub(super) refresh: Option<String>,
}

/// An authorization code.
#[derive(Debug)]
pub(super) struct Code {
    pub(super) redirect_uri: String,
    pub(super) challenge: Option<String>,
    pub(super) scope: String,
    pub(super) user: String,
}

/// A refresh token.
#[derive(Clone, Debug)]
pub(super) struct Refresh {
    pub(super) user: String,
    pub(super) scope: String,
}

/// One org.
#[derive(Debug, Default)]
pub(super) struct Org {
    pub(super) records: BTreeMap<&'static str, BTreeMap<String, Record>>,
    pub(super) gone: Vec<(&'static str, String, Timestamp)>,
    pub(super) sessions: BTreeMap<String, Session>,
    pub(super) codes: BTreeMap<String, Code>,
    pub(super) refreshes: BTreeMap<String, Refresh>,
    /// Of the connected app; what signs its assertions.
    pub(super) certificates: Vec<PublicKey>,
    pub(super) cursors: BTreeMap<String, Vec<Value>>,
    pub(super) switches: Switches,
    pub(super) used: u64,
    pub(super) offset: i64,
    pub(super) number: u64,
}

impl Org {
    pub(super) fn now(&self) -> Timestamp {
        Timestamp::now() + SignedDuration::from_secs(self.offset)
    }

    /// The next number, for ids and tokens.
    pub(super) fn next(&mut self) -> u64 {
        self.number += 1;
        self.number
    }

    fn id(&mut self, prefix: &str) -> String {
        let number = self.next();
        let fifteen = format!("{prefix}Hs{number:010}");
        let suffix = suffix(&fifteen);
        fifteen + &suffix
    }

    pub(super) fn object(&self, name: &str) -> Result<&'static Object, Refusal> {
        Object::find(name)
            .ok_or_else(|| refusal(404, "NOT_FOUND", "The requested resource does not exist"))
    }

    /// A record by its id of 15 or 18 characters.
    pub(super) fn find(&self, object: &Object, id: &str) -> Result<&Record, Refusal> {
        let records = self.records.get(object.name);
        let found = records.and_then(|records| {
            records.get(id).or_else(|| {
                records
                    .iter()
                    .find(|(key, _)| id.len() == 15 && key.starts_with(id))
                    .map(|(_, record)| record)
            })
        });
        found.ok_or_else(|| {
            if self
                .gone
                .iter()
                .any(|(name, gone, _)| *name == object.name && gone == id)
            {
                refusal(404, "ENTITY_IS_DELETED", "entity is deleted")
            } else if id.len() == 15 || id.len() == 18 {
                refusal(404, "NOT_FOUND", "The requested resource does not exist")
            } else {
                refusal(
                    404,
                    "NOT_FOUND",
                    format!("Provided external ID field does not exist or is not accessible: {id}"),
                )
            }
        })
    }

    /// Puts a record without any check.
    pub(super) fn put(&mut self, object: &'static Object, fields: Record) -> String {
        let id = self.id(object.prefix);
        let now = stamp(self.now());
        let mut record = Record::new();
        for (name, kind, _) in object.all() {
            let blank = if *kind == "boolean" {
                Value::from(false)
            } else {
                Value::Null
            };
            let given = get(&fields, name).clone();
            record.insert(
                (*name).to_owned(),
                if given.is_null() { blank } else { given },
            );
        }
        for name in ["CreatedDate", "LastModifiedDate", "SystemModstamp"] {
            record.insert(name.to_owned(), now.clone().into());
        }
        record.insert("Id".to_owned(), id.clone().into());
        self.records
            .entry(object.name)
            .or_default()
            .insert(id.clone(), record);
        id
    }

    /// Fields that may be written, and values that fit.
    fn check(&self, object: &Object, fields: &Record, creating: bool) -> Result<(), Refusal> {
        for (name, value) in fields.iter().filter(|(name, _)| *name != "attributes") {
            if name.eq_ignore_ascii_case("Id") {
                return Err(refusal(
                    400,
                    "INVALID_FIELD",
                    "The Id field should not be specified in the sobject data.",
                ));
            }
            let Some((field, kind, marks)) = object.field(name) else {
                let message = format!("No such column '{name}' on sobject of type {}", object.name);
                return Err(refusal(400, "INVALID_FIELD", message));
            };
            if marks.contains('x') || (creating && marks.contains('u')) {
                let mut error = refusal(
                    400,
                    "INVALID_FIELD_FOR_INSERT_UPDATE",
                    format!(
                        "Unable to create/update fields: {field}. Please check the security settings of this field"
                    ),
                );
                error.fields.push((*field).to_owned());
                return Err(error);
            }
            let fits = match *kind {
                "boolean" => value.is_boolean() || value.is_null(),
                "currency" => value.is_number() || value.is_null(),
                _ => value.is_string() || value.is_null(),
            };
            if !fits {
                return Err(refusal(
                    400,
                    "JSON_PARSER_ERROR",
                    format!("Cannot deserialize the value of {field}"),
                ));
            }
            if *kind == "email" && value.as_str().is_some_and(|text| !text.contains('@')) {
                let mut error = refusal(
                    400,
                    "INVALID_EMAIL_ADDRESS",
                    format!("{field}: invalid email address"),
                );
                error.fields.push((*field).to_owned());
                return Err(error);
            }
            if marks.contains('r') && !creating && (value.is_null() || value == "") {
                return Err(missing(vec![(*field).to_owned()]));
            }
        }
        Ok(())
    }

    fn locked(&mut self) -> Result<(), Refusal> {
        if self.switches.locked_writes > 0 {
            self.switches.locked_writes -= 1;
            return Err(refusal(
                400,
                "UNABLE_TO_LOCK_ROW",
                "unable to obtain exclusive access to this record",
            ));
        }
        Ok(())
    }

    fn active_users(&self) -> usize {
        let users = self.records.get("User").into_iter().flatten();
        users.filter(|(_, user)| user["IsActive"] == true).count()
    }

    fn unique_username(&self, fields: &Record, own: &str) -> Result<(), Refusal> {
        let wanted = get(fields, "Username");
        let taken = self
            .records
            .get("User")
            .into_iter()
            .flatten()
            .any(|(id, user)| {
                id != own
                    && wanted.is_string()
                    && wanted.as_str().map(str::to_lowercase)
                        == user["Username"].as_str().map(str::to_lowercase)
            });
        if taken {
            return Err(refusal(
                400,
                "DUPLICATE_USERNAME",
                "Duplicate Username. The username already exists.",
            ));
        }
        Ok(())
    }

    pub(super) fn create(&mut self, name: &str, mut fields: Record) -> Result<String, Refusal> {
        let object = self.object(name)?;
        if object.name == "UserLogin" {
            return Err(refusal(
                400,
                "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
                "entity type cannot be inserted: User Login",
            ));
        }
        self.locked()?;
        self.check(object, &fields, true)?;
        let absent: Vec<String> = object
            .fields
            .iter()
            .filter(|(name, _, marks)| {
                marks.contains('r') && matches!(get(&fields, name), Value::Null)
            })
            .map(|(name, _, _)| (*name).to_owned())
            .collect();
        if !absent.is_empty() {
            return Err(missing(absent));
        }
        fields.remove("attributes");
        if object.name == "User" {
            self.unique_username(&fields, "")?;
            if get(&fields, "IsActive").is_null() {
                fields.insert("IsActive".to_owned(), true.into());
            }
            if get(&fields, "IsActive") == &Value::Bool(true) {
                self.licence()?;
            }
            self.refer("Profile", get(&fields, "ProfileId"))?;
        }
        let repeated = |columns: &[&str]| {
            self.records
                .get(object.name)
                .into_iter()
                .flatten()
                .any(|(_, record)| {
                    columns
                        .iter()
                        .all(|column| get(record, column) == get(&fields, column))
                })
        };
        let duplicate = match object.name {
            "PermissionSetAssignment" => {
                repeated(&["AssigneeId", "PermissionSetId", "PermissionSetGroupId"])
            }
            "PermissionSetLicenseAssign" => repeated(&["AssigneeId", "PermissionSetLicenseId"]),
            _ => false,
        };
        if duplicate {
            return Err(refusal(
                400,
                "DUPLICATE_VALUE",
                "duplicate value found: duplicates value on record",
            ));
        }
        let id = self.put(object, fields);
        if object.name == "User"
            && let Some(login) = Object::find("UserLogin")
        {
            self.put(
                login,
                Record::from_iter([("UserId".to_owned(), id.clone().into())]),
            );
        }
        Ok(id)
    }

    fn licence(&self) -> Result<(), Refusal> {
        if self.active_users() >= self.switches.user_licences {
            return Err(refusal(
                400,
                "LICENSE_LIMIT_EXCEEDED",
                "License Limit Exceeded",
            ));
        }
        Ok(())
    }

    fn refer(&self, object: &str, id: &Value) -> Result<(), Refusal> {
        let known = id.as_str().is_some_and(|id| {
            self.records
                .get(object)
                .is_some_and(|records| records.contains_key(id))
        });
        if known {
            return Ok(());
        }
        Err(refusal(
            400,
            "INVALID_CROSS_REFERENCE_KEY",
            "invalid cross reference id",
        ))
    }

    pub(super) fn update(
        &mut self,
        name: &str,
        id: &str,
        mut fields: Record,
    ) -> Result<(), Refusal> {
        let object = self.object(name)?;
        let id = self.find(object, id)?["Id"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        self.locked()?;
        self.check(object, &fields, false)?;
        fields.remove("attributes");
        let before = self.find(object, &id)?.clone();
        if object.name == "User" {
            self.unique_username(&fields, &id)?;
            if get(&fields, "IsActive") == &Value::Bool(true) && before["IsActive"] == false {
                self.licence()?;
            }
            if fields.contains_key("ProfileId") {
                self.refer("Profile", get(&fields, "ProfileId"))?;
            }
        }
        if object.name == "Lead" && before["IsConverted"] == true {
            return Err(refusal(
                400,
                "CANNOT_UPDATE_CONVERTED_LEAD",
                "cannot reference converted lead",
            ));
        }
        let now = stamp(self.now());
        let ended = object.name == "User" && get(&fields, "IsActive") == &Value::Bool(false);
        if let Some(record) = self.records.entry(object.name).or_default().get_mut(&id) {
            for (name, value) in fields {
                if let Some((field, _, _)) = object.field(&name) {
                    record.insert((*field).to_owned(), value);
                }
            }
            record.insert("LastModifiedDate".to_owned(), now.clone().into());
            record.insert("SystemModstamp".to_owned(), now.into());
        }
        if ended {
            self.sessions.retain(|_, session| session.user != id);
        }
        Ok(())
    }

    pub(super) fn delete(&mut self, name: &str, id: &str) -> Result<(), Refusal> {
        let object = self.object(name)?;
        if matches!(object.name, "User" | "UserLogin") {
            return Err(refusal(
                405,
                "METHOD_NOT_ALLOWED",
                "HTTP Method 'DELETE' not allowed. Allowed are HEAD,GET,PATCH",
            ));
        }
        let id = self.find(object, id)?["Id"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        self.locked()?;
        if let Some(records) = self.records.get_mut(object.name) {
            records.remove(&id);
        }
        let now = self.now();
        self.gone.push((object.name, id, now));
        Ok(())
    }

    /// The org as it is shipped: an admin, profiles, roles, permission sets, leads.
    pub(super) fn seed(&mut self) {
        let mut add = |name: &str, fields: Value| -> String {
            match (OBJECTS.iter().find(|object| object.name == name), fields) {
                (Some(object), Value::Object(fields)) => self.put(object, fields),
                _ => String::new(),
            }
        };
        let admin_profile = add("Profile", json!({"Name": "System Administrator"}));
        add("Profile", json!({"Name": "Standard User"}));
        for role in ["CEO", "Sales"] {
            add("UserRole", json!({"Name": role}));
        }
        add("Group", json!({"Name": "Everybody", "Type": "Regular"}));
        add("Group", json!({"Name": "Lead queue", "Type": "Queue"}));
        let set = add(
            "PermissionSet",
            json!({"Name": "Reports", "Label": "Reports"}),
        );
        let licence = add(
            "PermissionSetLicense",
            json!({"DeveloperName": "Insights", "MasterLabel": "Insights"}),
        );
        add(
            "Folder",
            json!({"Name": "Shared documents", "Type": "Document"}),
        );
        let admin = add(
            "User",
            json!({
                "Username": "admin@standin.example", "FirstName": "Ada", "LastName": "Admin", "Email": "admin@standin.example",
                "Alias": "admin", "ProfileId": admin_profile, "IsActive": true, "TimeZoneSidKey": "America/Los_Angeles",
                "LocaleSidKey": "en_US", "LanguageLocaleKey": "en_US", "EmailEncodingKey": "UTF-8",
                "UserPermissionsMarketingUser": true,
            }),
        );
        add("UserLogin", json!({"UserId": admin}));
        add(
            "PermissionSetAssignment",
            json!({"AssigneeId": admin, "PermissionSetId": set}),
        );
        add(
            "PermissionSetLicenseAssign",
            json!({"AssigneeId": admin, "PermissionSetLicenseId": licence}),
        );
        for number in 1..=3 {
            add(
                "Lead",
                json!({"LastName": format!("Lead {number}"), "Company": "Acme", "OwnerId": admin, "Email": format!("lead{number}@example.com")}),
            );
        }
        add(
            "Lead",
            json!({"LastName": "Converted", "Company": "Acme", "OwnerId": admin, "IsConverted": true}),
        );
    }
}

/// The spelling of Salesforce: milliseconds, offset without colon.
pub(super) fn stamp(moment: Timestamp) -> String {
    format!("{moment:.3}").replace('Z', "+0000")
}

/// The three characters that make an id of 15 insensitive to case.
fn suffix(id: &str) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";
    id.as_bytes()
        .chunks(5)
        .map(|group| {
            let bits = group
                .iter()
                .enumerate()
                .filter(|(_, byte)| byte.is_ascii_uppercase())
                .fold(0, |bits, (at, _)| bits | 1 << at);
            char::from(ALPHABET[bits])
        })
        .collect()
}

/// A status that axum takes.
pub(super) fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

#[cfg(test)]
mod tests {
    #[test]
    fn ids_have_their_suffix() {
        assert_eq!(super::suffix("015D0000000N3ZZ"), "IA0");
    }
}
