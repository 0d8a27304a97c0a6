//! Calling flows that begin with an API Endpoint card.
//!
//! Three security levels: OAuth 2.0 (a token of the **org** authorization server with scope
//! `okta.workflows.invoke.manage`), a client token, and none. Tokens go only to the hosts of Okta
//! Workflows, to loopback, and to hosts that you allow by name.
//!
//! | the flow | what comes back |
//! |---|---|
//! | Return | its outputs as a JSON object |
//! | Return Raw, Return Error | status, headers and body as the flow chose: [`Answer`] |
//! | Close, Call Flow Async | an early answer; the flow goes on |
//! | Pause | the execution id, which [`Flow::resume`] takes |
//! | more than 60 s | the platform closes the connection: [`InvokeErrorKind::Closed`] |
//!
//! A flow's OpenAPI document becomes typed input and output at build time (`codegen::source`, feature `codegen`), and
//! [`FlowContract::differences`] tells at run time what a flow has differently since.
//!
//! A call runs the flow, so it is repeated only if it provably did not reach the platform, or was
//! refused for its rate. Calls of one [`Flow`] keep to 10 a second.

mod answer;
#[cfg(feature = "codegen")]
pub mod codegen;
mod contract;
mod endpoint;
mod error;
mod flow;
mod invocation;
mod operations;
mod pace;
mod security;

pub use answer::Answer;
pub use contract::{ContractError, FlowContract, Kind, Member};
pub use endpoint::FlowEndpoint;
pub use error::{InvokeError, InvokeErrorKind};
pub use flow::Flow;
pub use invocation::Invocation;
