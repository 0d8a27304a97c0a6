//! A stream of items; each page is fetched when it is needed.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;

use super::page::Parts;
use super::{Cursor, PageStream};
use crate::error::{Error, Result};
use crate::model::Undecodable;

/// All items of a list, one after the other.
///
/// It is `Unpin` and a `Stream`. Items that came before a failure are delivered before the error;
/// after it, the stream ends.
#[must_use = "a stream does nothing until it is polled"]
pub struct ItemStream<T> {
    pages: PageStream<T>,
    buffer: VecDeque<T>,
    undecodable: VecDeque<Undecodable>,
    skipped: u64,
    strict: bool,
    /// The error of a strict stream was given.
    failed: bool,
}

impl<T> ItemStream<T> {
    pub(crate) fn new(pages: PageStream<T>, parts: Parts<T>) -> Self {
        Self {
            pages: pages.in_parts(parts),
            buffer: VecDeque::new(),
            undecodable: VecDeque::new(),
            skipped: 0,
            strict: false,
            failed: false,
        }
    }

    /// Makes an item that cannot be decoded an error (after the good ones of its page) instead of
    /// skipping it. The error's cursor leads back to its page: nothing is skipped by going on.
    pub fn strict(mut self) -> Self {
        self.strict = true;
        self
    }

    /// Fetches one page ahead; see [`PageStream::prefetch`].
    pub fn prefetch(mut self) -> Self {
        self.pages = self.pages.prefetch();
        self
    }

    /// The time for the whole list; see [`PageStream::timeout`].
    pub fn timeout(mut self, total: Duration) -> Self {
        self.pages = self.pages.timeout(total);
        self
    }

    /// Where to go on so that nothing is lost: the page under way while some of its items are not
    /// yet delivered (they would come again), else the next page. After a [`strict`](Self::strict)
    /// error it is the page of the item that could not be decoded.
    pub fn cursor(&self) -> Option<&Cursor> {
        let delivered = self.buffer.is_empty() && !self.pages.has_more();
        if delivered && (!self.strict || self.undecodable.is_empty()) {
            self.pages.cursor()
        } else {
            self.pages.here()
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

    fn poll_item(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<T>>> {
        loop {
            if let Some(item) = self.buffer.pop_front() {
                return Poll::Ready(Some(Ok(item)));
            }
            if self.strict
                && let Some(odd) = self.undecodable.front()
                && !self.failed
            {
                self.failed = true;
                self.pages.stop();
                let mut error = Error::new(
                    crate::ErrorKind::Decode,
                    format!(
                        "item {} of a page cannot be decoded: {}",
                        odd.index, odd.reason
                    ),
                );
                error.inner_mut().cursor = self.pages.here().cloned();
                return Poll::Ready(Some(Err(error)));
            }
            // Its memory goes before more comes.
            self.buffer = VecDeque::new();
            let more = match self.pages.more() {
                Some(part) => Some(part),
                None => ready!(self.pages.poll_page(cx)),
            };
            match more {
                None => return Poll::Ready(None),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                Some(Ok(page)) => {
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
