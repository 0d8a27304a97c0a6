//! What is wrong with something that was built by hand, found before any call.

use std::fmt;

use okta_core::{Error, ErrorKind};

/// Everything that is wrong with a campaign or an access request before it is sent.
///
/// All problems at once, not only the first one; each says where, what was expected and what was
/// found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid {
    subject: &'static str,
    problems: Vec<Problem>,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    at: String,
    expected: String,
    found: String,
    fix: Option<String>,
}

impl Problem {
    pub(crate) fn new(
        at: impl Into<String>,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> Self {
        Self {
            at: at.into(),
            expected: expected.into(),
            found: found.into(),
            fix: None,
        }
    }

    pub(crate) fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }

    /// The member or field, as the service names it: `reviewerSettings.reviewerId`.
    pub fn at(&self) -> &str {
        &self.at
    }

    /// What the specification, or the definition of the field, asks for.
    pub fn expected(&self) -> &str {
        &self.expected
    }

    /// What was there instead.
    pub fn found(&self) -> &str {
        &self.found
    }

    /// What to do about it, where that is not plain from the rest.
    pub fn hint(&self) -> Option<&str> {
        self.fix.as_deref()
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            at,
            expected,
            found,
            fix,
        } = self;
        write!(f, "`{at}`: expected {expected}, found {found}")?;
        match fix {
            Some(fix) => write!(f, " ({fix})"),
            None => Ok(()),
        }
    }
}

impl Invalid {
    /// The problems, in the order of the members.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// The problem at a member or field, if there is one.
    pub fn at(&self, member: &str) -> Option<&Problem> {
        self.problems.iter().find(|problem| problem.at == member)
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the {} cannot be sent", self.subject)?;
        for (index, problem) in self.problems.iter().enumerate() {
            let before = if index == 0 { ": " } else { "; " };
            write!(f, "{before}{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Invalid {}

/// So that `builder.build()?` works where calls are made.
impl From<Invalid> for Error {
    fn from(invalid: Invalid) -> Self {
        Self::new(ErrorKind::Request, invalid.to_string()).with_source(invalid)
    }
}

/// Collects problems.
#[derive(Debug, Default)]
pub(crate) struct Findings(Vec<Problem>);

impl Findings {
    pub(crate) fn add(&mut self, problem: Problem) {
        self.0.push(problem);
    }

    /// Something that must be there is not.
    pub(crate) fn missing(&mut self, at: &str, expected: &str, fix: &str) {
        self.add(Problem::new(at, expected, "nothing").fix(fix));
    }

    /// A text between two lengths, counted in characters.
    pub(crate) fn length(&mut self, at: &str, text: &str, least: usize, most: usize) {
        let length = text.chars().count();
        if !(least..=most).contains(&length) {
            let expected = format!("{least} to {most} characters");
            let found = match length {
                0 => "an empty text".to_owned(),
                length => format!("{length} characters"),
            };
            self.add(Problem::new(at, expected, found));
        }
    }

    /// A list of at most so many.
    pub(crate) fn at_most(&mut self, at: &str, count: usize, most: usize) {
        if count > most {
            let found = format!("{count}");
            self.add(Problem::new(at, format!("at most {most}"), found));
        }
    }

    /// An identifier: not empty, not too long, and no login or name.
    pub(crate) fn id(&mut self, at: &str, id: &str, most: usize) {
        let plain = id
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b':'));
        if id.is_empty() {
            self.missing(at, "an id", "give the id that the service assigned");
        } else if !plain || id.len() > most {
            let expected = format!("an id of at most {most} characters");
            let problem = Problem::new(at, expected, format!("{id:?}"));
            self.add(problem.fix("logins, names and addresses are no ids: look the object up"));
        }
    }

    /// Fails if anything was found.
    pub(crate) fn check(self, subject: &'static str) -> Result<(), Invalid> {
        if self.0.is_empty() {
            return Ok(());
        }
        Err(Invalid {
            subject,
            problems: self.0,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_where_what_and_what_to_do() {
        let mut findings = Findings::default();
        findings.length("name", "", 1, 255);
        findings.id("reviewerSettings.reviewerId", "ana@example.com", 20);
        let invalid = findings.check("campaign").unwrap_err();
        assert_eq!(
            invalid.to_string(),
            "the campaign cannot be sent: `name`: expected 1 to 255 characters, found an empty text; \
             `reviewerSettings.reviewerId`: expected an id of at most 20 characters, found \
             \"ana@example.com\" (logins, names and addresses are no ids: look the object up)"
        );
        let error = Error::from(invalid.clone());
        assert_eq!(error.kind(), ErrorKind::Request);
        assert_eq!(
            invalid.at("name").map(Problem::found),
            Some("an empty text")
        );
    }
}
