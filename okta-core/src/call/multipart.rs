//! `multipart/form-data` bodies (RFC 7578).

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;

/// One part of a multipart body.
#[derive(Clone)]
pub struct Part {
    name: Cow<'static, str>,
    file_name: Option<String>,
    content_type: Option<Cow<'static, str>>,
    bytes: Bytes,
}

impl Part {
    /// A plain form field.
    pub fn text(name: impl Into<Cow<'static, str>>, value: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            file_name: None,
            content_type: None,
            bytes: Bytes::from(value.into()),
        }
    }

    /// A file with its name and media type, such as `image/png`.
    pub fn file(
        name: impl Into<Cow<'static, str>>,
        file_name: impl Into<String>,
        content_type: impl Into<Cow<'static, str>>,
        bytes: impl Into<Bytes>,
    ) -> Self {
        Self {
            name: name.into(),
            file_name: Some(file_name.into()),
            content_type: Some(content_type.into()),
            bytes: bytes.into(),
        }
    }

    /// Sets the media type, such as that of a form field that holds JSON.
    #[must_use]
    pub fn content_type(mut self, kind: impl Into<Cow<'static, str>>) -> Self {
        self.content_type = Some(kind.into());
        self
    }
}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Part")
            .field("name", &self.name)
            .field("bytes", &self.bytes.len())
            .finish_non_exhaustive()
    }
}

/// The body and its boundary. The boundary is derived from the parts, so that the same parts
/// always give the same request, and occurs in none of them.
pub(super) fn encode(parts: &[Part]) -> (String, Vec<u8>) {
    let mut number = parts.iter().map(|part| part.bytes.len()).sum::<usize>();
    let boundary = loop {
        let boundary = format!("okta-sdk-rust-{number:016x}");
        if !parts
            .iter()
            .any(|part| contains(&part.bytes, boundary.as_bytes()))
        {
            break boundary;
        }
        number += 1;
    };
    let mut body = Vec::new();
    for part in parts {
        let mut head = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"{}\"",
            quoted(&part.name)
        );
        if let Some(name) = &part.file_name {
            head.push_str(&format!("; filename=\"{}\"", quoted(name)));
        }
        if let Some(kind) = &part.content_type {
            head.push_str(&format!(
                "\r\nContent-Type: {}",
                kind.replace(['\r', '\n'], "")
            ));
        }
        head.push_str("\r\n\r\n");
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(&part.bytes);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    (boundary, body)
}

/// As browsers escape names (WHATWG HTML, multipart form data).
fn quoted(text: &str) -> String {
    text.replace('"', "%22")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_framed_and_escaped() {
        let parts = [
            Part::text("a\"b", "1"),
            Part::file("file", "logo.png", "image/png", vec![0u8, 1, 2]),
        ];
        let (boundary, body) = encode(&parts);
        let text = String::from_utf8_lossy(&body);
        assert!(text.starts_with(&format!("--{boundary}\r\n")));
        assert!(text.contains("name=\"a%22b\"\r\n\r\n1\r\n"));
        assert!(
            text.contains(
                "filename=\"logo.png\"\r\nContent-Type: image/png\r\n\r\n\0\u{1}\u{2}\r\n"
            )
        );
        assert!(text.ends_with(&format!("--{boundary}--\r\n")));
    }

    #[test]
    fn the_boundary_is_not_in_the_parts() {
        let (first, _) = encode(&[Part::text("a", "x".repeat(30))]);
        assert_eq!(first.len(), 30);
        let (second, _) = encode(&[Part::text("a", first.clone())]);
        assert_ne!(first, second);
    }
}
