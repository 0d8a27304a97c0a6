//! Counting a list without decoding its items.

use super::page::{Page, page_of};
use super::stream::PageStream;
use crate::call::{BoxFuture, Call};
use crate::error::Result;
use crate::response::RawResponse;

pub(crate) fn count(call: Call) -> BoxFuture<Result<u64>> {
    let mut pages = PageStream::new(call, count_page);
    Box::pin(async move {
        let mut total = 0;
        while let Some(page) = pages.try_next().await? {
            total += (page.items.len() + page.undecodable.len()) as u64;
        }
        Ok(total)
    })
}

/// Steps over the items; a list of `()` takes no memory.
fn count_page(raw: RawResponse) -> Result<Page<()>> {
    let mut items = Vec::new();
    let page = page_of(raw, &mut |decoder| {
        decoder.reader.skip_any_depth()?;
        items.push(());
        Ok(())
    })?;
    Ok(Page { items, ..page })
}
