//! Where the next page is, and whether its link may be followed.

use std::net::IpAddr;

use http::HeaderMap;
use url::Url;

use super::link;
use crate::config::Origin;
use crate::error::{Error, Result};
use crate::json::{Kind, Reader};

/// Path and query of the next page: from the `Link` headers, else from `_links.next` of the body.
///
/// Only path and query are ever used; they are sent to the configured origin. The host must still
/// be that origin or its `-admin` twin (orgs do answer with it): anything else is a link to another
/// org, or an attack.
///
/// `request` is path and query of the request: what relative links are relative to.
pub(crate) fn next_target(
    origin: &Origin,
    request: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Option<String>> {
    let link = match link::find(headers, "next") {
        Some(link) => Some(link),
        None => body_link(body)?,
    };
    link.map(|link| target(origin, request, &link)).transpose()
}

fn target(origin: &Origin, request: &str, link: &str) -> Result<String> {
    let base = origin.url();
    // Joining resolves relative links, "//host/…" included.
    let url = base
        .join(request)
        .and_then(|request| request.join(link.trim()))
        .map_err(|error| Error::paging(format!("the next link is not a URL: {error}")))?;
    if !same_org(base, &url) {
        let named = url.origin().ascii_serialization();
        return Err(Error::paging(format!(
            "the next link goes to {named}, not to {}; it is not followed",
            origin.as_str()
        ))
        .with_hint(format!(
            "if {named} is the same org, use it as the org URL; otherwise something rewrites the answers"
        )));
    }
    Ok(match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    })
}

/// Same scheme, port and host, or the host's `-admin` twin: `acme-admin.okta.com`.
pub(super) fn same_org(base: &Url, link: &Url) -> bool {
    if base.scheme() != link.scheme()
        || base.port_or_known_default() != link.port_or_known_default()
        || !link.username().is_empty()
        || link.password().is_some()
    {
        return false;
    }
    let (Some(ours), Some(theirs)) = (base.host_str(), link.host_str()) else {
        return false;
    };
    ours == theirs || admin_twin(ours).is_some_and(|twin| twin == theirs)
}

/// Behind the first label of a name; at the end where there is only one, or an address (the sandbox).
fn admin_twin(host: &str) -> Option<String> {
    match host.split_once('.') {
        Some((label, domain)) if host.parse::<IpAddr>().is_err() => {
            (!label.is_empty()).then(|| format!("{label}-admin.{domain}"))
        }
        _ => Some(format!("{host}-admin")),
    }
}

/// `_links.next` of the body, as an object with `href`, a string, or an array of either.
///
/// Of a body that has the member several times every one counts: a list must not end because
/// something on the way doubled a member. Two different links are a fault.
fn body_link(body: &[u8]) -> Result<Option<String>> {
    if body.trim_ascii_start().first() != Some(&b'{') {
        return Ok(None);
    }
    let mut links = Vec::new();
    // What is wrong with the text is told by the one who decodes it.
    let _ = members(body, &mut |name, raw| {
        if name == "_links" {
            let _ = members(raw.as_bytes(), &mut |name, raw| {
                if name == "next" {
                    links.extend(
                        serde_json::from_str(raw)
                            .ok()
                            .and_then(|next| href(&next).map(str::to_owned)),
                    );
                }
            });
        }
    });
    links.retain(|link| !link.is_empty());
    links.dedup();
    match links.len() {
        0 | 1 => Ok(links.pop()),
        _ => Err(Error::paging(
            "the body has several different links to the next page; none is followed",
        )),
    }
}

fn href(value: &serde_json::Value) -> Option<&str> {
    use serde_json::Value as J;
    match value {
        J::String(text) => Some(text),
        J::Object(_) => value.get("href")?.as_str(),
        J::Array(list) => list.iter().find_map(href),
        _ => None,
    }
}

/// Shows the members of an object, values as text, however deep they are.
fn members(json: &[u8], show: &mut dyn FnMut(&str, &str)) -> Result<(), crate::json::Error> {
    let mut reader = Reader::new(json)?;
    if reader.kind()? != Kind::Object {
        return Ok(());
    }
    let mut more = reader.begin_object()?;
    while more {
        let name = reader.key()?;
        reader.next_byte();
        let start = reader.position();
        reader.skip_any_depth()?;
        show(&name, reader.slice(start, reader.position()));
        more = reader.more_members()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(org: &str, link: &str) -> Result<Option<String>> {
        let origin = Origin::parse(org, &[]).unwrap();
        let mut headers = HeaderMap::new();
        headers.insert("link", format!("<{link}>; rel=\"next\"").parse().unwrap());
        next_target(&origin, "/api/v1/users?limit=1", &headers, b"[]")
    }

    #[test]
    fn only_path_and_query_are_used() {
        let want = Some("/api/v1/users?after=1".to_owned());
        for link in [
            "https://acme.okta.com/api/v1/users?after=1",
            "https://acme.okta.com:443/api/v1/users?after=1",
            "https://ACME.okta.com/api/v1/users?after=1",
            "https://acme-admin.okta.com/api/v1/users?after=1",
            "/api/v1/users?after=1",
            "//acme.okta.com/api/v1/users?after=1",
            "?after=1",
            "users?after=1#part",
        ] {
            assert_eq!(next("https://acme.okta.com", link).unwrap(), want, "{link}");
        }
        let port = next("http://localhost:8080", "http://localhost:8080/a?b").unwrap();
        assert_eq!(port.as_deref(), Some("/a?b"));
        let preview = next(
            "https://acme.oktapreview.com",
            "https://acme-admin.oktapreview.com/a",
        );
        assert_eq!(preview.unwrap().as_deref(), Some("/a"));
        for local in ["http://127.0.0.1:8080", "http://localhost:8080"] {
            let twin = format!("{}/a", local.replace(":8080", "-admin:8080"));
            assert_eq!(next(local, &twin).unwrap().as_deref(), Some("/a"), "{twin}");
        }
    }

    #[test]
    fn other_origins_are_refused_and_named() {
        for link in [
            "https://evil.example/api/v1/users",
            "https://acme.okta.com.evil.example/api",
            "https://acme-admin.evil.example/api",
            "http://acme.okta.com/api",
            "https://acme.okta.com:8443/api",
            "https://user:pw@acme.okta.com/api",
            "//evil.example/x",
            "https://other-admin.okta.com/api",
        ] {
            let error = next("https://acme.okta.com", link).unwrap_err();
            assert_eq!(error.kind(), crate::ErrorKind::Paging, "{link}");
            assert!(
                error.to_string().contains("https://acme.okta.com"),
                "{error}"
            );
        }
        let error = next("https://acme.okta.com", "https://evil.example/a").unwrap_err();
        assert!(
            error.to_string().contains("https://evil.example"),
            "{error}"
        );
    }

    #[test]
    fn body_links() {
        let origin = Origin::parse("https://acme.okta.com", &[]).unwrap();
        let next =
            |body: &str| next_target(&origin, "/g", &HeaderMap::new(), body.as_bytes()).unwrap();
        for body in [
            r#"{"data":[],"_links":{"next":{"href":"/g?after=1"}}}"#,
            r#"{"data":[],"_links":{"next":"/g?after=1"}}"#,
            r#"{"_links":{"next":{"href":"/g?after=1"}},"data":[],"_links":{}}"#,
            r#"{"_links":{},"data":[],"_links":{"self":{},"next":{"href":"/g?after=1"},"next":null}}"#,
            r#"{"_links":{"next":{"href":"/g?after=1"}},"_links":{"next":"/g?after=1"}}"#,
            r#"{"_links":{"next":[{"name":"x"},{"href":"https://acme-admin.okta.com/g?after=1"}]}}"#,
        ] {
            assert_eq!(next(body).as_deref(), Some("/g?after=1"), "{body}");
        }
        for body in [
            "[]",
            "",
            "{}",
            r#"{"_links":{"next":null}}"#,
            r#"{"_links":7}"#,
        ] {
            assert_eq!(next(body), None, "{body}");
        }
        let two = br#"{"_links":{"next":"/g?after=1"},"_links":{"next":"/g?after=2"}}"#;
        let error = next_target(&origin, "/g", &HeaderMap::new(), two).unwrap_err();
        assert!(error.to_string().contains("several"), "{error}");
        // However deep an item is, the link behind it is found.
        let deep = format!(
            r#"{{"data":[{}{}],"_links":{{"next":"/g?after=1"}}}}"#,
            "[".repeat(500),
            "]".repeat(500)
        );
        assert_eq!(next(&deep).as_deref(), Some("/g?after=1"));
    }
}
