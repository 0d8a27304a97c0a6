//! Work that goes on beside its caller.

use tokio::runtime::Handle;
use tokio::task::{JoinError, JoinHandle};
use tracing::Instrument as _;
use tracing::instrument::WithSubscriber as _;

use crate::call::BoxFuture;
use crate::error::{Error, ErrorKind};

/// Starts it now, as a part of what the caller is at. Without a tokio runtime it comes back, and starts when it is
/// first polled.
pub(crate) fn spawn<T: Send + 'static>(work: BoxFuture<T>) -> Result<JoinHandle<T>, BoxFuture<T>> {
    match Handle::try_current() {
        Ok(runtime) => Ok(runtime.spawn(work.in_current_span().with_current_subscriber())),
        Err(_) => Err(work),
    }
}

/// What the caller is told of work that did not come to its end. A panic goes on in the caller.
pub(crate) fn unfinished(error: JoinError, kind: ErrorKind, before: &str) -> Error {
    match error.try_into_panic() {
        Ok(panic) => std::panic::resume_unwind(panic),
        Err(error) => {
            Error::new(kind, format!("the runtime stopped before {before}")).with_source(error)
        }
    }
}
