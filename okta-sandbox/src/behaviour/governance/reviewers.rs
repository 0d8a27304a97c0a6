//! Who reviews the items of a campaign.

use serde_json::{Value, json};

use super::{owners, reviews};
use crate::fault::Fault;
use crate::json::text;
use crate::oauth::language::{self, Scene};
use crate::oauth::sign_in;
use crate::org::Org;

/// Members of a group that take part, however many it has.
const MOST: usize = 10;

/// The reviewers of one item: any of them decides.
struct Reviewers {
    /// `USER`, `GROUP` or `RESOURCE_OWNER`.
    kind: &'static str,
    /// What several of them have in common: the group in charge, or the resource that they own.
    common: Option<String>,
    people: Vec<String>,
}

/// What says who decides a review at its level.
fn settings<'c>(campaign: &'c Value, review: &Value) -> &'c Value {
    let settings = &campaign["reviewerSettings"];
    match text(settings, "/type") {
        "MULTI_LEVEL" if review["currentReviewerLevel"] == "SECOND" => {
            &settings["reviewerLevels"][1]
        }
        "MULTI_LEVEL" => &settings["reviewerLevels"][0],
        _ => settings,
    }
}

/// Refuses settings without what their type needs.
pub(super) fn check(settings: &Value) -> Result<(), Fault> {
    let needed: &[&str] = match text(settings, "/type") {
        "USER" => &["reviewerId"],
        "GROUP" => &["reviewerGroupId"],
        "REVIEWER_EXPRESSION" => &["reviewerScopeExpression", "fallBackReviewerId"],
        "RESOURCE_OWNER" => &["fallBackReviewerId"],
        "MULTI_LEVEL" => &["reviewerLevels"],
        _ => &["type"],
    };
    for member in needed {
        if settings[member].is_null() {
            let cause = format!("reviewerSettings.{member}: The field cannot be left blank");
            return Err(Fault::validation("reviewerSettings", &[&cause]));
        }
    }
    let levels = settings["reviewerLevels"].as_array();
    levels.into_iter().flatten().try_for_each(check)
}

/// The people behind a list of users and groups.
fn people_of(org: &Org, principals: &[String]) -> Vec<String> {
    let mut people = Vec::new();
    for id in principals {
        match org.groups.contains(id) {
            true => people.extend(org.members.of(id).map(|(_, user, _)| user.to_owned())),
            false => people.push(id.clone()),
        }
    }
    people.retain(|id| org.users.contains(id));
    people
}

/// The user whom an expression about another one names, by id or login.
fn by_expression(org: &Org, expression: &str, user: &str) -> Option<String> {
    let profile = &org.users.get(user)?["profile"];
    let scene = Scene {
        user: Some(profile),
        app_user: None,
        app: &Value::Null,
        org_id: &org.id,
        groups: &[],
        group_ids: &[],
        scopes: &[],
    };
    let named = language::evaluate(expression, &scene)?;
    let named = named.as_str()?;
    match org.users.contains(named) {
        true => Some(named.to_owned()),
        false => sign_in::find_user(org, named),
    }
}

/// Who decides a review. Where nobody is found it is the person that the
/// settings fall back on, and at last the org's admin.
fn of(org: &Org, campaign: &Value, review: &Value) -> Reviewers {
    let settings = settings(campaign, review);
    let user = text(review, "/principalProfile/id");
    let resource = text(review, "/resourceId");
    let group = text(settings, "/reviewerGroupId");
    let (kind, common, mut people) = match text(settings, "/type") {
        "GROUP" => ("GROUP", Some(group), people_of(org, &[group.to_owned()])),
        "RESOURCE_OWNER" => {
            let owners = people_of(org, &owners::of(org, resource));
            ("RESOURCE_OWNER", Some(resource), owners)
        }
        "REVIEWER_EXPRESSION" => {
            let expression = text(settings, "/reviewerScopeExpression");
            let found = by_expression(org, expression, user);
            ("USER", None, found.into_iter().collect())
        }
        _ => {
            let only = text(settings, "/reviewerId").to_owned();
            ("USER", None, people_of(org, &[only]))
        }
    };
    let no_self = ["selfReviewDisabled", "isSelfReviewDisabled"];
    if no_self.iter().any(|member| settings[member] == true) {
        people.retain(|id| id != user);
    }
    people.truncate(MOST);
    let one = |kind, id: String| Reviewers {
        kind,
        common: None,
        people: vec![id],
    };
    match people.len() {
        0 => {
            let fallback = text(settings, "/fallBackReviewerId");
            let known = org.users.contains(fallback);
            let fallback = if known { fallback } else { &org.admin };
            one("USER", fallback.to_owned())
        }
        // A group of one is that one.
        1 if kind == "GROUP" => one("USER", people.remove(0)),
        1 => one(kind, people.remove(0)),
        _ => Reviewers {
            kind,
            common: common.map(str::to_owned),
            people,
        },
    }
}

/// What several reviewers have in common, as reviews show it.
fn group_profile(org: &Org, kind: &str, id: &str) -> Value {
    let group = org.groups.get(id).map(|group| &group["profile"]["name"]);
    let name = group.or_else(|| org.apps.get(id).map(|app| &app["label"]));
    json!({ "groupId": id, "groupType": kind, "name": name.unwrap_or(&json!(id)) })
}

/// Puts into a review who is to decide it at its level.
pub(super) fn put(org: &Org, campaign: &Value, review: &mut Value) {
    let found = of(org, campaign, review);
    review["reviewerType"] = json!(found.kind);
    match &found.common {
        Some(common) => review["reviewerGroupProfile"] = group_profile(org, found.kind, common),
        None => review["reviewerProfile"] = reviews::profile(org, &found.people[0]),
    }
    review[PEOPLE] = json!(found.people);
}

/// Member of stored reviews: everybody who may decide.
pub(super) const PEOPLE: &str = "reviewers";

/// Whether a review is for somebody to decide.
pub(super) fn is_for(review: &Value, user: &str) -> bool {
    let people = review[PEOPLE].as_array();
    match people {
        Some(people) => people.iter().any(|one| one == user),
        None => review["reviewerProfile"]["id"] == user,
    }
}
