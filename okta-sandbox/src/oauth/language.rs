//! The expression language of claims: attributes, literals, `+`, comparisons, `?:`, functions.

use serde_json::{Value, json};

/// What expressions can see.
#[derive(Debug)]
pub(crate) struct Scene<'a> {
    /// The user's profile.
    pub(crate) user: Option<&'a Value>,
    pub(crate) app_user: Option<&'a Value>,
    pub(crate) app: &'a Value,
    pub(crate) org_id: &'a str,
    pub(crate) groups: &'a [&'a str],
    /// The ids of the same groups, where rules ask by id.
    pub(crate) group_ids: &'a [&'a str],
    pub(crate) scopes: &'a [String],
}

/// The value of an expression; `None` where it is not understood.
pub(crate) fn evaluate(text: &str, scene: &Scene<'_>) -> Option<Value> {
    let tokens = tokens(text)?;
    let mut reader = Reader {
        tokens: &tokens,
        at: 0,
        scene,
        depth: 0,
    };
    let value = reader.choice()?;
    (reader.at == tokens.len()).then_some(value)
}

/// A test whether a whole text matches a pattern; none does if that is no pattern.
pub(crate) fn whole(pattern: &str) -> impl Fn(&str) -> bool + use<> {
    let pattern = regex::RegexBuilder::new(&format!("^(?:{pattern})$"))
        .size_limit(1 << 20)
        .build();
    move |text| {
        let pattern = pattern.as_ref();
        pattern.is_ok_and(|pattern| pattern.is_match(text))
    }
}

/// Bytes of a text that a replacement may lead to: each could multiply what the one inside it made.
const LONGEST: usize = 64 * 1024;

/// A text with at most so many parts replaced, unless that makes it too long.
fn replaced(whole: &str, part: &str, by: &str, most: usize) -> Option<String> {
    let count = whole.matches(part).take(most).count();
    let length = count.checked_mul(by.len())?.checked_add(whole.len())?;
    (length <= LONGEST).then(|| whole.replacen(part, by, most))
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    Literal(Value),
    Sign(&'static str),
}

const SIGNS: [&str; 19] = [
    "==", "!=", "&&", "||", "<=", ">=", "<", ">", "+", "?", ":", "(", ")", ",", "!", "{", "}", "[",
    "]",
];

fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut rest = text.trim_start();
    let mut all = Vec::new();
    while let Some(first) = rest.chars().next() {
        if first == '"' || first == '\'' {
            let end = rest[1..].find(first)? + 1;
            all.push(Token::Literal(json!(&rest[1..end])));
            rest = &rest[end + 1..];
        } else if let Some(sign) = SIGNS.iter().find(|s| rest.starts_with(**s)) {
            all.push(Token::Sign(sign));
            rest = &rest[sign.len()..];
        } else {
            let end = rest
                .find(|c: char| {
                    !(c.is_alphanumeric() || c == '_' || c == '.' || c == '-' || c == '$')
                })
                .unwrap_or(rest.len());
            if end == 0 {
                return None;
            }
            let word = &rest[..end];
            all.push(match word {
                "true" => Token::Literal(json!(true)),
                "false" => Token::Literal(json!(false)),
                "null" => Token::Literal(Value::Null),
                "AND" | "and" => Token::Sign("&&"),
                "OR" | "or" => Token::Sign("||"),
                _ => match word.parse::<i64>() {
                    Ok(number) => Token::Literal(json!(number)),
                    Err(_) => Token::Word(word.to_owned()),
                },
            });
            rest = &rest[end..];
        }
        rest = rest.trim_start();
    }
    Some(all)
}

/// Deeper expressions are not understood.
const MAX_DEPTH: usize = 50;

struct Reader<'t, 's> {
    tokens: &'t [Token],
    at: usize,
    scene: &'s Scene<'s>,
    depth: usize,
}

impl Reader<'_, '_> {
    fn take(&mut self, sign: &str) -> bool {
        let found = matches!(self.tokens.get(self.at), Some(Token::Sign(s)) if *s == sign);
        self.at += usize::from(found);
        found
    }

    fn choice(&mut self) -> Option<Value> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        let condition = self.either()?;
        let value = if self.take("?") {
            let yes = self.choice()?;
            let no = if self.take(":") {
                self.choice()?
            } else {
                return None;
            };
            if truth(&condition) { yes } else { no }
        } else {
            condition
        };
        self.depth -= 1;
        Some(value)
    }

    fn either(&mut self) -> Option<Value> {
        let mut left = self.both()?;
        while self.take("||") {
            let right = self.both()?;
            left = json!(truth(&left) || truth(&right));
        }
        Some(left)
    }

    fn both(&mut self) -> Option<Value> {
        let mut left = self.comparison()?;
        while self.take("&&") {
            let right = self.comparison()?;
            left = json!(truth(&left) && truth(&right));
        }
        Some(left)
    }

    fn comparison(&mut self) -> Option<Value> {
        let left = self.sum()?;
        for sign in ["==", "!=", "<=", ">=", "<", ">"] {
            if self.take(sign) {
                let right = self.sum()?;
                let order = match (left.as_f64(), right.as_f64()) {
                    (Some(a), Some(b)) => a.partial_cmp(&b),
                    _ => Some(plain(&left).cmp(&plain(&right))),
                };
                return Some(json!(match sign {
                    "==" => left == right,
                    "!=" => left != right,
                    "<=" => order.is_some_and(|o| o.is_le()),
                    ">=" => order.is_some_and(|o| o.is_ge()),
                    "<" => order.is_some_and(|o| o.is_lt()),
                    _ => order.is_some_and(|o| o.is_gt()),
                }));
            }
        }
        Some(left)
    }

    fn sum(&mut self) -> Option<Value> {
        let mut left = self.one()?;
        while self.take("+") {
            let right = self.one()?;
            left = match (left.as_i64(), right.as_i64()) {
                (Some(a), Some(b)) => json!(a.saturating_add(b)),
                _ => json!(plain(&left) + &plain(&right)),
            };
        }
        Some(left)
    }

    fn one(&mut self) -> Option<Value> {
        let start = self.at;
        while self.take("!") {}
        if self.at > start {
            let even = (self.at - start).is_multiple_of(2);
            let value = self.one()?;
            return Some(json!(truth(&value) == even));
        }
        if self.take("(") {
            let value = self.choice()?;
            return self.take(")").then_some(value);
        }
        if self.take("{") {
            let list = self.list("}")?;
            return Some(Value::Array(list));
        }
        let token = self.tokens.get(self.at)?.clone();
        self.at += 1;
        match token {
            Token::Literal(value) => Some(value),
            Token::Word(word) if self.take("(") => {
                let arguments = self.list(")")?;
                self.call(&word, &arguments)
            }
            Token::Word(word) => self.attribute(&word),
            Token::Sign(_) => None,
        }
    }

    fn list(&mut self, end: &str) -> Option<Vec<Value>> {
        let mut list = Vec::new();
        if self.take(end) {
            return Some(list);
        }
        loop {
            list.push(self.choice()?);
            if self.take(end) {
                return Some(list);
            }
            if !self.take(",") {
                return None;
            }
        }
    }

    fn attribute(&self, path: &str) -> Option<Value> {
        let scene = self.scene;
        let profile = |source: Option<&Value>, name: &str| {
            Some(
                source
                    .and_then(|p| p.get(name))
                    .cloned()
                    .unwrap_or(Value::Null),
            )
        };
        match path.split_once('.')? {
            ("user", name) => profile(scene.user, name.strip_prefix("profile.").unwrap_or(name)),
            ("appuser" | "appUser", name) => profile(scene.app_user, name),
            ("app", "clientId" | "id") => Some(scene.app["id"].clone()),
            ("app", "name") => Some(scene.app["name"].clone()),
            ("app", "profile") => profile(Some(scene.app), "profile"),
            ("app", name) => {
                let name = name.strip_prefix("profile.")?;
                profile(Some(&scene.app["profile"]), name)
            }
            ("org", "id") => Some(json!(scene.org_id)),
            ("access", "scope") => Some(json!(scene.scopes)),
            _ => None,
        }
    }

    fn call(&self, name: &str, arguments: &[Value]) -> Option<Value> {
        let text = |at: usize| arguments.get(at).map(plain);
        let groups = |keep: &dyn Fn(&str) -> bool| {
            let all = self.scene.groups.iter();
            json!(all.filter(|g| keep(g)).collect::<Vec<_>>())
        };
        Some(match name {
            "String.append" => json!(text(0)? + &text(1)?),
            "String.join" => {
                let rest: Vec<String> = arguments.iter().skip(1).map(plain).collect();
                json!(rest.join(&text(0)?))
            }
            "String.len" => json!(text(0)?.chars().count()),
            "String.removeSpaces" => json!(text(0)?.replace(' ', "")),
            "String.replace" => json!(replaced(&text(0)?, &text(1)?, &text(2)?, usize::MAX)?),
            "String.replaceFirst" => json!(replaced(&text(0)?, &text(1)?, &text(2)?, 1)?),
            "String.stringContains" => json!(text(0)?.contains(&text(1)?)),
            "String.startsWith" => json!(text(0)?.starts_with(&text(1)?)),
            "String.substringAfter" => {
                let (whole, mark) = (text(0)?, text(1)?);
                json!(whole.split_once(&mark).map_or("", |(_, after)| after))
            }
            "String.substringBefore" => {
                let (whole, mark) = (text(0)?, text(1)?);
                json!(whole.split_once(&mark).map_or("", |(before, _)| before))
            }
            "String.substring" => {
                let (from, to) = (arguments.get(1)?.as_u64()?, arguments.get(2)?.as_u64()?);
                let length = usize::try_from(to.checked_sub(from)?).ok()?;
                let from = usize::try_from(from).ok()?;
                json!(text(0)?.chars().skip(from).take(length).collect::<String>())
            }
            "String.toUpperCase" => json!(text(0)?.to_uppercase()),
            "String.toLowerCase" => json!(text(0)?.to_lowercase()),
            "Convert.toInt" => json!(text(0)?.trim().parse::<i64>().ok()?),
            "Arrays.contains" => json!(arguments.first()?.as_array()?.contains(arguments.get(1)?)),
            "Arrays.size" => json!(arguments.first()?.as_array()?.len()),
            "Arrays.isEmpty" => json!(arguments.first()?.as_array()?.is_empty()),
            "Groups.startsWith" => {
                let wanted = text(1)?;
                groups(&|g| g.starts_with(&wanted))
            }
            "Groups.endsWith" => {
                let wanted = text(1)?;
                groups(&|g| g.ends_with(&wanted))
            }
            "Groups.contains" => {
                let wanted = text(1)?;
                groups(&|g| g.contains(&wanted))
            }
            "isMemberOfGroup" | "isMemberOfAnyGroup" => {
                let ids = self.scene.group_ids;
                json!(
                    arguments
                        .iter()
                        .any(|one| ids.contains(&plain(one).as_str()))
                )
            }
            "isMemberOfGroupName" => json!(self.scene.groups.contains(&text(0)?.as_str())),
            "isMemberOfGroupNameStartsWith" => {
                let wanted = text(0)?;
                json!(self.scene.groups.iter().any(|g| g.starts_with(&wanted)))
            }
            "isMemberOfGroupNameContains" => {
                let wanted = text(0)?;
                json!(self.scene.groups.iter().any(|g| g.contains(&wanted)))
            }
            "isMemberOfGroupNameRegex" => {
                let fits = whole(&text(0)?);
                json!(self.scene.groups.iter().any(|g| fits(g)))
            }
            _ => return None,
        })
    }
}

fn truth(value: &Value) -> bool {
    *value == Value::Bool(true)
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions() {
        let user = json!({ "firstName": "Ada", "login": "ada@example.com", "age": 36, "x": null });
        let app = json!({ "id": "0oa1", "name": "oidc_client", "profile": { "tier": "gold" } });
        let scene = Scene {
            user: Some(&user),
            app_user: None,
            app: &app,
            org_id: "00o1",
            groups: &["Sales", "Sales EMEA", "Everyone"],
            group_ids: &["00g1", "00g2", "00g3"],
            scopes: &["openid".to_owned()],
        };
        for (text, expected) in [
            ("user.firstName", Some(json!("Ada"))),
            ("\"Dr. \" + user.firstName", Some(json!("Dr. Ada"))),
            ("user.age + 1", Some(json!(37))),
            ("user.x", Some(Value::Null)),
            ("user.age >= 18 ? 'adult' : 'minor'", Some(json!("adult"))),
            ("user.x == null AND !false", Some(json!(true))),
            (
                "String.substringBefore(user.login, \"@\")",
                Some(json!("ada")),
            ),
            (
                "String.toUpperCase(String.substring(user.firstName, 0, 1))",
                Some(json!("A")),
            ),
            (
                "Groups.startsWith(\"OKTA\", \"Sales\", 10)",
                Some(json!(["Sales", "Sales EMEA"])),
            ),
            ("isMemberOfGroupName(\"Sales\")", Some(json!(true))),
            ("isMemberOfAnyGroup(\"00g9\", \"00g2\")", Some(json!(true))),
            ("isMemberOfGroup(\"00g9\")", Some(json!(false))),
            ("app.profile.tier", Some(json!("gold"))),
            ("Arrays.contains({\"a\", \"b\"}, \"b\")", Some(json!(true))),
            ("nonsense(", None),
            ("user.age +", None),
            ("", None),
        ] {
            assert_eq!(evaluate(text, &scene), expected, "{text}");
        }
        assert_eq!(evaluate(&"(".repeat(10_000), &scene), None);
        let negated = |times: usize| evaluate(&("!".repeat(times) + "true"), &scene);
        assert_eq!(negated(100_000), Some(json!(true)));
        assert_eq!(negated(100_001), Some(json!(false)));
        assert!(whole("Sales.*")("Sales EMEA") && !whole("Sales")("Sales EMEA"));
        assert!(!whole("(")("("));
        let nested = |depth: usize| {
            let start = "String.replace(".repeat(depth);
            let end = ", '', 'abcdefgh')".repeat(depth);
            evaluate(&format!("{start}user.firstName{end}"), &scene)
        };
        assert_eq!(
            nested(1),
            Some(json!("abcdefghAabcdefghdabcdefghaabcdefgh"))
        );
        assert_eq!(nested(40), None, "it would fill the memory");
    }
}
