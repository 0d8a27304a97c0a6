//! A page for people at `/`: what the org holds, what happens in it, and switches for faults.
//! Made on the server, without scripts. It asks for no credentials, as the control endpoints don't.

mod faults;
mod html;
mod objects;
mod traffic;

use crate::exchange::{Answer, Request, form_pairs};
use crate::oauth::pages::redirect;
use crate::pipeline::Shared;

const ROOT: &str = "/_sandbox/console/";

/// True if the console answers this request: no fault, limit or journal is meant for it.
pub(crate) fn is_for(request: &Request) -> bool {
    request.path == "/" || request.path.starts_with(ROOT)
}

/// Answers a request for the console.
pub(crate) fn answer(shared: &Shared, request: &Request) -> Answer {
    let place = request.path.strip_prefix(ROOT).unwrap_or_default();
    match request.method.as_str() {
        "GET" | "HEAD" => look(shared, request, place),
        "POST" if is_foreign(request) => html::page(
            403,
            "",
            "Refused",
            None,
            "<p role=\"alert\">The form came from another site.</p>",
        ),
        "POST" => act(shared, request, place),
        _ => html::page(
            405,
            "",
            "Not possible",
            None,
            "<p role=\"alert\">The console takes GET and POST.</p>",
        )
        .with("allow", "GET, HEAD, POST"),
    }
}

/// A form of another site must not change this org, although no password stands in its way.
fn is_foreign(request: &Request) -> bool {
    request
        .header("origin")
        .is_some_and(|origin| !origin.eq_ignore_ascii_case(&request.base))
}

fn look(shared: &Shared, request: &Request, place: &str) -> Answer {
    let segments: Vec<&str> = request.segments.iter().map(String::as_str).collect();
    match &segments[..] {
        [""] => traffic::overview(shared),
        [_, _, "users"] => objects::users(&shared.org(), request),
        [_, _, "groups"] => objects::groups(&shared.org(), request),
        [_, _, "apps"] => objects::apps(&shared.org(), request),
        [_, _, "requests"] => objects::requests(&shared.org()),
        [_, _, "users", id] => found(objects::user(&shared.org(), id), place),
        [_, _, "groups", id] => found(objects::group(&shared.org(), id), place),
        [_, _, "apps", id] => found(objects::app(&shared.org(), id), place),
        [_, _, "requests", id] => found(objects::request(&shared.org(), id), place),
        [_, _, "log"] => traffic::log(&shared.org(), request),
        [_, _, "log", uuid] => found(traffic::event(&shared.org(), uuid), place),
        [_, _, "journal"] => traffic::journal(shared, request),
        [_, _, "faults"] => faults::show(shared, None),
        _ => found(None, place),
    }
}

fn act(shared: &Shared, request: &Request, place: &str) -> Answer {
    let form = form_pairs(&String::from_utf8_lossy(&request.body));
    let field = |name: &str| {
        let found = form.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value.trim())
    };
    let done = match place {
        "faults" => faults::add(shared, &field),
        "faults/remove" => faults::remove(shared, field("id")),
        "faults/clear" => {
            shared.faults().clear();
            Ok(())
        }
        "decide" => objects::decide(shared, field("id"), field("decision")),
        _ => return found(None, place),
    };
    let back = match place {
        "decide" => "/_sandbox/console/requests",
        _ => "/_sandbox/console/faults",
    };
    match done {
        // What a POST did shows on a page that can be loaded again.
        Ok(()) => Answer {
            status: 303,
            ..redirect(back)
        },
        Err(problem) if place == "decide" => html::page(
            400,
            back,
            "Not decided",
            None,
            &format!("<p role=\"alert\">{}</p>", html::escape(&problem)),
        ),
        Err(problem) => faults::show(shared, Some(&problem)),
    }
}

fn found(page: Option<Answer>, place: &str) -> Answer {
    page.unwrap_or_else(|| {
        let text = format!(
            "<p role=\"alert\">The console has nothing at <code>{}</code>.</p>",
            html::escape(place)
        );
        html::page(404, "", "Not found", None, &text)
    })
}
