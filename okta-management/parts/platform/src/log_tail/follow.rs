//! From page to page, and what to do where there is no next one.

use std::collections::HashMap;
use std::time::Duration;

use futures_util::future::{Either, select};
use okta_core::model::Undecodable;
use okta_core::{Cursor, Error, ErrorKind, Operation as _, Page, Paged as _, Result, Stopper};

use super::checkpoint::Recent;
use super::{LogBatch, LogCheckpoint, Options};
use crate::logs;
use crate::models::LogEvent;

pub(super) struct Follower {
    list: logs::List,
    pub(super) options: Options,
    stopper: Stopper,
    /// Of the page to ask for; `None`: by time.
    cursor: Option<Cursor>,
    /// `published` of the newest event.
    newest: Option<jiff::Timestamp>,
    recent: Recent,
    /// `filter` and `q`, to know a checkpoint of another tail by.
    query: String,
    mismatch: Option<String>,
    /// Nothing new was there, or the call failed: wait before the next one.
    rests: bool,
    /// Nothing new can come.
    stuck: Option<Error>,
    ended: bool,
}

impl Follower {
    pub(super) fn new(list: logs::List, options: Options, stopper: Stopper) -> Self {
        let value = |name: &str| list.call().query_value(name).unwrap_or_default();
        let query = format!("filter={} q={}", value("filter"), value("q"));
        Self {
            list,
            options,
            stopper,
            cursor: None,
            newest: None,
            recent: Recent::default(),
            query,
            mismatch: None,
            rests: false,
            stuck: None,
            ended: false,
        }
    }

    pub(super) fn resume(&mut self, checkpoint: LogCheckpoint) {
        if checkpoint.query != self.query {
            self.mismatch = Some(checkpoint.query);
            return;
        }
        self.cursor = checkpoint.cursor;
        self.newest = checkpoint.newest;
        self.recent.load(checkpoint.recent);
    }

    pub(super) fn checkpoint(&self) -> LogCheckpoint {
        LogCheckpoint {
            cursor: self.cursor.clone(),
            newest: self.newest,
            query: self.query.clone(),
            recent: self.recent.store(),
        }
    }

    pub(super) async fn next(&mut self) -> Option<Result<LogBatch>> {
        if let Some(other) = &self.mismatch {
            return Some(Err(Error::new(
                ErrorKind::Paging,
                format!(
                    "the checkpoint belongs to a log with {other}, not {}",
                    self.query
                ),
            )
            .with_hint(
                "resume with the same filter and q, or begin anew with since",
            )));
        }
        loop {
            if self.ended || self.stopper.is_stopped() {
                return None;
            }
            if self.rests {
                self.rest().await;
                if self.stopper.is_stopped() {
                    return None;
                }
                self.rests = false;
                if self.options.lag.is_some() && self.newest.is_some() {
                    self.cursor = None;
                }
            }
            let page = match self.request().await {
                Ok(page) => page,
                Err(error) if self.cursor.is_some() && is_refused_cursor(&error) => {
                    if self.logs() {
                        tracing::warn!(%error, "the cursor of the log is refused; going on by time");
                    }
                    self.cursor = None;
                    continue;
                }
                Err(error) => {
                    self.rests = true;
                    return Some(Err(error));
                }
            };
            if let Some(batch) = self.take(page) {
                return Some(Ok(batch));
            }
            if let Some(error) = self.stuck.take() {
                self.rests = true;
                return Some(Err(error));
            }
        }
    }

    /// Whether the client lets warnings through.
    fn logs(&self) -> bool {
        let client = self.list.call().client();
        client.is_none_or(|client| client.log_level() >= tracing::Level::WARN)
    }

    /// Until the next turn, or until stopped.
    async fn rest(&self) {
        let Some(client) = self.list.call().client() else {
            return;
        };
        let sleep = client.clock().sleep(self.options.interval);
        let stopped = Box::pin(self.stopper.stopped());
        match select(sleep, stopped).await {
            Either::Left(_) | Either::Right(_) => {}
        }
    }

    async fn request(&self) -> Result<Page<LogEvent>> {
        let mut list = self.list.clone();
        match (&self.cursor, self.newest) {
            (Some(cursor), _) => list = list.resume(cursor.clone()),
            // By time, as far back as what may be missing.
            (None, Some(newest)) => {
                let back = self.options.lag.unwrap_or(OVERLAP);
                list = list.since(earlier(newest, back).strftime(FORMAT).to_string());
            }
            (None, None) => {}
        }
        list.await
    }

    /// Notes a page; `None` if it has nothing new.
    fn take(&mut self, page: Page<LogEvent>) -> Option<LogBatch> {
        let Page {
            items,
            undecodable,
            next,
            ..
        } = page;
        let count = items.len();
        let odd_count = undecodable.len();
        let mut events = Vec::with_capacity(count);
        for event in items {
            let at = event.published.as_ref().and_then(|at| at.get().ok());
            let is_new = match &event.uuid {
                Some(uuid) => self.recent.insert(at, uuid),
                None => true,
            };
            self.newest = self.newest.max(at);
            if is_new {
                events.push(event);
            }
        }
        let undecodable = self.new_ones(undecodable);
        let needed = self.options.lag.zip(self.newest);
        let needed = needed.map(|(lag, newest)| earlier(newest, lag));
        self.recent.trim(self.options.window, needed);
        // A link that leads back to a page with events would be followed without end.
        let is_repeated = next.is_some() && next == self.cursor;
        self.rests = count + odd_count == 0 || is_repeated;
        match next {
            Some(_) => self.cursor = next,
            // Only a log with `until` comes to its end.
            None if self.is_bounded() => self.ended = true,
            None => {
                let nothing_new = events.is_empty() && undecodable.is_empty();
                self.without_link(count + odd_count, nothing_new);
            }
        }
        if events.is_empty() && undecodable.is_empty() {
            return None;
        }
        Some(LogBatch {
            repeated: count + odd_count - events.len() - undecodable.len(),
            events,
            undecodable,
            checkpoint: self.checkpoint(),
        })
    }
}

impl Follower {
    fn is_bounded(&self) -> bool {
        let until = self.list.call().query_value("until");
        until.is_some_and(|until| !until.is_empty())
    }

    /// Elements that were not delivered before. They have no uuid that could be read: their text
    /// stands for them, and equal ones of one page for as many.
    fn new_ones(&mut self, odd: Vec<Undecodable>) -> Vec<Undecodable> {
        let mut seen = HashMap::new();
        let mut is_new = |odd: &Undecodable| {
            let text = checksum(odd.json.as_str());
            let number = seen.entry(text).or_insert(0_u32);
            *number += 1;
            self.recent
                .insert(None, &format!("odd-{text:016x}-{number}"))
        };
        odd.into_iter().filter(|odd| is_new(odd)).collect()
    }

    /// Something on the way dropped the link: the log goes on by time.
    fn without_link(&mut self, count: usize, nothing_new: bool) {
        self.cursor = None;
        self.rests = true;
        let limit = self.list.call().query_value("limit");
        let limit = limit.and_then(|limit| limit.parse().ok()).unwrap_or(100);
        if count < limit {
            return;
        }
        if nothing_new {
            // The same page would come again and again.
            self.stuck = Some(Error::new(
                ErrorKind::Paging,
                format!("the log answers {count} known events and no next link: it cannot be followed"),
            )
            .with_hint("something between here and the org drops the Link header; or raise the limit"));
        }
        // More is there than came.
        self.rests = false;
    }
}

/// FNV-1a: the same in every version, since checkpoints are stored.
fn checksum(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |sum, byte| {
        (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// What the service takes for dates.
const FORMAT: &str = "%Y-%m-%dT%H:%M:%S.%3fZ";

/// Where a cursor was lost: events are stored in another order than they are published.
const OVERLAP: Duration = Duration::from_secs(60);

fn earlier(at: jiff::Timestamp, by: Duration) -> jiff::Timestamp {
    at.checked_sub(by).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
}

fn is_refused_cursor(error: &Error) -> bool {
    error.code() == Some("E0000029")
}
