//! Operations and clients for the tests of this folder.
// Each test binary uses its own part.
#![allow(dead_code, unreachable_pub, missing_docs)]

pub mod org;

use std::sync::Arc;

use http::Method;
use okta_core::operation::{Lifecycle, Location, Paging, Parameter, ResponseInfo};
use okta_core::testing::{Canned, VirtualClock};
use okta_core::{Call, Client, ClientBuilder, Extra, OperationInfo};

pub const ORG: &str = "https://acme.okta.com";

const fn query(name: &'static str) -> Parameter {
    Parameter {
        name,
        location: Location::Query,
        required: false,
    }
}

/// What differs between the operations here.
struct Facts {
    parameters: &'static [Parameter],
    scopes: &'static [&'static str],
    responses: &'static [ResponseInfo],
    paging: Paging,
    items: Option<&'static str>,
    max_limit: Option<u32>,
    idempotent: bool,
    public: bool,
}

const PLAIN: Facts = Facts {
    parameters: &[],
    scopes: &[],
    responses: &[ResponseInfo {
        status: 200,
        media: "application/json",
    }],
    paging: Paging::None,
    items: None,
    max_limit: None,
    idempotent: true,
    public: false,
};

const fn info(
    id: &'static str,
    rust_name: &'static str,
    method: Method,
    path: &'static str,
    facts: Facts,
) -> OperationInfo {
    OperationInfo {
        id,
        api: "management",
        rust_name,
        method,
        path,
        parameters: facts.parameters,
        scopes: facts.scopes,
        permissions: &[],
        roles: &[],
        lifecycle: Lifecycle::Ga,
        deprecated: false,
        since: None,
        request_media: &[],
        responses: facts.responses,
        paging: facts.paging,
        items: facts.items,
        max_limit: facts.max_limit,
        idempotent: facts.idempotent,
        bucket: "test",
        public: facts.public,
    }
}

#[derive(Clone)]
pub struct Thing {
    pub id: Option<String>,
    pub name: Option<String>,
    pub extra: Extra,
}
okta_core::model! {
    Thing: "Thing" { id: "id", name: "name" }
}

macro_rules! operation {
    ($name:ident, $info:ident = $record:expr, $($output:tt)*) => {
        #[derive(Clone)]
        pub struct $name { pub call: Call }
        impl $name {
            pub fn new() -> Self { Self { call: Call::new(&$info) } }
        }
        pub static $info: OperationInfo = $record;
        okta_core::operation!($name, $info, $($output)*);
    };
}

operation!(Get, GET = info("getThing", "things::Get", Method::GET, "/api/v1/things/{id}", Facts {
    parameters: &[Parameter { name: "id", location: Location::Path, required: true }],
    scopes: &["okta.things.read"],
    ..PLAIN
}), json Thing);
operation!(List, LIST = info("listThings", "things::List", Method::GET, "/api/v1/things", Facts {
    parameters: &[query("limit"), query("after")],
    scopes: &["okta.things.read"],
    paging: Paging::Link,
    max_limit: Some(200),
    ..PLAIN
}), page Thing);
operation!(ListWrapped, LIST_WRAPPED = info("listWrapped", "wrapped::List", Method::GET, "/governance/api/v1/things", Facts {
    paging: Paging::Body,
    items: Some("data"),
    ..PLAIN
}), page Thing);
operation!(Events, EVENTS = info("listEvents", "events::List", Method::GET, "/api/v1/events", Facts {
    parameters: &[query("since"), query("until"), query("after"), query("sortOrder"), query("limit")],
    paging: Paging::Link,
    ..PLAIN
}), page Thing);
operation!(Create, CREATE = info("createThing", "things::Create", Method::POST, "/api/v1/things", Facts {
    scopes: &["okta.things.manage"],
    idempotent: false,
    ..PLAIN
}), json Thing);
operation!(Replace, REPLACE = info("replaceThing", "things::Replace", Method::PUT, "/api/v1/things/{id}", PLAIN), json Thing);
operation!(
    Delete,
    DELETE = info(
        "deleteThing",
        "things::Delete",
        Method::DELETE,
        "/api/v1/things/{id}",
        Facts {
            responses: &[ResponseInfo {
                status: 204,
                media: ""
            }],
            ..PLAIN
        }
    ),
    empty
);
operation!(
    Metadata,
    METADATA = info(
        "getMetadata",
        "metadata::Get",
        Method::GET,
        "/metadata",
        Facts {
            public: true,
            responses: &[ResponseInfo {
                status: 200,
                media: "text/xml"
            }],
            ..PLAIN
        }
    ),
    text
);

impl Get {
    pub fn of(id: &str) -> Self {
        let mut op = Self::new();
        op.call.set_path("id", id);
        op
    }
}

impl Replace {
    pub fn of(id: &str) -> Self {
        let mut op = Self::new();
        op.call.set_path("id", id);
        op.call.set_json(&Thing {
            name: Some("n".into()),
            ..Thing::default()
        });
        op
    }
}

impl Create {
    pub fn named(name: &str) -> Self {
        let mut op = Self::new();
        op.call.set_json(&Thing {
            name: Some(name.into()),
            ..Thing::default()
        });
        op
    }
}

/// 2026-01-01T00:00:00Z.
pub const START: i64 = 1_767_225_600;

pub fn clock() -> VirtualClock {
    VirtualClock::starting_at(jiff::Timestamp::from_second(START).unwrap())
}

/// An API-token client over canned answers in virtual time.
pub fn client(canned: Canned) -> (Client, Arc<Canned>, VirtualClock) {
    client_with(canned, |builder| builder.api_token("00canary-api-token"))
}

pub fn client_with(
    canned: Canned,
    change: impl FnOnce(ClientBuilder) -> ClientBuilder,
) -> (Client, Arc<Canned>, VirtualClock) {
    let (transport, clock) = (Arc::new(canned), clock());
    let builder = Client::builder()
        .org_url(ORG)
        .transport(transport.clone())
        .clock(Arc::new(clock.clone()));
    (change(builder).build().unwrap(), transport, clock)
}
