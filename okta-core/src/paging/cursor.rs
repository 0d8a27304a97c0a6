//! A place in a list that outlives the process.

use std::fmt;
use std::str::FromStr;

use http::Method;
use percent_encoding::percent_decode_str;
use serde_with::{DeserializeFromStr, SerializeDisplay};
use url::Url;

use super::next::same_org;
use crate::call::Call;
use crate::error::{Error, Result};
use crate::operation::OperationInfo;

/// A place in a list, to go on from later, in another process too: it serializes (as one string)
/// and parses back.
///
/// It knows the org, the operation and the list that it belongs to: resuming another list with it
/// is an error. It holds no credential.
#[derive(Clone, PartialEq, Eq, Hash, SerializeDisplay, DeserializeFromStr)]
pub struct Cursor {
    /// `operationId`, or the method of an untyped call.
    operation: String,
    origin: String,
    target: String,
    /// Path of the list as it was asked for, where the service links to another one: `me` becomes
    /// an id.
    list: Option<String>,
}

impl Cursor {
    /// `list` is the path that the list was asked for with.
    pub(crate) fn new(
        info: &OperationInfo,
        method: &Method,
        origin: &str,
        target: String,
        list: &str,
    ) -> Self {
        let list = (!same_path(list, path_of(&target))).then(|| list.to_owned());
        Self {
            operation: name(info, method).to_owned(),
            origin: origin.to_owned(),
            target,
            list,
        }
    }

    /// Path and query of the page that it points to.
    pub fn target(&self) -> &str {
        &self.target
    }

    /// The org that it belongs to: scheme, host and port.
    pub fn org_url(&self) -> &str {
        &self.origin
    }

    /// Path of the list that it belongs to, as that was asked for.
    pub(crate) fn list(&self) -> &str {
        self.list.as_deref().unwrap_or(path_of(&self.target))
    }

    /// A query value of the page's address, decoded.
    pub(crate) fn query(&self, name: &str) -> Option<String> {
        let query = self.target.split_once('?')?.1;
        url::form_urlencoded::parse(query.as_bytes())
            .find(|(found, _)| found == name)
            .map(|(_, value)| value.into_owned())
    }

    /// That the call is the one that it came from: operation or method, org, path.
    pub(crate) fn check(&self, call: &Call, origin: &str) -> Result<()> {
        let fail = |what: &str, theirs: &str, ours: &str| {
            Err(Error::paging(format!(
                "the cursor belongs to {what}{theirs}, not to {ours}"
            ))
            .with_hint("resume the same list, of the same org, that the cursor came from"))
        };
        let ours = name(call.info, &call.method);
        if self.operation != ours {
            return fail("", &self.operation, ours);
        }
        let orgs = (Url::parse(&self.origin), Url::parse(origin));
        let (Ok(theirs), Ok(our_org)) = orgs else {
            return fail("the org ", &self.origin, origin);
        };
        if !same_org(&our_org, &theirs) && !same_org(&theirs, &our_org) {
            return fail("the org ", &self.origin, origin);
        }
        let path = call.filled_path().map_err(Error::request)?;
        if same_path(self.list(), &path) {
            return Ok(());
        }
        fail("", self.list(), &path)
    }
}

fn name<'a>(info: &'a OperationInfo, method: &'a Method) -> &'a str {
    if info.id.is_empty() {
        method.as_str()
    } else {
        info.id
    }
}

fn path_of(target: &str) -> &str {
    target.split('?').next().unwrap_or_default()
}

/// Equal but for percent-encoding.
fn same_path(one: &str, other: &str) -> bool {
    one == other
        || one
            .split('/')
            .map(|part| percent_decode_str(part).collect::<Vec<u8>>())
            .eq(other
                .split('/')
                .map(|part| percent_decode_str(part).collect::<Vec<u8>>()))
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}{}", self.operation, self.origin, self.target)?;
        match &self.list {
            Some(list) => write!(f, " {list}"),
            None => Ok(()),
        }
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
        parse(text).ok_or_else(|| {
            Error::paging("the text is not a saved cursor").with_hint(
                "a cursor looks like \"listUsers https://acme.okta.com/api/v1/users?after=…\"",
            )
        })
    }
}

fn parse(text: &str) -> Option<Cursor> {
    let mut words = text.split(' ');
    let operation = words.next().filter(|word| !word.is_empty())?;
    let address = words.next()?;
    let list = words.next();
    if words.next().is_some() || list.is_some_and(|list| !list.starts_with('/')) {
        return None;
    }
    let url = Url::parse(address).ok()?;
    let plain = matches!(url.scheme(), "https" | "http")
        && url.username().is_empty()
        && url.password().is_none()
        && url.fragment().is_none();
    let origin = url.origin().ascii_serialization();
    // Exactly as written: a service may tell apart what a URL parser makes equal.
    let target = address.strip_prefix(&origin)?;
    (plain && target.starts_with('/') && !target.starts_with("//")).then(|| Cursor {
        operation: operation.to_owned(),
        origin,
        target: target.to_owned(),
        list: list.map(str::to_owned),
    })
}
