//! Themes of a brand: colours, variants and images.

use serde_json::{Value, json};

use super::{BRANDS, brand};
use crate::behaviour::images;
use crate::call::{Call, Handler, Outcome};
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::text;
use crate::log::named;

/// The behaviour of an operation of this family.
pub(super) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listBrandThemes" => list,
        "getBrandTheme" => get,
        "replaceBrandTheme" => replace,
        "uploadBrandThemeLogo" => |call| upload(call, "logo"),
        "uploadBrandThemeFavicon" => |call| upload(call, "favicon"),
        "uploadBrandThemeBackgroundImage" => |call| upload(call, "backgroundImage"),
        "deleteBrandThemeLogo" => |call| reset(call, "logo"),
        "deleteBrandThemeFavicon" => |call| reset(call, "favicon"),
        "deleteBrandThemeBackgroundImage" => |call| reset(call, "backgroundImage"),
        _ => return None,
    })
}

fn shelf(call: &Call<'_>) -> String {
    format!("{BRANDS}/{}/themes", call.parameter(0))
}

/// The images of a theme that has none of its own.
fn own_image(member: &str) -> Value {
    match member {
        "logo" => json!("/assets/img/logos/okta-logo.png"),
        "favicon" => json!("/favicon.ico"),
        _ => Value::Null,
    }
}

fn show(call: &Call<'_>, theme: &Value) -> Value {
    let own = format!("{}{}/{}", call.base(), shelf(call), text(theme, "/id"));
    let hinted =
        |href: String, allow: &[&str]| json!({ "href": href, "hints": { "allow": allow } });
    let mut shown = theme.clone();
    for member in ["logo", "favicon", "backgroundImage"] {
        if let Some(path) = theme[member].as_str() {
            shown[member] = json!(format!("{}{path}", call.base()));
        }
    }
    shown["_links"] = json!({
        "self": hinted(own.clone(), &["GET", "PUT"]),
        "logo": hinted(format!("{own}/logo"), &["POST", "DELETE"]),
        "favicon": hinted(format!("{own}/favicon"), &["POST", "DELETE"]),
        "background-image": hinted(format!("{own}/background-image"), &["POST", "DELETE"]),
    });
    shown
}

fn known(call: &mut Call<'_>) -> Result<Value, Fault> {
    brand(call, call.parameter(0))?;
    let (path, id) = (shelf(call), call.parameter(1));
    let found = call.org.shelf(&path).get(id).cloned();
    found.ok_or_else(|| Fault::not_found(id, "Theme"))
}

fn put(call: &mut Call<'_>, theme: Value) {
    let path = shelf(call);
    let id = call.parameter(1);
    call.org.shelf(&path).put(id, theme);
    let target = named("Theme", id, "unknown", id);
    call.log("system.theme.update", vec![target]);
}

fn list(call: &mut Call<'_>) -> Outcome {
    brand(call, call.parameter(0))?;
    let path = shelf(call);
    let themes: Vec<Value> = call.org.shelf(&path).values().cloned().collect();
    let shown = themes.iter().map(|theme| show(call, theme)).collect();
    call.all(shown)
}

fn get(call: &mut Call<'_>) -> Outcome {
    let theme = known(call)?;
    Ok(Answer::ok(&show(call, &theme)))
}

const PAGE: &[&str] = &[
    "BACKGROUND_IMAGE",
    "BACKGROUND_SECONDARY_COLOR",
    "OKTA_DEFAULT",
];

/// The touch points: which variants each has, and whether a client has to choose.
const VARIANTS: [(&str, &[&str], bool); 5] = [
    ("signInPageTouchPointVariant", PAGE, true),
    ("errorPageTouchPointVariant", PAGE, true),
    (
        "endUserDashboardTouchPointVariant",
        &[
            "FULL_THEME",
            "LOGO_ON_FULL_WHITE_BACKGROUND",
            "OKTA_DEFAULT",
            "WHITE_LOGO_BACKGROUND",
        ],
        true,
    ),
    (
        "emailTemplateTouchPointVariant",
        &["FULL_THEME", "OKTA_DEFAULT"],
        true,
    ),
    (
        "loadingPageTouchPointVariant",
        &["NONE", "OKTA_DEFAULT"],
        false,
    ),
];

/// The colours: what they are where a client does not choose, and whether it has to.
const COLOURS: [(&str, &str, bool); 4] = [
    ("primaryColorHex", "", true),
    ("primaryColorContrastHex", "#000000", false),
    ("secondaryColorHex", "", true),
    ("secondaryColorContrastHex", "#000000", false),
];

fn is_colour(value: &str) -> bool {
    let digits = value.strip_prefix('#').unwrap_or_default();
    matches!(digits.len(), 3 | 6) && digits.chars().all(|c| c.is_ascii_hexdigit())
}

fn replace(call: &mut Call<'_>) -> Outcome {
    let mut theme = known(call)?;
    let body = call.request.object()?;
    let blank = |name: &str| {
        let cause = format!("{name}: The field cannot be left blank");
        Fault::validation(name, &[&cause])
    };
    for (name, initial, needed) in COLOURS {
        let given = &body[name];
        theme[name] = match given.as_str() {
            Some(colour) if is_colour(colour) => given.clone(),
            None if given.is_null() && needed => return Err(blank(name)),
            None if given.is_null() => json!(initial),
            _ => {
                let cause =
                    format!("{name}: The field must be a hexadecimal colour such as #1662dd");
                return Err(Fault::validation(name, &[&cause]));
            }
        };
    }
    for (name, variants, needed) in VARIANTS {
        let given = &body[name];
        theme[name] = match given.as_str() {
            Some(variant) if variants.contains(&variant) => given.clone(),
            None if given.is_null() && needed => return Err(blank(name)),
            None if given.is_null() => json!("OKTA_DEFAULT"),
            _ => {
                let cause = format!("{name}: The field must be one of {}", variants.join(", "));
                return Err(Fault::validation(name, &[&cause]));
            }
        };
    }
    put(call, theme.clone());
    Ok(Answer::ok(&show(call, &theme)))
}

fn upload(call: &mut Call<'_>, member: &'static str) -> Outcome {
    let mut theme = known(call)?;
    let refused = |cause: &str| Err(Fault::validation("file", &[cause]));
    let Some(image) = images::file(call.request) else {
        return refused("file: The field cannot be left blank");
    };
    let found = images::format(image.bytes);
    let (kinds, most): (&[&str], usize) = match member {
        "favicon" => (&["png", "ico"], usize::MAX),
        "logo" => (&["png", "jpg", "gif"], 100 * 1024),
        _ => (&["png", "jpg", "gif"], 2 * 1024 * 1024),
    };
    let Some((kind, (width, height))) = found.filter(|(kind, _)| kinds.contains(kind)) else {
        return refused(&format!(
            "file: The file must be in {} format",
            kinds.join(", ")
        ));
    };
    if image.bytes.len() >= most {
        return refused(&format!(
            "file: The file must be less than {} kB in size",
            most / 1024
        ));
    }
    if member == "favicon" && (width != height || width > 512) {
        return refused("file: The image must have a 1:1 ratio and at most 512 x 512 pixels");
    }
    let id = call.org.dice.id("fs");
    theme[member] = json!(format!("/fs/bco/{kind}/{id}"));
    let url = format!("{}{}", call.base(), text(&theme, &format!("/{member}")));
    put(call, theme);
    Ok(Answer::json(call.operation.success, &json!({ "url": url })))
}

fn reset(call: &mut Call<'_>, member: &'static str) -> Outcome {
    let mut theme = known(call)?;
    theme[member] = own_image(member);
    put(call, theme);
    Ok(Answer::no_content())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::bench::Bench;
    use crate::json::text;

    fn theme(bench: &Bench) -> String {
        let (_, brands) = bench.call("GET", "/api/v1/brands", None);
        let themes = format!("/api/v1/brands/{}/themes", text(&brands, "/0/id"));
        let (_, all) = bench.call("GET", &themes, None);
        format!("{themes}/{}", text(&all, "/0/id"))
    }

    fn png(width: u32, height: u32, more: usize) -> Vec<u8> {
        let mut image = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
        image.extend(width.to_be_bytes());
        image.extend(height.to_be_bytes());
        image.extend(vec![7; more]);
        image
    }

    fn upload(bench: &Bench, target: &str, image: &[u8]) -> u16 {
        let mut form =
            b"--cut\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x\"\r\n\r\n"
                .to_vec();
        form.extend(image);
        form.extend(b"\r\n--cut--\r\n");
        let media = "multipart/form-data; boundary=cut";
        bench.send("POST", target, media, form).status
    }

    #[test]
    fn colours_and_variants_are_checked() {
        let bench = Bench::new();
        let own = theme(&bench);
        let body = json!({
            "primaryColorHex": "#ababab", "secondaryColorHex": "#EBEBED", "secondaryColorContrastHex": "#ffffff",
            "signInPageTouchPointVariant": "BACKGROUND_IMAGE", "errorPageTouchPointVariant": "OKTA_DEFAULT",
            "endUserDashboardTouchPointVariant": "FULL_THEME", "emailTemplateTouchPointVariant": "FULL_THEME",
        });
        let (status, kept) = bench.call("PUT", &own, Some(&body));
        assert_eq!(
            (status, &kept["primaryColorContrastHex"]),
            (200, &json!("#000000")),
            "{kept}"
        );
        assert_eq!(kept["secondaryColorContrastHex"], "#ffffff");
        assert_eq!(bench.call("GET", &own, None).1, kept);
        for (name, wrong) in [
            ("primaryColorHex", json!("blue")),
            ("secondaryColorHex", json!("#12345")),
            ("primaryColorHex", json!(null)),
            ("signInPageTouchPointVariant", json!("FULL_THEME")),
            ("loadingPageTouchPointVariant", json!("FULL_THEME")),
        ] {
            let mut body = body.clone();
            body[name] = wrong;
            assert_eq!(bench.call("PUT", &own, Some(&body)).0, 400, "{body}");
        }
    }

    #[test]
    fn images_are_checked_and_go_back_to_the_service_s_own() {
        let bench = Bench::new();
        let own = theme(&bench);
        let (_, before) = bench.call("GET", &own, None);
        let at = |name: &str| format!("{own}/{name}");
        assert_eq!(upload(&bench, &at("logo"), &png(300, 50, 10)), 200);
        assert_eq!(
            upload(&bench, &at("background-image"), &png(300, 50, 200_000)),
            201
        );
        assert_eq!(
            upload(&bench, &at("logo"), &png(300, 50, 200_000)),
            400,
            "too large"
        );
        assert_eq!(upload(&bench, &at("logo"), b"<svg/>"), 400, "no image");
        assert_eq!(
            upload(&bench, &at("favicon"), b"GIF89a"),
            400,
            "not for favicons"
        );
        assert_eq!(
            upload(&bench, &at("favicon"), &png(32, 16, 0)),
            400,
            "not square"
        );
        assert_eq!(
            upload(&bench, &at("favicon"), &png(513, 513, 0)),
            400,
            "too many pixels"
        );
        assert_eq!(upload(&bench, &at("favicon"), &png(32, 32, 0)), 201);
        let (_, now) = bench.call("GET", &own, None);
        for (member, name) in [
            ("logo", "logo"),
            ("favicon", "favicon"),
            ("backgroundImage", "background-image"),
        ] {
            assert_ne!(now[member], before[member], "{member}");
            assert_eq!(bench.call("DELETE", &at(name), None).0, 204);
        }
        assert_eq!(bench.call("GET", &own, None).1, before);
    }
}
