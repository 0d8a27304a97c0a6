//! The writer: appends JSON text to one buffer.

use super::string::plain_run;

/// Writes JSON text.
///
/// Commas are put where they belong, so callers only open, announce ([`Writer::key`], [`Writer::element`]), write and
/// close. The writer does
/// not check the order of calls; the model layer is its only regular caller.
#[derive(Default)]
pub struct Writer {
    out: String,
    /// The open array or object has an element, so a comma goes before the next one.
    comma: bool,
    /// Where unions begin and by which member they are told apart; recorded only for diffs.
    pub(crate) unions: Option<Vec<(usize, &'static str)>>,
}

impl Writer {
    /// An empty writer.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A writer with room for so many bytes.
    #[must_use]
    pub fn with_capacity(bytes: usize) -> Self {
        Self {
            out: String::with_capacity(bytes),
            comma: false,
            unions: None,
        }
    }

    /// The text so far.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.out
    }

    /// The finished text.
    #[must_use]
    pub fn into_string(self) -> String {
        self.out
    }

    /// Remembers that a union told apart by `tag` begins here.
    #[inline]
    pub(crate) fn mark_union(&mut self, tag: &'static str) {
        if let Some(unions) = &mut self.unions {
            unions.push((self.out.len(), tag));
        }
    }

    /// Opens an object.
    #[inline]
    pub fn begin_object(&mut self) {
        self.out.push('{');
        self.comma = false;
    }

    /// Closes an object.
    #[inline]
    pub fn end_object(&mut self) {
        self.out.push('}');
        self.comma = true;
    }

    /// Opens an array.
    #[inline]
    pub fn begin_array(&mut self) {
        self.out.push('[');
        self.comma = false;
    }

    /// Closes an array.
    #[inline]
    pub fn end_array(&mut self) {
        self.out.push(']');
        self.comma = true;
    }

    /// Separates elements; call before each one.
    #[inline]
    pub fn element(&mut self) {
        if std::mem::replace(&mut self.comma, true) {
            self.out.push(',');
        }
    }

    /// Writes a member's name and the colon.
    pub fn key(&mut self, name: &str) {
        self.element();
        self.string(name);
        self.out.push(':');
    }

    /// Writes a name that was escaped before, in the form `,"name":`.
    #[inline(always)]
    pub(crate) fn ready_key(&mut self, key: &'static str) {
        let skip = usize::from(!std::mem::replace(&mut self.comma, true));
        self.out.push_str(key.get(skip..).unwrap_or_default());
    }

    /// Writes a string.
    #[inline]
    pub fn string(&mut self, text: &str) {
        self.out.reserve(text.len() + 2);
        self.out.push('"');
        if plain_run(text.as_bytes(), 0) == text.len() {
            self.out.push_str(text);
        } else {
            self.escaped(text);
        }
        self.out.push('"');
    }

    #[cold]
    fn escaped(&mut self, text: &str) {
        let bytes = text.as_bytes();
        let mut at = 0;
        loop {
            let stop = plain_run(bytes, at);
            self.out.push_str(&text[at..stop]);
            let Some(byte) = bytes.get(stop) else { return };
            match byte {
                b'"' => self.out.push_str("\\\""),
                b'\\' => self.out.push_str("\\\\"),
                b'\n' => self.out.push_str("\\n"),
                b'\r' => self.out.push_str("\\r"),
                b'\t' => self.out.push_str("\\t"),
                8 => self.out.push_str("\\b"),
                12 => self.out.push_str("\\f"),
                other => {
                    const HEX: [char; 16] = [
                        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e',
                        'f',
                    ];
                    self.out.push_str("\\u00");
                    self.out.push(HEX[usize::from(other >> 4)]);
                    self.out.push(HEX[usize::from(other & 15)]);
                }
            }
            at = stop + 1;
        }
    }

    /// Writes `null`.
    #[inline]
    pub fn null(&mut self) {
        self.out.push_str("null");
    }

    /// Writes `true` or `false`.
    #[inline]
    pub fn boolean(&mut self, value: bool) {
        self.out.push_str(if value { "true" } else { "false" });
    }

    /// Writes an integer.
    #[inline]
    pub fn integer(&mut self, value: i64) {
        self.out.push_str(itoa::Buffer::new().format(value));
    }

    /// Writes a float in its shortest form; a whole number without `.0`, which every reader of integers accepts too.
    ///
    /// JSON has no form for infinity and NaN: they are written as `null`, as `serde_json` does.
    pub fn float(&mut self, value: f64) {
        if !value.is_finite() {
            return self.null();
        }
        let mut buffer = zmij::Buffer::new();
        let text = buffer.format_finite(value);
        self.out.push_str(text.strip_suffix(".0").unwrap_or(text));
    }

    /// Writes text that is JSON already.
    #[inline]
    pub fn raw(&mut self, json: &str) {
        self.out.push_str(json);
    }
}
