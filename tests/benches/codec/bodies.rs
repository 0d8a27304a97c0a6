//! Bodies to measure on: recorded objects by family, and log events made after the schema.

use std::collections::BTreeMap;
use std::io::Read;

use serde_json::value::RawValue;

#[derive(serde::Deserialize)]
struct Exchange {
    operation_id: Option<String>,
    status: u16,
    response: Option<String>,
}

/// Recorded objects as compact text, by family.
pub(crate) fn recorded(path: &str) -> BTreeMap<&'static str, Vec<String>> {
    let mut text = String::new();
    let file = std::fs::File::open(path).unwrap_or_else(|error| {
        panic!("{path}: {error}; name the recordings in OKTA_RECORDED");
    });
    flate2::read::GzDecoder::new(file)
        .read_to_string(&mut text)
        .expect("gzip");
    let mut families = BTreeMap::<&'static str, Vec<String>>::new();
    for line in text.lines() {
        let exchange: Exchange = serde_json::from_str(line).expect("an exchange");
        let family = match exchange.operation_id.as_deref() {
            Some("getUser" | "listUsers" | "createUser" | "updateUser" | "listGroupUsers") => {
                "users"
            }
            Some("getGroup" | "listGroups" | "listUserGroups" | "addGroup") => "groups",
            Some("getApplication" | "listApplications" | "createApplication") => "apps",
            Some("getCampaign" | "createCampaign") => "campaigns",
            _ => continue,
        };
        let body = exchange.response.unwrap_or_default();
        if exchange.status / 100 != 2 || body.is_empty() {
            continue;
        }
        let list = families.entry(family).or_default();
        if let Ok(items) = serde_json::from_str::<Vec<Box<RawValue>>>(&body) {
            list.extend(items.iter().map(|item| compact(item.get())));
        } else {
            list.push(compact(&body));
        }
    }
    families
}

/// Without white space, as servers send it, names in their order.
fn compact(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut quoted, mut escaped) = (false, false);
    for character in text.chars() {
        if quoted || !character.is_ascii_whitespace() {
            out.push(character);
        }
        quoted ^= character == '"' && !escaped;
        escaped = quoted && character == '\\' && !escaped;
    }
    out
}

/// Log events with every part that usual ones have.
pub(crate) fn log_events(count: usize) -> Vec<String> {
    (0..count).map(log_event).collect()
}

fn log_event(number: usize) -> String {
    let id = |kind: &str| format!("{kind}{:017}", number * 7_919);
    let place = r#"{"city":"San Francisco","state":"California","country":"United States","postalCode":"94105","geolocation":{"lat":37.7852,"lon":-122.3874}}"#;
    format!(
        concat!(
            r#"{{"actor":{{"id":"{user}","type":"User","alternateId":"user{n}@example.com","displayName":"User {n}","detailEntry":null}},"#,
            r#""client":{{"userAgent":{{"rawUserAgent":"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36","#,
            r#""os":"Linux","browser":"CHROME"}},"zone":"null","device":"Computer","id":null,"ipAddress":"192.0.2.{octet}","geographicalContext":{place}}},"#,
            r#""authenticationContext":{{"authenticationProvider":null,"credentialProvider":null,"credentialType":null,"issuer":null,"interface":null,"#,
            r#""authenticationStep":0,"externalSessionId":"102{n:022}"}},"displayMessage":"Add user to application membership","#,
            r#""eventType":"application.user_membership.add","outcome":{{"result":"SUCCESS","reason":null}},"published":"2024-02-13T20:{minute:02}:47.{milli:03}Z","#,
            r#""securityContext":{{"asNumber":7018,"asOrg":"example","isp":"example corp","domain":"example.com","isProxy":false}},"severity":"INFO","#,
            r#""debugContext":{{"debugData":{{"requestId":"{request}","requestUri":"/api/v1/apps/{app}/users","url":"/api/v1/apps/{app}/users?"}}}},"#,
            r#""legacyEventType":"app.generic.provision.assign_user_to_app","transaction":{{"type":"WEB","id":"{request}","detail":{{}}}},"#,
            r#""uuid":"{n:08x}-caaf-11ee-9c4d-{n:012x}","version":"0","request":{{"ipChain":[{{"ip":"192.0.2.{octet}","geographicalContext":{place},"version":"V4","source":null}}]}},"#,
            r#""target":[{{"id":"{user}","type":"AppUser","alternateId":"user{n}@example.com","displayName":"User {n}","detailEntry":null}},"#,
            r#"{{"id":"{app}","type":"AppInstance","alternateId":"App","displayName":"App","detailEntry":{{"signOnModeType":"SAML_2_0"}}}}]}}"#,
        ),
        user = id("00u"),
        app = id("0oa"),
        request = id("Zc"),
        n = number,
        octet = number % 256,
        minute = number % 60,
        milli = number % 1000,
        place = place,
    )
}
