//! Email templates of a brand: their settings, customizations and previews.

use serde_json::{Value, json};

use super::templates::{self, Template};
use super::{BRANDS, brand};
use crate::access_requests::mailbox;
use crate::behaviour::org_settings;
use crate::call::{Call, Handler, Outcome};
use crate::clock;
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::text;
use crate::log::{named, user_target};
use crate::paging::Size;

/// The behaviour of an operation of this family.
pub(super) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listEmailTemplates" => list,
        "getEmailTemplate" => get,
        "getEmailDefaultContent" => default_content,
        "getEmailDefaultPreview" => default_preview,
        "getEmailSettings" => settings,
        "replaceEmailSettings" => set_settings,
        "sendTestEmail" => test,
        "listEmailCustomizations" => customizations,
        "createEmailCustomization" => create,
        "deleteAllCustomizations" => clear,
        "getEmailCustomization" => customization,
        "replaceEmailCustomization" => replace,
        "deleteEmailCustomization" => delete,
        "getCustomizationPreview" => preview,
        _ => return None,
    })
}

fn template(call: &mut Call<'_>) -> Result<&'static Template, Fault> {
    brand(call, call.parameter(0))?;
    let name = call.parameter(1);
    templates::find(name).ok_or_else(|| Fault::not_found(name, "EmailTemplate"))
}

/// Where the brand's templates stand.
fn own(call: &Call<'_>) -> String {
    format!("{BRANDS}/{}/templates/email", call.parameter(0))
}

fn shelf(call: &Call<'_>, template: &Template) -> String {
    format!("{}/{}/customizations", own(call), template.name)
}

fn link(call: &Call<'_>, path: &str, allow: &[&str]) -> Value {
    let href = format!("{}{path}", call.base());
    json!({ "href": href, "hints": { "allow": allow } })
}

/// The links that everything of a template has.
fn links(call: &Call<'_>, template: &Template) -> Value {
    let own = format!("{}/{}", own(call), template.name);
    json!({
        "settings": link(call, &format!("{own}/settings"), &["GET", "PUT"]),
        "template": link(call, &own, &["GET"]),
        "test": link(call, &format!("{own}/test"), &["POST"]),
    })
}

fn recipients(call: &mut Call<'_>, template: &Template) -> Value {
    let path = own(call);
    let known = call.org.shelf(&path).get(template.name).cloned();
    known.unwrap_or_else(|| json!("ALL_USERS"))
}

fn show_settings(call: &mut Call<'_>, template: &Template) -> Value {
    let own = format!("{}/{}", own(call), template.name);
    json!({ "recipients": recipients(call, template), "_links": {
        "self": link(call, &format!("{own}/settings"), &["GET", "PUT"]),
        "template": link(call, &own, &["GET"]),
    } })
}

fn show(call: &mut Call<'_>, template: &Template) -> Value {
    let own = format!("{}/{}", own(call), template.name);
    let mut shown = json!({ "name": template.name, "_links": {
        "settings": link(call, &format!("{own}/settings"), &["GET", "PUT"]),
        "self": link(call, &own, &["GET"]),
        "defaultContent": link(call, &format!("{own}/default-content"), &["GET"]),
        "test": link(call, &format!("{own}/test"), &["POST"]),
        "customizations": link(call, &format!("{own}/customizations"), &["GET", "POST", "DELETE"]),
    } });
    let expands = call
        .request
        .query
        .iter()
        .filter(|(name, _)| name == "expand");
    let expands: Vec<&str> = expands.flat_map(|(_, value)| value.split(',')).collect();
    if expands.contains(&"settings") {
        shown["_embedded"]["settings"] = show_settings(call, template);
    }
    if expands.contains(&"customizationCount") {
        let path = shelf(call, template);
        shown["_embedded"]["customizationCount"] = json!(call.org.shelf(&path).values().count());
    }
    shown
}

fn list(call: &mut Call<'_>) -> Outcome {
    brand(call, call.parameter(0))?;
    let mut shown = Vec::new();
    for (place, template) in (1..).zip(templates::all()) {
        shown.push((place, show(call, template)));
    }
    call.list(Size::new(20, 200), shown.into_iter(), |template| template)
}

fn get(call: &mut Call<'_>) -> Outcome {
    let template = template(call)?;
    Ok(Answer::ok(&show(call, template)))
}

fn language(call: &Call<'_>) -> Result<Option<&'static str>, Fault> {
    call.request
        .query("language")
        .map(check_language)
        .transpose()
}

/// The service's own spelling of a language tag.
fn check_language(tag: &str) -> Result<&'static str, Fault> {
    if !templates::is_tag(tag) {
        let summary = "The language doesn't conform to the BCP 47 standard for locales.";
        return Err(Fault::api(400, "E0000236", summary, &[]));
    }
    templates::supported(tag).ok_or_else(|| {
        let cause = format!("language: '{tag}' is not a supported language");
        Fault::validation("language", &[&cause])
    })
}

fn default_content(call: &mut Call<'_>) -> Outcome {
    let template = template(call)?;
    language(call)?;
    let mut links = links(call, template);
    let own = format!("{}/{}/default-content", own(call), template.name);
    links["self"] = link(call, &own, &["GET"]);
    links["preview"] = link(call, &format!("{own}/preview"), &["GET"]);
    let content = json!({ "subject": template.subject, "body": template.body(), "_links": links });
    Ok(Answer::ok(&content))
}

/// Subject and body as the caller would get them.
fn rendered(call: &mut Call<'_>, subject: &str, body: &str) -> (String, String) {
    let org = org_settings::current(call);
    let user = templates::viewer(call);
    let render = |content: &str| templates::render(call, &org, &user, content);
    (render(subject), render(body))
}

fn default_preview(call: &mut Call<'_>) -> Outcome {
    let template = template(call)?;
    language(call)?;
    let (subject, body) = rendered(call, template.subject, &template.body());
    let mut links = links(call, template);
    let own = format!("{}/{}/default-content", own(call), template.name);
    links["self"] = link(call, &format!("{own}/preview"), &["GET"]);
    links["defaultContent"] = link(call, &own, &["GET"]);
    Ok(Answer::ok(
        &json!({ "subject": subject, "body": body, "_links": links }),
    ))
}

fn settings(call: &mut Call<'_>) -> Outcome {
    let template = template(call)?;
    Ok(Answer::ok(&show_settings(call, template)))
}

fn set_settings(call: &mut Call<'_>) -> Outcome {
    let template = template(call)?;
    let body = call.request.object()?;
    let wanted = text(&body, "/recipients");
    match wanted {
        "" => {
            let cause = "recipients: The field cannot be left blank";
            return Err(Fault::validation("recipients", &[cause]));
        }
        "ALL_USERS" | "ADMINS_ONLY" => {}
        "NO_USERS" if !template.awaited() => {}
        "NO_USERS" => {
            let summary = "This template does not support the recipients value.";
            return Err(Fault::api(422, "E0000189", summary, &[]));
        }
        _ => {
            let cause = "recipients: The field has an invalid value";
            return Err(Fault::validation("recipients", &[cause]));
        }
    }
    let path = own(call);
    call.org.shelf(&path).put(template.name, json!(wanted));
    log(call, template, "system.email.template.update");
    Ok(Answer::ok(&show_settings(call, template)))
}

fn log(call: &mut Call<'_>, template: &Template, event: &str) {
    let target = named("EmailTemplate", template.name, "unknown", template.name);
    call.log(event, vec![target]);
}

/// Goes to the caller: the customization of the language asked for, the default one, or the
/// service's own content.
fn test(call: &mut Call<'_>) -> Outcome {
    let template = template(call)?;
    let language = language(call)?;
    let path = shelf(call, template);
    let all: Vec<Value> = call.org.shelf(&path).values().cloned().collect();
    let asked = all
        .iter()
        .find(|one| Some(text(one, "/language")) == language);
    let chosen = asked.or_else(|| all.iter().find(|one| one["isDefault"] == true));
    let own_body = template.body();
    let (subject, body) = match chosen {
        Some(chosen) => (text(chosen, "/subject"), text(chosen, "/body")),
        None => (template.subject, own_body.as_str()),
    };
    let (subject, body) = rendered(call, subject, body);
    let user = templates::viewer(call);
    for pointer in ["/profile/email", "/profile/secondEmail"] {
        let to = text(&user, pointer);
        if !to.is_empty() {
            mailbox::send(call.org, "noreply@okta.com", to, &subject, &body);
        }
    }
    call.log("system.email.delivery", vec![user_target(&user)]);
    Ok(Answer::no_content())
}

fn show_customization(call: &Call<'_>, template: &Template, customization: &Value) -> Value {
    let mut links = links(call, template);
    let own = format!("{}/{}", shelf(call, template), text(customization, "/id"));
    links["self"] = link(call, &own, &["GET", "PUT", "DELETE"]);
    links["preview"] = link(call, &format!("{own}/preview"), &["GET"]);
    let mut shown = customization.clone();
    shown["_links"] = links;
    shown
}

fn customizations(call: &mut Call<'_>) -> Outcome {
    let template = template(call)?;
    let path = shelf(call, template);
    let all: Vec<Value> = call.org.shelf(&path).values().cloned().collect();
    let shown = (1..).zip(
        all.iter()
            .map(|one| show_customization(call, template, one)),
    );
    call.list(Size::new(20, 200), shown, |one| one)
}

/// The customization that a body describes, checked against the others of its template. `known`
/// is the one it replaces.
fn checked(
    call: &mut Call<'_>,
    template: &Template,
    known: Option<&Value>,
) -> Result<Value, Fault> {
    let body = call.request.object()?;
    for name in ["language", "subject", "body"] {
        if text(&body, &format!("/{name}")).trim().is_empty() {
            let cause = format!("{name}: The field cannot be left blank");
            return Err(Fault::validation(name, &[&cause]));
        }
    }
    let language = check_language(text(&body, "/language"))?;
    let (subject, content) = (text(&body, "/subject"), text(&body, "/body"));
    if subject.chars().count() > 128 {
        let cause = "subject: The field is too long; at most 128 characters are allowed";
        return Err(Fault::validation("subject", &[cause]));
    }
    if content.len() > 64 * 1024 {
        let cause = "body: The field is too long; at most 64 KB are allowed";
        return Err(Fault::validation("body", &[cause]));
    }
    if !template.needs.is_empty() && !templates::mentions(content, template.needs) {
        let cause = format!(
            "body: The required variable ${{{}}} is missing",
            template.needs
        );
        return Err(Fault::validation("body", &[&cause]));
    }
    let path = shelf(call, template);
    let id = known.map_or("", |known| text(known, "/id"));
    let mut others = call
        .org
        .shelf(&path)
        .values()
        .filter(|one| text(one, "/id") != id);
    if others.any(|one| text(one, "/language") == language) {
        let summary = "An email template customization for that language already exists.";
        return Err(Fault::api(409, "E0000183", summary, &[]));
    }
    Ok(json!({
        "subject": subject, "body": content, "language": language, "isDefault": body["isDefault"] == true,
    }))
}

fn create(call: &mut Call<'_>) -> Outcome {
    let template = template(call)?;
    let mut made = checked(call, template, None)?;
    let path = shelf(call, template);
    let has_default = call
        .org
        .shelf(&path)
        .values()
        .any(|one| one["isDefault"] == true);
    if has_default && made["isDefault"] == true {
        let summary = "A default email template customization already exists.";
        return Err(Fault::api(409, "E0000182", summary, &[]));
    }
    // A customized template has exactly one default.
    made["isDefault"] = json!(!has_default);
    let id = call.org.dice.id("oel");
    let now = clock::zero_millis(call.org.clock.now());
    made["id"] = json!(id);
    made["created"] = json!(now);
    made["lastUpdated"] = json!(now);
    call.org.shelf(&path).put(&id, made.clone());
    log(call, template, "system.email.template.create");
    Ok(Answer::json(
        201,
        &show_customization(call, template, &made),
    ))
}

fn known(call: &mut Call<'_>, template: &Template) -> Result<Value, Fault> {
    let (path, id) = (shelf(call, template), call.parameter(2));
    let found = call.org.shelf(&path).get(id).cloned();
    found.ok_or_else(|| Fault::not_found(id, "EmailCustomization"))
}

fn customization(call: &mut Call<'_>) -> Outcome {
    let template = template(call)?;
    let known = known(call, template)?;
    Ok(Answer::ok(&show_customization(call, template, &known)))
}

fn replace(call: &mut Call<'_>) -> Outcome {
    let template = template(call)?;
    let known = known(call, template)?;
    let given = call.request.object()?;
    let mut made = checked(call, template, Some(&known))?;
    if given["isDefault"].is_null() {
        made["isDefault"] = known["isDefault"].clone();
    }
    if known["isDefault"] == true && made["isDefault"] == false {
        let summary = "The isDefault parameter of the default email template customization can't be set to false.";
        return Err(Fault::api(409, "E0000185", summary, &[]));
    }
    let path = shelf(call, template);
    if made["isDefault"] == true {
        for other in call.org.shelf(&path).values_mut() {
            other["isDefault"] = json!(false);
        }
    }
    made["id"] = known["id"].clone();
    made["created"] = known["created"].clone();
    made["lastUpdated"] = json!(clock::zero_millis(call.org.clock.now()));
    let id = call.parameter(2);
    call.org.shelf(&path).put(id, made.clone());
    log(call, template, "system.email.template.update");
    Ok(Answer::ok(&show_customization(call, template, &made)))
}

fn delete(call: &mut Call<'_>) -> Outcome {
    let template = template(call)?;
    let known = known(call, template)?;
    let path = shelf(call, template);
    // The default one goes last.
    if known["isDefault"] == true && call.org.shelf(&path).values().count() > 1 {
        let summary = "A default email template customization can't be deleted.";
        return Err(Fault::api(409, "E0000184", summary, &[]));
    }
    let id = call.parameter(2);
    call.org.shelf(&path).remove(id);
    log(call, template, "system.email.template.delete");
    Ok(Answer::no_content())
}

fn clear(call: &mut Call<'_>) -> Outcome {
    let template = template(call)?;
    let path = shelf(call, template);
    call.org.shelves.remove(&path);
    log(call, template, "system.email.template.delete");
    Ok(Answer::no_content())
}

fn preview(call: &mut Call<'_>) -> Outcome {
    let template = template(call)?;
    let known = known(call, template)?;
    let (subject, body) = rendered(call, text(&known, "/subject"), text(&known, "/body"));
    let mut links = links(call, template);
    let own = format!("{}/{}", shelf(call, template), call.parameter(2));
    links["self"] = link(call, &format!("{own}/preview"), &["GET"]);
    links["contentSource"] = link(call, &own, &["GET", "PUT", "DELETE"]);
    Ok(Answer::ok(
        &json!({ "subject": subject, "body": body, "_links": links }),
    ))
}
