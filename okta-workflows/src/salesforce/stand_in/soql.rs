//! The part of SOQL that the stand-in understands: SELECT, WHERE, ORDER BY, LIMIT, OFFSET over one object.

use std::cmp::Ordering;

use serde_json::{Map, Value};

use crate::card::types::parse_moment;

/// A query.
#[derive(Debug)]
pub(super) struct Query {
    pub(super) columns: Vec<String>,
    pub(super) object: String,
    filter: Option<Test>,
    order: Vec<(String, bool)>,
    limit: usize,
    offset: usize,
    /// `COUNT()`: the number alone.
    pub(super) count: bool,
}

#[derive(Debug)]
enum Test {
    All(Vec<Test>),
    Any(Vec<Test>),
    Not(Box<Test>),
    Compare(String, String, Vec<Value>),
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Sign(String),
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            c if c.is_whitespace() => {}
            '\'' => {
                let mut literal = String::new();
                loop {
                    match chars.next() {
                        None => return Err("unclosed text literal".to_owned()),
                        Some('\'') => break,
                        Some('\\') => match chars.next() {
                            Some('n') => literal.push('\n'),
                            Some('r') => literal.push('\r'),
                            Some('t') => literal.push('\t'),
                            Some(c @ ('\\' | '\'' | '"' | '_' | '%')) => literal.push(c),
                            _ => return Err("invalid escape in a text literal".to_owned()),
                        },
                        Some(c) => literal.push(c),
                    }
                }
                tokens.push(Token::Text(literal));
            }
            '(' | ')' | ',' | '=' => tokens.push(Token::Sign(c.to_string())),
            '!' | '<' | '>' => {
                let mut sign = c.to_string();
                if chars.peek() == Some(&'=') {
                    sign.push('=');
                    chars.next();
                }
                tokens.push(Token::Sign(sign));
            }
            c => {
                let mut word = c.to_string();
                while let Some(c) =
                    chars.next_if(|c| !c.is_whitespace() && !"(),=!<>'".contains(*c))
                {
                    word.push(c);
                }
                tokens.push(Token::Word(word));
            }
        }
    }
    Ok(tokens)
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
}

impl Parser {
    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    fn is(&self, word: &str) -> bool {
        matches!(self.tokens.get(self.at), Some(Token::Word(found)) if found.eq_ignore_ascii_case(word))
    }

    fn take(&mut self, word: &str) -> bool {
        let found = self.is(word);
        self.at += usize::from(found);
        found
    }

    fn sign(&mut self, sign: &str) -> bool {
        let found = self.tokens.get(self.at) == Some(&Token::Sign(sign.to_owned()));
        self.at += usize::from(found);
        found
    }

    fn unexpected(&self) -> String {
        match self.tokens.get(self.at.saturating_sub(1)) {
            Some(Token::Word(text) | Token::Text(text) | Token::Sign(text)) => {
                format!("unexpected token: '{text}'")
            }
            None => "unexpected end of the query".to_owned(),
        }
    }

    fn word(&mut self) -> Result<String, String> {
        match self.next() {
            Some(Token::Word(word)) => Ok(word),
            _ => Err(self.unexpected()),
        }
    }

    fn any(&mut self) -> Result<Test, String> {
        let mut list = vec![self.all()?];
        while self.take("OR") {
            list.push(self.all()?);
        }
        Ok(Test::Any(list))
    }

    fn all(&mut self) -> Result<Test, String> {
        let mut list = vec![self.one()?];
        while self.take("AND") {
            list.push(self.one()?);
        }
        Ok(Test::All(list))
    }

    fn one(&mut self) -> Result<Test, String> {
        if self.take("NOT") {
            return Ok(Test::Not(Box::new(self.one()?)));
        }
        if self.sign("(") {
            let inner = self.any()?;
            return if self.sign(")") {
                Ok(inner)
            } else {
                Err(self.unexpected())
            };
        }
        let field = self.word()?;
        let operator = match self.next() {
            Some(Token::Sign(sign)) if sign != "(" && sign != ")" && sign != "," => sign,
            Some(Token::Word(word))
                if ["LIKE", "IN", "INCLUDES"].contains(&word.to_ascii_uppercase().as_str()) =>
            {
                word.to_ascii_uppercase()
            }
            _ => return Err(self.unexpected()),
        };
        let mut values = Vec::new();
        if matches!(operator.as_str(), "IN" | "INCLUDES") {
            if !self.sign("(") {
                return Err(self.unexpected());
            }
            loop {
                values.push(self.value()?);
                if self.sign(")") {
                    break;
                }
                if !self.sign(",") {
                    return Err(self.unexpected());
                }
            }
        } else {
            values.push(self.value()?);
        }
        Ok(Test::Compare(field, operator, values))
    }

    fn value(&mut self) -> Result<Value, String> {
        Ok(match self.next() {
            Some(Token::Text(text)) => text.into(),
            Some(Token::Word(word)) => match word.to_ascii_lowercase().as_str() {
                "true" => true.into(),
                "false" => false.into(),
                "null" => Value::Null,
                _ => match word.parse::<f64>() {
                    Ok(number) => number.into(),
                    // A date: kept apart from text by its form.
                    Err(_) if parse_moment(&word).is_some() => word.into(),
                    Err(_) => return Err(self.unexpected()),
                },
            },
            _ => return Err(self.unexpected()),
        })
    }
}

impl Query {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut parser = Parser {
            tokens: tokens(text)?,
            at: 0,
        };
        if !parser.take("SELECT") {
            parser.at += 1;
            return Err(parser.unexpected());
        }
        let mut columns = vec![parser.word()?];
        let count =
            columns[0].eq_ignore_ascii_case("COUNT") && parser.sign("(") && parser.sign(")");
        while parser.sign(",") {
            columns.push(parser.word()?);
        }
        if !parser.take("FROM") {
            parser.at += 1;
            return Err(parser.unexpected());
        }
        let object = parser.word()?;
        let filter = if parser.take("WHERE") {
            Some(parser.any()?)
        } else {
            None
        };
        let mut order = Vec::new();
        if parser.take("ORDER") {
            parser.take("BY");
            loop {
                let column = parser.word()?;
                let descending = parser.take("DESC");
                parser.take("ASC");
                order.push((column, descending));
                if !parser.sign(",") {
                    break;
                }
            }
        }
        let mut number = |word: &str, default: usize| -> Result<usize, String> {
            match parser.take(word) {
                true => parser
                    .word()?
                    .parse()
                    .map_err(|_| "a number is expected".to_owned()),
                false => Ok(default),
            }
        };
        let limit = number("LIMIT", usize::MAX)?;
        let offset = number("OFFSET", 0)?;
        if parser.next().is_some() {
            return Err(parser.unexpected());
        }
        Ok(Self {
            columns,
            object,
            filter,
            order,
            limit,
            offset,
            count,
        })
    }

    /// Fields that the query names.
    pub(super) fn fields(&self) -> Vec<&str> {
        let mut fields: Vec<&str> = match self.count {
            true => Vec::new(),
            false => self.columns.iter().map(String::as_str).collect(),
        };
        fields.extend(self.order.iter().map(|(column, _)| column.as_str()));
        if let Some(filter) = &self.filter {
            filter.fields(&mut fields);
        }
        fields
    }

    /// The records that it finds, in order.
    pub(super) fn run<'a>(
        &self,
        records: impl Iterator<Item = &'a Map<String, Value>>,
    ) -> Vec<&'a Map<String, Value>> {
        let mut found: Vec<&Map<String, Value>> = records
            .filter(|record| {
                self.filter
                    .as_ref()
                    .is_none_or(|filter| filter.holds(record))
            })
            .collect();
        found.sort_by(|left, right| {
            self.order
                .iter()
                .map(|(column, descending)| {
                    let order =
                        compare(get(left, column), get(right, column)).unwrap_or(Ordering::Equal);
                    if *descending { order.reverse() } else { order }
                })
                .find(|order| order.is_ne())
                .unwrap_or(Ordering::Equal)
        });
        found
            .into_iter()
            .skip(self.offset)
            .take(self.limit)
            .collect()
    }
}

/// A field by its name in any case.
pub(super) fn get<'a>(record: &'a Map<String, Value>, field: &str) -> &'a Value {
    record
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(field))
        .map_or(&Value::Null, |(_, value)| value)
}

fn compare(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::String(left), Value::String(right)) => {
            if let (Some(left), Some(right)) = (parse_moment(left), parse_moment(right))
                && left.as_second() > 100_000
            {
                return Some(left.cmp(&right));
            }
            Some(left.to_lowercase().cmp(&right.to_lowercase()))
        }
        (Value::Bool(left), Value::Bool(right)) => Some(left.cmp(right)),
        (Value::Null, Value::Null) => Some(Ordering::Equal),
        (left, right) => left.as_f64()?.partial_cmp(&right.as_f64()?),
    }
}

impl Test {
    fn fields<'a>(&'a self, fields: &mut Vec<&'a str>) {
        match self {
            Self::All(list) | Self::Any(list) => list.iter().for_each(|one| one.fields(fields)),
            Self::Not(inner) => inner.fields(fields),
            Self::Compare(field, _, _) => fields.push(field),
        }
    }

    fn holds(&self, record: &Map<String, Value>) -> bool {
        match self {
            Self::All(list) => list.iter().all(|one| one.holds(record)),
            Self::Any(list) => list.iter().any(|one| one.holds(record)),
            Self::Not(inner) => !inner.holds(record),
            Self::Compare(field, operator, values) => {
                let found = get(record, field);
                let first = values.first().unwrap_or(&Value::Null);
                let order = compare(found, first);
                match operator.as_str() {
                    "=" => order == Some(Ordering::Equal),
                    "!=" => order != Some(Ordering::Equal),
                    "<" => order == Some(Ordering::Less),
                    "<=" => matches!(order, Some(Ordering::Less | Ordering::Equal)),
                    ">" => order == Some(Ordering::Greater),
                    ">=" => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
                    "IN" => values
                        .iter()
                        .any(|value| compare(found, value) == Some(Ordering::Equal)),
                    "INCLUDES" => values.iter().any(|value| {
                        let has: Vec<&str> =
                            found.as_str().unwrap_or_default().split(';').collect();
                        value
                            .as_str()
                            .unwrap_or_default()
                            .split(';')
                            .all(|one| has.contains(&one))
                    }),
                    _ => like(
                        &found.as_str().unwrap_or_default().to_lowercase(),
                        &first.as_str().unwrap_or_default().to_lowercase(),
                    ),
                }
            }
        }
    }
}

/// `%` is any text, `_` any character.
fn like(text: &str, pattern: &str) -> bool {
    match pattern.chars().next() {
        None => text.is_empty(),
        Some('%') => {
            let rest = &pattern[1..];
            (0..=text.len())
                .filter(|at| text.is_char_boundary(*at))
                .any(|at| like(&text[at..], rest))
        }
        Some(wanted) => {
            let mut chars = text.chars();
            chars
                .next()
                .is_some_and(|found| wanted == '_' || wanted == found)
                && like(chars.as_str(), &pattern[wanted.len_utf8()..])
        }
    }
}
