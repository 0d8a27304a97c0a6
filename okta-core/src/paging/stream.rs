//! Streams of pages and of items; each page is fetched when it is needed.

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::future::poll_fn;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;

use super::{Cursor, Page};
use crate::call::{BoxFuture, Call, send};
use crate::error::{Error, Result};
use crate::model::Undecodable;
use crate::response::RawResponse;

/// Page size asked for when the user names none: the operation's maximum, but not more than this.
const MAX_DEFAULT_LIMIT: u32 = 1000;

/// All pages of a list, one after the other.
///
/// It is `Unpin` and a `Stream`; [`next`](Self::next), [`try_next`](Self::try_next) and
/// [`try_collect`](Self::try_collect) work without any other crate. After an error it ends;
/// [`cursor`](Self::cursor) still says where to go on.
///
/// A list that is polled (System Log without `until`) has a next link for ever: its stream ends at
/// the first empty page, and `cursor` is where to poll again.
#[must_use = "a stream does nothing until it is polled"]
pub struct PageStream<T> {
    call: Call,
    decode: fn(RawResponse) -> Result<Page<T>>,
    pending: Option<BoxFuture<Result<RawResponse>>>,
    cursor: Option<Cursor>,
    seen: HashSet<u64>,
    polled: bool,
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
            call,
            decode,
            pending: None,
            seen: HashSet::new(),
            polled,
            finished: false,
            failure: None,
        }
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

    fn poll_page(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Page<T>>>> {
        if let Some(error) = self.failure.take() {
            self.finished = true;
            return Poll::Ready(Some(Err(error)));
        }
        if self.finished {
            return Poll::Ready(None);
        }
        let pending = self.pending.get_or_insert_with(|| {
            let mut call = self.call.clone();
            call.cursor.clone_from(&self.cursor);
            send(call)
        });
        let raw = ready!(pending.as_mut().poll(cx));
        self.pending = None;
        let page = raw.and_then(|raw| self.accept(raw));
        if page.is_err() {
            self.finished = true;
        }
        Poll::Ready(match page {
            Ok(page)
                if self.finished
                    && self.polled
                    && page.items.is_empty()
                    && page.undecodable.is_empty() =>
            {
                None
            }
            other => Some(other),
        })
    }

    /// Decodes an answer and moves the cursor.
    fn accept(&mut self, raw: RawResponse) -> Result<Page<T>> {
        if let Some(context) = raw.context() {
            self.seen.insert(fingerprint(&context.target));
            context.client.stats_counters().page();
        }
        let repeated = |cursor: &Cursor| {
            raw.describe(Error::paging(format!(
                "the service repeats the cursor {}; the list would never end",
                cursor.target()
            )))
        };
        let next = raw.next_cursor()?;
        let is_repeated = next
            .as_ref()
            .is_some_and(|next| !self.seen.insert(fingerprint(next.target())));
        let repeat_error = next.as_ref().filter(|_| is_repeated).map(repeated);
        let page = (self.decode)(raw)?;
        let empty = page.items.is_empty() && page.undecodable.is_empty();
        if self.polled && empty {
            self.finished = true;
        } else {
            self.failure = repeat_error;
        }
        self.finished |= next.is_none();
        self.cursor = next;
        Ok(page)
    }
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

/// All items of a list, one after the other.
///
/// It is `Unpin` and a `Stream`. Items that came before a failure are delivered before the error;
/// after it, the stream ends.
#[must_use = "a stream does nothing until it is polled"]
pub struct ItemStream<T> {
    pages: PageStream<T>,
    /// Where the page of the buffered items starts.
    here: Option<Cursor>,
    buffer: VecDeque<T>,
    undecodable: VecDeque<Undecodable>,
    skipped: u64,
    strict: bool,
}

impl<T> ItemStream<T> {
    pub(crate) fn new(pages: PageStream<T>) -> Self {
        Self {
            here: pages.cursor.clone(),
            pages,
            buffer: VecDeque::new(),
            undecodable: VecDeque::new(),
            skipped: 0,
            strict: false,
        }
    }

    /// Makes an item that cannot be decoded an error (after the good ones of its page) instead of
    /// skipping it.
    pub fn strict(mut self) -> Self {
        self.strict = true;
        self
    }

    /// Where to go on so that nothing is lost: the page under way while some of its items are not
    /// yet delivered (they would come again), else the next page.
    pub fn cursor(&self) -> Option<&Cursor> {
        if self.buffer.is_empty() {
            self.pages.cursor()
        } else {
            self.here.as_ref()
        }
    }

    /// How many items could not be decoded and were skipped so far.
    pub fn undecodable(&self) -> u64 {
        self.skipped
    }

    /// The next item; `None` after the last one.
    pub async fn next(&mut self) -> Option<Result<T>> {
        poll_fn(|cx| self.poll_item(cx)).await
    }

    /// The next item; `Ok(None)` after the last one.
    ///
    /// # Errors
    /// Whatever the call for the next page fails with.
    pub async fn try_next(&mut self) -> Result<Option<T>> {
        self.next().await.transpose()
    }

    /// All items.
    ///
    /// # Errors
    /// The first error; items before it are lost here: use [`next`](Self::next) to keep them.
    pub async fn try_collect(mut self) -> Result<Vec<T>> {
        let mut items = Vec::new();
        while let Some(item) = self.try_next().await? {
            items.push(item);
        }
        Ok(items)
    }

    /// Counts the items, a page at a time in memory.
    ///
    /// # Errors
    /// The first error of a page.
    pub async fn try_count(mut self) -> Result<u64> {
        let mut count = 0;
        while self.try_next().await?.is_some() {
            count += 1;
        }
        Ok(count)
    }

    fn poll_item(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<T>>> {
        loop {
            if let Some(item) = self.buffer.pop_front() {
                return Poll::Ready(Some(Ok(item)));
            }
            if self.strict
                && let Some(odd) = self.undecodable.pop_front()
            {
                self.undecodable.clear();
                self.pages.failure = None;
                self.pages.finished = true;
                return Poll::Ready(Some(Err(Error::new(
                    crate::ErrorKind::Decode,
                    format!(
                        "item {} of a page cannot be decoded: {}",
                        odd.index, odd.reason
                    ),
                ))));
            }
            let here = self.pages.cursor.clone();
            match ready!(self.pages.poll_page(cx)) {
                None => return Poll::Ready(None),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                Some(Ok(page)) => {
                    self.here = here;
                    self.buffer = page.items.into();
                    self.skipped += page.undecodable.len() as u64;
                    self.undecodable = page.undecodable.into();
                }
            }
        }
    }
}

impl<T> Unpin for ItemStream<T> {}

impl<T> Stream for ItemStream<T> {
    type Item = Result<T>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_item(cx)
    }
}

impl<T> fmt::Debug for ItemStream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ItemStream")
            .field("pages", &self.pages)
            .field("buffered", &self.buffer.len())
            .finish_non_exhaustive()
    }
}
