//! Certificate signing requests of apps and identity providers: a new key asks for a certificate,
//! and joins the keys of its owner once it has one.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::general_purpose::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use jiff::{SignedDuration, Timestamp};
use rcgen::string::{Ia5String, PrintableString};
use rcgen::{CertificateParams, DistinguishedName, DnType, DnValue, SanType};
use serde_json::{Value, json};

use super::apps::{self, named_app};
use super::identity_providers::{self, PROVIDERS, certificate, named_provider};
use crate::call::{Call, Handler, Outcome};
use crate::clock;
use crate::exchange::{Answer, Request};
use crate::fault::Fault;
use crate::json::{remove, text};
use crate::log::app_target;

/// The behaviour of an operation of this family.
pub(crate) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listCsrsForApplication" => |call| list(call, Side::App),
        "generateCsrForApplication" => |call| generate(call, Side::App),
        "getCsrForApplication" => |call| get(call, Side::App),
        "revokeCsrFromApplication" => |call| revoke(call, Side::App),
        "publishCsrFromApplication" => |call| publish(call, Side::App),
        "listCsrsForIdentityProvider" => |call| list(call, Side::Provider),
        "generateCsrForIdentityProvider" => |call| generate(call, Side::Provider),
        "getCsrForIdentityProvider" => |call| get(call, Side::Provider),
        "revokeCsrForIdentityProvider" => |call| revoke(call, Side::Provider),
        "publishCsrForIdentityProvider" => |call| publish(call, Side::Provider),
        _ => return None,
    })
}

/// Whose keys a request is about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    App,
    Provider,
}

/// The app or provider of a call.
struct Owner {
    side: Side,
    object: Value,
    /// Where its requests stand.
    shelf: String,
}

fn owner(call: &mut Call<'_>, side: Side) -> Result<Owner, Fault> {
    let (object, path) = match side {
        Side::App => (named_app(call)?, "/api/v1/apps"),
        Side::Provider => (named_provider(call)?, PROVIDERS),
    };
    let shelf = format!("{path}/{}/credentials/csrs", text(&object, "/id"));
    Ok(Owner {
        side,
        object,
        shelf,
    })
}

/// Tells of what happened to an app's request; the log has no such events of providers.
fn log(call: &mut Call<'_>, owner: &Owner, event: &str) {
    if owner.side == Side::App {
        call.log(event, vec![app_target(&owner.object)]);
    }
}

fn own(call: &Call<'_>, owner: &Owner, request: &Value) -> String {
    format!("{}{}/{}", call.base(), owner.shelf, text(request, "/id"))
}

fn view(call: &Call<'_>, owner: &Owner, request: &Value) -> Value {
    let own = own(call, owner, request);
    let mut shown = request.clone();
    remove(&mut shown, "key");
    shown["_links"] = json!({
        "publish": { "href": format!("{own}/lifecycle/publish"), "hints": { "allow": ["POST"] } },
        "self": { "href": own, "hints": { "allow": ["GET", "DELETE"] } },
    });
    shown
}

/// Whether the client would rather have the bare request than JSON.
fn wants_bare(request: &Request) -> bool {
    let accepted = request.header("accept").unwrap_or_default().split(',');
    let mut kinds = accepted.map(|kind| kind.split(';').next().unwrap_or_default().trim());
    let first = kinds.find(|kind| ["application/pkcs10", "application/json", "*/*"].contains(kind));
    first == Some("application/pkcs10")
}

fn answer(call: &Call<'_>, status: u16, owner: &Owner, request: &Value) -> Answer {
    if !wants_bare(call.request) {
        return Answer::json(status, &view(call, owner, request));
    }
    let bare = Answer {
        status,
        body: text(request, "/csr").as_bytes().to_vec(),
        media: Some("application/pkcs10; filename=okta.p10"),
        ..Answer::default()
    };
    bare.with("content-transfer-encoding", "base64")
}

fn list(call: &mut Call<'_>, side: Side) -> Outcome {
    let owner = owner(call, side)?;
    let requests: Vec<Value> = call.org.shelf(&owner.shelf).values().cloned().collect();
    let shown = requests
        .iter()
        .map(|request| view(call, &owner, request))
        .collect();
    call.all(shown)
}

/// The parts of a subject in the order that requests have them.
fn subject_parts() -> [(&'static str, DnType); 6] {
    [
        ("countryName", DnType::CountryName),
        ("stateOrProvinceName", DnType::StateOrProvinceName),
        ("localityName", DnType::LocalityName),
        ("organizationName", DnType::OrganizationName),
        ("organizationalUnitName", DnType::OrganizationalUnitName),
        ("commonName", DnType::CommonName),
    ]
}

/// A country is printable by its standard, though clients send whatever they like.
fn dn_value(kind: &DnType, value: &str) -> DnValue {
    match PrintableString::try_from(value) {
        Ok(printable) if *kind == DnType::CountryName => DnValue::PrintableString(printable),
        _ => DnValue::Utf8String(value.to_owned()),
    }
}

fn is_dns_name(name: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
    };
    name.len() <= 253
        && name
            .strip_prefix("*.")
            .unwrap_or(name)
            .split('.')
            .all(label)
}

/// What the body asks a certificate for.
fn parameters(body: &Value) -> Result<CertificateParams, Fault> {
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = DistinguishedName::new();
    for (member, kind) in subject_parts() {
        let value = text(&body["subject"], &format!("/{member}"));
        if !value.is_empty() {
            let value = dn_value(&kind, value);
            parameters.distinguished_name.push(kind, value);
        }
    }
    let names = body.pointer("/subjectAltNames/dnsNames");
    for name in names.and_then(Value::as_array).into_iter().flatten() {
        let name = name.as_str().unwrap_or_default();
        match Ia5String::try_from(name) {
            Ok(valid) if is_dns_name(name) => {
                parameters.subject_alt_names.push(SanType::DnsName(valid));
            }
            _ => {
                let cause = format!("subjectAltNames.dnsNames: '{name}' is not a valid DNS name");
                return Err(Fault::validation("subjectAltNames", &[&cause]));
            }
        }
    }
    Ok(parameters)
}

/// The private half of the key goes when the request is made, like that of every key of apps and
/// providers: nothing in the sandbox signs with them.
fn generate(call: &mut Call<'_>, side: Side) -> Outcome {
    let owner = owner(call, side)?;
    let parameters = parameters(&call.request.object()?)?;
    let (key, pair) = apps::signing::pair()?;
    let made = parameters.serialize_request(&pair);
    let made = made.map_err(|_| Fault::code("E0000009", &[]))?;
    let id = call.org.dice.secret(32);
    let request = json!({
        "id": id, "created": clock::zero_millis(call.org.clock.now()),
        "csr": STANDARD.encode(made.der()), "kty": "RSA", "key": key,
    });
    call.org.shelf(&owner.shelf).put(&id, request.clone());
    log(call, &owner, "app.app_instance.csr.generate");
    let location = own(call, &owner, &request);
    Ok(answer(call, 201, &owner, &request).with("location", location))
}

fn named_request(call: &mut Call<'_>, side: Side) -> Result<(Owner, Value), Fault> {
    let owner = owner(call, side)?;
    let id = call.parameter(1);
    let found = call.org.shelf(&owner.shelf).get(id).cloned();
    let request = found.ok_or_else(|| Fault::not_found(id, "CSR"))?;
    Ok((owner, request))
}

fn get(call: &mut Call<'_>, side: Side) -> Outcome {
    let (owner, request) = named_request(call, side)?;
    Ok(answer(call, 200, &owner, &request))
}

fn revoke(call: &mut Call<'_>, side: Side) -> Outcome {
    let (owner, _) = named_request(call, side)?;
    let id = call.parameter(1);
    call.org.shelf(&owner.shelf).remove(id);
    log(call, &owner, "app.app_instance.csr.revoke");
    Ok(Answer::no_content())
}

/// Base64 of either alphabet as base64 of the usual one.
fn usual_base64(text: &str) -> Option<String> {
    let text: String = text.split_whitespace().collect();
    let text = text.replace('-', "+").replace('_', "/");
    let lenient =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let der = GeneralPurpose::new(&alphabet::STANDARD, lenient).decode(text);
    Some(STANDARD.encode(der.ok()?))
}

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// The certificates of a body, base64, the key's own first. Clients mix up the media types, so the
/// content tells its form.
fn chain(body: &[u8]) -> Option<Vec<String>> {
    // A sequence with a long length; no base64 begins so.
    if body.starts_with(&[0x30]) && body.get(1).is_some_and(|length| !length.is_ascii()) {
        return Some(vec![STANDARD.encode(body)]);
    }
    let text = std::str::from_utf8(body).ok()?;
    if !text.contains(BEGIN) {
        return Some(vec![usual_base64(text)?]);
    }
    text.split(BEGIN)
        .skip(1)
        .map(|block| usual_base64(block.split_once(END)?.0))
        .collect()
}

const MEDIA: [&str; 3] = [
    "application/x-x509-ca-cert",
    "application/pkix-cert",
    "application/x-pem-file",
];

fn refused(cause: &str) -> Fault {
    Fault::validation("certificate", &[cause])
}

/// The key that the certificate in the body is for, which has to be the one that asked for it.
fn certified(call: &Call<'_>, asked: &Value, now: Timestamp) -> Result<Value, Fault> {
    let media = call.request.header("content-type").unwrap_or_default();
    let media = media.split(';').next().unwrap_or_default().trim();
    if !MEDIA.iter().any(|known| known.eq_ignore_ascii_case(media)) {
        let summary = "Bad request.  Accept and/or Content-Type headers likely do not match supported values.";
        return Err(Fault::api(400, "E0000021", summary, &[]));
    }
    let chain = chain(&call.request.body);
    let read = chain.and_then(|chain| Some((certificate::read(chain.first()?)?, chain)));
    let Some((mut key, chain)) = read else {
        return Err(refused("The certificate is not a valid X.509 certificate."));
    };
    if ["n", "e"].iter().any(|part| key[part] != asked[part]) {
        return Err(refused("The certificate doesn't match the CSR."));
    }
    let ends = clock::parse(text(&key, "/expiresAt"));
    if ends.is_none_or(|ends| ends.duration_since(now) <= SignedDuration::from_hours(90 * 24)) {
        return Err(refused(
            "The certificate must be valid for more than 90 days.",
        ));
    }
    remove(&mut key, "alg");
    key["use"] = json!("sig");
    key["x5c"] = json!(chain);
    Ok(key)
}

fn publish(call: &mut Call<'_>, side: Side) -> Outcome {
    let (owner, request) = named_request(call, side)?;
    let now = call.org.clock.now();
    let mut key = certified(call, &request["key"], now)?;
    let now = clock::zero_millis(now);
    for (name, value) in [
        ("kid", &request["id"]),
        ("created", &json!(now)),
        ("lastUpdated", &json!(now)),
    ] {
        key[name] = value.clone();
    }
    match side {
        Side::App => apps::signing::store(call.org, &owner.object, &key),
        Side::Provider => identity_providers::signing::keep(call, &owner.object, &key),
    }
    let id = call.parameter(1);
    call.org.shelf(&owner.shelf).remove(id);
    log(call, &owner, "app.app_instance.csr.publish");
    Ok(Answer::json(201, &key))
}
