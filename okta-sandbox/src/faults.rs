//! Faults on demand: what shall happen to the next matching requests.

use serde_json::Value;

use crate::exchange::{Answer, Request};
use crate::json::text;

/// What happens instead of, or before, the answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Effect {
    pub(crate) delay_ms: u64,
    /// The connection is closed without an answer.
    pub(crate) drop: bool,
    /// The connection is closed after that many bytes of the body.
    pub(crate) truncate: Option<usize>,
    status: Option<u16>,
    headers: Vec<(String, String)>,
    body: Option<Value>,
}

#[derive(Clone, Debug)]
struct Rule {
    method: Option<String>,
    path: String,
    times: u64,
    effect: Effect,
}

/// The faults that wait.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    rules: Vec<Rule>,
}

impl Effect {
    fn read(then: &Value) -> Self {
        let headers = then["headers"].as_object().into_iter().flatten();
        Self {
            delay_ms: then["delay_ms"].as_u64().unwrap_or_default(),
            drop: then["drop"] == true,
            truncate: then["truncate"].as_u64().map(|n| n as usize),
            status: then["status"].as_u64().and_then(|s| u16::try_from(s).ok()),
            headers: headers
                .map(|(name, value)| {
                    (
                        name.to_lowercase(),
                        value
                            .as_str()
                            .map_or_else(|| value.to_string(), str::to_owned),
                    )
                })
                .collect(),
            body: then.get("body").cloned(),
        }
    }

    /// The answer that replaces the real one, if the fault sets a status.
    pub(crate) fn answer(&self) -> Option<Answer> {
        let status = self.status?;
        let mut answer = match &self.body {
            None => Answer::empty(status),
            Some(Value::String(text)) => Answer {
                status,
                body: text.clone().into_bytes(),
                media: Some("text/plain"),
                ..Answer::default()
            },
            Some(body) => Answer::json(status, body),
        };
        answer.extra = self.headers.clone();
        Some(answer)
    }
}

impl Faults {
    /// Adds one fault, or each of a list.
    pub(crate) fn add(&mut self, body: &Value) -> Result<usize, String> {
        let list = match body {
            Value::Array(list) => list.iter().collect(),
            one => vec![one],
        };
        let mut rules = Vec::new();
        for fault in list {
            if !fault["then"].is_object() {
                return Err("each fault needs `then`".to_owned());
            }
            rules.push(Rule {
                method: fault["match"]["method"].as_str().map(str::to_uppercase),
                path: text(fault, "/match/path").to_owned(),
                times: fault["times"].as_u64().unwrap_or(1),
                effect: Effect::read(&fault["then"]),
            });
        }
        self.rules.extend(rules);
        Ok(self.rules.len())
    }

    pub(crate) fn clear(&mut self) {
        self.rules.clear();
    }

    /// Takes the first fault that matches.
    pub(crate) fn take(&mut self, request: &Request) -> Option<Effect> {
        let at = self.rules.iter().position(|rule| {
            rule.method.as_ref().is_none_or(|m| *m == request.method)
                && request.path.starts_with(&rule.path)
        })?;
        self.rules[at].times = self.rules[at].times.saturating_sub(1);
        let effect = self.rules[at].effect.clone();
        if self.rules[at].times == 0 {
            self.rules.remove(at);
        }
        Some(effect)
    }
}
