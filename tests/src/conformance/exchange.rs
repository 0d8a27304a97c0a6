//! Recorded HTTP exchanges.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};

use flate2::read::MultiGzDecoder;
use serde::Deserialize;

/// One HTTP exchange.
#[derive(Clone, Debug, Deserialize)]
pub struct Exchange {
    /// HTTP method.
    pub method: String,
    /// Path without query.
    pub path: String,
    /// HTTP status.
    pub status: u16,
    /// Body of the request.
    #[serde(default)]
    pub request: Option<String>,
    /// Body of the answer.
    #[serde(default)]
    pub response: Option<String>,
    /// The test that it comes from.
    #[serde(default)]
    pub test: Option<String>,
}

impl Exchange {
    /// The answer's body, if it is JSON.
    #[must_use]
    pub fn json_response(&self) -> Option<&str> {
        json(self.response.as_deref())
    }

    /// The request's body, if it is JSON.
    #[must_use]
    pub fn json_request(&self) -> Option<&str> {
        json(self.request.as_deref())
    }
}

fn json(body: Option<&str>) -> Option<&str> {
    // Ignoring a text does not resolve it, so half a surrogate pair passes.
    body.filter(|body| serde_json::from_str::<serde::de::IgnoredAny>(body).is_ok())
}

/// Reads a file of exchanges, plain or gzip, and gives each to `take`.
///
/// # Errors
/// If the file cannot be read, or a line is no exchange; says which.
pub fn read(path: &str, mut take: impl FnMut(Exchange)) -> Result<(), String> {
    let place = |error: &dyn std::fmt::Display| format!("{path}: {error}");
    let mut file = BufReader::new(File::open(path).map_err(|error| place(&error))?);
    let gzip = file
        .fill_buf()
        .map_err(|error| place(&error))?
        .starts_with(&[0x1f, 0x8b]);
    let plain: Box<dyn Read> = if gzip {
        Box::new(MultiGzDecoder::new(file))
    } else {
        Box::new(file)
    };
    for (number, line) in BufReader::new(plain).lines().enumerate() {
        let line = line.map_err(|error| place(&error))?;
        if line.trim().is_empty() {
            continue;
        }
        take(
            serde_json::from_str(&line)
                .map_err(|error| format!("{path}:{}: {error}", number + 1))?,
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::json;

    #[test]
    fn half_a_surrogate_pair_is_json() {
        assert!(json(Some(r#"{"a":"\ud800"}"#)).is_some());
        assert!(json(Some(r#"{"a":"\u"}"#)).is_none());
        assert!(json(Some("<html>")).is_none());
    }
}
