//! What a log stream of each type has to look like, as JSON schemas. Members, required ones and
//! enumerations are those of the published types of settings.

use serde_json::{Value, json};

use crate::call::{Call, Handler, Outcome};
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::schema::{self, Type};

/// The behaviour of an operation of this family.
pub(crate) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listLogStreamSchemas" => list,
        "getLogStreamSchema" => get,
        _ => return None,
    })
}

/// What a schema tells of a setting beside its type.
struct Setting {
    name: &'static str,
    title: &'static str,
    about: &'static str,
    pattern: &'static str,
    /// Whether it stays as it was when the stream was made.
    write_once: bool,
    /// What a form says where the pattern does not match.
    mistake: &'static str,
}

struct Stream {
    kind: &'static str,
    title: &'static str,
    /// The published type of its settings.
    settings: &'static str,
    members: &'static [Setting],
}

const STREAMS: [Stream; 2] = [
    Stream {
        kind: "aws_eventbridge",
        title: "AWS EventBridge",
        settings: "LogStreamSettingsAws",
        members: &[
            Setting {
                name: "accountId",
                title: "AWS Account ID",
                about: "The AWS account that receives the events",
                pattern: r"^\d{12}$",
                write_once: true,
                mistake: "An account number has 12 digits.",
            },
            Setting {
                name: "eventSourceName",
                title: "AWS Event Source Name",
                about: "What EventBridge calls the source of the events",
                pattern: r"^[\.\-_A-Za-z0-9]{1,75}$",
                write_once: true,
                mistake: "A source name has at most 75 letters, digits, dots, hyphens and underscores.",
            },
            Setting {
                name: "region",
                title: "AWS Region",
                about: "The region that the events go to",
                pattern: "",
                write_once: true,
                mistake: "",
            },
        ],
    },
    Stream {
        kind: "splunk_cloud_logstreaming",
        title: "Splunk Cloud",
        settings: "LogStreamSettingsSplunk",
        members: &[
            Setting {
                name: "edition",
                title: "Splunk Edition",
                about: "Where the Splunk Cloud instance runs",
                pattern: "",
                write_once: true,
                mistake: "",
            },
            Setting {
                name: "host",
                title: "Host",
                about: "The domain of the Splunk Cloud instance",
                pattern: r"^([a-z0-9]+(-[a-z0-9]+)*){1,100}\.splunkcloud(gc|fed)?\.com$",
                write_once: false,
                mistake: "A host is a domain of Splunk Cloud, without a scheme before it.",
            },
            Setting {
                name: "token",
                title: "HEC Token",
                about: "The token of the HTTP Event Collector",
                pattern: "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}",
                write_once: false,
                mistake: "",
            },
        ],
    },
];

/// How forms call the values of enumerations.
const VALUES: [(&str, &str); 20] = [
    ("ap-northeast-1", "Asia Pacific (Tokyo)"),
    ("ap-northeast-2", "Asia Pacific (Seoul)"),
    ("ap-northeast-3", "Asia Pacific (Osaka)"),
    ("ap-south-1", "Asia Pacific (Mumbai)"),
    ("ap-southeast-1", "Asia Pacific (Singapore)"),
    ("ap-southeast-2", "Asia Pacific (Sydney)"),
    ("ca-central-1", "Canada (Central)"),
    ("eu-central-1", "Europe (Frankfurt)"),
    ("eu-north-1", "Europe (Stockholm)"),
    ("eu-west-1", "Europe (Ireland)"),
    ("eu-west-2", "Europe (London)"),
    ("eu-west-3", "Europe (Paris)"),
    ("sa-east-1", "South America (Sao Paulo)"),
    ("us-east-1", "US East (N. Virginia)"),
    ("us-east-2", "US East (Ohio)"),
    ("us-west-1", "US West (N. California)"),
    ("us-west-2", "US West (Oregon)"),
    ("aws", "AWS"),
    ("aws_govcloud", "AWS GovCloud"),
    ("gcp", "GCP"),
];

/// The values that a published type allows; none where it is no enumeration.
fn choices(ty: &Type) -> Vec<Value> {
    let Type::Named(name) = ty else {
        return Vec::new();
    };
    let values = schema::schema("management", name).map_or(&[][..], |found| &found.values);
    values
        .iter()
        .map(|value| {
            let title = VALUES.iter().find(|(known, _)| known == value);
            json!({ "title": title.map_or(value.as_str(), |(_, title)| title), "const": value })
        })
        .collect()
}

fn view(call: &Call<'_>, stream: &Stream) -> Value {
    let published = schema::schema("management", stream.settings);
    let mut properties = json!({});
    let mut required = Vec::new();
    let mut mistakes = json!({});
    for setting in stream.members {
        let mut shown = json!({
            "title": setting.title, "description": setting.about, "type": "string",
            "writeOnce": setting.write_once,
        });
        if !setting.pattern.is_empty() {
            shown["pattern"] = json!(setting.pattern);
        }
        if !setting.mistake.is_empty() {
            mistakes[setting.name] = json!(setting.mistake);
        }
        if let Some(member) = published.and_then(|p| p.members.get(setting.name)) {
            let choices = choices(&member.ty);
            if !choices.is_empty() {
                shown["oneOf"] = json!(choices);
            }
            if member.needed {
                required.push(setting.name);
            }
        }
        properties[setting.name] = shown;
    }
    let own = format!(
        "{}/api/v1/meta/schemas/logStream/{}",
        call.base(),
        stream.kind
    );
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "id": own, "title": stream.title, "type": "object",
        "properties": {
            "settings": {
                "description": format!("Configuration of {}", stream.title), "type": "object",
                "properties": properties, "required": required,
                "errorMessage": { "properties": mistakes },
            },
            "name": {
                "title": "Name", "description": "What the org calls the log stream",
                "type": "string", "writeOnce": false, "pattern": "^.{1,100}$",
            },
        },
        "required": ["name", "settings"],
        "errorMessage": { "properties": { "name": "A name has at most 100 characters." } },
        "_links": { "self": { "href": own, "hints": { "allow": ["GET"] } } },
    })
}

fn list(call: &mut Call<'_>) -> Outcome {
    let shown = STREAMS.iter().map(|stream| view(call, stream)).collect();
    call.all(shown)
}

fn get(call: &mut Call<'_>) -> Outcome {
    let kind = call.parameter(0);
    let stream = STREAMS.iter().find(|stream| stream.kind == kind);
    let stream = stream.ok_or_else(|| Fault::not_found(kind, "LogStreamSchema"))?;
    Ok(Answer::ok(&view(call, stream)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::Bench;
    use crate::json::text;

    #[test]
    fn every_published_setting_has_a_schema() {
        for stream in &STREAMS {
            let published = schema::schema("management", stream.settings).expect(stream.settings);
            let mut named: Vec<&str> = stream.members.iter().map(|m| m.name).collect();
            named.sort_unstable();
            let all: Vec<&str> = published.members.keys().map(String::as_str).collect();
            assert_eq!(named, all, "{}", stream.kind);
        }
        let published = schema::schema("management", "LogStreamType").expect("types");
        let kinds: Vec<&str> = STREAMS.iter().map(|stream| stream.kind).collect();
        assert_eq!(published.values, kinds);
    }

    #[test]
    fn schemas_are_told_by_type() {
        let bench = Bench::new();
        let own = "/api/v1/meta/schemas/logStream";
        let (status, all) = bench.call("GET", own, None);
        assert_eq!(status, 200);
        for (at, stream) in STREAMS.iter().enumerate() {
            let (_, one) = bench.call("GET", &format!("{own}/{}", stream.kind), None);
            assert_eq!(one, all[at]);
            assert!(text(&one, "/id").ends_with(stream.kind), "{one}");
        }
        let region = &all[0]["properties"]["settings"]["properties"]["region"];
        let regions = region["oneOf"].as_array().expect("regions");
        assert_eq!(regions.len(), 17, "{region}");
        assert!(regions.iter().all(|r| r["title"] != r["const"]), "{region}");
        let required = &all[1]["properties"]["settings"]["required"];
        assert_eq!(*required, json!(["edition", "host", "token"]));
        let (status, missing) = bench.call("GET", &format!("{own}/kafka"), None);
        assert_eq!((status, text(&missing, "/errorCode")), (404, "E0000007"));
    }
}
