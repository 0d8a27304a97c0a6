//! How the console's pages are put together. All text passes through `escape`.

use crate::exchange::Answer;
pub(super) use crate::oauth::pages::escape;

const STYLE: &str = "\
:root{color-scheme:light dark;--line:#d9dce3;--soft:#f6f7f9;--ink:#1d2430;--dim:#5d6675;--link:#1b5fc1;\
--good:#18794e;--bad:#b3261e;--warn:#8a5a00}\
@media(prefers-color-scheme:dark){:root{--line:#333a46;--soft:#1d222b;--ink:#e4e8ef;--dim:#9aa4b5;\
--link:#82b1ff;--good:#5fd19a;--bad:#ff8a80;--warn:#f0c36d}body{background:#14181f}}\
*{box-sizing:border-box}\
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);margin:0}\
a{color:var(--link);text-decoration:none}a:hover{text-decoration:underline}\
header{display:flex;flex-wrap:wrap;gap:.25rem 1.5rem;align-items:baseline;padding:.75rem 1.5rem;\
border-bottom:1px solid var(--line);background:var(--soft)}\
header b{font-size:1.05rem}nav{display:flex;flex-wrap:wrap;gap:.25rem 1.1rem}\
nav a[aria-current]{color:var(--ink);font-weight:600;border-bottom:2px solid var(--link)}\
main{padding:1.25rem 1.5rem;max-width:90rem}h1{font-size:1.3rem;margin:0 0 1rem}\
h2{font-size:1.05rem;margin:1.75rem 0 .5rem}\
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%}\
th,td{text-align:left;padding:.35rem .75rem .35rem 0;border-bottom:1px solid var(--line);\
vertical-align:baseline}th{color:var(--dim);font-weight:600;white-space:nowrap}\
td{overflow-wrap:anywhere}\
code,pre,.id{font-family:ui-monospace,monospace;font-size:.85em}.id{white-space:nowrap}\
pre{background:var(--soft);border:1px solid var(--line);border-radius:6px;padding:1rem;overflow:auto}\
.tiles{display:flex;flex-wrap:wrap;gap:.75rem}\
.tiles a{border:1px solid var(--line);border-radius:8px;padding:.6rem 1rem;min-width:8rem;\
color:var(--ink);background:var(--soft)}.tiles b{display:block;font-size:1.5rem}\
.good{color:var(--good)}.bad{color:var(--bad)}.warn{color:var(--warn)}.dim{color:var(--dim)}\
form{margin:0}form.row{display:flex;flex-wrap:wrap;gap:.75rem;align-items:end;margin-bottom:1rem}\
form.inline{display:inline-block;margin-right:.35rem}\
label{display:block;font-size:.85rem;color:var(--dim)}\
input,select,button{font:inherit;height:2.25rem;padding:0 .6rem;border:1px solid var(--line);\
border-radius:6px}td button{height:1.75rem;font-size:.85rem}\
input[type=number]{width:7rem}button{cursor:pointer}\
[role=alert]{color:var(--bad);border:1px solid currentColor;border-radius:6px;padding:.5rem .75rem}";

/// The console's pages, with the names that people see.
pub(super) const PAGES: [(&str, &str); 8] = [
    ("/", "Overview"),
    ("/_sandbox/console/users", "Users"),
    ("/_sandbox/console/groups", "Groups"),
    ("/_sandbox/console/apps", "Apps"),
    ("/_sandbox/console/requests", "Access requests"),
    ("/_sandbox/console/log", "System Log"),
    ("/_sandbox/console/journal", "Requests made"),
    ("/_sandbox/console/faults", "Faults"),
];

/// A page; the title is plain text, the content HTML. With `refresh` the browser asks for it again
/// after so many seconds.
pub(super) fn page(
    status: u16,
    path: &str,
    title: &str,
    refresh: Option<u32>,
    content: &str,
) -> Answer {
    let title = escape(title);
    let again = refresh.map_or_else(String::new, |seconds| {
        format!("<meta http-equiv=\"refresh\" content=\"{seconds}\">")
    });
    let links: String = PAGES
        .iter()
        .map(|(target, name)| {
            let here = if *target == path {
                " aria-current=\"page\""
            } else {
                ""
            };
            format!("<a href=\"{target}\"{here}>{name}</a>")
        })
        .collect();
    let body = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\">{again}\
         <title>{title} · Okta sandbox</title><style>{STYLE}</style></head><body>\
         <header><b>Okta sandbox</b><nav>{links}</nav></header>\
         <main><h1>{title}</h1>{content}</main></body></html>"
    );
    Answer {
        status,
        body: body.into_bytes(),
        media: Some("text/html;charset=utf-8"),
        ..Answer::default()
    }
    .with("cache-control", "no-store")
    .with("referrer-policy", "no-referrer")
    .with("x-content-type-options", "nosniff")
    .with(
        "content-security-policy",
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; \
         base-uri 'none'",
    )
}

/// A table of cells that are HTML already.
pub(super) fn table(heads: &[&str], rows: &[Vec<String>], none: &str) -> String {
    if rows.is_empty() {
        return format!("<p class=\"dim\">{}</p>", escape(none));
    }
    let heads: String = heads
        .iter()
        .map(|head| format!("<th scope=\"col\">{}</th>", escape(head)))
        .collect();
    let rows: String = rows
        .iter()
        .map(|cells| {
            let cells: String = cells
                .iter()
                .map(|cell| format!("<td>{cell}</td>"))
                .collect();
            format!("<tr>{cells}</tr>")
        })
        .collect();
    format!(
        "<div class=\"scroll\"><table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
    )
}

/// An id, on one line.
pub(super) fn id(text: &str) -> String {
    format!("<span class=\"id\">{}</span>", escape(text))
}

/// A link within the console; the query's values are encoded here.
pub(super) fn link(path: &str, query: &[(&str, &str)], text: &str) -> String {
    let mut target = path.to_owned();
    if !query.is_empty() {
        let mut encoded = url::form_urlencoded::Serializer::new(String::new());
        encoded.extend_pairs(query);
        target = format!("{path}?{}", encoded.finish());
    }
    format!("<a href=\"{}\">{}</a>", escape(&target), escape(text))
}

/// A link to one object; its id becomes one segment of the path.
pub(super) fn object_link(kind: &str, id: &str, text: &str) -> String {
    let segment =
        percent_encoding::utf8_percent_encode(id, percent_encoding::NON_ALPHANUMERIC).to_string();
    link(&format!("/_sandbox/console/{kind}/{segment}"), &[], text)
}

/// A word in the colour of its meaning.
pub(super) fn tone(word: &str) -> String {
    let class = match word {
        "ACTIVE" | "SUCCESS" | "ALLOW" | "APPROVED" | "VERIFIED" | "RESOLVED" => "good",
        "DEPROVISIONED" | "INACTIVE" | "FAILURE" | "DENY" | "DENIED" | "REJECTED" => "bad",
        "" => "dim",
        _ => "warn",
    };
    format!("<span class=\"{class}\">{}</span>", escape(word))
}

/// A form that searches a list.
pub(super) fn search(path: &str, label: &str, query: &str) -> String {
    format!(
        "<form class=\"row\" method=\"get\" action=\"{path}\"><div><label for=\"q\">{}</label>\
         <input id=\"q\" name=\"q\" value=\"{}\"></div><button>Search</button></form>",
        escape(label),
        escape(query)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_breaks_out_of_what_pages_are_made_of() {
        let nasty = "\"'><img src=x onerror=alert(1)>&amp;";
        let parts = [
            id(nasty),
            link("/", &[(nasty, nasty)], nasty),
            object_link("users", nasty, nasty),
            tone(nasty),
            search("/", nasty, nasty),
            table(&[nasty], &[], nasty),
            table(&[nasty], &[vec![id(nasty)]], ""),
        ];
        for part in parts {
            assert!(!part.contains("<img"), "{part}");
            assert!(!part.contains("\"'>"), "{part}");
            assert!(
                part.contains("&amp;amp;") || part.contains("%26amp"),
                "{part}"
            );
        }
    }
}
