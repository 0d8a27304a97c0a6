//! What a client asks for again and again until a person has decided.

use serde::{Deserialize, Serialize};

use crate::fault::Fault;

/// Seconds between two questions of a client.
pub(crate) const INTERVAL: i64 = 5;
/// Seconds that a client which asks too fast must wait longer.
const SLOWER: i64 = 5;

/// What a person decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Decision {
    /// Nothing yet.
    Waiting,
    /// Not for this client.
    Denied,
    /// Signed in at a time.
    Allowed { user_id: String, auth_time: i64 },
}

/// A decision that a client polls for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Poll {
    pub(crate) expires: i64,
    /// Seconds that the client must let pass between two questions.
    interval: i64,
    last: Option<i64>,
    pub(crate) decision: Decision,
}

impl Poll {
    pub(crate) fn new(expires: i64) -> Self {
        Self {
            expires,
            interval: INTERVAL,
            last: None,
            decision: Decision::Waiting,
        }
    }

    /// Who allowed it.
    pub(crate) fn user(&self) -> Option<&str> {
        match &self.decision {
            Decision::Allowed { user_id, .. } => Some(user_id),
            Decision::Waiting | Decision::Denied => None,
        }
    }

    /// True while a person may still decide.
    pub(crate) fn is_open(&self, now: i64) -> bool {
        self.expires > now && self.decision == Decision::Waiting
    }

    /// A client's question: who signed in and when, or why there is nothing yet. `what` names the
    /// thing that is polled for.
    pub(crate) fn ask(&mut self, now: i64, what: &str) -> Result<(String, i64), Fault> {
        let refuse = |error, text: String| Err(Fault::oauth(400, error, text));
        if self.expires <= now {
            let text = format!("The {what} is invalid or has expired.");
            return refuse("expired_token", text);
        }
        let too_fast = self.last.is_some_and(|last| now < last + self.interval);
        self.last = Some(now);
        match &self.decision {
            Decision::Denied => refuse(
                "access_denied",
                "The resource owner or authorization server denied the request.".to_owned(),
            ),
            Decision::Waiting if too_fast => {
                self.interval += SLOWER;
                let text =
                    "The client is polling too quickly and should back off at a reasonable rate.";
                refuse("slow_down", text.to_owned())
            }
            Decision::Waiting => refuse(
                "authorization_pending",
                "The authorization is pending. Please try again later.".to_owned(),
            ),
            Decision::Allowed { user_id, auth_time } => Ok((user_id.clone(), *auth_time)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(answer: Result<(String, i64), Fault>) -> &'static str {
        answer
            .expect_err("a refusal")
            .oauth_error()
            .expect("an error")
    }

    #[test]
    fn a_hasty_client_has_to_wait_longer() {
        let mut poll = Poll::new(100);
        assert_eq!(error(poll.ask(0, "code")), "authorization_pending");
        assert_eq!(error(poll.ask(4, "code")), "slow_down");
        assert_eq!(error(poll.ask(10, "code")), "slow_down", "ten seconds now");
        assert_eq!(error(poll.ask(30, "code")), "authorization_pending");
        poll.decision = Decision::Allowed {
            user_id: "00u1".to_owned(),
            auth_time: 31,
        };
        assert_eq!(poll.ask(32, "code").expect("allowed").1, 31);
        assert_eq!(error(poll.ask(100, "code")), "expired_token");
    }
}
