//! What hangs on brands: emails, pages, themes, well-known documents, email domains, custom domains.

mod emails;
#[cfg(test)]
mod emails_tests;
mod pages;
mod templates;
mod themes;
mod well_known;

use serde_json::{Value, json};

use crate::call::{Call, Handler, Outcome};
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::{remove, text};

/// The behaviour of an operation of this family.
pub(crate) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listBrandDomains" => brand_domains,
        "listEmailDomains" => list_email_domains,
        "createEmailDomain" => create_email_domain,
        "getEmailDomain" => get_email_domain,
        "replaceEmailDomain" => replace_email_domain,
        "deleteEmailDomain" => delete_email_domain,
        "verifyEmailDomain" => verify_email_domain,
        "listCustomDomains" => list_domains,
        "createCustomDomain" => create_domain,
        "getCustomDomain" => get_domain,
        "replaceCustomDomain" => replace_domain,
        "deleteCustomDomain" => delete_domain,
        "verifyDomain" => verify_domain,
        "upsertCertificate" => certificate,
        _ => {
            return emails::handler(id)
                .or_else(|| pages::handler(id))
                .or_else(|| themes::handler(id))
                .or_else(|| well_known::handler(id));
        }
    })
}

const BRANDS: &str = "/api/v1/brands";
fn brand(call: &mut Call<'_>, id: &str) -> Result<Value, Fault> {
    let found = call.org.shelf(BRANDS).get(id).cloned();
    found.ok_or_else(|| Fault::not_found(id, "Brand"))
}

const EMAIL_DOMAINS: &str = "/api/v1/email-domains";

fn email_domain(call: &mut Call<'_>) -> Result<Value, Fault> {
    call.stored(EMAIL_DOMAINS, 0, "EmailDomain")
}

/// The domain; with its brands where the call expands them.
fn view_email_domain(call: &mut Call<'_>, domain: &Value) -> Value {
    let mut shown = domain.clone();
    if call.request.query("expand") == Some("brands") {
        let id = text(domain, "/id").to_owned();
        let brands: Vec<Value> = call
            .org
            .shelf(BRANDS)
            .values()
            .filter(|b| text(b, "/emailDomainId") == id)
            .cloned()
            .collect();
        shown["_embedded"] = json!({ "brands": brands });
    }
    shown
}

fn list_email_domains(call: &mut Call<'_>) -> Outcome {
    let domains: Vec<Value> = call.org.shelf(EMAIL_DOMAINS).values().cloned().collect();
    let shown = domains
        .iter()
        .map(|domain| view_email_domain(call, domain))
        .collect();
    call.all(shown)
}

fn create_email_domain(call: &mut Call<'_>) -> Outcome {
    let body = call.request.object()?;
    for name in ["domain", "displayName", "userName"] {
        if text(&body, &format!("/{name}")).is_empty() {
            let cause = format!("{name}: The field cannot be left blank");
            return Err(Fault::validation(name, &[&cause]));
        }
    }
    let brand_id = text(&body, "/brandId");
    let mut brand = if brand_id.is_empty() {
        Value::Null
    } else {
        brand(call, brand_id)?
    };
    let name = text(&body, "/domain");
    if call
        .org
        .shelf(EMAIL_DOMAINS)
        .values()
        .any(|d| text(d, "/domain").eq_ignore_ascii_case(name))
    {
        let cause = "domain: An object with this field already exists in the current organization";
        return Err(Fault::validation("domain", &[cause]));
    }
    let id = call.org.dice.id("OeD");
    let lower = name.to_lowercase();
    let sender = 10_000_000 + call.org.dice.below(9_999_999);
    let selector = format!("p{:02}", call.org.dice.below(99));
    let cname = |fqdn: String, value: String| json!({ "recordType": "cname", "fqdn": fqdn, "verificationValue": value });
    let sub = match text(&body, "/validationSubdomain") {
        "" => "mail",
        given => given,
    };
    let mail = format!("u{sender}.wl002.mail.example.net");
    let domain = json!({
        "id": id, "validationStatus": "NOT_STARTED", "displayName": body["displayName"],
        "userName": body["userName"], "domain": name, "validationSubdomain": sub,
        "dnsValidationRecords": [
            { "recordType": "TXT", "fqdn": format!("_oktaverification.{name}"), "verificationValue": call.org.dice.hex(32) },
            cname(format!("{sub}.{lower}"), mail.clone()),
            cname(format!("{selector}._domainkey.{lower}"), format!("{selector}.domainkey.{mail}")),
            cname(format!("{selector}2._domainkey.{lower}"), format!("{selector}2.domainkey.{mail}")),
        ],
    });
    call.org.shelf(EMAIL_DOMAINS).put(&id, domain.clone());
    if brand.is_object() {
        brand["emailDomainId"] = json!(id);
        call.org.shelf(BRANDS).put(text(&body, "/brandId"), brand);
    }
    Ok(Answer::json(201, &domain))
}

fn get_email_domain(call: &mut Call<'_>) -> Outcome {
    let domain = email_domain(call)?;
    Ok(Answer::ok(&view_email_domain(call, &domain)))
}

fn replace_email_domain(call: &mut Call<'_>) -> Outcome {
    let mut domain = email_domain(call)?;
    let body = call.request.object()?;
    for name in ["displayName", "userName"] {
        if text(&body, &format!("/{name}")).is_empty() {
            let cause = format!("{name}: The field cannot be left blank");
            return Err(Fault::validation(name, &[&cause]));
        }
        domain[name] = body[name].clone();
    }
    let named_id = call.parameter(0);
    call.org.shelf(EMAIL_DOMAINS).put(named_id, domain.clone());
    Ok(Answer::ok(&domain))
}

fn delete_email_domain(call: &mut Call<'_>) -> Outcome {
    email_domain(call)?;
    let id = call.parameter(0);
    call.org.shelf(EMAIL_DOMAINS).remove(id);
    for brand in call.org.shelf(BRANDS).values_mut() {
        if text(brand, "/emailDomainId") == id {
            remove(brand, "emailDomainId");
        }
    }
    Ok(Answer::no_content())
}

/// The sandbox asks no name server: what it is asked to verify is verified.
fn verify_email_domain(call: &mut Call<'_>) -> Outcome {
    let mut domain = email_domain(call)?;
    domain["validationStatus"] = json!("VERIFIED");
    let named_id = call.parameter(0);
    call.org.shelf(EMAIL_DOMAINS).put(named_id, domain.clone());
    Ok(Answer::ok(&domain))
}

const DOMAINS: &str = "/api/v1/domains";

/// A domain with its links; `default` is the org's own.
fn domain(call: &mut Call<'_>) -> Result<Value, Fault> {
    let id = call.parameter(0);
    if id == "default" {
        return Ok(own_domain(call));
    }
    let found = call.org.shelf(DOMAINS).get(id).cloned();
    found.ok_or_else(|| Fault::not_found(id, "Domain"))
}

fn own_domain(call: &mut Call<'_>) -> Value {
    let mut brands = call.org.shelf(BRANDS).values();
    let brand = brands
        .find(|b| b["isDefault"] == true)
        .map(|b| b["id"].clone());
    json!({
        "id": "default", "domain": call.request.host(), "certificateSourceType": "OKTA_MANAGED",
        "validationStatus": "COMPLETED", "brandId": brand,
    })
}

fn view_domain(call: &Call<'_>, domain: &Value) -> Value {
    let own = format!("{}{DOMAINS}/{}", call.base(), text(domain, "/id"));
    let hinted =
        |href: String, allow: &[&str]| json!({ "href": href, "hints": { "allow": allow } });
    let mut shown = domain.clone();
    let default = text(domain, "/id") == "default";
    let mut links =
        json!({ "self": hinted(own.clone(), if default { &["GET"] } else { &["GET", "DELETE"] }) });
    match (default, text(domain, "/validationStatus")) {
        (true, _) => {
            let brand = format!("{}{BRANDS}/{}", call.base(), text(domain, "/brandId"));
            links["brand"] = hinted(brand, &["GET", "PUT", "DELETE"]);
        }
        (false, "COMPLETED") => {
            links["certificate"] = hinted(format!("{own}/certificate"), &["PUT"]);
        }
        _ => links["verify"] = hinted(format!("{own}/verify"), &["POST"]),
    }
    shown["_links"] = links;
    shown
}

fn list_domains(call: &mut Call<'_>) -> Outcome {
    let mut domains = vec![own_domain(call)];
    domains.extend(call.org.shelf(DOMAINS).values().cloned());
    let shown: Vec<Value> = domains
        .iter()
        .map(|domain| view_domain(call, domain))
        .collect();
    Ok(Answer::ok(&json!({ "domains": shown })))
}

/// The domains that a brand has; the default one has the org's own.
fn brand_domains(call: &mut Call<'_>) -> Outcome {
    let id = call.parameter(0);
    brand(call, id)?;
    let mut domains = vec![own_domain(call)];
    domains.extend(call.org.shelf(DOMAINS).values().cloned());
    let shown: Vec<Value> = domains
        .iter()
        .filter(|domain| text(domain, "/brandId") == id)
        .map(|domain| view_domain(call, domain))
        .collect();
    Ok(Answer::ok(&json!({ "domains": shown })))
}

fn create_domain(call: &mut Call<'_>) -> Outcome {
    let body = call.request.object()?;
    let name = text(&body, "/domain");
    let source = text(&body, "/certificateSourceType");
    for (field, value) in [("domain", name), ("certificateSourceType", source)] {
        if value.is_empty() {
            let cause = format!("{field}: The field cannot be left blank");
            return Err(Fault::validation(field, &[&cause]));
        }
    }
    if !matches!(source, "MANUAL" | "OKTA_MANAGED") {
        let cause = "certificateSourceType: The field has an invalid value";
        return Err(Fault::validation("certificateSourceType", &[cause]));
    }
    let host = name.strip_suffix('.').unwrap_or(name);
    let proper = host.split('.').count() > 2
        && host
            .split('.')
            .all(|label| !label.is_empty() && label.len() < 64);
    if !proper {
        return Err(Fault::validation(
            "domain",
            &["domain: Prohibited custom domain name."],
        ));
    }
    if call.org.shelf(DOMAINS).values().any(|d| {
        text(d, "/domain")
            .trim_end_matches('.')
            .eq_ignore_ascii_case(host)
    }) {
        let cause = "domain: An object with this field already exists in the current organization";
        return Err(Fault::validation("domain", &[cause]));
    }
    let id = call.org.dice.id("OcD");
    let target = format!("{}.customdomains.okta.com", call.org.subdomain);
    let mut domain = json!({
        "id": id, "domain": name, "validationStatus": "NOT_STARTED",
        "dnsRecords": [
            { "fqdn": format!("_oktaverification.{name}"), "values": [call.org.dice.hex(32)], "recordType": "TXT" },
            { "fqdn": name, "values": [target], "recordType": "CNAME" },
        ],
    });
    if source == "OKTA_MANAGED" {
        domain["certificateSourceType"] = json!(source);
    }
    call.org.shelf(DOMAINS).put(&id, domain.clone());
    Ok(Answer::json(201, &view_domain(call, &domain)))
}

fn get_domain(call: &mut Call<'_>) -> Outcome {
    let domain = domain(call)?;
    Ok(Answer::ok(&view_domain(call, &domain)))
}

fn refuse_own(domain: &Value) -> Result<(), Fault> {
    match text(domain, "/id") {
        "default" => {
            let cause = "This operation is not supported for this domain";
            Err(Fault::validation("id", &[cause]))
        }
        _ => Ok(()),
    }
}

fn replace_domain(call: &mut Call<'_>) -> Outcome {
    let mut domain = domain(call)?;
    refuse_own(&domain)?;
    let body = call.request.object()?;
    let id = text(&body, "/brandId").to_owned();
    brand(call, &id)?;
    domain["brandId"] = json!(id);
    let named_id = call.parameter(0);
    call.org.shelf(DOMAINS).put(named_id, domain.clone());
    Ok(Answer::ok(&view_domain(call, &domain)))
}

fn delete_domain(call: &mut Call<'_>) -> Outcome {
    let domain = domain(call)?;
    refuse_own(&domain)?;
    let named_id = call.parameter(0);
    call.org.shelf(DOMAINS).remove(named_id);
    Ok(Answer::no_content())
}

fn verify_domain(call: &mut Call<'_>) -> Outcome {
    let mut domain = domain(call)?;
    refuse_own(&domain)?;
    // One that has its certificate is further already.
    if domain["validationStatus"] != "COMPLETED" {
        domain["validationStatus"] = json!("VERIFIED");
    }
    let named_id = call.parameter(0);
    call.org.shelf(DOMAINS).put(named_id, domain.clone());
    Ok(Answer::ok(&view_domain(call, &domain)))
}

fn certificate(call: &mut Call<'_>) -> Outcome {
    let mut domain = domain(call)?;
    refuse_own(&domain)?;
    let body = call.request.object()?;
    for name in ["certificate", "certificateChain", "privateKey", "type"] {
        if text(&body, &format!("/{name}")).is_empty() {
            let cause = format!("{name}: The field cannot be left blank");
            return Err(Fault::validation(name, &[&cause]));
        }
    }
    domain["validationStatus"] = json!("COMPLETED");
    let named_id = call.parameter(0);
    call.org.shelf(DOMAINS).put(named_id, domain);
    Ok(Answer::no_content())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::bench::Bench;
    use crate::json::text;

    #[test]
    fn a_domain_is_the_org_s_once_and_stays_complete() {
        let bench = Bench::new();
        let create = |name: &str| {
            let body = json!({ "domain": name, "certificateSourceType": "MANUAL" });
            bench.call("POST", "/api/v1/domains", Some(&body))
        };
        let (status, made) = create("login.example.com");
        assert_eq!(status, 201, "{made}");
        for twin in [
            "login.example.com",
            "Login.Example.COM",
            "login.example.com.",
        ] {
            assert_eq!(create(twin).0, 400, "{twin}");
        }
        let own = format!("/api/v1/domains/{}", text(&made, "/id"));
        let verify = || bench.call("POST", &format!("{own}/verify"), None).1;
        assert_eq!(verify()["validationStatus"], "VERIFIED");
        let body = json!({
            "type": "PEM", "certificate": "c", "certificateChain": "d", "privateKey": "e",
        });
        assert_eq!(
            bench
                .call("PUT", &format!("{own}/certificate"), Some(&body))
                .0,
            204
        );
        assert_eq!(verify()["validationStatus"], "COMPLETED");
        let body = |name: &str| {
            json!({
                "domain": name, "displayName": "A", "userName": "a", "brandId": "",
            })
        };
        let mail = |name: &str| {
            bench
                .call("POST", "/api/v1/email-domains", Some(&body(name)))
                .0
        };
        assert_eq!(
            (mail("mail.example.com"), mail("MAIL.example.com")),
            (201, 400)
        );
    }
}
