//! Profile mappings: from each app and identity provider to each user type, and back from the default one.

use serde_json::{Value, json};

use crate::call::{Call, Handler, Outcome};
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::{merge, text};
use crate::log::named;
use crate::oauth::jwk;
use crate::org::Org;
use crate::paging::Size;

/// The behaviour of an operation of this family.
pub(crate) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listProfileMappings" => list,
        "getProfileMapping" => get,
        "updateProfileMapping" => update,
        _ => return None,
    })
}

const SHELF: &str = "/api/v1/mappings";
const IDPS: &str = "/api/v1/idps";

/// The apps and identity providers that map to users, with places of their own.
fn sources(org: &Org) -> impl Iterator<Item = (u64, &Value)> {
    let providers = org
        .shelves
        .get(IDPS)
        .into_iter()
        .flat_map(|shelf| shelf.placed());
    let behind = providers.map(|(place, provider)| (place | PROVIDER, provider));
    org.apps.placed().chain(behind)
}

/// Set in the places of providers, so that they stand behind all apps.
const PROVIDER: u64 = 1 << 32;

/// The place of a mapping: those of one source together, by user type, the one back in the end.
fn place(source: u64, user_type: Option<u64>) -> u64 {
    const LAST: u64 = (1 << 24) - 1;
    let within = user_type.map_or(LAST, |place| place.min(LAST - 1));
    (source << 24) | within
}

/// A mapping: from a source's users to a user type, or back to the source from the default user type.
struct Pair<'o> {
    /// The app or identity provider.
    app: &'o Value,
    user_type: &'o Value,
    /// From the app to Okta; otherwise from Okta to the app.
    inward: bool,
}

impl<'o> Pair<'o> {
    /// The ids of source and target.
    fn ends(&self) -> (&'o str, &'o str) {
        let (app, user_type) = (text(self.app, "/id"), text(self.user_type, "/id"));
        if self.inward {
            (app, user_type)
        } else {
            (user_type, app)
        }
    }

    /// The id follows from source and target, so that nothing is stored until it is changed.
    fn id(&self) -> String {
        let (source, target) = self.ends();
        if self.inward && self.user_type["default"] == true {
            return format!("prm{}", source.get(3..).unwrap_or(source));
        }
        let mixed = jwk::sha256(format!("{source} {target}").as_bytes());
        let letters = mixed.chars().filter(char::is_ascii_alphanumeric);
        format!("prm{}1d7", letters.take(14).collect::<String>())
    }

    fn app_name(&self) -> String {
        match text(self.app, "/type") {
            "" => text(self.app, "/name").to_owned(),
            "SAML2" => "saml_idp".to_owned(),
            kind => format!("{}_idp", kind.to_lowercase()),
        }
    }

    fn short(&self, base: &str) -> Value {
        let id = text(self.app, "/id");
        let app = json!({
            "id": id, "name": self.app_name(), "type": "appuser",
            "_links": {
                "self": { "href": format!("{base}/api/v1/apps/{id}") },
                "schema": { "href": format!("{base}/api/v1/meta/schemas/apps/{id}/default") },
            },
        });
        let id = text(self.user_type, "/id");
        let schema = id.replacen("oty", "osc", 1);
        let user = json!({
            "id": id, "name": self.user_type["name"], "type": "user",
            "_links": {
                "self": { "href": format!("{base}/api/v1/meta/types/user/{id}") },
                "schema": { "href": format!("{base}/api/v1/meta/schemas/user/{schema}") },
            },
        });
        let (source, target) = if self.inward {
            (app, user)
        } else {
            (user, app)
        };
        let id = self.id();
        json!({
            "id": id, "source": source, "target": target,
            "_links": { "self": { "href": format!("{base}{SHELF}/{id}") } },
        })
    }

    fn properties(&self) -> Value {
        let name = self.app_name();
        let attributes: &[(&str, &str)] = match name.as_str() {
            "oidc_idp" => &OIDC,
            "saml_idp" => &SAML,
            name if name.ends_with("_idp") => &SOCIAL,
            _ => &APP,
        };
        let property =
            |expression: String| json!({ "expression": expression, "pushStatus": "DONT_PUSH" });
        let all = attributes
            .iter()
            .map(|(user, app)| match (self.inward, *app) {
                (false, app) => (app.to_owned(), property(format!("user.{user}"))),
                (true, "zoneinfo") => {
                    let zone =
                        r#"appuser.zoneinfo == null ? "America/Los_Angeles" : appuser.zoneinfo"#;
                    ((*user).to_owned(), property(zone.to_owned()))
                }
                (true, app) => ((*user).to_owned(), property(format!("appuser.{app}"))),
            });
        all.collect::<serde_json::Map<_, _>>().into()
    }
}

/// All mappings, those of one source together: to each user type, then from the default one.
fn pairs(org: &Org) -> impl Iterator<Item = (u64, Pair<'_>)> {
    let types = || org.user_types.placed();
    sources(org).flat_map(move |(source, app)| {
        let to = |user_type, inward| Pair {
            app,
            user_type,
            inward,
        };
        let inward =
            types().map(move |(at, user_type)| (place(source, Some(at)), to(user_type, true)));
        let default = types().filter(|(_, user_type)| user_type["default"] == true);
        inward.chain(default.map(move |(_, user_type)| (place(source, None), to(user_type, false))))
    })
}

fn list(call: &mut Call<'_>) -> Outcome {
    let wanted = |name: &str| call.request.query(name).filter(|v| !v.is_empty());
    let (source, target) = (wanted("sourceId"), wanted("targetId"));
    let org = &*call.org;
    let known =
        |id: &str| sources(org).any(|(_, s)| text(s, "/id") == id) || org.user_types.contains(id);
    if [source, target].into_iter().flatten().any(|id| !known(id)) {
        return Ok(Answer::json(
            404,
            &json!({ "status": 404, "message": "Resource not found" }),
        ));
    }
    let hits = pairs(org).filter(|(_, pair)| {
        let ends = pair.ends();
        source.is_none_or(|id| id == ends.0) && target.is_none_or(|id| id == ends.1)
    });
    call.list(Size::new(20, 200), hits, |pair| pair.short(call.base()))
}

/// What the service maps from a new source: attribute of the user, attribute of the app user.
const OIDC: [(&str, &str); 15] = [
    ("login", "email"),
    ("displayName", "displayName"),
    ("nickName", "nickname"),
    ("firstName", "firstName"),
    ("middleName", "middleName"),
    ("lastName", "lastName"),
    ("email", "email"),
    ("profileUrl", "profile"),
    ("timezone", "zoneinfo"),
    ("primaryPhone", "phoneNumber"),
    ("streetAddress", "street_address"),
    ("city", "locality"),
    ("state", "region"),
    ("zipCode", "postalCode"),
    ("countryCode", "country"),
];
const SAML: [(&str, &str); 5] = [
    ("firstName", "firstName"),
    ("lastName", "lastName"),
    ("email", "email"),
    ("mobilePhone", "mobilePhone"),
    ("login", "userName"),
];
const SOCIAL: [(&str, &str); 5] = [
    ("login", "email"),
    ("email", "email"),
    ("firstName", "firstName"),
    ("lastName", "lastName"),
    ("profileUrl", "profileUrl"),
];
const APP: [(&str, &str); 3] = [
    ("firstName", "firstName"),
    ("lastName", "lastName"),
    ("email", "email"),
];

/// The mapping of a path, with its properties, and the schema that its target has to fit; none if
/// that is not known.
fn whole(call: &mut Call<'_>) -> Result<(Value, Option<Value>), Fault> {
    let id = call.parameter(0);
    let stored = call.org.shelf(SHELF).get(id).cloned();
    let org = &*call.org;
    let pair = pairs(org)
        .map(|(_, pair)| pair)
        .find(|pair| pair.id() == id);
    let pair = pair.ok_or_else(|| Fault::not_found(id, "ProfileMapping"))?;
    let target = pair.ends().1;
    let schema = org.schemas.get(&target.replacen("oty", "osc", 1)).cloned();
    let mut mapping = pair.short(call.base());
    mapping["properties"] = stored.unwrap_or_else(|| pair.properties());
    Ok((mapping, schema))
}

fn get(call: &mut Call<'_>) -> Outcome {
    Ok(Answer::ok(&whole(call)?.0))
}

/// Merges properties; null takes one away. Only attributes of the target can be mapped.
fn update(call: &mut Call<'_>) -> Outcome {
    let (mut mapping, schema) = whole(call)?;
    let body = call.request.object()?;
    let given = body["properties"].as_object();
    for name in given.into_iter().flat_map(|m| m.keys()) {
        if schema
            .as_ref()
            .is_some_and(|schema| !super::schemas::defines(schema, name))
        {
            let cause = format!("Invalid target field {name}");
            return Err(Fault::validation("updateMapping", &[&cause]));
        }
    }
    merge(&mut mapping["properties"], &body["properties"]);
    if let Some(properties) = mapping["properties"].as_object_mut() {
        properties.retain(|_, value| !value.is_null());
    }
    let id = text(&mapping, "/id").to_owned();
    call.org
        .shelf(SHELF)
        .put(&id, mapping["properties"].clone());
    call.log(
        "directory.mapping.update",
        vec![named("ProfileMapping", &id, "unknown", &id)],
    );
    Ok(Answer::ok(&mapping))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::bench::Bench;
    use crate::json::text;

    #[test]
    fn pages_lose_nothing_when_apps_go_between_them() {
        let bench = Bench::new();
        let made: Vec<String> = (0..6)
            .map(|number| {
                let app = json!({ "signOnMode": "BOOKMARK", "label": format!("A{number}"),
                    "name": "bookmark", "settings": { "app": { "url": "https://example.com" } } });
                let (status, app) = bench.call("POST", "/api/v1/apps", Some(&app));
                assert_eq!(status, 200, "{app}");
                text(&app, "/id").to_owned()
            })
            .collect();
        let read = |target: &str| {
            let answer = bench.raw("GET", target, Vec::new());
            let page: Value = serde_json::from_slice(&answer.body).expect("JSON");
            let page = page.as_array().expect("a list").iter();
            let ids: Vec<String> = page.map(|one| text(one, "/id").to_owned()).collect();
            let next = answer.headers.iter().find_map(|(_, line)| {
                let url = line.strip_suffix(">; rel=\"next\"")?;
                Some(url[url.find("/api")?..].to_owned())
            });
            (ids, next)
        };
        let (all, _) = read("/api/v1/mappings?limit=200");
        let (mut seen, mut next) = read(&format!("/api/v1/mappings?limit={}", all.len() - 6));
        // An app whose mappings were shown goes.
        let gone = format!("/api/v1/apps/{}", made[0]);
        bench.call("POST", &format!("{gone}/lifecycle/deactivate"), None);
        assert_eq!(bench.call("DELETE", &gone, None).0, 204);
        while let Some(target) = next {
            let (ids, more) = read(&target);
            seen.extend(ids);
            next = more;
        }
        assert_eq!(seen, all);
    }
}
