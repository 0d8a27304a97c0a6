//! Well-known documents of a brand: what apps and browsers ask its domain for.

use serde_json::{Value, json};

use super::{BRANDS, DOMAINS, brand};
use crate::call::{Call, Handler, Outcome};
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::text;
use crate::log::named;

/// The behaviour of an operation of this family.
pub(super) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "getAllWellKnownURIs" => all,
        "getRootBrandWellKnownURI" => root,
        "getBrandWellKnownURI" => customized,
        "replaceBrandWellKnownURI" => replace,
        "getAppleAppSiteAssociationWellKnownURI" => |call| public(call, APPLE),
        "getAssetLinksWellKnownURI" => |call| public(call, LINKS),
        "getWebAuthnWellKnownURI" => |call| public(call, WEBAUTHN),
        _ => return None,
    })
}

const APPLE: &str = "apple-app-site-association";
const LINKS: &str = "assetlinks.json";
const WEBAUTHN: &str = "webauthn";
const PATHS: [&str; 3] = [APPLE, LINKS, WEBAUTHN];

fn shelf(brand: &str) -> String {
    format!("{BRANDS}/{brand}/well-known-uris")
}

/// Checks brand and path.
fn path(call: &mut Call<'_>) -> Result<&'static str, Fault> {
    brand(call, call.parameter(0))?;
    let named = call.parameter(1);
    let found = PATHS.iter().find(|path| **path == named);
    found.copied().ok_or_else(|| {
        let all = PATHS.join(", ");
        let cause = format!("The specified path is not supported. Valid values: [{all}].");
        Fault::validation("request", &[&cause])
    })
}

/// What the brand added; nothing, in the document's form, where it did not.
fn content(call: &mut Call<'_>, brand: &str, path: &str) -> Value {
    let known = call.org.shelf(&shelf(brand)).get(path).cloned();
    known.unwrap_or_else(|| match path {
        LINKS => json!([]),
        _ => json!({}),
    })
}

fn link(call: &Call<'_>, below: &str, allow: &[&str]) -> Value {
    let href = format!("{}{}{below}", call.base(), shelf(call.parameter(0)));
    json!({ "href": href, "hints": { "allow": allow } })
}

fn show(call: &mut Call<'_>, path: &str) -> Value {
    let own = link(call, &format!("/{path}/customized"), &["GET", "PUT"]);
    let content = content(call, call.parameter(0), path);
    json!({ "representation": content, "_links": { "self": own } })
}

fn expands(call: &Call<'_>, name: &str) -> bool {
    let expand = call.request.query("expand").unwrap_or_default();
    expand.split(',').any(|one| one == name || one == "all")
}

fn all(call: &mut Call<'_>) -> Outcome {
    brand(call, call.parameter(0))?;
    let mut shown = json!({ "_links": { "self": link(call, "", &["GET"]) } });
    for path in PATHS {
        shown["_links"][path] = link(call, &format!("/{path}"), &["GET", "PUT"]);
        if expands(call, path) {
            shown["_embedded"][path] = json!({ "customized": show(call, path) });
        }
    }
    Ok(Answer::ok(&shown))
}

fn root(call: &mut Call<'_>) -> Outcome {
    let path = path(call)?;
    let mut shown = json!({ "_links": {
        "self": link(call, &format!("/{path}"), &["GET"]),
        "customized": link(call, &format!("/{path}/customized"), &["GET", "PUT"]),
    } });
    if expands(call, "customized") {
        shown["_embedded"] = json!({ "customized": show(call, path) });
    }
    Ok(Answer::ok(&shown))
}

fn customized(call: &mut Call<'_>) -> Outcome {
    let path = path(call)?;
    Ok(Answer::ok(&show(call, path)))
}

/// What is wrong with a document.
fn fault(path: &str, document: &Value) -> Option<&'static str> {
    if path == LINKS {
        let proper = document
            .as_array()
            .is_some_and(|list| list.iter().all(Value::is_object));
        return (!proper).then_some("Content must be a JSON array of objects.");
    }
    let Some(members) = document.as_object() else {
        return Some("Content must be a JSON object.");
    };
    if path == APPLE {
        let own = members.contains_key("authsrv");
        return own.then_some("Content must not include any `authsrv` customization.");
    }
    if members.keys().any(|name| name != "origins") || members.is_empty() {
        return Some("Content must only contain `origins`.");
    }
    let origins = document["origins"].as_array();
    let proper = origins.is_some_and(|origins| origins.iter().all(Value::is_string));
    (!proper).then_some("The `origins` must be an array of strings.")
}

fn replace(call: &mut Call<'_>) -> Outcome {
    let path = path(call)?;
    let id = call.parameter(0);
    if brand(call, id)?["isDefault"] == true {
        let summary = "Cannot update the content for the default brand.";
        return Err(Fault::api(405, "E0000257", summary, &[]));
    }
    let document = call.request.object()?["representation"].take();
    if let Some(cause) = fault(path, &document) {
        return Err(Fault::validation("representation", &[cause]));
    }
    if document.to_string().len() >= 100 * 1024 {
        return Err(Fault::validation(
            "request",
            &["Content must be less than 100KB."],
        ));
    }
    call.org.shelf(&shelf(id)).put(path, document);
    let brand = brand(call, id)?;
    let target = named("Brand", id, "unknown", text(&brand, "/name"));
    call.log("system.brand.update", vec![target]);
    Ok(Answer::ok(&show(call, path)))
}

/// The brand of the domain that the client asked: a custom domain's own, or the default one.
fn brand_of_host(call: &mut Call<'_>) -> String {
    let host = call.request.host().split(':').next().unwrap_or_default();
    let domains = call.org.shelf(DOMAINS).values();
    let brand = domains
        .filter(|domain| text(domain, "/domain").eq_ignore_ascii_case(host))
        .map(|domain| text(domain, "/brandId").to_owned())
        .find(|brand| !brand.is_empty());
    brand.unwrap_or_else(|| {
        let mut brands = call.org.shelf(BRANDS).values();
        let default = brands.find(|brand| brand["isDefault"] == true);
        default.map_or_else(String::new, |brand| text(brand, "/id").to_owned())
    })
}

/// The document as everybody gets it.
fn public(call: &mut Call<'_>, path: &str) -> Outcome {
    let brand = brand_of_host(call);
    let mut document = content(call, &brand, path);
    match path {
        // The service's own apps stand beside what the brand adds.
        APPLE => {
            document["authsrv"] = json!({ "apps": [
                "B7F62B65BN.com.okta.mobile", "B7F62B65BN.com.okta.mobile.auth-service-extension",
            ] });
        }
        WEBAUTHN if document["origins"].is_null() => document["origins"] = json!([]),
        _ => {}
    }
    Ok(Answer::ok(&document))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::bench::Bench;
    use crate::json::text;

    #[test]
    fn documents_are_checked_and_those_of_the_default_brand_stay() {
        let bench = Bench::new();
        let (_, brands) = bench.call("GET", "/api/v1/brands", None);
        let (_, made) = bench.call("POST", "/api/v1/brands", Some(&json!({ "name": "Second" })));
        let put = |brand: &str, path: &str, document: serde_json::Value| {
            let target = format!("/api/v1/brands/{brand}/well-known-uris/{path}/customized");
            bench.call("PUT", &target, Some(&json!({ "representation": document })))
        };
        let own = text(&made, "/id");
        let (status, refused) = put(text(&brands, "/0/id"), "webauthn", json!({ "origins": [] }));
        assert_eq!((status, text(&refused, "/errorCode")), (405, "E0000257"));
        for (path, wrong) in [
            ("assetlinks.json", json!({})),
            ("assetlinks.json", json!([1])),
            ("apple-app-site-association", json!([])),
            ("apple-app-site-association", json!({ "authsrv": {} })),
            ("webauthn", json!({ "origins": [1] })),
            ("webauthn", json!({ "origins": [], "more": 1 })),
            ("webauthn", json!({ "origins": ["x".repeat(110_000)] })),
        ] {
            assert_eq!(put(own, path, wrong.clone()).0, 400, "{path} {wrong}");
        }
        let links = json!([{ "relation": ["x"] }]);
        let kept = put(own, "assetlinks.json", links.clone());
        assert_eq!(kept.0, 200, "{}", kept.1);
        let all = format!("/api/v1/brands/{own}/well-known-uris?expand=all");
        let (_, all) = bench.call("GET", &all, None);
        assert_eq!(
            all["_embedded"]["assetlinks.json"]["customized"]["representation"],
            links
        );
        assert_eq!(
            all["_embedded"]["webauthn"]["customized"]["representation"],
            json!({})
        );
        let wrong = format!("/api/v1/brands/{own}/well-known-uris/robots.txt");
        let (status, refused) = bench.call("GET", &wrong, None);
        assert_eq!(
            (status, text(&refused, "/errorSummary")),
            (400, "Api validation failed: request")
        );
    }

    #[test]
    fn everybody_gets_the_documents_of_the_domain_s_brand() {
        let bench = Bench::new();
        let (_, apple) = bench.call("GET", "/.well-known/apple-app-site-association", None);
        assert!(apple["authsrv"]["apps"].is_array(), "{apple}");
        assert_eq!(
            bench.call("GET", "/.well-known/assetlinks.json", None).1,
            json!([])
        );
        let (_, made) = bench.call("POST", "/api/v1/brands", Some(&json!({ "name": "Second" })));
        let own = format!("/api/v1/brands/{}/well-known-uris", text(&made, "/id"));
        let document = json!({ "representation": [{ "relation": ["x"] }] });
        bench.call(
            "PUT",
            &format!("{own}/assetlinks.json/customized"),
            Some(&document),
        );
        assert_eq!(
            bench.call("GET", "/.well-known/assetlinks.json", None).1,
            json!([])
        );
        // The host that tests call becomes a domain of the brand.
        bench.shared.org().shelf(super::DOMAINS).put(
            "OcD1",
            json!({ "id": "OcD1", "domain": "127.0.0.1", "brandId": made["id"] }),
        );
        let (_, links) = bench.call("GET", "/.well-known/assetlinks.json", None);
        assert_eq!(links, document["representation"]);
    }
}
