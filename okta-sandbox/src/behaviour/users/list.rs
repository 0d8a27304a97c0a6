//! Lists of users: by search, filter, beginnings of names.

use serde_json::Value;

use super::view;
use crate::admin::Listed;
use crate::call::{Call, Outcome};
use crate::expression::{Case, Expression, Operator};
use crate::fault::Fault;
use crate::json::text;
use crate::org::Org;
use crate::paging::{self, Size};
use crate::search;
use crate::sorting::Sort;

const FILTERABLE: [&str; 7] = [
    "status",
    "lastUpdated",
    "id",
    "profile.login",
    "profile.email",
    "profile.firstName",
    "profile.lastName",
];

pub(super) fn list(call: &mut Call<'_>) -> Outcome {
    let request = call.request;
    let present = |name: &str| request.query(name).filter(|v| !v.is_empty());
    let (search, filter, q) = (present("search"), present("filter"), present("q"));
    if search.is_some() && (filter.is_some() || q.is_some()) {
        return Err(Fault::code("E0000033", &[]));
    }
    let base = call.base();
    let size = Size::new(if q.is_some() { 10 } else { 200 }, 200);
    let sees = call.sees(Listed::Users);
    if let Some(wanted) = search {
        let expression = search::checked(wanted, &search::searchable)?;
        let wanted = |user: &Value| expression.matches(user, Case::Insensitive) && sees(user);
        if let Some(sort) = Sort::of(request) {
            let all = call.org.users.indexed_after(0).map(|(_, user)| user);
            let hits = all.filter(|user| wanted(user));
            let page = sort.cut(request, &call.org.settings.paging, size, hits)?;
            return Ok(call.page(page, |user| view::item(call.org, user, base)));
        }
        let from = paging::position(request)?;
        let only = only_one(call.org, &expression).filter(|_| !call.org.users.lags());
        let all = match only {
            Some(place) => standing(call.org, place, from),
            None => call.org.users.indexed_after(from),
        };
        let hits = all.filter(|(_, user)| wanted(user));
        return call.list(size, hits, |user| view::item(call.org, user, base));
    }
    let from = paging::position(request)?;
    if let Some(filter) = filter {
        let allowed = |path: &str, operator: Option<Operator>| {
            FILTERABLE.contains(&path) && (path == "lastUpdated" || operator == Some(Operator::Eq))
        };
        let expression = search::checked(filter, &allowed)?;
        let all = match only_one(call.org, &expression) {
            Some(place) => standing(call.org, place, from),
            None => Box::new(call.org.users.placed_after(from)),
        };
        let hits = all.filter(|(_, user)| expression.matches(user, Case::Sensitive) && sees(user));
        return call.list(size, hits, |user| view::item(call.org, user, base));
    }
    let words: Vec<String> = q
        .unwrap_or_default()
        .split_whitespace()
        .map(str::to_lowercase)
        .collect();
    let hits = call.org.users.placed_after(from).filter(|(_, user)| {
        text(user, "/status") != "DEPROVISIONED"
            && words.iter().all(|word| named_like(user, word))
            && sees(user)
    });
    if q.is_some() {
        let limit = paging::limit(request, size)?;
        let items = hits
            .take(limit)
            .map(|(_, user)| view::item(call.org, user, base))
            .collect();
        return call.all(items);
    }
    call.list(size, hits, |user| view::item(call.org, user, base))
}

/// Where the only user stands whom an expression can be about, as it asks for a login; none inside
/// if nobody has it. So nobody needs to look at everybody to find one.
fn only_one(org: &Org, expression: &Expression) -> Option<Option<u64>> {
    match expression {
        Expression::And(parts) => parts.iter().find_map(|part| only_one(org, part)),
        Expression::Compare {
            path,
            operator: Operator::Eq,
            value: Value::String(login),
        } if path == "profile.login" => {
            let id = org.logins.get(&login.to_lowercase());
            Some(id.and_then(|id| org.users.place(id)))
        }
        _ => None,
    }
}

type Placed<'o> = Box<dyn Iterator<Item = (u64, &'o Value)> + 'o>;

/// The user at a place, if that is behind another.
fn standing(org: &Org, place: Option<u64>, behind: u64) -> Placed<'_> {
    let place = place.filter(|place| *place > behind);
    let found = place.and_then(|place| org.users.placed_after(place - 1).next());
    Box::new(found.into_iter())
}

fn named_like(user: &Value, word: &str) -> bool {
    ["/profile/firstName", "/profile/lastName", "/profile/email"]
        .iter()
        .any(|path| text(user, path).to_lowercase().starts_with(word))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::bench::{Bench, person};
    use crate::json::text;

    #[test]
    fn who_is_asked_for_by_login_is_found() {
        let bench = Bench::new();
        for login in ["Ann@Example.com", "bob@example.com"] {
            let body = person(login, &json!({}));
            assert_eq!(bench.call("POST", "/api/v1/users", Some(&body)).0, 200);
        }
        let found = |query: &str| {
            let (status, found) = bench.call("GET", &format!("/api/v1/users?{query}"), None);
            assert_eq!(status, 200, "{found}");
            let found = found.as_array().expect("a list").iter();
            let logins = found.map(|user| text(user, "/profile/login").to_owned());
            logins.collect::<Vec<_>>()
        };
        let login = |login: &str| format!("profile.login%20eq%20%22{login}%22");
        let ann = login("ann@example.com");
        assert_eq!(found(&format!("search={ann}")), ["Ann@Example.com"]);
        assert_eq!(
            found(&format!("filter={ann}")),
            [""; 0],
            "filters mind the case"
        );
        let exact = login("Ann@Example.com");
        assert_eq!(found(&format!("filter={exact}")), ["Ann@Example.com"]);
        let both = format!("search={ann}%20and%20status%20eq%20%22STAGED%22");
        assert_eq!(found(&both), [""; 0]);
        let bob = login("bob@example.com");
        assert_eq!(found(&format!("search={ann}%20or%20{bob}")).len(), 2);
        assert_eq!(
            found(&format!("search={}", login("nobody@example.com"))),
            [""; 0]
        );
        let other = format!("search=not%20({ann})%20and%20profile.login%20sw%20%22ann@%22");
        assert_eq!(found(&other), [""; 0]);
    }

    #[test]
    fn a_lagging_search_finds_logins_as_they_were() {
        let bench = Bench::new();
        let body = person("ann@example.com", &json!({}));
        let (_, made) = bench.call("POST", "/api/v1/users", Some(&body));
        let lag = json!({ "searchLagSeconds": 60 });
        assert_eq!(bench.call("POST", "/_sandbox/quirks", Some(&lag)).0, 204);
        bench.call("GET", "/api/v1/users/me", None);
        let path = format!("/api/v1/users/{}", text(&made, "/id"));
        let body = json!({ "profile": { "login": "eve@example.com" } });
        assert_eq!(bench.call("POST", &path, Some(&body)).0, 200);
        let found = |login: &str| {
            let path = format!("/api/v1/users?search=profile.login%20eq%20%22{login}%22");
            bench.call("GET", &path, None).1.as_array().map(Vec::len)
        };
        assert_eq!(
            (found("ann@example.com"), found("eve@example.com")),
            (Some(1), Some(0))
        );
        bench.shared.org().clock.advance(61);
        assert_eq!(
            (found("ann@example.com"), found("eve@example.com")),
            (Some(0), Some(1))
        );
    }
}
