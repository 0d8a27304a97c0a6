//! Filter expressions: SCIM comparisons joined by `and`, `or`, `not` and parentheses.

use serde_json::Value;

use crate::clock;

/// A parsed expression.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Expression {
    And(Vec<Expression>),
    Or(Vec<Expression>),
    Not(Box<Expression>),
    Present(String),
    Compare {
        path: String,
        operator: Operator,
        value: Value,
    },
}

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Eq,
    Ne,
    Sw,
    Ew,
    Co,
    Gt,
    Ge,
    Lt,
    Le,
}

impl Operator {
    fn read(word: &str) -> Option<Self> {
        Some(match word.to_ascii_lowercase().as_str() {
            "eq" => Self::Eq,
            "ne" => Self::Ne,
            "sw" => Self::Sw,
            "ew" => Self::Ew,
            "co" => Self::Co,
            "gt" => Self::Gt,
            "ge" => Self::Ge,
            "lt" => Self::Lt,
            "le" => Self::Le,
            _ => return None,
        })
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Open,
    Close,
    Word(String),
    Text(String),
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut found = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(&c) = chars.peek() {
        match c {
            c if c.is_whitespace() => {
                chars.next();
            }
            '(' | ')' => {
                chars.next();
                found.push(if c == '(' { Token::Open } else { Token::Close });
            }
            '"' => {
                chars.next();
                let mut value = String::new();
                loop {
                    match chars.next() {
                        None => return Err("unterminated string".to_owned()),
                        Some('"') => break,
                        Some('\\') => value.push(chars.next().ok_or("unterminated string")?),
                        Some(other) => value.push(other),
                    }
                }
                found.push(Token::Text(value));
            }
            _ => {
                let mut word = String::new();
                while let Some(&c) = chars.peek() {
                    if c.is_whitespace() || matches!(c, '(' | ')' | '"') {
                        break;
                    }
                    word.push(c);
                    chars.next();
                }
                found.push(Token::Word(word));
            }
        }
    }
    Ok(found)
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
}

/// Nesting that no client needs.
const MAX_DEPTH: usize = 64;

impl Parser {
    fn keyword(&mut self, word: &str) -> bool {
        let hit = matches!(self.tokens.get(self.at), Some(Token::Word(w)) if w.eq_ignore_ascii_case(word));
        self.at += usize::from(hit);
        hit
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    fn either(&mut self, depth: usize) -> Result<Expression, String> {
        let mut parts = vec![self.both(depth)?];
        while self.keyword("or") {
            parts.push(self.both(depth)?);
        }
        Ok(if parts.len() == 1 {
            parts.remove(0)
        } else {
            Expression::Or(parts)
        })
    }

    fn both(&mut self, depth: usize) -> Result<Expression, String> {
        let mut parts = vec![self.one(depth)?];
        while self.keyword("and") {
            parts.push(self.one(depth)?);
        }
        Ok(if parts.len() == 1 {
            parts.remove(0)
        } else {
            Expression::And(parts)
        })
    }

    fn one(&mut self, depth: usize) -> Result<Expression, String> {
        if depth > MAX_DEPTH {
            return Err("nested too deeply".to_owned());
        }
        if self.keyword("not") {
            return Ok(Expression::Not(Box::new(self.one(depth + 1)?)));
        }
        match self.next() {
            Some(Token::Open) => {
                let inner = self.either(depth + 1)?;
                match self.next() {
                    Some(Token::Close) => Ok(inner),
                    _ => Err("missing )".to_owned()),
                }
            }
            Some(Token::Word(path)) => self.comparison(path),
            other => Err(format!("unexpected {other:?}")),
        }
    }

    fn comparison(&mut self, path: String) -> Result<Expression, String> {
        let Some(Token::Word(word)) = self.next() else {
            return Err("missing operator".to_owned());
        };
        if word.eq_ignore_ascii_case("pr") {
            return Ok(Expression::Present(path));
        }
        let operator = Operator::read(&word).ok_or_else(|| format!("unknown operator {word}"))?;
        let value = match self.next() {
            Some(Token::Text(text)) => Value::String(text),
            Some(Token::Word(word)) => match serde_json::from_str::<Value>(&word) {
                Ok(value @ (Value::Bool(_) | Value::Null | Value::Number(_))) => value,
                _ => return Err(format!("unquoted value {word}")),
            },
            other => return Err(format!("unexpected {other:?}")),
        };
        Ok(Expression::Compare {
            path,
            operator,
            value,
        })
    }
}

/// How values compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Case {
    Sensitive,
    Insensitive,
}

impl Expression {
    /// Parses an expression; the error says what was wrong.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut parser = Parser {
            tokens: tokens(text)?,
            at: 0,
        };
        let expression = parser.either(0)?;
        if parser.at < parser.tokens.len() {
            return Err(format!("unexpected {:?}", parser.tokens[parser.at]));
        }
        Ok(expression)
    }

    /// True if every comparison satisfies the predicate.
    pub(crate) fn every(&self, allowed: &dyn Fn(&str, Option<Operator>) -> bool) -> bool {
        match self {
            Self::And(parts) | Self::Or(parts) => parts.iter().all(|p| p.every(allowed)),
            Self::Not(inner) => inner.every(allowed),
            Self::Present(path) => allowed(path, None),
            Self::Compare { path, operator, .. } => allowed(path, Some(*operator)),
        }
    }

    /// The values that a path has to equal somewhere in the expression; none where it is compared
    /// otherwise.
    pub(crate) fn equals(&self, wanted: &str) -> Option<Vec<&str>> {
        match self {
            Self::And(parts) | Self::Or(parts) => {
                let all: Option<Vec<Vec<&str>>> = parts.iter().map(|p| p.equals(wanted)).collect();
                all.map(|all| all.concat())
            }
            Self::Not(inner) => inner.equals(wanted),
            Self::Present(path) | Self::Compare { path, .. } if path != wanted => Some(Vec::new()),
            Self::Compare {
                operator: Operator::Eq,
                value: Value::String(value),
                ..
            } => Some(vec![value]),
            Self::Present(_) | Self::Compare { .. } => None,
        }
    }

    /// True if the object satisfies the expression.
    pub(crate) fn matches(&self, object: &Value, case: Case) -> bool {
        match self {
            Self::And(parts) => parts.iter().all(|p| p.matches(object, case)),
            Self::Or(parts) => parts.iter().any(|p| p.matches(object, case)),
            Self::Not(inner) => !inner.matches(object, case),
            Self::Present(path) => values(object, path).iter().any(|v| !v.is_null()),
            Self::Compare {
                path,
                operator: Operator::Ne,
                value,
            } => !values(object, path)
                .iter()
                .any(|v| compare(v, Operator::Eq, value, case)),
            Self::Compare {
                path,
                operator,
                value,
            } => {
                let found = values(object, path);
                if value.is_null() {
                    return *operator == Operator::Eq && found.iter().all(|v| v.is_null());
                }
                found.iter().any(|v| compare(v, *operator, value, case))
            }
        }
    }
}

/// All values at a dotted path; arrays on the way are looked into.
pub(crate) fn values<'a>(object: &'a Value, path: &str) -> Vec<&'a Value> {
    let mut found = vec![object];
    for name in path.split('.') {
        found = found
            .into_iter()
            .flat_map(flatten)
            .filter_map(|v| v.get(name))
            .collect();
    }
    found.into_iter().flat_map(flatten).collect()
}

fn flatten(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        other => vec![other],
    }
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}

fn compare(have: &Value, operator: Operator, want: &Value, case: Case) -> bool {
    let (Some(mut a), Some(mut b)) = (text_of(have), text_of(want)) else {
        return false;
    };
    if case == Case::Insensitive {
        (a, b) = (a.to_lowercase(), b.to_lowercase());
    }
    match operator {
        Operator::Sw => return a.starts_with(&b),
        Operator::Ew => return a.ends_with(&b),
        Operator::Co => return a.contains(&b),
        _ => {}
    }
    let order = ordering(have, want).unwrap_or_else(|| a.cmp(&b));
    match operator {
        Operator::Eq => order.is_eq(),
        Operator::Ne => order.is_ne(),
        Operator::Gt => order.is_gt(),
        Operator::Ge => order.is_ge(),
        Operator::Lt => order.is_lt(),
        Operator::Le => order.is_le(),
        Operator::Sw | Operator::Ew | Operator::Co => false,
    }
}

/// The order of two numbers or two dates.
fn ordering(a: &Value, b: &Value) -> Option<std::cmp::Ordering> {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_f64()?.partial_cmp(&b.as_f64()?),
        (Value::String(a), Value::String(b))
            if a.len() >= 20 && b.len() >= 20 && b.as_bytes()[4] == b'-' =>
        {
            Some(clock::parse(a)?.cmp(&clock::parse(b)?))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn holds(text: &str) -> bool {
        let object = json!({
            "status": "ACTIVE", "lastUpdated": "2026-02-02T11:15:22.000Z",
            "profile": { "firstName": "Ada", "level": 7, "tags": ["red", "blue"], "admin": true, "nick": null },
        });
        Expression::parse(text)
            .expect(text)
            .matches(&object, Case::Insensitive)
    }

    #[test]
    fn comparisons() {
        for (text, expected) in [
            (r#"status eq "active""#, true),
            (r#"profile.firstName sw "a" and profile.level ge 7"#, true),
            (r#"profile.level gt 7"#, false),
            (r#"profile.tags eq "blue""#, true),
            (r#"profile.nick pr"#, false),
            (r#"profile.admin eq true"#, true),
            (
                r#"not (status eq "ACTIVE") or profile.firstName co "D""#,
                true,
            ),
            (r#"lastUpdated lt "2026-02-02T12:15:22.001+01:00""#, true),
            (r#"lastUpdated gt "2026-02-02T12:15:22.000+01:00""#, false),
            (
                r#"status eq "STAGED" or (status eq "ACTIVE" and profile.firstName eq "ADA")"#,
                true,
            ),
            (r#"profile.missing ne "x""#, true),
        ] {
            assert_eq!(holds(text), expected, "{text}");
        }
    }

    #[test]
    fn precedence_and_errors() {
        assert!(
            matches!(Expression::parse(r#"a pr or b pr and c pr"#), Ok(Expression::Or(parts)) if parts.len() == 2)
        );
        for bad in [
            "",
            "a",
            "a eq",
            "a eq b",
            "a xx \"b\"",
            "(a pr",
            "a pr)",
            "a eq \"b",
            "a pr b pr",
        ] {
            assert!(Expression::parse(bad).is_err(), "{bad}");
        }
        assert!(Expression::parse(&"(".repeat(10_000)).is_err());
    }

    #[test]
    fn values_that_a_path_equals() {
        let equals = |text: &str| {
            let expression = Expression::parse(text).expect(text);
            let found = expression.equals("user.id");
            found.map(|all| all.join(" "))
        };
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(equals(r#"status eq "ACTIVE" and id pr"#), some(""));
        assert_eq!(
            equals(r#"user.id eq "a" or not (user.id eq "b")"#),
            some("a b")
        );
        assert_eq!(equals(r#"user.id eq "a" and user.id sw "b""#), None);
        assert_eq!(equals("user.id pr"), None);
        assert_eq!(equals("user.id eq null"), None);
    }

    #[test]
    fn case_matters_where_asked() {
        let object = json!({ "status": "ACTIVE" });
        let expression = Expression::parse(r#"status eq "active""#).expect("parses");
        assert!(!expression.matches(&object, Case::Sensitive));
    }
}
