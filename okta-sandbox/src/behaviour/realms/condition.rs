//! Conditions on users in the expression language of the Identity Engine: attributes of the profile,
//! comparisons, tests of texts, membership of lists.

use serde_json::Value;

/// A condition that was understood; an empty one holds for everybody.
pub(crate) struct Condition(Option<Node>);

enum Node {
    Literal(Value),
    List(Vec<Node>),
    /// A path below `user`.
    Attribute(Vec<String>),
    Not(Box<Node>),
    All(Vec<Node>),
    Any(Vec<Node>),
    Compare(Box<Node>, &'static str, Box<Node>),
    Method(Box<Node>, String, Vec<Node>),
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Number(f64),
    Sign(&'static str),
}

const SIGNS: [&str; 18] = [
    "&&", "||", "==", "!=", "<=", ">=", "<", ">", "!", "(", ")", "{", "}", "[", "]", ",", ".", "=",
];

/// Methods of texts and lists, with how many arguments each takes.
const METHODS: [(&str, usize); 9] = [
    ("contains", 1),
    ("startsWith", 1),
    ("endsWith", 1),
    ("equals", 1),
    ("equalsIgnoreCase", 1),
    ("toLowerCase", 0),
    ("toUpperCase", 0),
    ("trim", 0),
    ("isEmpty", 0),
];

fn tokens(source: &str) -> Result<Vec<Token>, String> {
    let mut found = Vec::new();
    let mut rest = source.trim_start();
    while let Some(first) = rest.chars().next() {
        if first == '"' || first == '\'' {
            let mut value = String::new();
            let mut chars = rest.char_indices().skip(1);
            let end = loop {
                match chars.next() {
                    None => return Err("a text has no end".to_owned()),
                    Some((at, c)) if c == first => break at,
                    Some((_, '\\')) => value.extend(chars.next().map(|(_, c)| c)),
                    Some((_, c)) => value.push(c),
                }
            };
            found.push(Token::Text(value));
            rest = &rest[end + 1..];
        } else if first.is_ascii_digit() {
            let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.');
            let (number, behind) = rest.split_at(end.unwrap_or(rest.len()));
            let number = number
                .parse()
                .map_err(|_| format!("{number} is no number"))?;
            found.push(Token::Number(number));
            rest = behind;
        } else if first.is_alphabetic() || first == '_' {
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_');
            let (word, behind) = rest.split_at(end.unwrap_or(rest.len()));
            found.push(match word {
                "and" | "AND" => Token::Sign("&&"),
                "or" | "OR" => Token::Sign("||"),
                "not" | "NOT" => Token::Sign("!"),
                "eq" => Token::Sign("=="),
                "ne" => Token::Sign("!="),
                word => Token::Word(word.to_owned()),
            });
            rest = behind;
        } else {
            let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign));
            let sign = sign.ok_or_else(|| format!("'{first}' is not understood"))?;
            found.push(Token::Sign(sign));
            rest = &rest[sign.len()..];
        }
        rest = rest.trim_start();
    }
    Ok(found)
}

/// Deeper expressions are refused: each level takes room on the stack.
const MAX_DEPTH: usize = 50;

struct Reader {
    tokens: std::iter::Peekable<std::vec::IntoIter<Token>>,
    depth: usize,
}

impl Reader {
    fn sign(&mut self, sign: &str) -> bool {
        self.tokens
            .next_if(|token| matches!(token, Token::Sign(found) if *found == sign))
            .is_some()
    }

    fn expect(&mut self, sign: &str) -> Result<(), String> {
        if self.sign(sign) {
            Ok(())
        } else {
            Err(format!("'{sign}' is missing"))
        }
    }

    /// Reads what lies one level deeper.
    fn deeper(&mut self, read: fn(&mut Self) -> Result<Node, String>) -> Result<Node, String> {
        if self.depth == MAX_DEPTH {
            return Err("the expression is nested too deeply".to_owned());
        }
        self.depth += 1;
        let node = read(self)?;
        self.depth -= 1;
        Ok(node)
    }

    /// One part, or several with a sign between them.
    fn chain(
        &mut self,
        sign: &str,
        part: fn(&mut Self) -> Result<Node, String>,
        whole: fn(Vec<Node>) -> Node,
    ) -> Result<Node, String> {
        let first = part(self)?;
        let mut parts = vec![first];
        while self.sign(sign) {
            parts.push(part(self)?);
        }
        Ok(match parts.len() {
            1 => parts.remove(0),
            _ => whole(parts),
        })
    }

    fn either(&mut self) -> Result<Node, String> {
        self.chain("||", Self::both, Node::Any)
    }

    fn both(&mut self) -> Result<Node, String> {
        self.chain("&&", Self::not, Node::All)
    }

    fn not(&mut self) -> Result<Node, String> {
        if self.sign("!") {
            let inner = self.deeper(Self::not)?;
            return Ok(Node::Not(Box::new(inner)));
        }
        let left = self.term()?;
        for sign in ["==", "!=", "<=", ">=", "<", ">"] {
            if self.sign(sign) {
                return Ok(Node::Compare(Box::new(left), sign, Box::new(self.term()?)));
            }
        }
        let is_in = |token: &Token| matches!(token, Token::Word(word) if word == "in");
        if self.tokens.next_if(is_in).is_some() {
            return Ok(Node::Compare(Box::new(left), "in", Box::new(self.term()?)));
        }
        Ok(left)
    }

    fn nodes(&mut self, end: &str) -> Result<Vec<Node>, String> {
        let mut found = Vec::new();
        if self.sign(end) {
            return Ok(found);
        }
        loop {
            found.push(self.deeper(Self::either)?);
            if self.sign(end) {
                return Ok(found);
            }
            self.expect(",")?;
        }
    }

    fn term(&mut self) -> Result<Node, String> {
        let mut node = match self.tokens.next() {
            Some(Token::Text(value)) => Node::Literal(Value::from(value)),
            Some(Token::Number(value)) => Node::Literal(Value::from(value)),
            Some(Token::Sign("(")) => {
                let inner = self.deeper(Self::either)?;
                self.expect(")")?;
                inner
            }
            Some(Token::Sign("{")) => Node::List(self.nodes("}")?),
            Some(Token::Sign("[")) => Node::List(self.nodes("]")?),
            Some(Token::Word(word)) => match word.as_str() {
                "true" => Node::Literal(Value::Bool(true)),
                "false" => Node::Literal(Value::Bool(false)),
                "null" => Node::Literal(Value::Null),
                "user" => Node::Attribute(Vec::new()),
                other => return Err(format!("'{other}' is not known")),
            },
            Some(Token::Sign(sign)) => return Err(format!("'{sign}' is in the wrong place")),
            None => return Err("the expression is not complete".to_owned()),
        };
        let mut methods = 0;
        while self.sign(".") {
            let Some(Token::Word(name)) = self.tokens.next() else {
                return Err("a name is missing behind '.'".to_owned());
            };
            if self.sign("(") {
                let arguments = self.nodes(")")?;
                if !METHODS.contains(&(name.as_str(), arguments.len())) {
                    return Err(format!("the function '{name}' is not known"));
                }
                methods += 1;
                if methods > MAX_DEPTH {
                    return Err("too many functions follow each other".to_owned());
                }
                node = Node::Method(Box::new(node), name, arguments);
            } else if let Node::Attribute(path) = &mut node {
                path.push(name);
            } else {
                return Err(format!("'{name}' is not known"));
            }
        }
        Ok(node)
    }
}

fn compare(left: &Value, sign: &str, right: &Value) -> bool {
    let same = match (left.as_f64(), right.as_f64()) {
        (Some(left), Some(right)) => left == right,
        _ => left == right,
    };
    let order = match (left, right) {
        (Value::String(left), Value::String(right)) => Some(left.cmp(right)),
        _ => left
            .as_f64()
            .zip(right.as_f64())
            .and_then(|(a, b)| a.partial_cmp(&b)),
    };
    match sign {
        "==" => same,
        "!=" => !same,
        "in" => right.as_array().is_some_and(|list| list.contains(left)),
        "<" => order.is_some_and(std::cmp::Ordering::is_lt),
        "<=" => order.is_some_and(std::cmp::Ordering::is_le),
        ">" => order.is_some_and(std::cmp::Ordering::is_gt),
        _ => order.is_some_and(std::cmp::Ordering::is_ge),
    }
}

fn method(value: &Value, name: &str, arguments: &[Value]) -> Value {
    let argument = arguments
        .first()
        .and_then(Value::as_str)
        .unwrap_or_default();
    if let (Value::Array(list), "contains") = (value, name) {
        return Value::Bool(list.iter().any(|one| Some(one) == arguments.first()));
    }
    let Some(text) = value.as_str() else {
        let empty = value.is_null() || value.as_array().is_some_and(Vec::is_empty);
        return Value::Bool(name == "isEmpty" && empty);
    };
    match name {
        "toLowerCase" => Value::from(text.to_lowercase()),
        "toUpperCase" => Value::from(text.to_uppercase()),
        "trim" => Value::from(text.trim()),
        "contains" => Value::Bool(text.contains(argument)),
        "startsWith" => Value::Bool(text.starts_with(argument)),
        "endsWith" => Value::Bool(text.ends_with(argument)),
        "equals" => Value::Bool(text == argument),
        "equalsIgnoreCase" => Value::Bool(text.to_lowercase() == argument.to_lowercase()),
        _ => Value::Bool(text.is_empty()),
    }
}

impl Node {
    fn value(&self, user: &Value) -> Value {
        let truth = |node: &Self| node.value(user) == true;
        match self {
            Self::Literal(value) => value.clone(),
            Self::List(items) => items.iter().map(|item| item.value(user)).collect(),
            Self::Attribute(path) => {
                let pointer: String = path.iter().map(|name| format!("/{name}")).collect();
                user.pointer(&pointer).cloned().unwrap_or_default()
            }
            Self::Not(inner) => Value::Bool(!truth(inner)),
            Self::All(parts) => Value::Bool(parts.iter().all(truth)),
            Self::Any(parts) => Value::Bool(parts.iter().any(truth)),
            Self::Compare(left, sign, right) => {
                Value::Bool(compare(&left.value(user), sign, &right.value(user)))
            }
            Self::Method(node, name, arguments) => {
                let given: Vec<Value> = arguments.iter().map(|one| one.value(user)).collect();
                method(&node.value(user), name, &given)
            }
        }
    }
}

impl Condition {
    /// Reads an expression; the error says what is wrong with it.
    pub(crate) fn read(source: &str) -> Result<Self, String> {
        let tokens = tokens(source)?;
        if tokens.is_empty() {
            return Ok(Self(None));
        }
        let mut reader = Reader {
            tokens: tokens.into_iter().peekable(),
            depth: 0,
        };
        let node = reader.either()?;
        match reader.tokens.next() {
            None => Ok(Self(Some(node))),
            Some(_) => Err("something follows the end of the expression".to_owned()),
        }
    }

    /// Whether it holds for a user.
    pub(crate) fn holds(&self, user: &Value) -> bool {
        self.0.as_ref().is_none_or(|node| node.value(user) == true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn conditions_hold_or_not() {
        let user = json!({ "profile": {
            "login": "Ann@Example.com", "role": "Manager", "level": 7, "tags": ["a", "b"], "remote": true,
        } });
        for (source, expected) in [
            ("", true),
            (r#"user.profile.login.contains("@Example.com")"#, true),
            (
                r#"user.profile.login.toLowerCase().endsWith('@example.com')"#,
                true,
            ),
            (r#"user.profile.login.startsWith("B")"#, false),
            (
                r#"user.profile.role == "Manager" && user.profile.level >= 7"#,
                true,
            ),
            (
                r#"user.profile.role == "Clerk" || !(user.profile.level > 7)"#,
                true,
            ),
            (
                r#"user.profile.role == "Clerk" or user.profile.level > 7 and true"#,
                false,
            ),
            (r#"user.profile.role in {"Clerk", "Manager"}"#, true),
            (r#"user.profile.tags.contains("b")"#, true),
            (r#"user.profile.nothing == null"#, true),
            (r#"user.profile.nothing.contains("x")"#, false),
            ("user.profile.remote", true),
            ("not user.profile.remote", false),
        ] {
            let condition = Condition::read(source).unwrap_or_else(|why| panic!("{source}: {why}"));
            assert_eq!(condition.holds(&user), expected, "{source}");
        }
        for source in [
            "role == 1",
            "user.profile.login.contains(",
            r#"user.profile.login.sounds("x")"#,
            r#"user.profile.login == "x"#,
            "user.profile.login == 1 2",
            "# user",
        ] {
            assert!(Condition::read(source).is_err(), "{source}");
        }
    }

    #[test]
    fn deep_expressions_are_refused_and_long_ones_are_not() {
        const MANY: usize = 100_000;
        for deep in [
            "(".repeat(MANY),
            "!".repeat(MANY) + "true",
            "{".repeat(MANY),
            format!("user.profile.x{}", ".trim()".repeat(MANY)),
            format!("user.x{}", ".contains(user.x".repeat(MANY)),
        ] {
            assert!(Condition::read(&deep).is_err(), "{}", &deep[..20]);
        }
        let long = format!("false{}", " || user.profile.on".repeat(MANY));
        let condition = Condition::read(&long).expect("one level");
        assert!(condition.holds(&json!({ "profile": { "on": true } })));
        assert!(!condition.holds(&json!({ "profile": { "on": false } })));
    }
}
