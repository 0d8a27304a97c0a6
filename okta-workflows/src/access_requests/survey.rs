//! What the org shows: every read that the checks need, each with its request id or its reason.

use jiff::{SignedDuration, Timestamp};
use okta_core::Page;
use okta_core::prelude::*;
use okta_governance::Governance as _;
use okta_management::prelude::*;
use serde::Serialize;
use serde_json::Value;

use super::names;

/// What was read for a check.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Evidence {
    /// The call, such as `GET /api/v1/features`.
    pub call: String,
    /// `X-Okta-Request-Id` of its (last) answer.
    pub request_id: Option<String>,
    /// What it showed.
    pub found: String,
}

/// Why something could not be read.
#[derive(Clone, Debug)]
pub(super) enum Blocked {
    /// Refused for want of a scope or a permission.
    NotAllowed(String),
    /// Anything else.
    Failed(String),
}

/// Something read, or the reason why not.
#[derive(Clone, Debug)]
pub(super) struct Seen<T> {
    pub(super) call: &'static str,
    pub(super) request_id: Option<String>,
    pub(super) value: Result<T, Blocked>,
}

impl<T> Seen<T> {
    fn map<U>(self, f: impl FnOnce(T) -> U) -> Seen<U> {
        Seen {
            call: self.call,
            request_id: self.request_id,
            value: self.value.map(f),
        }
    }

    pub(super) fn evidence(&self, found: impl Into<String>) -> Evidence {
        Evidence {
            call: self.call.to_owned(),
            request_id: self.request_id.clone(),
            found: found.into(),
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct App {
    pub(super) id: String,
    pub(super) label: String,
    pub(super) name: String,
    pub(super) client_id: String,
    pub(super) active: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Feature {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) enabled: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Role {
    pub(super) id: String,
    pub(super) label: String,
    pub(super) permissions: Vec<String>,
}

#[derive(Clone, Debug)]
pub(super) struct Set {
    pub(super) id: String,
    pub(super) label: String,
    pub(super) orns: Vec<String>,
}

/// A custom role and a resource set that an app holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Binding {
    pub(super) role: String,
    pub(super) set: String,
}

#[derive(Clone, Debug)]
pub(super) struct Grant {
    pub(super) scope: String,
    pub(super) created: Option<Timestamp>,
}

/// When somebody last authorized a Workflows connection.
#[derive(Clone, Debug)]
pub(super) struct Authorized {
    pub(super) at: Timestamp,
    /// Which, and who.
    pub(super) what: String,
}

/// Everything that the checks look at.
#[derive(Clone, Debug)]
pub(super) struct Survey {
    pub(super) org_url: String,
    pub(super) org_id: Seen<String>,
    pub(super) features: Seen<Vec<Feature>>,
    pub(super) apps: Seen<Vec<App>>,
    pub(super) roles: Seen<Vec<Role>>,
    pub(super) sets: Seen<Vec<Set>>,
    /// Of the Access Requests app; `None` without that app.
    pub(super) bindings: Option<Seen<Vec<Binding>>>,
    /// Of the Workflows app; `None` without that app.
    pub(super) grants: Option<Seen<Vec<Grant>>>,
    pub(super) authorized: Seen<Option<Authorized>>,
    /// The log reaches back until here.
    pub(super) log_begins: Timestamp,
    /// Admin roles of the acting credential; `None` where it is not known who acts.
    pub(super) own_roles: Option<Seen<Vec<String>>>,
    pub(super) teams: Seen<usize>,
    pub(super) request_types: Seen<usize>,
}

impl Survey {
    /// True if all that a plan rests on could be read.
    pub(super) fn is_whole(&self) -> bool {
        self.org_id.value.is_ok()
            && self.features.value.is_ok()
            && self.apps.value.is_ok()
            && self.roles.value.is_ok()
            && self.sets.value.is_ok()
            && self.bindings.as_ref().is_none_or(|seen| seen.value.is_ok())
            && self.grants.as_ref().is_none_or(|seen| seen.value.is_ok())
    }

    /// Reads everything; nothing is changed, and no failure ends it.
    pub(super) async fn of(client: &Client) -> Self {
        let log_begins = log_begins(client);
        let apps = all("GET /api/v1/apps", client.apps().list().limit(200))
            .await
            .map(|apps| apps.iter().filter_map(app).collect::<Vec<App>>());
        let find = |label: &str, name: Option<&str>| {
            let apps = apps.value.as_ref().ok()?;
            super::judge::find_app(apps, label, name).cloned()
        };
        let bindings = match find(names::ACCESS_REQUESTS_APP, None) {
            Some(app) => Some(bindings(client, &app).await),
            None => None,
        };
        let grants = match find(names::WORKFLOWS_APP, Some(names::WORKFLOWS_APP_NAME)) {
            Some(app) => Some(grants(client, &app).await),
            None => None,
        };
        Self {
            org_url: client.org_url().to_owned(),
            org_id: org_id(client).await,
            features: all("GET /api/v1/features", client.features().list())
                .await
                .map(|features| features.iter().filter_map(feature).collect()),
            roles: roles(client).await,
            sets: sets(client).await,
            authorized: authorized(client, log_begins).await,
            log_begins,
            own_roles: own_roles(client).await,
            teams: all(
                "GET /governance/api/v1/teams",
                client.governance().teams().list(),
            )
            .await
            .map(|teams| teams.len()),
            request_types: all(
                "GET /governance/api/v1/request-types",
                client.governance().request_types().list(),
            )
            .await
            .map(|types| types.len()),
            apps,
            bindings,
            grants,
        }
    }
}

/// All pages of a list as JSON: the checks look at few members, and at some that no type has.
async fn all<O>(call: &'static str, operation: O) -> Seen<Vec<Value>>
where
    O: Paged,
    O::Item: Serialize,
{
    let mut pages = operation.pages();
    let mut values = Vec::new();
    let mut request_id = None;
    loop {
        let page: Page<O::Item> = match pages.try_next().await {
            Ok(Some(page)) => page,
            Ok(None) => break,
            Err(error) => return failed(call, &error),
        };
        request_id = page.request_id().or(request_id);
        values.extend(
            page.items
                .iter()
                .filter_map(|item| serde_json::to_value(item).ok()),
        );
        // One odd record must not hide what the check looks for.
        values.extend(
            page.undecodable
                .iter()
                .filter_map(|odd| serde_json::to_value(&odd.json).ok()),
        );
    }
    Seen {
        call,
        request_id,
        value: Ok(values),
    }
}

fn failed<T>(call: &'static str, error: &okta_core::Error) -> Seen<T> {
    // A missing licence comes as a 401, too; it says nothing of the credential.
    let refused = error.insufficient_scope().is_some()
        || error.is_forbidden()
        || (error.is_unauthorized() && error.code() != Some("E0000015"))
        || error.code() == Some("consent_required");
    let text = error.to_string();
    Seen {
        call,
        request_id: error.request_id().map(str::to_owned),
        value: Err(if refused {
            Blocked::NotAllowed(text)
        } else {
            Blocked::Failed(text)
        }),
    }
}

fn text(value: &Value, pointer: &str) -> Option<String> {
    value.pointer(pointer)?.as_str().map(str::to_owned)
}

fn app(value: &Value) -> Option<App> {
    let id = text(value, "/id")?;
    Some(App {
        client_id: text(value, "/credentials/oauthClient/client_id").unwrap_or_else(|| id.clone()),
        label: text(value, "/label").unwrap_or_default(),
        name: text(value, "/name").unwrap_or_default(),
        active: text(value, "/status").as_deref() == Some("ACTIVE"),
        id,
    })
}

fn feature(value: &Value) -> Option<Feature> {
    Some(Feature {
        id: text(value, "/id")?,
        name: text(value, "/name")?,
        enabled: text(value, "/status").as_deref() == Some("ENABLED"),
    })
}

async fn org_id(client: &Client) -> Seen<String> {
    let call = "GET /api/v1/org";
    match client.org().get().send().await {
        Ok(answer) => {
            let request_id = answer.request_id();
            match answer.into_value().id {
                Some(id) => Seen {
                    call,
                    request_id,
                    value: Ok(id),
                },
                None => Seen {
                    call,
                    request_id,
                    value: Err(Blocked::Failed("the org has no id in the answer".into())),
                },
            }
        }
        Err(error) => failed(call, &error),
    }
}

async fn roles(client: &Client) -> Seen<Vec<Role>> {
    let call = "GET /api/v1/iam/roles and …/permissions";
    let mut seen = all(call, client.iam().roles().list()).await;
    let mut roles = Vec::new();
    for role in seen.value.iter_mut().flat_map(std::mem::take) {
        let (Some(id), Some(label)) = (text(&role, "/id"), text(&role, "/label")) else {
            continue;
        };
        let list = client.iam().roles().permissions(id.clone()).list();
        let permissions = all(call, list).await;
        match permissions.value {
            Ok(found) => roles.push(Role {
                id,
                label,
                permissions: found.iter().filter_map(|one| text(one, "/label")).collect(),
            }),
            Err(blocked) => {
                return Seen {
                    call,
                    request_id: permissions.request_id,
                    value: Err(blocked),
                };
            }
        }
    }
    seen.map(|_| roles)
}

async fn sets(client: &Client) -> Seen<Vec<Set>> {
    let call = "GET /api/v1/iam/resource-sets and …/resources";
    let mut seen = all(call, client.iam().resource_sets().list()).await;
    let mut sets = Vec::new();
    for set in seen.value.iter_mut().flat_map(std::mem::take) {
        let (Some(id), Some(label)) = (text(&set, "/id"), text(&set, "/label")) else {
            continue;
        };
        let list = client.iam().resource_sets().resources(id.clone()).list();
        let resources = all(call, list).await;
        match resources.value {
            Ok(found) => sets.push(Set {
                id,
                label,
                orns: found.iter().filter_map(|one| text(one, "/orn")).collect(),
            }),
            Err(blocked) => {
                return Seen {
                    call,
                    request_id: resources.request_id,
                    value: Err(blocked),
                };
            }
        }
    }
    seen.map(|_| sets)
}

async fn bindings(client: &Client, app: &App) -> Seen<Vec<Binding>> {
    let roles = client.oauth2().clients().roles(app.client_id.clone());
    all("GET /oauth2/v1/clients/{clientId}/roles", roles.list())
        .await
        .map(|roles| {
            roles
                .iter()
                .filter_map(|role| {
                    Some(Binding {
                        role: text(role, "/role")?,
                        set: text(role, "/resource-set")?,
                    })
                })
                .collect()
        })
}

async fn grants(client: &Client, app: &App) -> Seen<Vec<Grant>> {
    let list = client.apps().grants(app.id.clone()).list();
    all("GET /api/v1/apps/{appId}/grants", list)
        .await
        .map(|grants| {
            grants
                .iter()
                .filter_map(|grant| {
                    Some(Grant {
                        scope: text(grant, "/scopeId")?,
                        created: text(grant, "/created").and_then(|at| at.parse().ok()),
                    })
                })
                .collect()
        })
}

/// The System Log keeps 90 days.
fn log_begins(client: &Client) -> Timestamp {
    let now = client.clock().wall();
    let kept = SignedDuration::from_hours(24 * 90);
    now.checked_sub(kept).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// The last time that somebody made or reauthorized a Workflows connection.
async fn authorized(client: &Client, since: Timestamp) -> Seen<Option<Authorized>> {
    let call = "GET /api/v1/logs";
    let events = client
        .logs()
        .list()
        .filter(
            "eventType eq \"workflows.user.connection.reauthorize\" or \
             eventType eq \"workflows.user.connection.create\"",
        )
        .since(since.to_string())
        .sort_order("DESCENDING")
        .limit(1);
    match events.send().await {
        Ok(answer) => Seen {
            call,
            request_id: answer.request_id(),
            value: Ok(answer.into_value().items.first().and_then(|event| {
                let event = serde_json::to_value(event).ok()?;
                let name = |pointer: &str| text(&event, pointer).unwrap_or_default();
                Some(Authorized {
                    at: text(&event, "/published")?.parse().ok()?,
                    what: format!(
                        "{} of {} by {}",
                        name("/eventType"),
                        name("/target/1/displayName"),
                        name("/actor/alternateId")
                    ),
                })
            })),
        },
        Err(error) => failed(call, &error),
    }
}

/// What the acting credential may do as an admin: roles of the app, or of the token's owner.
async fn own_roles(client: &Client) -> Option<Seen<Vec<String>>> {
    let kinds = |roles: Vec<Value>| -> Vec<String> {
        roles
            .iter()
            .filter_map(|role| text(role, "/type"))
            .collect()
    };
    if let Some(id) = client.client_id() {
        let list = client.oauth2().clients().roles(id).list();
        let seen = all("GET /oauth2/v1/clients/{clientId}/roles", list).await;
        return Some(seen.map(kinds));
    }
    // A token that acts for nobody has no such user.
    let me = client.users().get("me").send().await.ok()?;
    let list = client.users().roles(me.into_value().id?).list();
    Some(
        all("GET /api/v1/users/{userId}/roles", list)
            .await
            .map(kinds),
    )
}
