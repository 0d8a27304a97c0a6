//! `Link` headers (RFC 8288) as services and proxies really send them.

use http::HeaderMap;

/// The target of the first link whose relation is `rel`, over all `Link` lines of a reply.
pub(super) fn find(headers: &HeaderMap, rel: &str) -> Option<String> {
    headers
        .get_all(http::header::LINK)
        .iter()
        .find_map(|line| find_in(&String::from_utf8_lossy(line.as_bytes()), rel))
}

/// One line may join several links with commas; targets may contain commas and semicolons.
fn find_in(line: &str, rel: &str) -> Option<String> {
    let mut rest = line;
    while let Some(open) = rest.find('<') {
        let close = open + rest[open..].find('>')?;
        let target = &rest[open + 1..close];
        let (found, after) = relation(&rest[close + 1..]);
        if found.iter().any(|found| {
            found
                .split_whitespace()
                .any(|name| name.eq_ignore_ascii_case(rel))
        }) {
            return Some(target.trim().to_owned());
        }
        rest = after;
    }
    None
}

/// Reads `; name=value; …` up to the comma that ends this link, and returns the `rel` values.
fn relation(text: &str) -> (Vec<String>, &str) {
    let mut relations = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches(|c: char| c == ';' || c.is_whitespace());
        let Some(end) = rest.find(['=', ';', ',', '<']) else {
            return (relations, "");
        };
        let name = rest[..end].trim();
        match rest.as_bytes()[end] {
            b',' => return (relations, &rest[end + 1..]),
            b'<' => return (relations, &rest[end..]),
            b';' => {
                rest = &rest[end + 1..];
                continue;
            }
            _ => {}
        }
        let (value, after) = value(rest[end + 1..].trim_start());
        if name.eq_ignore_ascii_case("rel") {
            relations.push(value);
        }
        rest = after;
    }
}

fn value(text: &str) -> (String, &str) {
    for quote in ['"', '\''] {
        if let Some(inner) = text.strip_prefix(quote) {
            return match inner.find(quote) {
                Some(end) => (inner[..end].to_owned(), &inner[end + 1..]),
                None => (inner.to_owned(), ""),
            };
        }
    }
    let end = text
        .find(|c: char| matches!(c, ';' | ',') || c.is_whitespace())
        .unwrap_or(text.len());
    (text[..end].to_owned(), &text[end..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn next(lines: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(http::header::LINK, line.parse().unwrap());
        }
        find(&headers, "next")
    }

    const SELF: &str = r#"<https://acme.okta.com/api/v1/users?limit=2>; rel="self""#;
    const NEXT: &str = r#"<https://acme.okta.com/api/v1/users?after=00u1&limit=2>; rel="next""#;
    const WANT: Option<&str> = Some("https://acme.okta.com/api/v1/users?after=00u1&limit=2");

    #[test]
    fn separate_and_joined_lines() {
        assert_eq!(next(&[SELF, NEXT]).as_deref(), WANT);
        assert_eq!(next(&[NEXT, SELF]).as_deref(), WANT);
        assert_eq!(next(&[&format!("{SELF}, {NEXT}")]).as_deref(), WANT);
        assert_eq!(next(&[&format!("{NEXT},{SELF}")]).as_deref(), WANT);
        assert_eq!(next(&[SELF]), None);
        assert_eq!(next(&[]), None);
    }

    #[test]
    fn forms_in_the_wild() {
        let bare = r#"<https://acme.okta.com/api/v1/users?>; rel="self""#;
        assert_eq!(next(&[&format!("{bare}, {NEXT}")]).as_deref(), WANT);
        for form in [
            r"</a?x=1>; rel=next",
            r"</a?x=1>;rel='next'",
            r#"</a?x=1>; REL="NEXT""#,
            r#"</a?x=1>; title="a, b; c"; rel="next"; type=json"#,
            r#"</a?x=1>; rel="prev next""#,
            r#"</b>; rel="self" </a?x=1>; rel="next""#,
            r#"</b>; flag; rel=self, </a?x=1>; rel=next"#,
            r#"</b>, </a?x=1>; rel=next"#,
        ] {
            assert_eq!(next(&[form]).as_deref(), Some("/a?x=1"), "{form}");
        }
        let odd = r#"<https://h/a?filter=a,b;c="d, <e">; rel="next""#;
        assert!(next(&[odd]).is_some());
        let commas = r#"<https://h/s,t;u?after=1,2>; rel="next""#;
        assert_eq!(
            next(&[commas]).as_deref(),
            Some("https://h/s,t;u?after=1,2")
        );
    }

    #[test]
    fn rubbish_finds_nothing() {
        for form in [
            "<",
            "<>",
            ">",
            "rel=next",
            "<a",
            r#"<a>; rel"#,
            r#"<a>; rel="nex"#,
        ] {
            assert_eq!(next(&[form]), None, "{form}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(line in "[<>;,=\"' a-z?/]{0,40}") {
            let _ = find_in(&line, "next");
        }
    }
}
