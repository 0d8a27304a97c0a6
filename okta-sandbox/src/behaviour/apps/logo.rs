//! The logo of an app.

use serde_json::json;

use super::named_app;
use crate::behaviour::images;
use crate::call::{Call, Handler, Outcome};
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::text;
use crate::log::app_target;
use crate::org::Org;

pub(super) fn handler(id: &str) -> Option<Handler> {
    (id == "uploadApplicationLogo").then_some(upload as Handler)
}

/// The logos by app.
const LOGOS: &str = "/api/v1/apps/logos";

pub(super) fn forget(org: &mut Org, app: &str) {
    org.shelf(LOGOS).remove(app);
}

/// A logo of this size is too large.
const TOO_LARGE: usize = 1024 * 1024;

/// Where the logo of an app is, and its media type.
pub(super) fn of<'o>(org: &'o Org, app: &str) -> (&'o str, &'o str) {
    let own = org.shelves.get(LOGOS).and_then(|logos| logos.get(app));
    match own {
        Some(logo) => (text(logo, "/path"), text(logo, "/type")),
        None => ("/assets/img/logos/default.png", "image/png"),
    }
}

fn upload(call: &mut Call<'_>) -> Outcome {
    let app = named_app(call)?;
    let refused = |cause: &str| Err(Fault::validation("file", &[cause]));
    let Some(image) = images::file(call.request) else {
        return refused("file: The field cannot be left blank");
    };
    // The service does not look into the file where its name tells enough.
    let told = images::format(image.bytes).map(|(format, _)| format);
    let media = match told.or_else(|| image.named_format()) {
        Some("png") => "image/png",
        Some("jpg") => "image/jpeg",
        Some("gif") => "image/gif",
        Some("svg") => "image/svg+xml",
        _ => return refused("file: The file must be in png, jpg, svg, gif format"),
    };
    if image.bytes.len() >= TOO_LARGE {
        return refused("file: The file must be less than 1 MB in size");
    }
    let path = format!("/fs/bco/4/{}", call.org.dice.id("fs0"));
    let logo = json!({ "path": path, "type": media });
    call.org.shelf(LOGOS).put(text(&app, "/id"), logo);
    call.log(
        "application.configuration.update_logo",
        vec![app_target(&app)],
    );
    Ok(Answer::empty(201).with("location", format!("{}{path}", call.base())))
}
