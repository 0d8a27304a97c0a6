//! Identity sources: apps that an org's users and groups come from. Data comes in sessions, loaded
//! in bulk and imported at once, or object by object; both end in the same users and groups.

mod groups;
mod import;
mod sessions;
mod uploads;
mod users;

use serde_json::Value;

use crate::call::{Call, Handler};
use crate::fault::Fault;
use crate::json::text;
use crate::org::Org;

/// The behaviour of an operation of this family.
pub(crate) fn handler(id: &str) -> Option<Handler> {
    sessions::handler(id)
        .or_else(|| uploads::handler(id))
        .or_else(|| users::handler(id))
        .or_else(|| groups::handler(id))
}

/// The name that the catalogue has for apps of this kind.
const APP: &str = "custom_identity_source";

/// Longest external ids.
const USER_ID_LENGTH: usize = 512;
const GROUP_ID_LENGTH: usize = 255;

/// The app that the first path parameter names.
fn named_source(call: &Call<'_>) -> Result<Value, Fault> {
    let id = call.parameter(0);
    let app = call.org.apps.get(id).cloned();
    let app = app.ok_or_else(|| Fault::not_found(id, "AppInstance"))?;
    if text(&app, "/name") != APP {
        let cause = "identitySourceId: The app is not a custom identity source";
        return Err(Fault::validation("identitySourceId", &[cause]));
    }
    Ok(app)
}

/// Whether a user comes from an identity source.
pub(crate) fn is_source_of(org: &Org, user: &str) -> bool {
    let mut apps = org.app_users.holders(user).map(|(_, app)| app);
    apps.any(|app| {
        let source = org.apps.get(app).filter(|app| text(app, "/name") == APP);
        let app_user = org.app_users.get(app, user);
        source.is_some() && app_user.is_some_and(|one| !one["externalId"].is_null())
    })
}

/// Where something of a source stands.
fn shelf(source: &str, part: &str) -> String {
    format!("/api/v1/identity-sources/{source}/{part}")
}

/// An external id as a body gives it.
fn external_id<'v>(body: &'v Value, member: &str, longest: usize) -> Result<&'v str, Fault> {
    let id = text(body, &format!("/{member}"));
    if id.is_empty() {
        let cause = format!("{member}: The field cannot be left blank");
        return Err(Fault::validation(member, &[&cause]));
    }
    if id.chars().count() > longest {
        let cause = format!("{member}: The field is too long, at most {longest} characters");
        return Err(Fault::validation(member, &[&cause]));
    }
    Ok(id)
}

/// Attributes of sources are texts or nothing.
fn check_attributes(profile: &Value) -> Result<(), Fault> {
    let Some(attributes) = profile.as_object() else {
        let cause = "profile: The field cannot be left blank";
        return Err(Fault::validation("profile", &[cause]));
    };
    let odd = attributes
        .iter()
        .find(|(_, value)| !value.is_string() && !value.is_null());
    match odd {
        None => Ok(()),
        Some((name, _)) => {
            let cause = format!("{name}: The value is not of type string");
            Err(Fault::validation(name, &[&cause]))
        }
    }
}
