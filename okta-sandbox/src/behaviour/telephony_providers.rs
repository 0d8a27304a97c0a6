//! The org's own accounts with telephony providers, for messages and calls with codes.

use serde_json::{Map, Value, json};

use crate::access_requests::mailbox;
use crate::call::{Call, Handler, Outcome};
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::{members, remove, text};
use crate::schema::Fullness;

/// The behaviour of an operation of this family.
pub(crate) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listAllCustomTelephonyProviderCredentials" => list,
        "createCustomTelephonyProviderCredentials" => create,
        "getCustomTelephonyProviderCredential" => get,
        "updateCustomTelephonyProviderCredential" => update,
        "deleteCustomTelephonyProviderCredential" => delete,
        "activateCustomTelephonyCredential" => activate,
        "deactivateCustomTelephonyCredential" => deactivate,
        "setAsPrimaryCustomTelephonyCredential" => set_primary,
        "sendTestCustomTelephonyProviderCredential" => test,
        _ => return None,
    })
}

const PROVIDERS: &str = "/api/v1/telephony-providers";

/// A primary one, and one that steps in.
const MOST: usize = 2;

/// The ways to send of each provider, by what is sent.
const WAYS: [(&str, &str, &[&str]); 4] = [
    (
        "TWILIO",
        "sms",
        &["twilioVerifySid", "twilioPhoneNumber", "twilioMessageSid"],
    ),
    (
        "TWILIO",
        "call",
        &["twilioVerifySid", "twilioPhoneNumber", "twilioCallerId"],
    ),
    ("TELESIGN", "sms", &["telesignService"]),
    ("TELESIGN", "call", &["telesignService"]),
];

fn show(provider: &Value) -> Value {
    let mut shown = provider.clone();
    remove(&mut shown, "providerAuthToken");
    shown
}

fn list(call: &mut Call<'_>) -> Outcome {
    let all = call.org.shelf(PROVIDERS).values().map(show).collect();
    call.all(all)
}

fn known(call: &mut Call<'_>) -> Result<Value, Fault> {
    call.stored(PROVIDERS, 0, "CustomTelephonyProvider")
}

fn get(call: &mut Call<'_>) -> Outcome {
    let provider = known(call)?;
    Ok(Answer::ok(&show(&provider)))
}

/// Whether a text is a phone number with its country's code.
fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('+').unwrap_or_default();
    (7..=15).contains(&digits.len())
        && !digits.starts_with('0')
        && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// A service of the provider sends what it is for: text, speech, or codes in either way.
fn serves(kind: &str, service: &str) -> bool {
    matches!(
        (kind, service),
        (_, "telesignVerifyService")
            | ("sms", "telesignMessagingService")
            | ("call", "telesignVoiceService")
    )
}

/// Each kind of message has one way to be sent, and that is one of the provider's.
fn check_way(name: &str, kind: &str, way: &Map<String, Value>) -> Result<(), Fault> {
    let field = format!("providerSettings.{kind}");
    let ways = WAYS
        .iter()
        .find(|(provider, sent, _)| *provider == name && *sent == kind);
    let ways = ways.map_or(&[][..], |(_, _, ways)| ways);
    let mut given = way.iter().filter(|(_, value)| !value.is_null());
    let (Some((way, value)), None) = (given.next(), given.next()) else {
        return Err(Fault::field(&field, "Exactly one method must be chosen"));
    };
    let value = value.as_str().unwrap_or_default();
    let fits = ways.contains(&way.as_str())
        && match way.as_str() {
            "twilioPhoneNumber" | "twilioCallerId" => is_number(value),
            "telesignService" => serves(kind, value),
            _ => !value.is_empty(),
        };
    match fits {
        true => Ok(()),
        false => Err(Fault::field(&field, "The field has an invalid value")),
    }
}

fn check(provider: &Value) -> Result<(), Fault> {
    for field in ["providerName", "providerSid", "providerAuthToken"] {
        if text(provider, &format!("/{field}")).trim().is_empty() {
            return Err(Fault::field(field, "The field cannot be left blank"));
        }
    }
    let settings = &provider["providerSettings"];
    let mut chosen = false;
    for kind in ["sms", "call"] {
        if let Some(way) = settings[kind].as_object() {
            check_way(text(provider, "/providerName"), kind, way)?;
            chosen = true;
        }
    }
    match chosen {
        true => Ok(()),
        false => Err(Fault::field(
            "providerSettings",
            "The field cannot be left blank",
        )),
    }
}

fn has_primary(call: &mut Call<'_>) -> bool {
    let mut all = call.org.shelf(PROVIDERS).values();
    all.any(|one| one["isPrimaryProvider"] == true)
}

fn put(call: &mut Call<'_>, provider: &Value) {
    let id = text(provider, "/id");
    call.org.shelf(PROVIDERS).put(id, provider.clone());
}

fn create(call: &mut Call<'_>) -> Outcome {
    let mut provider = call.given(Fullness::Whole)?;
    if provider["providerCapability"].is_null() {
        provider["providerCapability"] = json!("ALL");
    }
    check(&provider)?;
    if call.org.shelf(PROVIDERS).len() >= MOST {
        let what = format!("An org cannot have more than {MOST} custom telephony providers");
        return Err(Fault::field("customTelephonyProvider", &what));
    }
    let id = call.org.dice.id("oct");
    provider["id"] = json!(id);
    provider["enabled"] = json!(true);
    provider["isPrimaryProvider"] = json!(!has_primary(call));
    put(call, &provider);
    Ok(Answer::json(201, &show(&provider)))
}

fn update(call: &mut Call<'_>) -> Outcome {
    let mut provider = known(call)?;
    let given = call.given(Fullness::Part)?;
    let id = text(&given, "/id");
    if !id.is_empty() && id != call.parameter(0) {
        return Err(Fault::field(
            "id",
            "The field must be the ID of the provider",
        ));
    }
    for field in ["providerAuthToken", "providerSid"] {
        if !given[field].is_null() {
            provider[field] = given[field].clone();
        }
    }
    // What is chosen for one kind of message takes the place of what was.
    for (kind, way) in given["providerSettings"].as_object().into_iter().flatten() {
        members(&mut provider["providerSettings"]).insert(kind.clone(), way.clone());
    }
    check(&provider)?;
    put(call, &provider);
    Ok(Answer::ok(&show(&provider)))
}

/// A provider goes when nothing is sent through it any more.
fn delete(call: &mut Call<'_>) -> Outcome {
    let provider = known(call)?;
    if provider["enabled"] == true {
        return Err(Fault::field(
            "enabled",
            "The provider must be deactivated before it is deleted",
        ));
    }
    let id = call.parameter(0);
    call.org.shelf(PROVIDERS).remove(id);
    Ok(Answer::no_content())
}

fn activate(call: &mut Call<'_>) -> Outcome {
    let mut provider = known(call)?;
    provider["enabled"] = json!(true);
    if !has_primary(call) {
        provider["isPrimaryProvider"] = json!(true);
    }
    put(call, &provider);
    Ok(Answer::ok(&show(&provider)))
}

/// The primary one stays as long as another could take its place.
fn deactivate(call: &mut Call<'_>) -> Outcome {
    let mut provider = known(call)?;
    let active = |one: &Value| one["enabled"] == true && one["id"] != provider["id"];
    let other = call.org.shelf(PROVIDERS).values().any(active);
    if provider["isPrimaryProvider"] == true && other {
        return Err(Fault::field(
            "isPrimaryProvider",
            "The primary provider cannot be deactivated while another one is active",
        ));
    }
    provider["enabled"] = json!(false);
    provider["isPrimaryProvider"] = json!(false);
    put(call, &provider);
    Ok(Answer::ok(&show(&provider)))
}

fn set_primary(call: &mut Call<'_>) -> Outcome {
    let mut provider = known(call)?;
    if provider["enabled"] != true {
        return Err(Fault::field(
            "enabled",
            "The primary provider must be active",
        ));
    }
    for other in call.org.shelf(PROVIDERS).values_mut() {
        other["isPrimaryProvider"] = json!(false);
    }
    provider["isPrimaryProvider"] = json!(true);
    put(call, &provider);
    Ok(Answer::ok(&show(&provider)))
}

/// The sandbox's mailbox stands for the phone.
fn test(call: &mut Call<'_>) -> Outcome {
    let provider = known(call)?;
    let body = call.given(Fullness::Whole)?;
    let factor = text(&body, "/factor");
    if factor.is_empty() {
        return Err(Fault::field("factor", "The field cannot be left blank"));
    }
    let number = text(&body, "/phoneNumber");
    if !is_number(number) {
        return Err(Fault::field(
            "phoneNumber",
            "The field must be a phone number",
        ));
    }
    let country = text(&body, "/countryCodeIso2");
    if country.len() != 2 || !country.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Err(Fault::field(
            "countryCodeIso2",
            "The field must be a country code of two letters",
        ));
    }
    if !provider["providerSettings"][factor.to_lowercase()].is_object() {
        let what = "The provider has no method for this";
        return Err(Fault::field("factor", what));
    }
    let from = text(&provider, "/providerName");
    let subject = format!("Test {factor}");
    let said = "This is a test of your telephony provider.";
    mailbox::send(call.org, from, number, &subject, said);
    Ok(Answer::no_content())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::PROVIDERS;
    use crate::access_requests::mailbox;
    use crate::bench::Bench;
    use crate::json::text;

    fn twilio() -> Value {
        json!({
            "providerName": "TWILIO", "providerSid": "AC1", "providerAuthToken": "a secret",
            "providerSettings": { "sms": { "twilioPhoneNumber": "+15551234567" } },
        })
    }

    fn telesign() -> Value {
        json!({
            "providerName": "TELESIGN", "providerSid": "CF1", "providerAuthToken": "a secret",
            "providerCapability": "ALL", "providerSettings": {
                "sms": { "telesignService": "telesignMessagingService" },
                "call": { "telesignService": "telesignVerifyService" },
            },
        })
    }

    fn made(bench: &Bench, body: &Value) -> String {
        let (status, made) = bench.call("POST", PROVIDERS, Some(body));
        assert_eq!(status, 201, "{made}");
        assert!(!made.to_string().contains("a secret"), "{made}");
        format!("{PROVIDERS}/{}", text(&made, "/id"))
    }

    /// Whether a provider is enabled, and the primary one.
    fn state(bench: &Bench, path: &str) -> (bool, bool) {
        let (_, one) = bench.call("GET", path, None);
        (one["enabled"] == true, one["isPrimaryProvider"] == true)
    }

    #[test]
    fn one_of_two_is_the_primary_one() {
        let bench = Bench::new();
        let (first, second) = (made(&bench, &twilio()), made(&bench, &telesign()));
        assert_eq!(state(&bench, &first), (true, true));
        assert_eq!(state(&bench, &second), (true, false));
        assert_eq!(bench.call("POST", PROVIDERS, Some(&twilio())).0, 400);
        let step = |path: &str, verb: &str| bench.call("POST", &format!("{path}/{verb}"), None).0;
        assert_eq!(step(&first, "lifecycle/deactivate"), 400);
        assert_eq!(step(&second, "lifecycle/deactivate"), 200);
        assert_eq!(step(&second, "setAsPrimary"), 400, "an inactive one");
        assert_eq!(bench.call("DELETE", &first, None).0, 400, "an active one");
        assert_eq!(step(&second, "lifecycle/activate"), 200);
        assert_eq!(step(&second, "setAsPrimary"), 200);
        assert_eq!(state(&bench, &first), (true, false));
        assert_eq!(step(&first, "lifecycle/deactivate"), 200);
        assert_eq!(bench.call("DELETE", &first, None).0, 204);
        assert_eq!(step(&second, "lifecycle/deactivate"), 200);
        assert_eq!(state(&bench, &second), (false, false));
        assert_eq!(step(&second, "lifecycle/activate"), 200);
        assert_eq!(state(&bench, &second), (true, true));
        let (_, all) = bench.call("GET", PROVIDERS, None);
        assert_eq!(all.as_array().map(Vec::len), Some(1));
        let (status, gone) = bench.call("GET", &first, None);
        assert_eq!((status, text(&gone, "/errorCode")), (404, "E0000007"));
    }

    #[test]
    fn messages_go_ways_that_the_provider_has() {
        let bench = Bench::new();
        let refused = |body: &Value, field: &str| {
            let (status, refused) = bench.call("POST", PROVIDERS, Some(body));
            let causes = refused["errorCauses"].to_string();
            assert!(
                status == 400 && causes.contains(field),
                "{field}: {refused}"
            );
        };
        let with = |settings: Value| {
            let mut body = twilio();
            body["providerSettings"] = settings;
            body
        };
        let service = json!({ "telesignService": "telesignVerifyService" });
        refused(&with(json!({ "sms": service })), "providerSettings.sms");
        refused(&with(json!({})), "providerSettings");
        let number = json!({ "call": { "twilioCallerId": "5551234567" } });
        refused(&with(number), "providerSettings.call");
        let two = json!({ "sms": { "twilioVerifySid": "VA1", "twilioMessageSid": "MG1" } });
        refused(&with(two), "providerSettings.sms");
        let mut voice = telesign();
        voice["providerSettings"]["sms"]["telesignService"] = json!("telesignVoiceService");
        refused(&voice, "sms");
        for field in ["providerName", "providerSid", "providerAuthToken"] {
            let mut body = twilio();
            body[field] = Value::Null;
            refused(&body, field);
        }
        assert_eq!(bench.call("GET", PROVIDERS, None).1, json!([]));
    }

    #[test]
    fn changes_keep_what_they_do_not_name() {
        let bench = Bench::new();
        let own = made(&bench, &twilio());
        let call = json!({ "providerSettings": { "call": { "twilioVerifySid": "VA1" } } });
        let (status, changed) = bench.call("PATCH", &own, Some(&call));
        assert_eq!(status, 200, "{changed}");
        let sms = json!({ "twilioPhoneNumber": "+15551234567" });
        assert_eq!(changed["providerSettings"]["sms"], sms);
        assert_eq!(changed["providerSid"], "AC1");
        let other = json!({ "id": "oct0", "providerSid": "AC2" });
        assert_eq!(bench.call("PATCH", &own, Some(&other)).0, 400);
        let blank = json!({ "providerSid": "" });
        assert_eq!(bench.call("PATCH", &own, Some(&blank)).0, 400);
        assert_eq!(bench.call("GET", &own, None).1["providerSid"], "AC1");
    }

    #[test]
    fn a_test_message_arrives() {
        let bench = Bench::new();
        let path = format!("{}/test", made(&bench, &twilio()));
        let ask = |factor: &str, number: &str, country: &str| {
            let body =
                json!({ "factor": factor, "phoneNumber": number, "countryCodeIso2": country });
            bench.call("POST", &path, Some(&body)).0
        };
        assert_eq!(ask("SMS", "+15557654321", "US"), 204);
        let mails = mailbox::mails(&bench.shared.org(), Some("+15557654321"));
        assert_eq!(mails.len(), 1);
        assert_eq!(ask("CALL", "+15557654321", "US"), 400, "no way to call");
        assert_eq!(ask("FAX", "+15557654321", "US"), 400);
        assert_eq!(ask("SMS", "5557654321", "US"), 400);
        assert_eq!(ask("SMS", "+15557654321", "USA"), 400);
    }
}
