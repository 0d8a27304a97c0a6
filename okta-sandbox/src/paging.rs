//! Pages: cursors, `Link` header lines and body links.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::exchange::{Answer, Request};
use crate::fault::Fault;

/// Oddities of real orgs that a client must cope with; all off by default.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct PagingQuirks {
    /// Links name the org's `-admin` twin host.
    pub admin_host: bool,
    /// `self` and `next` share one header line, joined by a comma.
    pub joined: bool,
    /// A `self` link without parameters ends in a bare question mark.
    pub bare_self: bool,
    /// The first page of a list is empty and has a `next` link.
    pub empty_page: bool,
}

/// Default and maximum page size of a list.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    pub(crate) default: usize,
    pub(crate) max: usize,
}

impl Size {
    pub(crate) const fn new(default: usize, max: usize) -> Self {
        Self { default, max }
    }
}

/// A page's elements and the cursor behind them.
#[derive(Debug)]
pub(crate) struct Page<T> {
    pub(crate) items: Vec<T>,
    pub(crate) next: Option<String>,
    pub(crate) limit: usize,
}

fn mark(path: &str) -> u32 {
    path.bytes().fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}

/// A cursor of this path behind a place.
pub(crate) fn issue(path: &str, place: u64) -> String {
    let mark = mark(path);
    let mut raw = [0; 12];
    raw[..4].copy_from_slice(&mark.to_be_bytes());
    raw[4..].copy_from_slice(&(place ^ (u64::from(mark) << 24)).to_be_bytes());
    URL_SAFE_NO_PAD.encode(raw)
}

/// Reads a cursor; one that this path did not issue is refused.
pub(crate) fn redeem(path: &str, cursor: &str) -> Result<u64, Fault> {
    let refused = || Fault::code("E0000029", &["Invalid cursor."]);
    let raw = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| refused())?;
    let raw: [u8; 12] = raw.try_into().map_err(|_| refused())?;
    let (head, tail) = raw.split_at(4);
    let mark = mark(path);
    if head != mark.to_be_bytes() {
        return Err(refused());
    }
    let tail: [u8; 8] = tail.try_into().map_err(|_| refused())?;
    Ok(u64::from_be_bytes(tail) ^ (u64::from(mark) << 24))
}

/// A cursor of this path that holds words.
pub(crate) fn issue_words(path: &str, words: &str) -> String {
    let mut raw = mark(path).to_be_bytes().to_vec();
    raw.extend(words.bytes());
    URL_SAFE_NO_PAD.encode(raw)
}

/// Reads a cursor of [`issue_words`]; one that this path did not issue is refused.
pub(crate) fn redeem_words(path: &str, cursor: &str) -> Result<String, Fault> {
    let refused = || Fault::code("E0000029", &["Invalid cursor."]);
    let raw = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| refused())?;
    let words = raw.strip_prefix(&mark(path).to_be_bytes());
    let words = words.ok_or_else(refused)?.to_vec();
    String::from_utf8(words).map_err(|_| refused())
}

/// The `limit` of a request: silently capped.
pub(crate) fn limit(request: &Request, size: Size) -> Result<usize, Fault> {
    match request.query("limit") {
        None | Some("") => Ok(size.default),
        Some(text) => match text.parse::<i64>() {
            Ok(-1) => Ok(size.max),
            Ok(n) if n >= 1 => Ok((n as usize).min(size.max)),
            _ => Err(Fault::validation(
                "limit",
                &["limit: The limit is invalid."],
            )),
        },
    }
}

/// The place behind which the request's page begins; 0 for the first page.
pub(crate) fn position(request: &Request) -> Result<u64, Fault> {
    match request.query("after") {
        Some(cursor) if !cursor.is_empty() => redeem(&request.path, cursor),
        _ => Ok(0),
    }
}

/// Cuts the page that the request asks for out of placed elements in ascending order.
pub(crate) fn cut<T>(
    request: &Request,
    quirks: &PagingQuirks,
    size: Size,
    items: impl Iterator<Item = (u64, T)>,
) -> Result<Page<T>, Fault> {
    cut_behind(request, quirks, size, None, items)
}

/// Like [`cut`], where the cursor is also understood as the id of an element at a known place.
pub(crate) fn cut_behind<T>(
    request: &Request,
    quirks: &PagingQuirks,
    size: Size,
    known: Option<u64>,
    items: impl Iterator<Item = (u64, T)>,
) -> Result<Page<T>, Fault> {
    let limit = limit(request, size)?;
    let after = match request.query("after") {
        _ if known.is_some() => known,
        Some(cursor) if !cursor.is_empty() => Some(redeem(&request.path, cursor)?),
        _ => None,
    };
    if quirks.empty_page && after.is_none() {
        return Ok(Page {
            items: Vec::new(),
            next: Some(issue(&request.path, 0)),
            limit,
        });
    }
    let mut rest = items.filter(|(place, _)| after.is_none_or(|a| *place > a));
    let mut page = Vec::new();
    let mut last = 0;
    for (place, item) in rest.by_ref().take(limit) {
        last = place;
        page.push(item);
    }
    let next = rest.next().map(|_| issue(&request.path, last));
    Ok(Page {
        items: page,
        next,
        limit,
    })
}

/// The host that links name.
fn link_base(request: &Request, quirks: &PagingQuirks) -> String {
    if quirks.admin_host {
        admin_base(&request.base)
    } else {
        request.base.clone()
    }
}

/// The org's `-admin` twin: behind the first label of a name, at the end of a numeric address.
pub(crate) fn admin_base(base: &str) -> String {
    let (scheme, host) = base.split_once("://").unwrap_or(("http", base));
    let (name, port) = host
        .rsplit_once(':')
        .map_or((host, String::new()), |(n, p)| (n, format!(":{p}")));
    if name.parse::<std::net::IpAddr>().is_ok() {
        return format!("{scheme}://{name}-admin{port}");
    }
    match name.split_once('.') {
        Some((first, rest)) => format!("{scheme}://{first}-admin.{rest}{port}"),
        None => format!("{scheme}://{name}-admin{port}"),
    }
}

/// URL of the next page: the call's own parameters, the cursor and the effective limit.
pub(crate) fn next_url(request: &Request, base: &str, cursor: &str, limit: usize) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query
        .append_pair("after", cursor)
        .append_pair("limit", &limit.to_string());
    for (name, value) in request
        .query
        .iter()
        .filter(|(n, _)| n != "after" && n != "limit")
    {
        query.append_pair(name, value);
    }
    format!("{base}{}?{}", request.path, query.finish())
}

/// URL of the page itself.
pub(crate) fn self_url(request: &Request, base: &str) -> String {
    match request.raw_query.as_deref() {
        Some(query) if !query.is_empty() => format!("{base}{}?{query}", request.path),
        _ => format!("{base}{}", request.path),
    }
}

/// Adds `Link` header lines: self, then next.
pub(crate) fn link(
    answer: Answer,
    request: &Request,
    quirks: &PagingQuirks,
    next: Option<&str>,
    limit: usize,
) -> Answer {
    let base = link_base(request, quirks);
    let mut own = self_url(request, &base);
    if quirks.bare_self && !own.contains('?') {
        own.push('?');
    }
    let own = format!("<{own}>; rel=\"self\"");
    let next = next.map(|cursor| {
        format!(
            "<{}>; rel=\"next\"",
            next_url(request, &base, cursor, limit)
        )
    });
    match next {
        None => answer.with("link", own),
        Some(next) if quirks.joined => answer.with("link", format!("{own}, {next}")),
        Some(next) => answer.with("link", own).with("link", next),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_belong_to_their_path() {
        let cursor = issue("/api/v1/users", 42);
        assert_eq!(redeem("/api/v1/users", &cursor).ok(), Some(42));
        for (path, text) in [
            ("/api/v1/groups", cursor.as_str()),
            ("/api/v1/users", "00u1"),
            ("/api/v1/users", ""),
        ] {
            assert!(redeem(path, text).is_err(), "{path} {text}");
        }
    }

    #[test]
    fn admin_twins_parse_as_urls() {
        for (base, twin) in [
            ("http://127.0.0.1:80", "http://127.0.0.1-admin:80"),
            ("http://acme.okta.test:1", "http://acme-admin.okta.test:1"),
            ("http://localhost:1", "http://localhost-admin:1"),
        ] {
            assert_eq!(admin_base(base), twin);
            assert!(url::Url::parse(twin).is_ok(), "{twin}");
        }
    }
}
