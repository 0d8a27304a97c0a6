//! Whether the conditions of policies and rules hold in a made-up sign-in.

use std::net::IpAddr;

use ipnet::IpNet;
use serde_json::Value;

use crate::behaviour::realms::condition::Condition;
use crate::json::text;
use crate::oauth::policy::{is_member, list};
use crate::org::Org;

/// The outcome of one condition, a rule or a policy; the worse of two is the greater one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Verdict {
    Match,
    /// Nothing was said of what the condition is about.
    Undefined,
    NotMatch,
}

impl Verdict {
    fn of(holds: bool) -> Self {
        if holds { Self::Match } else { Self::NotMatch }
    }

    /// What follows from something that may be unknown.
    fn maybe(holds: Option<bool>) -> Self {
        holds.map_or(Self::Undefined, Self::of)
    }

    fn reversed(self) -> Self {
        match self {
            Self::Match => Self::NotMatch,
            Self::Undefined => Self::Undefined,
            Self::NotMatch => Self::Match,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Match => "MATCH",
            Self::Undefined => "UNDEFINED",
            Self::NotMatch => "NOT_MATCH",
        }
    }
}

/// What is known of the sign-in.
pub(super) struct Scene<'a> {
    pub(super) app: &'a Value,
    /// The user, with what the caller says of it in place of what is stored.
    pub(super) user: Option<Value>,
    /// The groups instead of a user.
    pub(super) groups: Option<Vec<String>>,
    pub(super) zones: Option<Vec<String>>,
    pub(super) ip: Option<IpAddr>,
    pub(super) risk: Option<String>,
    pub(super) device: Value,
}

/// A condition that narrows down, and whether it holds.
pub(super) struct Finding {
    pub(super) condition: String,
    pub(super) verdict: Verdict,
}

/// People are included by either of two lists.
const INCLUDED: [&str; 2] = ["people.users.include", "people.groups.include"];

/// All of them have to hold, of the lists of people one.
pub(super) fn total(findings: &[Finding]) -> Verdict {
    let (people, others): (Vec<&Finding>, Vec<&Finding>) = findings
        .iter()
        .partition(|one| INCLUDED.contains(&one.condition.as_str()));
    let people = people.iter().map(|one| one.verdict).min();
    let others = others.iter().map(|one| one.verdict).max();
    people.max(others).unwrap_or(Verdict::Match)
}

/// What the conditions of a policy or a rule come to; those that hold for everybody are left out.
pub(super) fn findings(org: &Org, scene: &Scene<'_>, object: &Value) -> Vec<Finding> {
    let mut found = Vec::new();
    let conditions = object["conditions"].as_object();
    for (name, condition) in conditions.into_iter().flatten() {
        let mut note = |member: &str, verdict: Verdict| {
            found.push(Finding {
                condition: format!("{name}{member}"),
                verdict,
            });
        };
        match name.as_str() {
            "people" => {
                lists(condition, ".users", &mut note, |id| scene.is_user(id));
                lists(condition, ".groups", &mut note, |id| {
                    scene.is_in_group(org, id)
                });
            }
            "network" if condition["connection"] == "ANYWHERE" => {}
            "network" => lists(condition, "", &mut note, |id| scene.is_in_zone(org, id)),
            "userType" => lists(condition, "", &mut note, |id| {
                scene.user.as_ref().map(|user| text(user, "/type/id") == id)
            }),
            "platform" => platforms(scene, condition, &mut note),
            "device" => device(scene, condition, &mut note),
            "app" => apps(scene, condition, &mut note),
            "riskScore" | "riskLevel" => choice(condition, "level", &mut note, |level| {
                scene.risk.as_ref().map(|risk| risk == level)
            }),
            // The simulated sign-in goes to an app, in a browser.
            "authContext" => choice(condition, "authType", &mut note, |_| Some(false)),
            "identityProvider" => choice(condition, "provider", &mut note, |provider| {
                let user = scene.user.as_ref()?;
                let own = text(user, "/credentials/provider/type") == "OKTA";
                // Which of the other providers it would be, nobody said.
                match provider {
                    "OKTA" => Some(own),
                    _ if own => Some(false),
                    _ => None,
                }
            }),
            "elCondition" => choice(condition, "condition", &mut note, |source| {
                let read = Condition::read(source).ok()?;
                scene.user.as_ref().map(|user| read.holds(user))
            }),
            _ if says_something(condition) => note("", Verdict::Undefined),
            _ => {}
        }
    }
    found
}

impl Scene<'_> {
    fn is_user(&self, id: &str) -> Option<bool> {
        self.user.as_ref().map(|user| text(user, "/id") == id)
    }

    fn is_in_group(&self, org: &Org, id: &str) -> Option<bool> {
        if id == "EVERYONE" || id == org.everyone {
            return Some(true);
        }
        match (&self.user, &self.groups) {
            (Some(user), _) => Some(is_member(org, id, text(user, "/id"))),
            (None, Some(groups)) => Some(groups.iter().any(|group| group == id)),
            (None, None) => None,
        }
    }

    fn is_in_zone(&self, org: &Org, id: &str) -> Option<bool> {
        let all = matches!(id, "ALL_ZONES" | "ALL_IP_ZONES");
        if let Some(zones) = &self.zones {
            return Some(zones.iter().any(|zone| all || zone == id));
        }
        let ip = self.ip?;
        let zones = org.shelves.get("/api/v1/zones")?;
        if all {
            let known: Vec<_> = zones.values().map(|zone| covers(zone, ip)).collect();
            return match known.contains(&Some(true)) {
                true => Some(true),
                false if known.contains(&None) => None,
                false => Some(false),
            };
        }
        covers(zones.get(id)?, ip)
    }
}

/// Whether an address is in a zone; of places and networks of providers the sandbox knows nothing.
fn covers(zone: &Value, ip: IpAddr) -> Option<bool> {
    if zone["type"] != "IP" {
        return None;
    }
    let gateways = zone["gateways"].as_array();
    Some(gateways.into_iter().flatten().any(|gateway| {
        let value = text(gateway, "/value");
        match (value.parse::<IpNet>(), value.split_once('-')) {
            (Ok(net), _) => net.contains(&ip),
            (Err(_), Some((first, last))) => {
                match (
                    first.trim().parse::<IpAddr>(),
                    last.trim().parse::<IpAddr>(),
                ) {
                    (Ok(first), Ok(last)) => first <= ip && ip <= last,
                    _ => false,
                }
            }
            (Err(_), None) => value.parse() == Ok(ip),
        }
    }))
}

/// `include` and `exclude` of ids.
fn lists(
    condition: &Value,
    inner: &str,
    note: &mut impl FnMut(&str, Verdict),
    known: impl Fn(&str) -> Option<bool>,
) {
    let within = inner.replace('.', "/");
    for side in ["include", "exclude"] {
        let ids: Vec<&str> = list(condition, &format!("{within}/{side}")).collect();
        if !ids.is_empty() {
            let any = ids.iter().map(|id| Verdict::maybe(known(id))).min();
            side_of(side, &format!("{inner}.{side}"), any, note);
        }
    }
}

fn side_of(side: &str, member: &str, any: Option<Verdict>, note: &mut impl FnMut(&str, Verdict)) {
    if let Some(any) = any {
        note(
            member,
            if side == "include" {
                any
            } else {
                any.reversed()
            },
        );
    }
}

/// One word, of which `ANY` holds for all.
fn choice(
    condition: &Value,
    member: &str,
    note: &mut impl FnMut(&str, Verdict),
    known: impl Fn(&str) -> Option<bool>,
) {
    let wanted = text(condition, &format!("/{member}"));
    if !matches!(wanted, "" | "ANY") {
        note(&format!(".{member}"), Verdict::maybe(known(wanted)));
    }
}

fn platforms(scene: &Scene<'_>, condition: &Value, note: &mut impl FnMut(&str, Verdict)) {
    let have = text(&scene.device, "/platform");
    for side in ["include", "exclude"] {
        let any = condition[side]
            .as_array()
            .into_iter()
            .flatten()
            .map(|one| Verdict::maybe((!have.is_empty()).then(|| is_platform(one, have))));
        side_of(side, &format!(".{side}"), any.min(), note);
    }
}

const MOBILE: [&str; 2] = ["IOS", "ANDROID"];
const DESKTOP: [&str; 4] = ["WINDOWS", "MACOS", "CHROMEOS", "LINUX"];

fn is_platform(wanted: &Value, have: &str) -> bool {
    let plain = |os: &str| match os.to_ascii_uppercase().as_str() {
        "OSX" => "MACOS".to_owned(),
        other => other.to_owned(),
    };
    let have = plain(have);
    let class = match have.as_str() {
        os if MOBILE.contains(&os) => "MOBILE",
        os if DESKTOP.contains(&os) => "DESKTOP",
        _ => "OTHER",
    };
    let os = plain(text(wanted, "/os/type"));
    let of_class = matches!(text(wanted, "/type"), "" | "ANY") || text(wanted, "/type") == class;
    of_class
        && match os.as_str() {
            "" | "ANY" => true,
            "OTHER" => class == "OTHER",
            os => os == have,
        }
}

fn device(scene: &Scene<'_>, condition: &Value, note: &mut impl FnMut(&str, Verdict)) {
    for member in ["registered", "managed"] {
        if let Some(wanted) = condition[member].as_bool() {
            let have = scene.device[member].as_bool();
            note(
                &format!(".{member}"),
                Verdict::maybe(have.map(|have| have == wanted)),
            );
        }
    }
    let have = scene.device["assuranceId"].as_str();
    let wanted: Vec<&str> = list(condition, "/assurance/include").collect();
    if !wanted.is_empty() {
        let holds = have.map(|have| wanted.contains(&have));
        note(".assurance.include", Verdict::maybe(holds));
    }
}

fn apps(scene: &Scene<'_>, condition: &Value, note: &mut impl FnMut(&str, Verdict)) {
    for side in ["include", "exclude"] {
        let any = condition[side].as_array().into_iter().flatten().map(|one| {
            Verdict::of(match text(one, "/type") {
                "APP_TYPE" => text(one, "/name") == text(scene.app, "/name"),
                _ => text(one, "/id") == text(scene.app, "/id"),
            })
        });
        side_of(side, &format!(".{side}"), any.min(), note);
    }
}

/// Whether a condition of another kind demands anything.
fn says_something(condition: &Value) -> bool {
    match condition {
        Value::Null => false,
        Value::String(word) => !matches!(word.as_str(), "" | "ANY" | "ANYWHERE"),
        Value::Array(list) => !list.is_empty(),
        Value::Object(members) => members.values().any(says_something),
        Value::Bool(_) | Value::Number(_) => true,
    }
}
