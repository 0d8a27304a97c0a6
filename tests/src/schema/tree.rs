//! JSON as a tree that keeps what `serde_json::Value` loses: digits of numbers, repeated names.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// A JSON value.
#[derive(Clone, Debug, PartialEq)]
pub enum Tree {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// A number as text.
    Number(String),
    /// A string.
    Text(String),
    /// An array.
    Array(Vec<Tree>),
    /// An object; names may repeat.
    Object(Vec<(String, Tree)>),
}

/// How a tree is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// As short as possible.
    Plain,
    /// White space wherever it may stand.
    Spaced,
    /// Every character of names and texts as an escape.
    Escaped,
}

impl Tree {
    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// A number.
    pub fn number(text: impl Into<String>) -> Self {
        Self::Number(text.into())
    }

    /// JSON text.
    #[must_use]
    pub fn write(&self, style: Style) -> String {
        let mut out = String::new();
        self.write_to(&mut out, style);
        out
    }

    fn write_to(&self, out: &mut String, style: Style) {
        let space = if style == Style::Spaced {
            " \r\n\t"
        } else {
            ""
        };
        out.push_str(space);
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Self::Number(text) => out.push_str(text),
            Self::Text(text) => write_text(out, text, style),
            Self::Array(items) => {
                out.push('[');
                for (n, item) in items.iter().enumerate() {
                    if n > 0 {
                        out.push(',');
                    }
                    item.write_to(out, style);
                }
                if items.is_empty() {
                    out.push_str(space);
                }
                out.push(']');
            }
            Self::Object(members) => {
                out.push('{');
                for (n, (name, value)) in members.iter().enumerate() {
                    if n > 0 {
                        out.push(',');
                    }
                    out.push_str(space);
                    write_text(out, name, style);
                    out.push_str(space);
                    out.push(':');
                    value.write_to(out, style);
                }
                if members.is_empty() {
                    out.push_str(space);
                }
                out.push('}');
            }
        }
        out.push_str(space);
    }

    /// Reads JSON text.
    ///
    /// # Errors
    /// If the text is not JSON: where and what.
    pub fn read(text: &[u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(text).map_err(|error| error.to_string())?;
        let mut parser = Parser { text, at: 0 };
        let tree = parser.value(0)?;
        parser.space();
        if parser.at == text.len() {
            Ok(tree)
        } else {
            Err(parser.error("more text"))
        }
    }

    /// The path of the first difference: numbers by value, texts exactly, members in any order, of equal names the
    /// last one.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Option<String> {
        differs(self, other, &mut String::from("$"))
    }

    /// Number of values.
    #[must_use]
    pub fn size(&self) -> usize {
        1 + match self {
            Self::Array(items) => items.iter().map(Self::size).sum(),
            Self::Object(members) => members.iter().map(|(_, value)| value.size()).sum(),
            _ => 0,
        }
    }

    /// Removes a member of an object.
    pub fn remove(&mut self, name: &str) {
        if let Self::Object(members) = self {
            members.retain(|(other, _)| other != name);
        }
    }

    /// Sets a member of an object, in place of one of that name.
    pub fn set(&mut self, name: &str, value: Self) {
        if let Self::Object(members) = self {
            match members.iter_mut().find(|(other, _)| other == name) {
                Some((_, old)) => *old = value,
                None => members.push((name.to_owned(), value)),
            }
        }
    }
}

fn write_text(out: &mut String, text: &str, style: Style) {
    if style == Style::Escaped {
        out.push('"');
        for unit in text.encode_utf16() {
            let _infallible = write!(out, "\\u{unit:04x}");
        }
        out.push('"');
        return;
    }
    out.push_str(&serde_json::to_string(text).unwrap_or_default());
}

/// A number's sign, digits and exponent, the same for all ways of writing it.
fn number_value(text: &str) -> (bool, String, i64) {
    let (negative, rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (mantissa, exponent) = rest.split_once(['e', 'E']).unwrap_or((rest, "0"));
    let exponent: i64 = exponent
        .trim_start_matches('+')
        .parse()
        .unwrap_or(i64::MAX / 2);
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let trimmed = digits.trim_end_matches('0');
    let zeros = i64::try_from(digits.len() - trimmed.len()).unwrap_or_default();
    let exponent = exponent - i64::try_from(fraction.len()).unwrap_or_default() + zeros;
    let digits = trimmed.trim_start_matches('0').to_owned();
    if digits.is_empty() {
        (false, digits, 0)
    } else {
        (negative, digits, exponent)
    }
}

fn differs(a: &Tree, b: &Tree, path: &mut String) -> Option<String> {
    let here = path.len();
    match (a, b) {
        (Tree::Number(a), Tree::Number(b)) if a == b || number_value(a) == number_value(b) => None,
        (Tree::Array(a), Tree::Array(b)) if a.len() == b.len() => {
            a.iter().zip(b).enumerate().find_map(|(n, (a, b))| {
                let _infallible = write!(path, "[{n}]");
                let found = differs(a, b, path);
                path.truncate(here);
                found
            })
        }
        (Tree::Object(a), Tree::Object(b)) => {
            let a: BTreeMap<&str, &Tree> = a
                .iter()
                .map(|(name, value)| (name.as_str(), value))
                .collect();
            let lookup: BTreeMap<&str, &Tree> = b
                .iter()
                .map(|(name, value)| (name.as_str(), value))
                .collect();
            if let Some(extra) = lookup.keys().find(|name| !a.contains_key(*name)) {
                return Some(format!("{path}.{extra} is new"));
            }
            a.iter().find_map(|(name, a)| {
                let Some(b) = lookup.get(name) else {
                    return Some(format!("{path}.{name} is lost"));
                };
                let _infallible = write!(path, ".{name}");
                let found = differs(a, b, path);
                path.truncate(here);
                found
            })
        }
        _ if a == b => None,
        _ => Some(path.clone()),
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl Parser<'_> {
    fn error(&self, what: &str) -> String {
        format!("{what} at byte {}", self.at)
    }

    fn byte(&self) -> u8 {
        self.text
            .as_bytes()
            .get(self.at)
            .copied()
            .unwrap_or_default()
    }

    fn space(&mut self) {
        while matches!(self.byte(), b' ' | b'\t' | b'\r' | b'\n') {
            self.at += 1;
        }
    }

    fn expect(&mut self, literal: &str) -> Result<(), String> {
        if self.text[self.at..].starts_with(literal) {
            self.at += literal.len();
            return Ok(());
        }
        Err(self.error(&format!("`{literal}` expected")))
    }

    fn value(&mut self, depth: usize) -> Result<Tree, String> {
        if depth > 600 {
            return Err(self.error("too deep"));
        }
        self.space();
        match self.byte() {
            b'n' => self.expect("null").map(|()| Tree::Null),
            b't' => self.expect("true").map(|()| Tree::Bool(true)),
            b'f' => self.expect("false").map(|()| Tree::Bool(false)),
            b'"' => self.string().map(Tree::Text),
            b'[' => {
                let mut items = Vec::new();
                self.sequence(b']', |parser| {
                    items.push(parser.value(depth + 1)?);
                    Ok(())
                })?;
                Ok(Tree::Array(items))
            }
            b'{' => {
                let mut members = Vec::new();
                self.sequence(b'}', |parser| {
                    parser.space();
                    let name = parser.string()?;
                    parser.space();
                    parser.expect(":")?;
                    members.push((name, parser.value(depth + 1)?));
                    Ok(())
                })?;
                Ok(Tree::Object(members))
            }
            _ => self.number(),
        }
    }

    fn sequence(
        &mut self,
        end: u8,
        mut item: impl FnMut(&mut Self) -> Result<(), String>,
    ) -> Result<(), String> {
        self.at += 1;
        self.space();
        if self.byte() == end {
            self.at += 1;
            return Ok(());
        }
        loop {
            item(self)?;
            self.space();
            match self.byte() {
                b',' => self.at += 1,
                byte if byte == end => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return Err(self.error("`,` expected")),
            }
        }
    }

    fn digits(&mut self) -> Result<(), String> {
        let start = self.at;
        while self.byte().is_ascii_digit() {
            self.at += 1;
        }
        if self.at > start {
            Ok(())
        } else {
            Err(self.error("a digit expected"))
        }
    }

    fn number(&mut self) -> Result<Tree, String> {
        let start = self.at;
        self.at += usize::from(self.byte() == b'-');
        if self.byte() == b'0' {
            self.at += 1
        } else {
            self.digits()?
        }
        if self.byte() == b'.' {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.byte(), b'e' | b'E') {
            self.at += 1;
            self.at += usize::from(matches!(self.byte(), b'+' | b'-'));
            self.digits()?;
        }
        Ok(Tree::Number(self.text[start..self.at].to_owned()))
    }

    fn string(&mut self) -> Result<String, String> {
        self.expect("\"")?;
        let mut out = String::new();
        loop {
            let rest = &self.text[self.at..];
            let Some(c) = rest.chars().next() else {
                return Err(self.error("the text ends"));
            };
            self.at += c.len_utf8();
            match c {
                '"' => return Ok(out),
                '\\' => self.escape(&mut out)?,
                c if u32::from(c) < 0x20 => return Err(self.error("a control character")),
                c => out.push(c),
            }
        }
    }

    fn escape(&mut self, out: &mut String) -> Result<(), String> {
        let byte = self.byte();
        self.at += 1;
        out.push(match byte {
            b'"' | b'\\' | b'/' => char::from(byte),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let high = self.unit()?;
                if let Some(c) = char::from_u32(high) {
                    c
                } else {
                    if !self.text[self.at..].starts_with("\\u") {
                        return Err(self.error("half a character"));
                    }
                    self.at += 2;
                    let low = self.unit()?;
                    let pair = [high, low].map(|unit| u16::try_from(unit).unwrap_or_default());
                    char::decode_utf16(pair)
                        .next()
                        .and_then(Result::ok)
                        .ok_or_else(|| self.error("half a character"))?
                }
            }
            _ => return Err(self.error("no escape")),
        });
        Ok(())
    }

    fn unit(&mut self) -> Result<u32, String> {
        let digits = self
            .text
            .get(self.at..self.at + 4)
            .filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
        let unit = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        self.at += 4;
        unit.ok_or_else(|| self.error("four hexadecimal digits expected"))
    }
}

#[cfg(test)]
mod tests {
    use super::{Style, Tree};

    fn same(a: &str, b: &str) -> bool {
        let [a, b] = [a, b].map(|text| Tree::read(text.as_bytes()).expect("JSON"));
        a.difference(&b).is_none()
    }

    #[test]
    fn compares_by_value() {
        assert!(same("[5.0,-0,1e2,0.00120]", "[5,0,100,12e-4]"));
        assert!(same(r#"{"a":1,"a":2}"#, r#"{"a":2}"#));
        assert!(same(r#"{"\u0061":"\ud83d\ude00"}"#, r#"{"a":"😀"}"#));
        assert!(!same("9007199254740993", "9007199254740992"));
        assert!(!same("1e400", "1e401"));
        assert!(!same(r#"{"a":null}"#, "{}"));
        assert!(!same(r#"["1"]"#, "[1]"));
    }

    #[test]
    fn refuses_what_is_not_json() {
        for text in [
            "",
            "[1,]",
            "{\"a\"}",
            "01",
            "1.",
            "\"\n\"",
            "\"\\ud800\"",
            "nul",
            "[] []",
            "\"\\x\"",
        ] {
            assert!(Tree::read(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn every_style_is_the_same_value() {
        let tree =
            Tree::read(r#"{"a":[1,{"é":"x\n\"😀"},[],{}],"":null}"#.as_bytes()).expect("JSON");
        for style in [Style::Plain, Style::Spaced, Style::Escaped] {
            assert_eq!(
                Tree::read(tree.write(style).as_bytes()),
                Ok(tree.clone()),
                "{style:?}"
            );
        }
    }
}
