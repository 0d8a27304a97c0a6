//! One page of a list, and the cursor to the next.

use std::fmt;
use std::str::FromStr;

use http::HeaderMap;
use serde_with::{DeserializeFromStr, SerializeDisplay};

use super::next_target;
use crate::error::{Error, Result, request_id};
use crate::model::{self, Decoder, Extra, Fault, Undecodable, Value, element_of};
use crate::operation::OperationInfo;
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

/// A place in a list, to go on from later, in another process too: it serializes (as one string)
/// and parses back.
///
/// It holds path and query only, no host and no credential.
#[derive(Clone, PartialEq, Eq, Hash, SerializeDisplay, DeserializeFromStr)]
pub struct Cursor {
    operation: String,
    target: String,
}

impl Cursor {
    pub(crate) fn new(info: &OperationInfo, target: String) -> Self {
        Self {
            operation: info.id.to_owned(),
            target,
        }
    }

    /// Path and query of the page that it points to.
    pub fn target(&self) -> &str {
        &self.target
    }

    /// A query value of the page's address, decoded.
    pub(crate) fn query(&self, name: &str) -> Option<String> {
        let query = self.target.split_once('?')?.1;
        url::form_urlencoded::parse(query.as_bytes())
            .find(|(found, _)| found == name)
            .map(|(_, value)| value.into_owned())
    }

    pub(crate) fn check_operation(&self, info: &OperationInfo) -> Result<()> {
        if self.operation == info.id {
            return Ok(());
        }
        let name = |id: &str| {
            if id.is_empty() {
                "an untyped call".to_owned()
            } else {
                id.to_owned()
            }
        };
        Err(Error::paging(format!(
            "the cursor belongs to {}, not to {}",
            name(&self.operation),
            name(info.id)
        ))
        .with_hint("resume the same operation that the cursor came from"))
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.operation, self.target)
    }
}

impl fmt::Debug for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cursor({self})")
    }
}

impl FromStr for Cursor {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text.split_once(' ') {
            Some((operation, target)) if target.starts_with('/') && !target.starts_with("//") => {
                Ok(Self {
                    operation: operation.to_owned(),
                    target: target.to_owned(),
                })
            }
            _ => Err(Error::paging("the text is not a saved cursor")
                .with_hint("a cursor looks like \"listUsers /api/v1/users?after=…\"")),
        }
    }
}

/// Decodes a page: elements, then the link to the next page.
#[doc(hidden)]
pub fn decode_page<T: Value>(raw: RawResponse) -> Result<Page<T>> {
    let mut items = Vec::new();
    let page = untyped_page(raw, &mut |decoder| element_of(&mut items, decoder))?;
    Ok(Page {
        items,
        undecodable: page.undecodable,
        next: page.next,
        headers: page.headers,
        envelope: page.envelope,
    })
}

/// The part of [`decode_page`] that does not know the type of the items.
fn untyped_page(
    raw: RawResponse,
    element: &mut dyn FnMut(&mut Decoder<'_>) -> std::result::Result<(), Fault>,
) -> Result<Page<()>> {
    raw.expect_json()?;
    let page = model::decode_page(raw.body(), raw.items_member().as_deref(), element)
        .map_err(|error| raw.decode_error(error))?;
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
    /// Where the next page of this answer is, if it has one.
    ///
    /// # Errors
    /// [`ErrorKind::Paging`](crate::ErrorKind::Paging) if the link goes to another origin.
    pub fn next_cursor(&self) -> Result<Option<Cursor>> {
        let Some(context) = self.context() else {
            return Ok(None);
        };
        let target = next_target(
            context.client.origin(),
            &context.target,
            self.headers(),
            self.body(),
        )
        .map_err(|error| self.describe(error))?;
        Ok(target.map(|target| Cursor::new(context.info, target)))
    }
}
