//! Pages of a brand: sign-in, error, sign-out.

use serde_json::{Value, json};

use super::{BRANDS, brand};
use crate::call::{Call, Handler, Outcome};
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::{fill, text};

/// The behaviour of an operation of this family.
pub(super) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "getSignInPage" | "getErrorPage" => root,
        "getSignOutPageSettings" => sign_out,
        "replaceSignOutPageSettings" => set_sign_out,
        "getDefaultSignInPage" | "getDefaultErrorPage" => default_page,
        "getCustomizedSignInPage"
        | "getCustomizedErrorPage"
        | "getPreviewSignInPage"
        | "getPreviewErrorPage" => page,
        "replaceCustomizedSignInPage"
        | "replaceCustomizedErrorPage"
        | "replacePreviewSignInPage"
        | "replacePreviewErrorPage" => set_page,
        "deleteCustomizedSignInPage"
        | "deleteCustomizedErrorPage"
        | "deletePreviewSignInPage"
        | "deletePreviewErrorPage" => reset_page,
        "listAllSignInWidgetVersions" => widget_versions,
        _ => return None,
    })
}

/// Where the pages of the brand stand, which go with it.
fn shelf(call: &Call<'_>) -> String {
    format!("{BRANDS}/{}/pages", call.parameter(0))
}

/// The page that the call is about, such as `sign-in/customized`.
fn named(call: &Call<'_>) -> &'static str {
    let path = call.operation.path.split_once("/pages/");
    path.map_or("", |(_, page)| page)
}

fn stored(call: &mut Call<'_>, page: &str) -> Option<Value> {
    let shelf = shelf(call);
    call.org.shelf(&shelf).get(page).cloned()
}

fn keep(call: &mut Call<'_>, page: &Value) {
    let (shelf, name) = (shelf(call), named(call));
    call.org.shelf(&shelf).put(name, page.clone());
}

/// What the sign-in widget shows unless told otherwise.
fn widget() -> Value {
    json!({
        "signInLabel": "Sign In", "usernameLabel": "Username", "usernameInfoTip": "",
        "passwordLabel": "Password", "passwordInfoTip": "", "showPasswordVisibilityToggle": true,
        "showUserIdentifier": true, "forgotPasswordLabel": "Forgot password?", "forgotPasswordUrl": "",
        "unlockAccountLabel": "Unlock account?", "unlockAccountUrl": "", "helpLabel": "Help", "helpUrl": "",
        "customLink1Label": "", "customLink1Url": "", "customLink2Label": "", "customLink2Url": "",
        "authenticatorPageCustomLinkLabel": "", "authenticatorPageCustomLinkUrl": "",
        "classicRecoveryFlowEmailOrUsernameLabel": "Email or Username", "widgetGeneration": "G2",
    })
}

fn is_sign_in(call: &Call<'_>) -> bool {
    call.operation.path.contains("/pages/sign-in")
}

fn default_page(call: &mut Call<'_>) -> Outcome {
    brand(call, call.parameter(0))?;
    Ok(Answer::ok(&default_content(is_sign_in(call))))
}

/// The page of a brand that customized nothing.
fn default_content(sign_in: bool) -> Value {
    let frame = |head: &str, body: &str| {
        format!(
            "<!DOCTYPE html>\n<html>\n<head>\n<title>{head}</title>\n\
             <link href=\"{{{{themedStylesUrl}}}}\" rel=\"stylesheet\">\n</head>\n<body>\n{body}\n</body>\n</html>\n"
        )
    };
    let policy = json!({ "mode": "enforced" });
    match sign_in {
        true => json!({
            "pageContent": frame("{{pageTitle}}", "{{{SignInWidgetResources}}}\n<div id=\"okta-login-container\"></div>"),
            "widgetVersion": "^7", "widgetCustomizations": widget(),
            "contentSecurityPolicySetting": policy,
        }),
        false => json!({
            "pageContent": frame("{{orgName}} - {{errorSummary}}", "{{{ErrorPageResources}}}\n<p>{{errorDescription}}</p>"),
            "contentSecurityPolicySetting": policy,
        }),
    }
}

fn page(call: &mut Call<'_>) -> Outcome {
    brand(call, call.parameter(0))?;
    stored(call, named(call))
        .map(|page| Answer::ok(&page))
        .ok_or_else(|| Fault::not_found(call.parameter(0), "CustomizedPage"))
}

/// What is wrong with a page's Content Security Policy.
fn policy_fault(policy: &Value) -> Option<&'static str> {
    if policy.is_null() {
        return None;
    }
    if !matches!(text(policy, "/mode"), "enforced" | "report_only") {
        return Some(
            "contentSecurityPolicySetting.mode: The field must be one of enforced, report_only",
        );
    }
    let sources = &policy["srcList"];
    let texts = |list: &Vec<Value>| list.iter().all(Value::is_string);
    if !sources.is_null() && !sources.as_array().is_some_and(texts) {
        return Some("contentSecurityPolicySetting.srcList: The field must be a list of sources");
    }
    let report = &policy["reportUri"];
    let address = report
        .as_str()
        .is_some_and(|uri| uri.is_empty() || url::Url::parse(uri).is_ok());
    (!report.is_null() && !address)
        .then_some("contentSecurityPolicySetting.reportUri: The field must be a valid URL")
}

fn set_page(call: &mut Call<'_>) -> Outcome {
    if brand(call, call.parameter(0))?["isDefault"] == true {
        let summary = "Cannot update page content for the default brand.";
        return Err(Fault::api(403, "E0000213", summary, &[]));
    }
    let mut page = call.request.object()?;
    if text(&page, "/pageContent").is_empty() {
        let cause = "pageContent: The field cannot be left blank";
        return Err(Fault::validation("pageContent", &[cause]));
    }
    if let Some(cause) = policy_fault(&page["contentSecurityPolicySetting"]) {
        return Err(Fault::validation("contentSecurityPolicySetting", &[cause]));
    }
    if is_sign_in(call) && page["widgetCustomizations"].is_object() {
        let shown = json!({ "showPasswordVisibilityToggle": true, "showUserIdentifier": true });
        fill(&mut page["widgetCustomizations"], &shown);
    }
    keep(call, &page);
    Ok(Answer::ok(&page))
}

fn reset_page(call: &mut Call<'_>) -> Outcome {
    brand(call, call.parameter(0))?;
    let (shelf, name) = (shelf(call), named(call));
    call.org.shelf(&shelf).remove(name);
    Ok(Answer::no_content())
}

fn widget_versions(call: &mut Call<'_>) -> Outcome {
    brand(call, call.parameter(0))?;
    Ok(Answer::ok(&json!(["*", "^7", "7.30", "7.29", "^6", "^5"])))
}

/// The page's kinds, and where each of them is.
fn root(call: &mut Call<'_>) -> Outcome {
    brand(call, call.parameter(0))?;
    let page = named(call);
    let own = format!("{}{}/{page}", call.base(), shelf(call));
    let hinted = |href: &str, allow: &[&str]| json!({ "href": href, "hints": { "allow": allow } });
    let writable = &["GET", "PUT", "DELETE"];
    let mut shown = json!({ "_links": {
        "self": hinted(&own, &["GET"]),
        "default": hinted(&format!("{own}/default"), &["GET"]),
        "customized": hinted(&format!("{own}/customized"), writable),
        "preview": hinted(&format!("{own}/preview"), writable),
    } });
    let expand = call.request.query("expand").unwrap_or_default();
    for name in expand.split(',') {
        let value = match name {
            "default" => Some(default_content(is_sign_in(call))),
            "customized" | "preview" => stored(call, &format!("{page}/{name}")),
            "customizedUrl" => Some(json!(format!("{own}/customized"))),
            "previewUrl" => Some(json!(format!("{own}/preview"))),
            _ => None,
        };
        if let Some(value) = value {
            shown["_embedded"][name] = value;
        }
    }
    Ok(Answer::ok(&shown))
}

fn sign_out(call: &mut Call<'_>) -> Outcome {
    brand(call, call.parameter(0))?;
    let known = stored(call, named(call));
    let known = known.unwrap_or_else(|| json!({ "type": "OKTA_DEFAULT" }));
    Ok(Answer::ok(&known))
}

/// A page elsewhere needs its address; the service's own has none.
fn set_sign_out(call: &mut Call<'_>) -> Outcome {
    brand(call, call.parameter(0))?;
    let body = call.request.object()?;
    let kept = match text(&body, "/type") {
        "OKTA_DEFAULT" => json!({ "type": "OKTA_DEFAULT" }),
        "EXTERNALLY_HOSTED" => {
            let url = text(&body, "/url");
            let proper = url::Url::parse(url)
                .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
            if !proper {
                let cause = match url {
                    "" => "url: The field cannot be left blank",
                    _ => "url: The field must be a valid URL",
                };
                return Err(Fault::validation("url", &[cause]));
            }
            json!({ "type": "EXTERNALLY_HOSTED", "url": url })
        }
        other => {
            let cause = match other {
                "" => "type: The field cannot be left blank",
                _ => "type: The field must be one of EXTERNALLY_HOSTED, OKTA_DEFAULT",
            };
            return Err(Fault::validation("type", &[cause]));
        }
    };
    keep(call, &kept);
    Ok(Answer::ok(&kept))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::bench::Bench;
    use crate::json::text;

    fn brand(bench: &Bench) -> String {
        let (_, made) = bench.call("POST", "/api/v1/brands", Some(&json!({ "name": "Second" })));
        format!("/api/v1/brands/{}", text(&made, "/id"))
    }

    #[test]
    fn a_page_shows_its_kinds_and_its_policy_is_checked() {
        let bench = Bench::new();
        let own = format!("{}/pages/error", brand(&bench));
        let customized = format!("{own}/customized");
        let page =
            |policy| json!({ "pageContent": "<p>x</p>", "contentSecurityPolicySetting": policy });
        let put = |policy| bench.call("PUT", &customized, Some(&page(policy)));
        assert_eq!(put(json!({ "mode": "sometimes" })).0, 400);
        assert_eq!(put(json!({ "mode": "enforced", "srcList": [1] })).0, 400);
        assert_eq!(
            put(json!({ "mode": "report_only", "reportUri": "nowhere" })).0,
            400
        );
        let (status, kept) =
            put(json!({ "mode": "report_only", "srcList": ["https://x.example.com"] }));
        assert_eq!(status, 200);
        let (_, shown) = bench.call(
            "GET",
            &format!("{own}?expand=customized,preview,default"),
            None,
        );
        assert_eq!(shown["_embedded"]["customized"], kept);
        assert!(
            shown["_embedded"]["preview"].is_null(),
            "nobody made one: {shown}"
        );
        assert!(shown["_embedded"]["default"]["pageContent"].is_string());
        let (_, brands) = bench.call("GET", "/api/v1/brands", None);
        let default = format!(
            "/api/v1/brands/{}/pages/error/customized",
            text(&brands, "/0/id")
        );
        let (status, refused) =
            bench.call("PUT", &default, Some(&page(json!({ "mode": "enforced" }))));
        assert_eq!((status, text(&refused, "/errorCode")), (403, "E0000213"));
    }

    #[test]
    fn a_sign_out_page_elsewhere_needs_its_address() {
        let bench = Bench::new();
        let own = format!("{}/pages/sign-out/customized", brand(&bench));
        let put = |body| bench.call("PUT", &own, Some(&body)).0;
        assert_eq!(
            bench.call("GET", &own, None).1,
            json!({ "type": "OKTA_DEFAULT" })
        );
        assert_eq!(put(json!({ "type": "EXTERNALLY_HOSTED" })), 400);
        assert_eq!(
            put(json!({ "type": "EXTERNALLY_HOSTED", "url": "javascript:x" })),
            400
        );
        assert_eq!(put(json!({ "type": "ELSEWHERE" })), 400);
        let elsewhere = json!({ "type": "EXTERNALLY_HOSTED", "url": "https://example.com/bye" });
        assert_eq!(put(elsewhere.clone()), 200);
        assert_eq!(bench.call("GET", &own, None).1, elsewhere);
    }

    #[test]
    fn pages_go_with_their_brand_and_a_slash_makes_no_difference() {
        let bench = Bench::new();
        let brand = brand(&bench);
        let page = json!({ "pageContent": "<p>x</p>" });
        let target = format!("{brand}/pages/error/customized");
        assert_eq!(bench.call("PUT", &format!("{target}/"), Some(&page)).0, 200);
        assert_eq!(bench.call("GET", &target, None).0, 200);
        assert_eq!(bench.call("DELETE", &brand, None).0, 204);
        let id = brand.rsplit('/').next().expect("an id");
        let org = bench.shared.org();
        let left = org.shelves.keys().filter(|path| path.contains(id));
        assert_eq!(left.count(), 0);
    }
}
