//! Users linked to identity providers. A link is seen from both sides, and goes with either of them.

use serde_json::{Value, json};

use super::{PROVIDERS, named_provider};
use crate::behaviour::users;
use crate::call::{Call, Handler, Outcome};
use crate::clock;
use crate::engine;
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::text;
use crate::paging::Size;

pub(super) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listIdentityProviderApplicationUsers" => list,
        "getIdentityProviderApplicationUser" => get,
        "linkUserToIdentityProvider" => link,
        "unlinkUserFromIdentityProvider" => unlink,
        "listSocialAuthTokens" => tokens,
        "listUserIdentityProviders" => providers_of_user,
        _ => return None,
    })
}

/// What a link tells of the user before the user has signed in with the provider.
const ATTRIBUTES: [&str; 4] = ["firstName", "lastName", "email", "displayName"];

const LONGEST_ID: usize = 512;

/// Where the links of a provider stand.
pub(super) fn links(provider: &str) -> String {
    format!("{PROVIDERS}/{provider}/users")
}

fn view(link: &Value, provider: &str, base: &str) -> Value {
    let own = format!("{base}{PROVIDERS}/{provider}");
    let user = text(link, "/id");
    let mut shown = link.clone();
    shown["_links"] = json!({
        "self": {
            "href": format!("{own}/users/{user}"), "hints": { "allow": ["GET", "DELETE"] },
        },
        "idp": { "href": own },
        "user": { "href": format!("{base}/api/v1/users/{user}") },
    });
    shown
}

fn list(call: &mut Call<'_>) -> Outcome {
    let provider = named_provider(call)?;
    let id = text(&provider, "/id");
    let links = links(id);
    call.org.shelf(&links);
    let (org, base) = (&*call.org, call.base());
    let q = call.request.query("q").unwrap_or_default().to_lowercase();
    let expand = call.request.query("expand") == Some("user");
    let hits = org.shelves[&links].placed().filter(|(_, link)| {
        org.users.contains(text(link, "/id"))
            && text(link, "/externalId").to_lowercase().starts_with(&q)
    });
    call.list(Size::new(20, 200), hits, |link| {
        let mut shown = view(link, id, base);
        if let Some(user) = org.users.get(text(link, "/id")).filter(|_| expand) {
            shown["_embedded"] = json!({ "user": users::view::whole(org, user, base) });
        }
        shown
    })
}

/// The provider, and the user's link to it.
fn named_link(call: &mut Call<'_>) -> Result<(Value, Value), Fault> {
    let provider = named_provider(call)?;
    let user = users::resolve(call, call.parameter(1))?;
    let links = links(text(&provider, "/id"));
    let link = call.org.shelf(&links).get(&user).cloned();
    let link = link.ok_or_else(|| Fault::not_found(call.parameter(1), "IdpAppUser"))?;
    Ok((provider, link))
}

fn get(call: &mut Call<'_>) -> Outcome {
    let (provider, link) = named_link(call)?;
    let shown = view(&link, text(&provider, "/id"), call.base());
    Ok(Answer::ok(&shown))
}

/// A link by hand needs a provider that always names a person alike.
fn check_linkable(provider: &Value) -> Result<(), Fault> {
    let refused = |cause: &str| Err(Fault::validation("idpId", &[cause]));
    match text(provider, "/type") {
        "SAML2"
            if provider.pointer("/protocol/settings/honorPersistentNameId")
                != Some(&json!(true)) =>
        {
            refused("idpId: The identity provider does not honor persistent name IDs")
        }
        "X509" | "AgentlessDSSO" | "IWA" | "OKTA_INTEGRATION" => {
            refused("idpId: Users cannot be linked to identity providers of this type")
        }
        _ => Ok(()),
    }
}

fn link(call: &mut Call<'_>) -> Outcome {
    let provider = named_provider(call)?;
    let user = users::resolve(call, call.parameter(1))?;
    let body = call.request.object()?;
    let external = text(&body, "/externalId");
    let length = external.chars().count();
    if length == 0 || length > LONGEST_ID {
        let cause = match length {
            0 => "externalId: The field cannot be left blank",
            _ => "externalId: The field is too long",
        };
        return Err(Fault::validation("externalId", &[cause]));
    }
    check_linkable(&provider)?;
    let id = text(&provider, "/id");
    let links = links(id);
    let others: Vec<String> = call
        .org
        .shelf(&links)
        .values()
        .filter(|link| text(link, "/externalId") == external && link["id"] != user)
        .map(|link| text(link, "/id").to_owned())
        .collect();
    if others.iter().any(|other| call.org.users.contains(other)) {
        let cause = "externalId: The ID is linked to another user already";
        return Err(Fault::validation("externalId", &[cause]));
    }
    for gone in others {
        call.org.shelf(&links).remove(&gone);
    }
    let now = clock::zero_millis(call.org.clock.now());
    let known = call.org.shelf(&links).get(&user).cloned();
    let mut link = known.unwrap_or_else(|| {
        let profile: serde_json::Map<String, Value> = ATTRIBUTES
            .iter()
            .map(|name| ((*name).to_owned(), Value::Null))
            .collect();
        json!({ "id": user, "created": now, "profile": profile })
    });
    link["externalId"] = json!(external);
    link["lastUpdated"] = json!(now);
    call.org.shelf(&links).put(&user, link.clone());
    Ok(Answer::ok(&view(&link, id, call.base())))
}

fn unlink(call: &mut Call<'_>) -> Outcome {
    let (provider, link) = named_link(call)?;
    let links = links(text(&provider, "/id"));
    call.org.shelf(&links).remove(text(&link, "/id"));
    Ok(Answer::no_content())
}

/// Tokens come with a sign-in at the provider. Nobody signs in so here: links are made by hand.
fn tokens(call: &mut Call<'_>) -> Outcome {
    named_link(call)?;
    call.all(Vec::new())
}

fn providers_of_user(call: &mut Call<'_>) -> Outcome {
    let user = users::named_user(call)?;
    let id = text(&user, "/id");
    let providers: Vec<Value> = call.org.shelf(PROVIDERS).values().cloned().collect();
    let mut linked = Vec::new();
    for provider in providers {
        let links = links(text(&provider, "/id"));
        let known = call.org.shelves.get(&links);
        if known.is_some_and(|links| links.contains(id)) {
            linked.push(engine::shown(call, PROVIDERS, &provider));
        }
    }
    call.all(linked)
}
