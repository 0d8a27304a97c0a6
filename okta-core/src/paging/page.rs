//! One page of a list.

use std::fmt;

use http::HeaderMap;

use super::{Cursor, next_target};
use crate::error::{Result, request_id};
use crate::model::{self, Decoder, DriftKind, Extra, Fault, Place, Undecodable, Value, element_of};
use crate::response::{RateLimit, RawResponse};

/// One page of a list.
#[derive(Clone)]
#[non_exhaustive]
pub struct Page<T> {
    /// The elements, in the service's order.
    pub items: Vec<T>,
    /// Elements that could not be decoded, raw, with position and reason.
    pub undecodable: Vec<Undecodable>,
    /// Where the next page is; `None` on the last one.
    pub next: Option<Cursor>,
    /// Response headers.
    pub headers: HeaderMap,
    /// Other members of the object around the list, where there is one.
    pub envelope: Extra,
}

impl<T> Page<T> {
    /// `X-Okta-Request-Id` of the answer.
    pub fn request_id(&self) -> Option<String> {
        request_id(&self.headers)
    }

    /// The rate limit as the answer shows it.
    pub fn rate_limit(&self) -> Option<RateLimit> {
        RateLimit::from_headers(&self.headers)
    }
}

impl Page<()> {
    fn with_items<T>(self, items: Vec<T>) -> Page<T> {
        Page {
            items,
            undecodable: self.undecodable,
            next: self.next,
            headers: self.headers,
            envelope: self.envelope,
        }
    }
}

impl<T> IntoIterator for Page<T> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;
    fn into_iter(self) -> Self::IntoIter {
        self.items.into_iter()
    }
}

impl<T: fmt::Debug> fmt::Debug for Page<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Page")
            .field("items", &self.items)
            .field("undecodable", &self.undecodable.len())
            .field("next", &self.next)
            .finish_non_exhaustive()
    }
}

/// Decodes a page: elements, then the link to the next page.
#[doc(hidden)]
pub fn decode_page<T: Value>(raw: RawResponse) -> Result<Page<T>> {
    let mut items = Vec::new();
    let page = page_of(raw, &mut |decoder| element_of(&mut items, decoder))?;
    Ok(page.with_items(items))
}

/// How much memory the items of a part of a page may take, by their own size alone.
const PART_BYTES: usize = 192 * 1024;

/// The rest of a page of which a part was decoded.
pub(crate) struct Rest {
    raw: RawResponse,
    place: Place,
}

/// How a page becomes items, a part at a time: pages are the service's measure, memory is the caller's.
pub(crate) type Parts<T> = fn(RawResponse, Option<Place>) -> Result<(Page<T>, Option<Rest>)>;

impl Rest {
    /// The next part.
    pub(super) fn decode<T>(self, parts: Parts<T>) -> Result<(Page<T>, Option<Rest>)> {
        parts(self.raw, Some(self.place))
    }
}

/// Decodes a page, or a part of one where the answer is a list itself. A part has its items alone: headers and link are the
/// stream's matter.
pub(crate) fn decode_some<T: Value>(
    raw: RawResponse,
    from: Option<Place>,
) -> Result<(Page<T>, Option<Rest>)> {
    let mut items = Vec::new();
    let most = (PART_BYTES / size_of::<T>().max(1)).max(32);
    let (page, rest) = part_of(raw, from, most, &mut |decoder| {
        element_of(&mut items, decoder)
    })?;
    Ok((page.with_items(items), rest))
}

/// The part of [`decode_some`] that does not know the type of the items.
fn part_of(
    raw: RawResponse,
    from: Option<Place>,
    most: usize,
    element: &mut dyn FnMut(&mut Decoder<'_>) -> std::result::Result<(), Fault>,
) -> Result<(Page<()>, Option<Rest>)> {
    if from.is_none() && raw.items_member().is_some() {
        return Ok((page_of(raw, element)?, None));
    }
    raw.expect_json()?;
    let (part, place) = model::decode_part(raw.body(), from, most, element)
        .map_err(|error| raw.decode_error(error))?;
    raw.report_drift(part.drift);
    raw.report_undecodable(&part.items);
    let page = Page {
        items: Vec::new(),
        undecodable: part.items,
        next: None,
        headers: HeaderMap::new(),
        envelope: Extra::default(),
    };
    Ok((page, place.map(|place| Rest { raw, place })))
}

/// The part of [`decode_page`] that does not know the type of the items.
pub(super) fn page_of(
    raw: RawResponse,
    element: &mut dyn FnMut(&mut Decoder<'_>) -> std::result::Result<(), Fault>,
) -> Result<Page<()>> {
    raw.expect_json()?;
    let page = model::decode_page(raw.body(), raw.items_member().as_deref(), element)
        .map_err(|error| raw.decode_error(error))?;
    if page
        .drift
        .iter()
        .any(|drift| drift.kind == DriftKind::MissingItems)
    {
        raw.refuse_error_object()?;
    }
    raw.report_drift(page.drift);
    raw.report_undecodable(&page.items);
    let next = raw.next_cursor()?;
    Ok(Page {
        items: Vec::new(),
        undecodable: page.items,
        next,
        headers: raw.into_headers(),
        envelope: page.envelope,
    })
}

/// The member that holds the list of an unknown answer: `data`, else the only array.
pub(crate) fn find_items_member(body: &[u8]) -> Option<String> {
    let value: serde_json::Value = serde_json::from_slice(body).ok()?;
    let object = value.as_object()?;
    if object.get("data").is_some_and(serde_json::Value::is_array) {
        return Some("data".into());
    }
    let mut arrays = object.iter().filter(|(_, value)| value.is_array());
    let (name, _) = arrays.next()?;
    arrays.next().is_none().then(|| name.clone())
}

impl RawResponse {
    /// Where the page of this answer starts.
    pub(super) fn own_cursor(&self) -> Option<Cursor> {
        let context = self.context()?;
        let (info, method) = (context.info, &context.method);
        let origin = context.client.origin().as_str();
        let target = context.target.clone();
        Some(Cursor::new(
            info,
            method,
            origin,
            target,
            context.list_path(),
        ))
    }

    /// Where the next page of this answer is, if it has one.
    ///
    /// # Errors
    /// [`ErrorKind::Paging`](crate::ErrorKind::Paging) if the link goes to another origin.
    pub fn next_cursor(&self) -> Result<Option<Cursor>> {
        let Some(context) = self.context().filter(|_| !self.link_is_taken()) else {
            return Ok(None);
        };
        let origin = context.client.origin();
        let target = next_target(origin, &context.target, self.headers(), self.body())
            .map_err(|error| self.describe(error))?;
        Ok(target.map(|target| {
            let (info, method) = (context.info, &context.method);
            Cursor::new(info, method, origin.as_str(), target, context.list_path())
        }))
    }
}
