//! The request of the next page, under way while this one is used.

use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tracing::Instrument as _;
use tracing::instrument::WithSubscriber as _;

use crate::call::BoxFuture;
use crate::error::{Error, ErrorKind, Result};
use crate::response::RawResponse;

type Answer = BoxFuture<Result<RawResponse>>;

/// Ends the task with its owner: a stream that is dropped leaves nothing behind.
struct Task(JoinHandle<Result<RawResponse>>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Starts a request now, as a part of what the caller is at. Without a tokio runtime it starts when it is first polled.
pub(super) fn start(request: Answer) -> Answer {
    let Ok(runtime) = Handle::try_current() else {
        return request;
    };
    let mut task = Task(runtime.spawn(request.in_current_span().with_current_subscriber()));
    Box::pin(async move {
        match (&mut task.0).await {
            Ok(result) => result,
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(error) => Err(Error::new(
                ErrorKind::Transport,
                "the runtime stopped before the next page came",
            )
            .with_source(error)),
        }
    })
}
