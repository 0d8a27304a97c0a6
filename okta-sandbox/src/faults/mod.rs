//! Faults on demand: what shall happen to the next matching requests.

mod odd;
mod rule;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::exchange::{Answer, Request};
use crate::fault::Fault;
use crate::ids::Dice;
use crate::json::text;
use crate::limits::fits;

pub use odd::Oddity;
pub use rule::FaultRule;

pub(crate) use odd::Odd;

/// What happens instead of, or before, the answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Effect {
    pub(crate) delay_ms: u64,
    pub(crate) body_delay_ms: u64,
    /// The connection is closed without an answer.
    pub(crate) drop: bool,
    /// It is not closed, but reset.
    pub(crate) reset: bool,
    /// The connection is closed after that many bytes of the body.
    pub(crate) truncate: Option<usize>,
    /// The request is not carried out.
    pub(crate) unprocessed: bool,
    /// What is made stale first: `nonces`, `keys`, `keys-at-once`, `tokens`.
    pub(crate) before: Vec<String>,
    pub(crate) move_clock: i64,
    /// What happens to a delivery of an event hook; such an effect is for no request.
    pub(crate) delivery: Option<Delivery>,
    /// What is odd about the answer.
    pub(crate) odd: Option<Odd>,
    limit: Option<Limit>,
    status: Option<u16>,
    headers: Vec<(String, String)>,
    body: Option<Value>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Limit {
    Window { reset_in: i64 },
    Concurrency,
}

/// What goes wrong with a delivery; it is late by `delay_ms`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delivery {
    Lost,
    Late,
    Doubled,
}

#[derive(Clone, Debug)]
struct Rule {
    id: u64,
    method: Option<String>,
    path: String,
    /// Id or name of the event hook; any if empty.
    hook: String,
    /// A type of the events delivered; any if empty.
    event: String,
    after: u64,
    /// None for always.
    times: Option<u64>,
    probability: f64,
    hits: u64,
    effect: Effect,
    shown: Value,
}

/// The faults that wait.
#[derive(Debug)]
pub(crate) struct Faults {
    rules: Vec<Rule>,
    made: u64,
    dice: Dice,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            rules: Vec::new(),
            made: 0,
            // Repeatable, so that a failing test fails again.
            dice: Dice::new(1),
        }
    }
}

/// Members of `then`.
const EFFECTS: [&str; 16] = [
    "status",
    "headers",
    "body",
    "delay_ms",
    "body_delay_ms",
    "drop",
    "reset",
    "truncate",
    "processed",
    "before",
    "move_clock",
    "limit",
    "reset_in",
    "delivery",
    "odd",
    "odd_record",
];

impl Effect {
    fn read(then: &Map<String, Value>) -> Result<Self, String> {
        if let Some(name) = then.keys().find(|k| !EFFECTS.contains(&k.as_str())) {
            return Err(format!(
                "`then` has no member `{name}`, but {}",
                EFFECTS.join(", ")
            ));
        }
        let at = |name: &str| then.get(name).unwrap_or(&Value::Null);
        let number = |name: &str| match at(name) {
            Value::Null => Ok(None),
            value => value
                .as_u64()
                .map(Some)
                .ok_or_else(|| format!("`{name}` is a whole number, not {value}")),
        };
        let headers = at("headers").as_object().into_iter().flatten();
        let limit = match at("limit").as_str() {
            None => None,
            Some("window") => Some(Limit::Window {
                reset_in: number("reset_in")?.map_or(60, |s| i64::try_from(s).unwrap_or(60)),
            }),
            Some("concurrency") => Some(Limit::Concurrency),
            Some(other) => return Err(format!("`limit` is window or concurrency, not {other}")),
        };
        let delivery = match at("delivery").as_str() {
            None => None,
            Some("lost") => Some(Delivery::Lost),
            Some("late") => Some(Delivery::Late),
            Some("doubled") => Some(Delivery::Doubled),
            Some(other) => {
                return Err(format!("`delivery` is lost, late or doubled, not {other}"));
            }
        };
        let other = then
            .keys()
            .find(|name| !matches!(name.as_str(), "delivery" | "delay_ms"));
        if let Some(other) = other.filter(|_| delivery.is_some()) {
            return Err(format!("`{other}` is nothing that a delivery can have"));
        }
        let before: Vec<String> = at("before")
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|v| v.as_str().map(str::to_owned))
            .collect();
        let stale = ["nonces", "keys", "keys-at-once", "tokens"];
        if let Some(other) = before.iter().find(|b| !stale.contains(&b.as_str())) {
            return Err(format!("`before` lists {}, not {other}", stale.join(", ")));
        }
        let status = number("status")?;
        let status = match status.map(|s| u16::try_from(s).unwrap_or(0)) {
            Some(status) if !(200..600).contains(&status) => {
                return Err(format!("`status` is 200 to 599, not {status}"));
            }
            status => status,
        };
        Ok(Self {
            delay_ms: number("delay_ms")?.unwrap_or_default(),
            body_delay_ms: number("body_delay_ms")?.unwrap_or_default(),
            drop: *at("drop") == true || (*at("reset") == true && at("truncate").is_null()),
            reset: *at("reset") == true,
            truncate: number("truncate")?.and_then(|n| usize::try_from(n).ok()),
            unprocessed: *at("processed") == false,
            before,
            delivery,
            odd: Odd::read(at("odd"), number("odd_record")?)?,
            move_clock: at("move_clock").as_i64().unwrap_or_default(),
            limit,
            status,
            headers: headers
                .map(|(name, value)| {
                    let text = value
                        .as_str()
                        .map_or_else(|| value.to_string(), str::to_owned);
                    (name.to_lowercase(), text)
                })
                .collect(),
            body: then.get("body").cloned(),
        })
    }

    /// The answer that replaces the real one, if the fault sets one.
    pub(crate) fn answer(&self, now: Timestamp) -> Option<Answer> {
        if let Some(limit) = self.limit {
            let (allowed, reset_in) = match limit {
                Limit::Window { reset_in } => ("600", reset_in),
                Limit::Concurrency => ("0", 1),
            };
            let mut answer: Answer = Fault::code("E0000047", &[]).into();
            for (name, value) in [
                ("x-rate-limit-limit", allowed.to_owned()),
                ("x-rate-limit-remaining", "0".to_owned()),
                (
                    "x-rate-limit-reset",
                    now.as_second().saturating_add(reset_in).to_string(),
                ),
            ] {
                answer.extra.push((name.to_owned(), value));
            }
            answer.extra.extend(self.headers.clone());
            return Some(answer);
        }
        let status = match self.status {
            Some(status) => status,
            None if self.unprocessed => return Some(Answer::empty(503)),
            None => return None,
        };
        let mut answer = match &self.body {
            None => usual(status),
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

/// What the service, or what stands before it, answers with a status.
fn usual(status: u16) -> Answer {
    let fault = match status {
        423 => Fault::api(
            423,
            "E0000239",
            "Policy priorities are being reconciled. Please try again later.",
            &[],
        ),
        429 => Fault::code("E0000047", &[]),
        500 => Fault::code("E0000009", &[]),
        502 | 504 => {
            let reason = if status == 502 {
                "Bad Gateway"
            } else {
                "Gateway Time-out"
            };
            return Answer {
                status,
                body: format!("<html><head><title>{status} {reason}</title></head></html>")
                    .into_bytes(),
                media: Some("text/html"),
                ..Answer::default()
            };
        }
        503 => Fault::code("E0000010", &[]),
        _ => return Answer::empty(status),
    };
    fault.into()
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
            let then = fault["then"]
                .as_object()
                .ok_or_else(|| "each fault needs `then`".to_owned())?;
            let probability = match &fault["probability"] {
                Value::Null => 1.0,
                value => value
                    .as_f64()
                    .filter(|p| (0.0..=1.0).contains(p))
                    .ok_or_else(|| format!("`probability` is 0 to 1, not {value}"))?,
            };
            let times = match &fault["times"] {
                Value::Null if fault["probability"].is_null() => Some(1),
                Value::Null => None,
                Value::String(text) if text == "always" => None,
                value => match value.as_u64() {
                    Some(times) => Some(times),
                    None => return Err(format!("`times` is a number or \"always\", not {value}")),
                },
            };
            let effect = Effect::read(then)?;
            let wanted = match effect.delivery {
                Some(_) => ["hook", "event"],
                None => ["method", "path"],
            };
            let conditions = fault["match"].as_object().into_iter().flatten();
            if let Some((other, _)) = { conditions }.find(|(c, _)| !wanted.contains(&c.as_str())) {
                return Err(format!(
                    "`match` has {} here, not {other}",
                    wanted.join(" and ")
                ));
            }
            self.made += 1;
            rules.push(Rule {
                id: self.made,
                method: fault["match"]["method"].as_str().map(str::to_uppercase),
                path: text(fault, "/match/path").to_owned(),
                hook: text(fault, "/match/hook").to_owned(),
                event: text(fault, "/match/event").to_owned(),
                after: fault["after"].as_u64().unwrap_or_default(),
                times,
                probability,
                hits: 0,
                effect,
                shown: fault.clone(),
            });
        }
        self.rules.extend(rules);
        Ok(self.rules.len())
    }

    pub(crate) fn clear(&mut self) {
        self.rules.clear();
    }

    /// Removes one; false if there is none of this id.
    pub(crate) fn remove(&mut self, id: &str) -> bool {
        let before = self.rules.len();
        self.rules.retain(|rule| rule.id.to_string() != id);
        self.rules.len() < before
    }

    /// The faults that wait, with ids and counts.
    pub(crate) fn list(&self) -> Value {
        let one = |rule: &Rule| {
            let mut shown = rule.shown.clone();
            shown["id"] = json!(rule.id.to_string());
            shown["hits"] = json!(rule.hits);
            shown["left"] = json!(rule.times);
            shown
        };
        self.rules.iter().map(one).collect()
    }

    /// Takes the first fault that matches a request.
    pub(crate) fn take(&mut self, request: &Request) -> Option<Effect> {
        self.hit(|rule| {
            let path = match rule.path.contains('*') {
                true => fits(&rule.path, &request.path),
                false => request.path.starts_with(&rule.path),
            };
            let method = rule.method.as_ref().is_none_or(|m| *m == request.method);
            rule.effect.delivery.is_none() && path && method
        })
    }

    /// Takes the first fault that matches a delivery of events to a hook.
    pub(crate) fn take_delivery(&mut self, hook: &Value, events: &[&Value]) -> Option<Effect> {
        self.hit(|rule| {
            let same = [text(hook, "/id"), text(hook, "/name")].contains(&rule.hook.as_str());
            let event = || events.iter().any(|e| e["eventType"] == *rule.event);
            rule.effect.delivery.is_some()
                && (rule.hook.is_empty() || same)
                && (rule.event.is_empty() || event())
        })
    }

    /// Takes the first fault that matches and that neither waits nor is spared by its dice.
    fn hit(&mut self, matches: impl Fn(&Rule) -> bool) -> Option<Effect> {
        let dice = &mut self.dice;
        let at = self.rules.iter_mut().position(|rule| {
            if !matches(rule) {
                return false;
            }
            if rule.after > 0 {
                rule.after -= 1;
                return false;
            }
            // 53 bits make an even fraction.
            let roll = (dice.next() >> 11) as f64 / (1_u64 << 53) as f64;
            rule.probability >= 1.0 || roll < rule.probability
        })?;
        let rule = &mut self.rules[at];
        rule.hits += 1;
        let effect = rule.effect.clone();
        if let Some(left) = &mut rule.times {
            *left = left.saturating_sub(1);
            if *left == 0 {
                self.rules.remove(at);
            }
        }
        Some(effect)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_may_end_at_the_end_of_time() {
        let then = json!({ "limit": "window", "reset_in": i64::MAX });
        let effect = Effect::read(then.as_object().expect("an object")).expect("understood");
        let answer = effect.answer(Timestamp::now()).expect("an answer");
        let lines = answer.extra.iter();
        let reset = lines.rev().find(|(name, _)| name == "x-rate-limit-reset");
        assert_eq!(
            reset.map(|(_, at)| at.as_str()),
            Some("9223372036854775807")
        );
    }
}
