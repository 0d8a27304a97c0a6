//! Help for tests without network: canned answers, recorded runs ([`tape`]) and virtual time.
//!
//! ```
//! use std::sync::Arc;
//! use okta_core::testing::{Answer, Canned};
//!
//! # async fn f() -> okta_core::Result<()> {
//! let transport = Arc::new(Canned::new().on("GET", "/api/v1/meta", Answer::json(200, r#"{"a":1}"#)));
//! let client = okta_core::Client::builder()
//!     .org_url("https://acme.okta.com")
//!     .api_token("00test")
//!     .transport(transport.clone())
//!     .build()?;
//! let reply = client.call("GET", "/api/v1/meta").await?;
//! assert_eq!(reply.body(), r#"{"a":1}"#);
//! assert_eq!(transport.requests().len(), 1);
//! # Ok(()) }
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(f()).unwrap();
//! ```

mod canned;
pub mod tape;
mod virtual_clock;

pub use canned::{Answer, Canned};
pub use tape::{Recorder, Replay, Rules};
pub use virtual_clock::VirtualClock;
