//! Images that clients upload in forms.

use crate::exchange::Request;

/// Where `needle` begins in `bytes`.
fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    bytes
        .windows(needle.len())
        .position(|window| window == needle)
}

/// The part `file` of a form.
pub(super) struct File<'r> {
    pub(super) bytes: &'r [u8],
    name: String,
}

impl File<'_> {
    /// What the end of the file's name says of its format.
    pub(super) fn named_format(&self) -> Option<&'static str> {
        let (_, end) = self.name.rsplit_once('.')?;
        Some(match end.to_ascii_lowercase().as_str() {
            "png" => "png",
            "jpg" | "jpeg" => "jpg",
            "gif" => "gif",
            "svg" => "svg",
            _ => return None,
        })
    }
}

/// The part `file` of a form.
pub(super) fn file(request: &Request) -> Option<File<'_>> {
    let media = request.header("content-type")?;
    if !media.starts_with("multipart/form-data") {
        return None;
    }
    let boundary = media.split("boundary=").nth(1)?.split(';').next()?;
    let boundary = format!("--{}", boundary.trim().trim_matches('"'));
    let mut rest: &[u8] = &request.body;
    loop {
        rest = &rest[find(rest, boundary.as_bytes())? + boundary.len()..];
        let begin = find(rest, b"\r\n\r\n")?;
        let head = String::from_utf8_lossy(&rest[..begin]);
        let content = &rest[begin + 4..];
        let end = find(content, format!("\r\n{boundary}").as_bytes())?;
        if head.contains("name=\"file\"") || head.contains("name=file") {
            let name = head.split("filename=\"").nth(1);
            let name = name.and_then(|rest| rest.split('"').next());
            return Some(File {
                bytes: &content[..end],
                name: name.unwrap_or_default().to_owned(),
            });
        }
        rest = &content[end..];
    }
}

/// The format of an image, told by its first bytes, and its width and height where they matter.
pub(super) fn format(image: &[u8]) -> Option<(&'static str, (u32, u32))> {
    let number = |at: usize| {
        let bytes = image.get(at..at + 4)?;
        Some(u32::from_be_bytes(bytes.try_into().ok()?))
    };
    // A side of zero in an icon means 256.
    let side = |at: usize| {
        Some(
            image
                .get(at)
                .map_or(0, |b| if *b == 0 { 256 } else { u32::from(*b) }),
        )
    };
    if image.starts_with(b"\x89PNG\r\n\x1a\n") {
        return Some(("png", (number(16)?, number(20)?)));
    }
    if image.starts_with(&[0xff, 0xd8, 0xff]) {
        return Some(("jpg", (0, 0)));
    }
    if image.starts_with(b"GIF8") {
        return Some(("gif", (0, 0)));
    }
    if image.starts_with(&[0, 0, 1, 0]) {
        return Some(("ico", (side(6)?, side(7)?)));
    }
    is_svg(image).then_some(("svg", (0, 0)))
}

/// Whether an image is SVG in UTF-8; other encodings are not taken.
fn is_svg(image: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(image) else {
        return false;
    };
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let declared = text.strip_prefix("<?xml").and_then(|t| t.split_once("?>"));
    let (declaration, rest) = declared.unwrap_or(("", text));
    let other = declaration.contains("encoding") && !declaration.to_lowercase().contains("utf-8");
    // Comments and a document type may come before the root.
    !other && rest.trim_start().starts_with('<') && rest.contains("<svg")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn svg_is_told_from_other_text() {
        for (text, svg) in [
            ("<svg xmlns=\"http://www.w3.org/2000/svg\"/>", true),
            (
                "\u{feff}<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- a --><svg/>",
                true,
            ),
            ("<?xml version=\"1.0\" encoding=\"UTF-16\"?><svg/>", false),
            ("<html></html>", false),
            ("an <svg> of text", false),
        ] {
            let found = format(text.as_bytes()).map(|(kind, _)| kind);
            assert_eq!(found, svg.then_some("svg"), "{text}");
        }
    }
}
