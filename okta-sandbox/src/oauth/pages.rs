//! The pages that people see: sign-in, consent, device, errors. They work without scripts.

use crate::exchange::Answer;

/// Text made safe for HTML, in elements and in attributes.
pub(crate) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;background:#f4f4f4;margin:0}\
main{max-width:24rem;margin:10vh auto;background:#fff;padding:2rem;border:1px solid #d7d7dc;\
border-radius:6px}h1{font-size:1.25rem;margin:0 0 1rem}label{display:block;margin:.75rem 0 .25rem}\
input:not([type=hidden]){width:100%;box-sizing:border-box;padding:.5rem;font:inherit}\
button{margin:1.25rem .5rem 0 0;padding:.5rem 1.25rem;font:inherit}\
[role=alert]{color:#a00;margin:0 0 1rem}small{color:#6e6e78}";

/// A whole page; the title is plain text, the content HTML.
fn page(status: u16, title: &str, content: &str) -> Answer {
    let title = escape(title);
    let body = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title>\
         <style>{STYLE}</style></head><body><main><h1>{title}</h1>{content}</main></body></html>"
    );
    Answer {
        status,
        body: body.into_bytes(),
        media: Some("text/html;charset=utf-8"),
        ..Answer::default()
    }
}

/// A page with one message.
pub(crate) fn message(status: u16, title: &str, text: &str) -> Answer {
    page(status, title, &format!("<p>{}</p>", escape(text)))
}

/// The page for a request that must not be sent back to its client.
pub(crate) fn error(error: &str, description: &str) -> Answer {
    let content = format!(
        "<p role=\"alert\">{}</p><p><small>Error: <code>{}</code></small></p>",
        escape(description),
        escape(error)
    );
    page(400, "400 Bad Request", &content)
}

fn hidden(fields: &[(&str, &str)]) -> String {
    let one = |(name, value): &(&str, &str)| {
        format!(
            "<input type=\"hidden\" name=\"{}\" value=\"{}\">",
            escape(name),
            escape(value)
        )
    };
    fields.iter().map(one).collect()
}

fn alert(text: Option<&str>) -> String {
    text.map_or_else(String::new, |text| {
        format!("<p role=\"alert\">{}</p>", escape(text))
    })
}

/// The sign-in form.
pub(crate) fn sign_in(
    app: &str,
    fields: &[(&str, &str)],
    login: &str,
    problem: Option<&str>,
) -> Answer {
    let to = match app {
        "" => String::new(),
        app => format!("<p>to continue to {}</p>", escape(app)),
    };
    let content = format!(
        "{to}{}<form method=\"post\" action=\"/login/login.htm\">{}\
         <label for=\"username\">Username</label>\
         <input id=\"username\" name=\"username\" autocomplete=\"username\" value=\"{}\" required>\
         <label for=\"password\">Password</label>\
         <input id=\"password\" name=\"password\" type=\"password\" autocomplete=\"current-password\" \
         required><button type=\"submit\">Sign in</button></form>",
        alert(problem),
        hidden(fields),
        escape(login)
    );
    page(200, "Sign in", &content)
}

/// The question whether an app may have scopes.
pub(crate) fn consent(action: &str, app: &str, key: &str, scopes: &[String]) -> Answer {
    let items: String = scopes
        .iter()
        .map(|s| format!("<li><code>{}</code></li>", escape(s)))
        .collect();
    let content = format!(
        "<p>{} would like to have</p><ul>{items}</ul><form method=\"post\" action=\"{}\">{}\
         <button type=\"submit\" name=\"consent\" value=\"allow\">Allow access</button>\
         <button type=\"submit\" name=\"consent\" value=\"deny\">Don't allow</button></form>",
        escape(app),
        escape(action),
        hidden(&[("okta_key", key)])
    );
    page(200, "Consent", &content)
}

/// The form for a device's code.
pub(crate) fn device_code(code: &str, problem: Option<&str>) -> Answer {
    let content = format!(
        "{}<form method=\"post\" action=\"/activate\"><label for=\"user_code\">Code on your device\
         </label><input id=\"user_code\" name=\"user_code\" autocomplete=\"off\" value=\"{}\" required>\
         <button type=\"submit\">Next</button></form>",
        alert(problem),
        escape(code)
    );
    page(200, "Activate your device", &content)
}

/// The question whether a device may be signed in.
pub(crate) fn device_consent(app: &str, code: &str, scopes: &[String]) -> Answer {
    let content = format!(
        "<p>{} on the device that shows {} asks for: {}</p><form method=\"post\" \
         action=\"/activate\">{}<button type=\"submit\" name=\"decision\" value=\"allow\">Allow access\
         </button><button type=\"submit\" name=\"decision\" value=\"deny\">Don't allow</button></form>",
        escape(app),
        escape(code),
        escape(&scopes.join(", ")),
        hidden(&[("user_code", code)])
    );
    page(200, "Activate your device", &content)
}

/// The question whether a sign-in elsewhere may go on.
pub(crate) fn approval(action: &str, app: &str, message: &str, key: &str) -> Answer {
    let content = format!(
        "<p>{} asks whether you are signing in.</p><p>{}</p><form method=\"post\" \
         action=\"{}\">{}<button type=\"submit\" name=\"decision\" value=\"allow\">Yes, it's me\
         </button><button type=\"submit\" name=\"decision\" value=\"deny\">No, it's not me</button>\
         </form>",
        escape(app),
        escape(message),
        escape(action),
        hidden(&[("request", key)])
    );
    page(200, "Sign-in requests", &content)
}

/// Sends fields to a client by an automatic POST, or a click where scripts are off.
pub(crate) fn form_post(target: &str, fields: &[(&str, &str)]) -> Answer {
    let content = format!(
        "<form method=\"post\" action=\"{}\">{}<noscript><button type=\"submit\">Continue</button>\
         </noscript></form><script>document.forms[0].submit()</script>",
        escape(target),
        hidden(fields)
    );
    page(200, "Continue", &content)
}

/// Sends fields to the window that opened this one.
pub(crate) fn post_message(origin: &str, fields: &serde_json::Value) -> Answer {
    // JSON in a script must not be able to end the script.
    let json = |value: String| value.replace('<', "\\u003c");
    let content = format!(
        "<script>(window.opener||window.parent).postMessage({},{})</script>",
        json(fields.to_string()),
        json(serde_json::Value::from(origin).to_string())
    );
    page(200, "Continue", &content)
}

/// A redirect that no cache keeps.
pub(crate) fn redirect(location: &str) -> Answer {
    Answer::empty(302).with("location", location)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_breaks_out_of_a_page() {
        let nasty = "\"><script>alert('x')</script>";
        for answer in [
            sign_in(nasty, &[(nasty, nasty)], nasty, Some(nasty)),
            error(nasty, nasty),
            consent(nasty, nasty, nasty, &[nasty.to_owned()]),
            device_code(nasty, Some(nasty)),
            device_consent(nasty, nasty, &[nasty.to_owned()]),
            approval(nasty, nasty, nasty, nasty),
            form_post(nasty, &[("state", nasty)]),
            post_message(nasty, &serde_json::json!({ "state": nasty })),
        ] {
            let html = String::from_utf8(answer.body).unwrap();
            assert!(!html.contains("<script>alert"), "{html}");
        }
    }
}
