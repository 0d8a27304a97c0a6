//! How an error looks: all facts in one or two lines, no secrets.

use std::fmt::{self, Display, Write as _};
use std::time::Duration;

use super::{Error, ErrorKind, Inner};

impl Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        if let Some((method, path)) = &inner.target {
            write!(f, "{method} {path}")?;
            if let Some(operation) = inner.operation {
                write!(f, " ({})", operation.rust_name)?;
            }
            f.write_str(": ")?;
        }
        f.write_str(&what(inner))?;
        let facts = facts(inner);
        if !facts.is_empty() {
            write!(f, " [{}]", facts.join(", "))?;
        }
        if inner.maybe_applied {
            f.write_str(
                "; this write may have reached the server: read the object before repeating it",
            )?;
        }
        if let Some(hint) = self.hint() {
            write!(f, "\nhint: {hint}")?;
        }
        Ok(())
    }
}

/// What went wrong, on one line.
fn what(inner: &Inner) -> String {
    let mut text = String::new();
    text.push_str(match inner.kind {
        ErrorKind::Token => "no access token",
        ErrorKind::SignIn => "sign-in needed",
        ErrorKind::InsufficientScope => "the access token lacks a scope",
        ErrorKind::RateLimited => "rate limit reached",
        ErrorKind::Config => "configuration",
        ErrorKind::Decode => "unexpected answer",
        ErrorKind::Paging => "paging",
        ErrorKind::Request => "request",
        ErrorKind::Timeout => "deadline passed",
        ErrorKind::Transport => "connection",
        ErrorKind::Api => "",
    });
    let mut add = |separator: &str, part: &str| {
        if !part.is_empty() {
            if !text.is_empty() {
                text.push_str(separator);
            }
            text.push_str(&one_line(part));
        }
    };
    add(": ", &inner.message);
    if let Some(scope) = &inner.scope {
        add(": ", &format!("{} needed", scope.needed()));
        if let Some(granted) = scope.granted() {
            let nothing = granted.is_empty();
            let granted = granted.to_string();
            add(", granted ", if nothing { "nothing" } else { &granted });
        }
    }
    if let Some(status) = inner.status {
        add(": ", &status.to_string());
    }
    let service = &inner.service;
    if let Some(code) = &service.code {
        add(" ", code);
    }
    if let Some(summary) = &service.summary {
        add(": ", summary);
    }
    if !service.causes.is_empty() {
        add(" - ", &service.causes.join("; "));
    }
    if let Some(found) = service.found() {
        add(", ", &found);
    }
    if text.is_empty() {
        text.push_str("failed");
    }
    text
}

fn facts(inner: &Inner) -> Vec<String> {
    let mut facts = Vec::new();
    if let Some(id) = &inner.request_id {
        facts.push(format!("request {}", one_line(id)));
    }
    if let Some(at) = inner.reset_at {
        facts.push(format!("resets at {at}"));
    }
    if inner.attempts > 0 {
        let mut text = format!(
            "{} attempt{}",
            inner.attempts,
            if inner.attempts == 1 { "" } else { "s" }
        );
        if let Some(elapsed) = inner.elapsed {
            // Writing to a String cannot fail.
            let _ = write!(text, " in {:.1} s", elapsed.as_secs_f64());
        }
        if inner.history.len() > 1 {
            let each: Vec<String> = inner.history.iter().map(ToString::to_string).collect();
            let _ = write!(text, " ({})", each.join(", "));
        }
        facts.push(text);
    }
    if inner.waited >= Duration::from_millis(50) {
        facts.push(format!("{:.1} s of waits", inner.waited.as_secs_f64()));
    }
    facts
}

/// Line ends become "; " so that one error stays one log line; control characters vanish.
fn one_line(text: &str) -> String {
    text.split(['\n', '\r'])
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("; ")
        .chars()
        .filter(|c| !c.is_control())
        .collect()
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        let mut out = f.debug_struct("Error");
        out.field("kind", &inner.kind);
        out.field("text", &self.to_string());
        if let Some(operation) = inner.operation {
            out.field("operation", &operation.id);
        }
        // The body may hold anything, a created secret included: only its size is shown.
        if !inner.body.is_empty() {
            out.field("body_bytes", &inner.body.len());
        }
        if let Some(source) = &inner.source {
            out.field("source", &source.to_string());
        }
        out.finish()
    }
}
