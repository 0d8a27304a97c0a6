//! What the org holds: users, groups, apps, access requests.

use serde_json::Value;

use super::html::{escape, id, link, object_link, page, search, table, tone};
use crate::behaviour::governance;
use crate::exchange::{Answer, Request};
use crate::json::text;
use crate::org::Org;
use crate::pipeline::Shared;
use crate::shelf::Shelf;

const PAGE: usize = 50;
/// How many members or assignments an object's page names.
const NAMED: usize = 200;

/// Part of a list, after the place that the query names, of objects that contain its search text.
struct Part<'o> {
    items: Vec<&'o Value>,
    /// The place to go on after, if there is more.
    next: Option<u64>,
}

fn part<'o>(shelf: &'o Shelf, request: &Request, places: &[&str]) -> Part<'o> {
    let wanted = request.query("q").unwrap_or_default().trim().to_lowercase();
    let after = request.query("after").and_then(|a| a.parse().ok());
    let mut hits = shelf.placed_after(after.unwrap_or(0)).filter(|(_, one)| {
        wanted.is_empty()
            || places
                .iter()
                .any(|place| text(one, place).to_lowercase().contains(&wanted))
    });
    let chosen: Vec<(u64, &Value)> = hits.by_ref().take(PAGE).collect();
    let next = hits
        .next()
        .and_then(|_| chosen.last())
        .map(|(place, _)| *place);
    Part {
        items: chosen.into_iter().map(|(_, one)| one).collect(),
        next,
    }
}

/// A list of objects of one kind.
struct List<'a> {
    kind: &'a str,
    title: &'a str,
    count: usize,
    label: &'a str,
    heads: &'a [&'a str],
}

impl List<'_> {
    fn show(
        &self,
        request: &Request,
        part: &Part<'_>,
        row: impl Fn(&Value) -> Vec<String>,
    ) -> Answer {
        let path = format!("/_sandbox/console/{}", self.kind);
        let query = request.query("q").unwrap_or_default();
        let rows: Vec<Vec<String>> = part.items.iter().map(|one| row(one)).collect();
        let more = part.next.map_or_else(String::new, |place| {
            let place = place.to_string();
            let place = [("q", query), ("after", place.as_str())];
            format!("<p>{}</p>", link(&path, &place, "Next page"))
        });
        let content = format!(
            "{}{}{more}",
            search(&path, self.label, query),
            table(self.heads, &rows, "Nothing fits.")
        );
        let title = format!("{} ({})", self.title, self.count);
        page(200, &path, &title, None, &content)
    }
}

fn user_name(user: &Value) -> String {
    let (first, last) = (
        text(user, "/profile/firstName"),
        text(user, "/profile/lastName"),
    );
    format!("{first} {last}").trim().to_owned()
}

fn time(text: &str) -> String {
    let short = text.get(..19).unwrap_or(text).replace('T', " ");
    format!("<span class=\"dim id\">{}</span>", escape(&short))
}

pub(super) fn users(org: &Org, request: &Request) -> Answer {
    let list = List {
        kind: "users",
        title: "Users",
        count: org.users.len(),
        label: "Login, name or id",
        heads: &["Login", "Name", "Status", "Created", "Id"],
    };
    let places = [
        "/profile/login",
        "/profile/firstName",
        "/profile/lastName",
        "/id",
    ];
    list.show(request, &part(&org.users, request, &places), |user| {
        let own = text(user, "/id");
        vec![
            object_link("users", own, text(user, "/profile/login")),
            escape(&user_name(user)),
            tone(text(user, "/status")),
            time(text(user, "/created")),
            id(own),
        ]
    })
}

pub(super) fn groups(org: &Org, request: &Request) -> Answer {
    let list = List {
        kind: "groups",
        title: "Groups",
        count: org.groups.len(),
        label: "Name or id",
        heads: &["Name", "Type", "Members", "Description", "Id"],
    };
    let places = ["/profile/name", "/id"];
    list.show(request, &part(&org.groups, request, &places), |group| {
        let own = text(group, "/id");
        vec![
            object_link("groups", own, text(group, "/profile/name")),
            escape(text(group, "/type")),
            org.members.count(own).to_string(),
            escape(text(group, "/profile/description")),
            id(own),
        ]
    })
}

pub(super) fn apps(org: &Org, request: &Request) -> Answer {
    let list = List {
        kind: "apps",
        title: "Apps",
        count: org.apps.len(),
        label: "Label, name or id",
        heads: &["Label", "Name", "Sign-on", "Status", "Users", "Id"],
    };
    let places = ["/label", "/name", "/id"];
    list.show(request, &part(&org.apps, request, &places), |app| {
        let own = text(app, "/id");
        vec![
            object_link("apps", own, text(app, "/label")),
            escape(text(app, "/name")),
            escape(text(app, "/signOnMode")),
            tone(text(app, "/status")),
            org.app_users.count(own).to_string(),
            id(own),
        ]
    })
}

pub(super) fn requests(org: &Org) -> Answer {
    let path = "/_sandbox/console/requests";
    let all = governance::all_requests(org);
    let rows: Vec<Vec<String>> = all
        .iter()
        .rev()
        .map(|request| {
            let own = text(request, "/id");
            vec![
                object_link("requests", own, &subject(org, request)),
                person(org, requested_for(request)),
                tone(governance::request_status(request)),
                time(text(request, "/created")),
                id(own),
                decisions(own, governance::request_status(request)),
            ]
        })
        .collect();
    let heads = ["Request", "For", "Status", "Created", "Id", ""];
    let title = format!("Access requests ({})", all.len());
    let content = table(&heads, &rows, "No access was asked for yet.");
    page(200, path, &title, None, &content)
}

/// Buttons that decide a request which waits for it.
fn decisions(id: &str, status: &str) -> String {
    if !matches!(status, "PENDING" | "SUBMITTED") {
        return String::new();
    }
    let one = |(decision, name): (&str, &str)| {
        format!(
            "<form class=\"inline\" method=\"post\" action=\"/_sandbox/console/decide\">\
             <input type=\"hidden\" name=\"id\" value=\"{}\">\
             <button name=\"decision\" value=\"{decision}\">{name}</button></form>",
            escape(id)
        )
    };
    [("APPROVED", "Approve"), ("DENIED", "Deny")]
        .map(one)
        .concat()
}

/// Decides a request as the first admin.
pub(super) fn decide(shared: &Shared, id: &str, decision: &str) -> Result<(), String> {
    let body = serde_json::json!({ "id": id, "decision": decision });
    governance::decide(&mut shared.org(), &body)
        .map(|_| ())
        .map_err(|fault| fault.text())
}

/// What a request asks for.
fn subject(org: &Org, request: &Value) -> String {
    let app = text(request, "/requested/resourceId");
    let known = org.apps.get(app).map(|app| text(app, "/label"));
    let names = [
        known.unwrap_or_default(),
        text(request, "/subject"),
        text(request, "/requested/entryId"),
        text(request, "/requestTypeId"),
        text(request, "/id"),
    ];
    let name = names.into_iter().find(|name| !name.is_empty());
    name.unwrap_or_default().to_owned()
}

fn requested_for(request: &Value) -> &str {
    let places = [
        "/requestedFor/externalId",
        "/requesterUserIds/0",
        "/createdBy",
    ];
    let mut ids = places.iter().map(|place| text(request, place));
    ids.find(|id| !id.is_empty()).unwrap_or_default()
}

/// A link to a user, or the id of who is none.
fn person(org: &Org, user: &str) -> String {
    match org.users.get(user) {
        Some(found) => object_link("users", user, text(found, "/profile/login")),
        None => id(user),
    }
}

/// Members that no page shows.
fn is_secret(name: &str) -> bool {
    let name = name.to_lowercase();
    let holds = ["secret", "password", "answer", "token", "privatekey"]
        .iter()
        .any(|part| name.contains(part));
    // `passwordChanged` is a date.
    (holds && !name.ends_with("changed"))
        || matches!(name.as_str(), "hash" | "d" | "p" | "q" | "dp" | "dq" | "qi")
}

/// An object without its secrets and without what only the sandbox keeps.
fn masked(value: &Value) -> Value {
    match value {
        Value::Object(members) => members
            .iter()
            .filter(|(name, _)| !name.starts_with('~'))
            .map(|(name, value)| {
                let shown = match value {
                    Value::String(_) if is_secret(name) => Value::from("…"),
                    value => masked(value),
                };
                (name.clone(), shown)
            })
            .collect(),
        Value::Array(items) => items.iter().map(masked).collect(),
        scalar => scalar.clone(),
    }
}

/// An object as JSON for people.
pub(super) fn raw(object: &Value) -> String {
    let text = serde_json::to_string_pretty(&masked(object)).unwrap_or_default();
    format!("<pre>{}</pre>", escape(&text))
}

/// Links to the first of many objects.
fn names(title: &str, count: usize, links: Vec<String>) -> String {
    let more = match count.saturating_sub(links.len()) {
        0 => String::new(),
        more => format!(" <span class=\"dim\">and {more} more</span>"),
    };
    let list = match links.is_empty() {
        true => "<span class=\"dim\">none</span>".to_owned(),
        false => links.join(", "),
    };
    format!("<h2>{} ({count})</h2><p>{list}{more}</p>", escape(title))
}

pub(super) fn user(org: &Org, user: &str) -> Option<Answer> {
    let found = org.users.get(user)?;
    let groups: Vec<&Value> = org
        .members
        .holders(user)
        .filter_map(|(_, group)| org.groups.get(group))
        .collect();
    let group_links = groups
        .iter()
        .take(NAMED)
        .map(|group| object_link("groups", text(group, "/id"), text(group, "/profile/name")));
    let assigned: Vec<&Value> = org
        .app_users
        .holders(user)
        .filter_map(|(_, app)| org.apps.get(app))
        .collect();
    let app_links = assigned
        .iter()
        .take(NAMED)
        .map(|app| object_link("apps", text(app, "/id"), text(app, "/label")));
    let content = format!(
        "<p>{} {}</p>{}{}<h2>As kept</h2>{}",
        tone(text(found, "/status")),
        escape(&user_name(found)),
        names("Groups", groups.len(), group_links.collect()),
        names("Apps", assigned.len(), app_links.collect()),
        raw(found)
    );
    let title = text(found, "/profile/login");
    Some(page(200, "/_sandbox/console/users", title, None, &content))
}

pub(super) fn group(org: &Org, group: &str) -> Option<Answer> {
    let found = org.groups.get(group)?;
    let members: Vec<&Value> = org
        .members
        .of(group)
        .filter_map(|(_, user, ())| org.users.get(user))
        .collect();
    let links = members
        .iter()
        .take(NAMED)
        .map(|user| object_link("users", text(user, "/id"), text(user, "/profile/login")));
    let content = format!(
        "{}<h2>As kept</h2>{}",
        names("Members", members.len(), links.collect()),
        raw(found)
    );
    let title = text(found, "/profile/name");
    Some(page(200, "/_sandbox/console/groups", title, None, &content))
}

pub(super) fn app(org: &Org, app: &str) -> Option<Answer> {
    let found = org.apps.get(app)?;
    let users: Vec<&Value> = org
        .app_users
        .of(app)
        .filter_map(|(_, user, _)| org.users.get(user))
        .collect();
    let user_links = users
        .iter()
        .take(NAMED)
        .map(|user| object_link("users", text(user, "/id"), text(user, "/profile/login")));
    let groups: Vec<&Value> = org
        .app_groups
        .of(app)
        .filter_map(|(_, group, _)| org.groups.get(group))
        .collect();
    let group_links = groups
        .iter()
        .take(NAMED)
        .map(|group| object_link("groups", text(group, "/id"), text(group, "/profile/name")));
    let content = format!(
        "<p>{} {}</p>{}{}<h2>As kept</h2>{}",
        tone(text(found, "/status")),
        escape(text(found, "/signOnMode")),
        names("Groups", groups.len(), group_links.collect()),
        names("Users", users.len(), user_links.collect()),
        raw(found)
    );
    let title = text(found, "/label");
    Some(page(200, "/_sandbox/console/apps", title, None, &content))
}

pub(super) fn request(org: &Org, id: &str) -> Option<Answer> {
    let all = governance::all_requests(org);
    let found = all.iter().find(|request| request["id"] == id)?;
    let status = governance::request_status(found);
    let content = format!(
        "<p>{} for {}</p>{}<h2>As kept</h2>{}",
        tone(status),
        person(org, requested_for(found)),
        decisions(id, status),
        raw(found)
    );
    let title = subject(org, found);
    Some(page(
        200,
        "/_sandbox/console/requests",
        &title,
        None,
        &content,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn no_page_shows_a_secret() {
        let app = json!({
            "credentials": { "oauthClient": { "client_id": "c", "client_secret": "hidden-1" } },
            "keys": [{ "kty": "EC", "d": "hidden-2", "x": "seen" }],
            "recovery_question": { "question": "Q", "answer": "hidden-3" }, "~own": "hidden-4",
            "password": { "hash": "hidden-5" }, "tokens": ["kept"],
            "passwordChanged": "kept",
        });
        let html = raw(&app);
        assert!(!html.contains("hidden"), "{html}");
        assert!(html.contains("seen") && html.contains("kept"));
    }
}
