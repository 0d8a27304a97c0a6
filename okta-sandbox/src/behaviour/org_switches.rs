//! Settings of the org that are on or off, and what it consents to.

use serde_json::{Value, json};

use super::org_support;
use crate::call::{Call, Handler, Outcome};
use crate::clock;
use crate::engine;
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::text;
use crate::oauth::access::Principal;

/// The behaviour of an operation of this family.
pub(crate) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "getThirdPartyAdminSetting" => |call| get(call, "thirdPartyAdmin"),
        "updateThirdPartyAdminSetting" => |call| set(call, "thirdPartyAdmin"),
        "getAutoAssignAdminAppSetting" => |call| get(call, "autoAssignAdminAppSetting"),
        "updateAutoAssignAdminAppSetting" => |call| set(call, "autoAssignAdminAppSetting"),
        "getClientPrivilegesSetting" => |call| get(call, "clientPrivilegesSetting"),
        "assignClientPrivilegesSetting" => |call| set(call, "clientPrivilegesSetting"),
        "getOrgPreferences" => preferences,
        "setOrgShowOktaUIFooter" => |call| footer(call, true),
        "setOrgHideOktaUIFooter" => |call| footer(call, false),
        "getAerialConsent" => aerial,
        "grantAerialConsent" => grant,
        "revokeAerialConsent" => revoke,
        "bulkRemoveEmailAddressBounces" => remove_bounces,
        "deleteCaptchaInstance" => delete_captcha,
        _ => return None,
    })
}

const SHELF: &str = "/api/v1/org/switches";
const FOOTER: &str = "showEndUserFooter";

fn switch(call: &mut Call<'_>, name: &str) -> Value {
    let known = call.org.shelf(SHELF).get(name).cloned();
    // Of the switches, the footer alone is on in a new org.
    known.unwrap_or_else(|| json!(name == FOOTER))
}

fn get(call: &mut Call<'_>, name: &str) -> Outcome {
    Ok(Answer::ok(&json!({ name: switch(call, name) })))
}

fn set(call: &mut Call<'_>, name: &str) -> Outcome {
    let wanted = call.request.object()?[name].clone();
    if !wanted.is_boolean() {
        let cause = match wanted {
            Value::Null => format!("{name}: The field cannot be left blank"),
            _ => format!("{name}: The field must be true or false"),
        };
        return Err(Fault::validation(name, &[&cause]));
    }
    call.org.shelf(SHELF).put(name, wanted);
    get(call, name)
}

/// A link with the methods that may be called.
pub(super) fn hinted(href: String, allow: &[&str]) -> Value {
    json!({ "href": href, "hints": { "allow": allow } })
}

/// Only the step that changes something is linked.
fn preferences(call: &mut Call<'_>) -> Outcome {
    let shown = switch(call, FOOTER);
    let step = match shown == true {
        true => "hideEndUserFooter",
        false => "showEndUserFooter",
    };
    let href = format!("{}/api/v1/org/preferences/{step}", call.base());
    let links = json!({ step: hinted(href, &["POST"]) });
    Ok(Answer::ok(&json!({ FOOTER: shown, "_links": links })))
}

fn footer(call: &mut Call<'_>, shown: bool) -> Outcome {
    call.org.shelf(SHELF).put(FOOTER, json!(shown));
    preferences(call)
}

const AERIAL: &str = "/api/v1/org/privacy/aerial";

fn aerial(call: &mut Call<'_>) -> Outcome {
    let known = call.org.shelf(SHELF).get(AERIAL).cloned();
    let mut consent = known.ok_or_else(|| Fault::not_found("grant", "String"))?;
    let own = format!("{}{AERIAL}", call.base());
    consent["_links"] = json!({
        "self": hinted(own.clone(), &["GET"]),
        "revoke": hinted(format!("{own}/revoke"), &["POST"]),
    });
    Ok(Answer::ok(&consent))
}

/// The account of a body, which is letters and digits.
fn account(call: &Call<'_>) -> Result<String, Fault> {
    let body = call.request.object()?;
    let account = text(&body, "/accountId");
    let proper = !account.is_empty() && account.chars().all(|c| c.is_ascii_alphanumeric());
    match proper {
        true => Ok(account.to_owned()),
        false => Err(Fault::validation(
            "account",
            &["Invalid aerial account ID."],
        )),
    }
}

fn grant(call: &mut Call<'_>) -> Outcome {
    let account = account(call)?;
    if call.org.shelf(SHELF).contains(AERIAL) {
        let cause = "The org already has a consent grant added to Aerial.";
        return Err(Fault::validation("account", &[cause]));
    }
    let by = match &call.principal {
        Principal::Token { user_id, .. } | Principal::User { user_id, .. } => user_id.clone(),
        Principal::Client { client_id, .. } => client_id.clone(),
        Principal::Anonymous => String::new(),
    };
    let at = clock::zero_millis(call.org.clock.now());
    let consent = json!({ "accountId": account, "grantedBy": by, "grantedDate": at });
    call.org.shelf(SHELF).put(AERIAL, consent);
    aerial(call)
}

fn revoke(call: &mut Call<'_>) -> Outcome {
    let account = account(call)?;
    let known = call.org.shelf(SHELF).get(AERIAL).cloned();
    let consent = known.ok_or_else(|| Fault::not_found("grant", "String"))?;
    if text(&consent, "/accountId") != account {
        return Err(Fault::validation(
            "account",
            &["Invalid aerial account ID."],
        ));
    }
    call.org.shelf(SHELF).remove(AERIAL);
    let href = format!("{}{AERIAL}/grant", call.base());
    Ok(Answer::ok(
        &json!({ "_links": { "grant": hinted(href, &["POST"]) } }),
    ))
}

/// An address with something on both sides of its only at sign, and a domain with a dot.
fn is_address(address: &str) -> bool {
    let Some((local, domain)) = address.split_once('@') else {
        return false;
    };
    let labels: Vec<&str> = domain.split('.').collect();
    let plain = |c: char| !c.is_whitespace() && c != '@';
    !local.is_empty()
        && address.chars().filter(|c| !plain(*c)).count() == 1
        && labels.len() > 1
        && labels.iter().all(|label| !label.is_empty())
}

/// What is no address is told of; the others are removed all the same.
fn remove_bounces(call: &mut Call<'_>) -> Outcome {
    let body = call.request.object()?;
    let Some(addresses) = body["emailAddresses"].as_array() else {
        let cause = "emailAddresses: The field cannot be left blank";
        return Err(Fault::validation("emailAddresses", &[cause]));
    };
    let (good, bad): (Vec<&str>, Vec<&str>) = addresses
        .iter()
        .map(|address| address.as_str().unwrap_or_default())
        .partition(|address| is_address(address));
    let errors: Vec<Value> = bad
        .iter()
        .map(|address| json!({ "emailAddress": address, "reason": "Invalid email address." }))
        .collect();
    if !good.is_empty() {
        call.log("system.email.bounce.removal", Vec::new());
    }
    Ok(Answer::ok(&json!({ "errors": errors })))
}

/// The CAPTCHA that the org's pages show stays.
fn delete_captcha(call: &mut Call<'_>) -> Outcome {
    if org_support::shown_captcha(call) == call.parameter(0) {
        let summary = "CAPTCHA cannot be removed. This CAPTCHA is associated with org-wide CAPTCHA \
                       settings, please unassociate it before removing it.";
        return Err(Fault::api(403, "E0000168", summary, &[]));
    }
    engine::run(call)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::bench::Bench;
    use crate::json::text;

    #[test]
    fn switches_are_booleans_and_keep_what_they_are_set_to() {
        let bench = Bench::new();
        for (method, path, name) in [
            (
                "POST",
                "/api/v1/org/orgSettings/thirdPartyAdminSetting",
                "thirdPartyAdmin",
            ),
            (
                "POST",
                "/api/v1/org/settings/autoAssignAdminAppSetting",
                "autoAssignAdminAppSetting",
            ),
            (
                "PUT",
                "/api/v1/org/settings/clientPrivilegesSetting",
                "clientPrivilegesSetting",
            ),
        ] {
            assert_eq!(bench.call("GET", path, None).1, json!({ name: false }));
            assert_eq!(bench.call(method, path, Some(&json!({}))).0, 400, "{path}");
            assert_eq!(
                bench.call(method, path, Some(&json!({ name: true }))).0,
                200
            );
            assert_eq!(bench.call("GET", path, None).1, json!({ name: true }));
        }
    }

    #[test]
    fn the_footer_links_to_the_other_step() {
        let bench = Bench::new();
        let own = "/api/v1/org/preferences";
        assert_eq!(bench.call("GET", own, None).1["showEndUserFooter"], true);
        bench.call("POST", &format!("{own}/hideEndUserFooter"), None);
        let (_, now) = bench.call("GET", own, None);
        assert_eq!(now["showEndUserFooter"], false);
        let links = &now["_links"];
        assert!(
            links["showEndUserFooter"].is_object() && links["hideEndUserFooter"].is_null(),
            "{now}"
        );
    }

    #[test]
    fn one_account_has_the_consent() {
        let bench = Bench::new();
        let own = "/api/v1/org/privacy/aerial";
        let step = |verb: &str, account: &str| {
            let body = json!({ "accountId": account });
            bench.call("POST", &format!("{own}/{verb}"), Some(&body))
        };
        assert_eq!(bench.call("GET", own, None).0, 404);
        assert_eq!(step("revoke", "0200a").0, 404);
        assert_eq!(step("grant", "no account").0, 400);
        let (status, granted) = step("grant", "0200a");
        assert_eq!(status, 200);
        assert_eq!(bench.call("GET", own, None).1, granted);
        assert_eq!(step("grant", "0200b").0, 400);
        assert_eq!(step("revoke", "0200b").0, 400);
        assert_eq!(step("revoke", "0200a").0, 200);
        assert_eq!(bench.call("GET", own, None).0, 404);
    }

    #[test]
    fn bounces_of_what_is_no_address_are_told_of() {
        let bench = Bench::new();
        let bad = [
            "plain",
            "two@at@example.com",
            "@example.com",
            "x@nodot",
            "x y@example.com",
        ];
        let mut all = bad.to_vec();
        all.push("ada@example.com");
        let body = json!({ "emailAddresses": all });
        let path = "/api/v1/org/email/bounces/remove-list";
        let (status, answer) = bench.call("POST", path, Some(&body));
        let errors: Vec<&Value> = answer["errors"].as_array().into_iter().flatten().collect();
        let named: Vec<&str> = errors.iter().map(|e| text(e, "/emailAddress")).collect();
        assert_eq!((status, named), (200, bad.to_vec()));
        assert_eq!(bench.call("POST", path, Some(&json!({}))).0, 400);
    }

    #[test]
    fn the_captcha_that_pages_show_stays() {
        let bench = Bench::new();
        let captcha = json!({ "name": "c", "type": "HCAPTCHA", "siteKey": "s", "secretKey": "k" });
        let (_, made) = bench.call("POST", "/api/v1/captchas", Some(&captcha));
        let pages = json!({ "captchaId": made["id"], "enabledPages": ["SIGN_IN"] });
        assert_eq!(
            bench.call("PUT", "/api/v1/org/captcha", Some(&pages)).0,
            200
        );
        let own = format!("/api/v1/captchas/{}", text(&made, "/id"));
        let (status, refused) = bench.call("DELETE", &own, None);
        assert_eq!((status, text(&refused, "/errorCode")), (403, "E0000168"));
        bench.call("DELETE", "/api/v1/org/captcha", None);
        assert_eq!(bench.call("DELETE", &own, None).0, 204);
    }
}
