//! A stream of pages; each is fetched when it is needed.

use std::collections::HashSet;
use std::fmt;
use std::future::poll_fn;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;

use super::page::{Parts, Rest};
use super::{Cursor, Page, prefetch};
use crate::call::{BoxFuture, Call, send};
use crate::error::{Error, ErrorKind, Result};
use crate::response::RawResponse;

/// Page size asked for when the user names none: the operation's maximum, but not more than this.
const MAX_DEFAULT_LIMIT: u32 = 1000;

/// All pages of a list, one after the other.
///
/// It is `Unpin` and a `Stream`; [`next`](Self::next), [`try_next`](Self::try_next) and
/// [`try_collect`](Self::try_collect) work without any other crate. Pages before a failure are
/// delivered, that whose own link is unusable too; then comes the error, which
/// [carries](crate::Error::cursor) the place to go on from, and the stream ends.
///
/// Each page is fetched when it is asked for; [`prefetch`](Self::prefetch) fetches one ahead.
///
/// A list that is polled (System Log without `until`) has a next link for ever: its stream ends at
/// the first empty page, and `cursor` is where to poll again.
#[must_use = "a stream does nothing until it is polled"]
pub struct PageStream<T> {
    call: Call,
    decode: fn(RawResponse) -> Result<Page<T>>,
    /// How pages are decoded where nobody asks for whole ones.
    parts: Option<Parts<T>>,
    /// What of the page that was delivered last is not decoded yet.
    rest: Option<Rest>,
    pending: Option<BoxFuture<Result<RawResponse>>>,
    cursor: Option<Cursor>,
    /// Where the page that was delivered last starts.
    here: Option<Cursor>,
    seen: HashSet<u64>,
    polled: bool,
    prefetch: bool,
    /// When all pages must be there, on the client's monotonic clock.
    end: Option<Duration>,
    finished: bool,
    /// What is wrong behind the page that was delivered last.
    failure: Option<Error>,
}

impl<T> PageStream<T> {
    pub(crate) fn new(mut call: Call, decode: fn(RawResponse) -> Result<Page<T>>) -> Self {
        let info = call.info;
        if let Some(max) = info.max_limit
            && call.cursor.is_none()
            && info.has_query("limit")
            && call.effective_query("limit").is_none()
        {
            call.set_query("limit", max.min(MAX_DEFAULT_LIMIT));
        }
        let descending = call
            .effective_query("sortOrder")
            .is_some_and(|order| order.eq_ignore_ascii_case("DESCENDING"));
        let polled = info.can_be_polled() && call.effective_query("until").is_none() && !descending;
        Self {
            cursor: call.cursor.clone(),
            here: None,
            call,
            decode,
            parts: None,
            rest: None,
            pending: None,
            seen: HashSet::new(),
            polled,
            prefetch: false,
            end: None,
            finished: false,
            failure: None,
        }
    }

    /// Fetches one page ahead, never more: the request for the next page runs while this one is
    /// used, also between two calls of the stream.
    ///
    /// Off unless asked for: a stream that is left early would have spent a call of the rate limit
    /// on a page that nobody reads, and one more page is held in memory. Dropping the stream ends
    /// the request; [`cursor`](Self::cursor) counts only pages that were delivered.
    pub fn prefetch(mut self) -> Self {
        self.prefetch = true;
        self
    }

    /// The time for the whole list, from now: all pages with their waits, repeats and token
    /// requests. The timeout of client or call bounds each page besides.
    ///
    /// When it is over, the next page is an error of kind [`ErrorKind::Timeout`], whose
    /// [cursor](crate::Error::cursor) is where to go on.
    pub fn timeout(mut self, total: Duration) -> Self {
        if let Some(client) = &self.call.client {
            self.end = Some(client.clock().monotonic().saturating_add(total));
        }
        self
    }

    /// Where the next page starts: also after an error, and after the end of a polled list. `None`
    /// before the first page and after the last one.
    pub fn cursor(&self) -> Option<&Cursor> {
        self.cursor.as_ref()
    }

    /// The next page; `None` after the last one.
    pub async fn next(&mut self) -> Option<Result<Page<T>>> {
        poll_fn(|cx| self.poll_page(cx)).await
    }

    /// The next page; `Ok(None)` after the last one.
    ///
    /// # Errors
    /// Whatever the call for this page fails with; [`ErrorKind::Paging`](crate::ErrorKind::Paging)
    /// for an unusable link.
    pub async fn try_next(&mut self) -> Result<Option<Page<T>>> {
        self.next().await.transpose()
    }

    /// All pages.
    ///
    /// # Errors
    /// The first error; pages before it are lost here: use [`next`](Self::next) to keep them.
    pub async fn try_collect(mut self) -> Result<Vec<Page<T>>> {
        let mut pages = Vec::new();
        while let Some(page) = self.try_next().await? {
            pages.push(page);
        }
        Ok(pages)
    }

    /// Where the page that was delivered last starts.
    pub(super) fn here(&self) -> Option<&Cursor> {
        self.here.as_ref()
    }

    /// Pages come a part at a time: the first one as a page, what follows by [`more`](Self::more).
    pub(super) fn in_parts(mut self, parts: Parts<T>) -> Self {
        self.parts = Some(parts);
        self
    }

    /// Whether a part of the page that was delivered last is still to come.
    pub(super) fn has_more(&self) -> bool {
        self.rest.is_some()
    }

    /// The next part of the page that was delivered last.
    ///
    /// # Errors
    /// If the text is not JSON from here on; nothing comes behind it.
    pub(super) fn more(&mut self) -> Option<Result<Page<T>>> {
        let (rest, parts) = (self.rest.take()?, self.parts?);
        Some(match rest.decode(parts) {
            Ok((page, rest)) => {
                self.rest = rest;
                Ok(page)
            }
            Err(mut error) => {
                self.stop();
                error.inner_mut().cursor.clone_from(&self.here);
                Err(error)
            }
        })
    }

    /// Nothing more comes.
    pub(super) fn stop(&mut self) {
        self.rest = None;
        self.failure = None;
        self.finished = true;
        self.pending = None;
    }

    pub(super) fn poll_page(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Page<T>>>> {
        if let Some(error) = self.failure.take() {
            self.finished = true;
            return Poll::Ready(Some(Err(error)));
        }
        if self.finished {
            return Poll::Ready(None);
        }
        let mut pending = match self.pending.take() {
            Some(pending) => pending,
            None => self.request(),
        };
        let Poll::Ready(raw) = pending.as_mut().poll(cx) else {
            self.pending = Some(pending);
            return Poll::Pending;
        };
        drop(pending);
        Poll::Ready(match raw.and_then(|raw| self.accept(raw)) {
            Err(error) => {
                self.finished = true;
                Some(Err(self.at_cursor(error)))
            }
            Ok(page) if self.polled && page.items.is_empty() && page.undecodable.is_empty() => {
                self.finished = true;
                self.failure.take().map(Err)
            }
            Ok(page) => {
                if self.prefetch && !self.finished && self.failure.is_none() {
                    self.pending = Some(prefetch::start(self.request()));
                }
                Some(Ok(page))
            }
        })
    }

    fn request(&self) -> BoxFuture<Result<RawResponse>> {
        let mut call = self.call.clone();
        call.cursor.clone_from(&self.cursor);
        if let Some(end) = self.end
            && let Some(client) = &call.client
        {
            let left = end.saturating_sub(client.clock().monotonic());
            if left.is_zero() {
                return Box::pin(std::future::ready(Err(too_late())));
            }
            let each = call.options.timeout.or(client.timeout());
            call.options.timeout = Some(each.map_or(left, |each| each.min(left)));
        }
        send(call)
    }

    fn at_cursor(&self, mut error: Error) -> Error {
        error.inner_mut().cursor.clone_from(&self.cursor);
        error
    }

    /// Decodes an answer and moves the cursor.
    fn accept(&mut self, mut raw: RawResponse) -> Result<Page<T>> {
        if let Some(context) = raw.context() {
            self.seen.insert(fingerprint(&context.target));
            context.client.stats_counters().page();
        }
        let here = raw.own_cursor();
        let next = raw.next_cursor();
        let repeated = match &next {
            Ok(Some(next)) if !self.seen.insert(fingerprint(next.target())) => {
                Some(raw.describe(Error::paging(format!(
                    "the service repeats the cursor {}; the list would never end",
                    next.target()
                ))))
            }
            _ => None,
        };
        raw.take_link();
        let mut page = match self.parts {
            None => (self.decode)(raw)?,
            Some(parts) => {
                let (page, rest) = parts(raw, None)?;
                self.rest = rest;
                page
            }
        };
        self.here = here;
        let empty = page.items.is_empty() && page.undecodable.is_empty();
        match next {
            // The page is good; what is wrong comes behind it.
            Err(error) => self.failure = Some(self.at_cursor(error)),
            Ok(next) => {
                page.next.clone_from(&next);
                self.finished = next.is_none();
                self.cursor = next;
                // Nothing new in a log: its link may well stay the same.
                self.failure = repeated
                    .filter(|_| !(self.polled && empty))
                    .map(|error| self.at_cursor(error));
            }
        }
        Ok(page)
    }
}

fn too_late() -> Error {
    Error::new(
        ErrorKind::Timeout,
        "the time for the whole list is over; the next page was not asked for",
    )
    .with_hint("go on from the error's cursor, or give the stream more time (timeout)")
}

fn fingerprint(target: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    target.hash(&mut hasher);
    hasher.finish()
}

impl<T> Unpin for PageStream<T> {}

impl<T> Stream for PageStream<T> {
    type Item = Result<Page<T>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_page(cx)
    }
}

impl<T> fmt::Debug for PageStream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PageStream")
            .field("call", &self.call)
            .field("cursor", &self.cursor)
            .finish_non_exhaustive()
    }
}
