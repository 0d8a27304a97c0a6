//! Read after write where reads lag.

use std::time::Duration;

use crate::client::Client;
use crate::error::{Error, ErrorKind, Result};

/// Looks again and again until something is there.
///
/// `search` on users and groups, and the System Log, read an index that follows writes by a
/// moment, without promise how long. Reads by id, and `filter` by id, are fresh at once: prefer
/// them where you know the id, and this where you don't.
///
/// ```no_run
/// # async fn f(client: okta_core::Client) -> okta_core::Result<()> {
/// use okta_core::bulk::WaitUntil;
///
/// let page = WaitUntil::new(&client)
///     .visible(|| async {
///         let search = r#"profile.badgeNumber eq "42""#;
///         let call = client.call("GET", "/api/v1/users").query("search", search);
///         Ok(call.items().try_next().await?)
///     })
///     .await?;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct WaitUntil {
    client: Client,
    timeout: Duration,
    first: Duration,
    longest: Duration,
}

impl WaitUntil {
    /// Waits at most 60 s, looking after 0.2 s, 0.4 s, … up to every 5 s, by the client's clock.
    pub fn new(client: &Client) -> Self {
        Self {
            client: client.clone(),
            timeout: Duration::from_secs(60),
            first: Duration::from_millis(200),
            longest: Duration::from_secs(5),
        }
    }

    /// Gives up after this time.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Waits this long before the second look, then twice as long each time, up to `longest`.
    #[must_use]
    pub fn backoff(mut self, first: Duration, longest: Duration) -> Self {
        self.first = first;
        self.longest = longest;
        self
    }

    /// Looks until the answer is `Some`, and gives it.
    ///
    /// # Errors
    /// [`ErrorKind::Timeout`] if nothing was there in time; the first error of a look.
    pub async fn visible<T, F>(self, mut look: impl FnMut() -> F) -> Result<T>
    where
        F: Future<Output = Result<Option<T>>>,
    {
        let clock = self.client.clock();
        let end = clock.monotonic().saturating_add(self.timeout);
        let mut wait = self.first;
        let mut looks = 0_u32;
        loop {
            looks += 1;
            if let Some(found) = look().await? {
                return Ok(found);
            }
            let left = end.saturating_sub(clock.monotonic());
            if left.is_zero() {
                return Err(Error::new(
                    ErrorKind::Timeout,
                    format!(
                        "nothing to see after {looks} looks in {:.1} s",
                        self.timeout.as_secs_f64()
                    ),
                )
                .with_hint(
                    "check the condition; if it is right, the index lags: raise the timeout, or read by id, which is always fresh",
                ));
            }
            // The last look is at the very end.
            clock.sleep(wait.min(left)).await;
            wait = wait.saturating_mul(2).min(self.longest);
        }
    }
}
