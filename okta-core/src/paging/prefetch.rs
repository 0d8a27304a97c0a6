//! The request of the next page, under way while this one is used.

use tokio::task::JoinHandle;

use crate::call::BoxFuture;
use crate::error::{ErrorKind, Result};
use crate::response::RawResponse;
use crate::task;

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
    let mut task = match task::spawn(request) {
        Ok(handle) => Task(handle),
        Err(request) => return request,
    };
    Box::pin(async move {
        match (&mut task.0).await {
            Ok(result) => result,
            Err(error) => {
                let before = "the next page came";
                Err(task::unfinished(error, ErrorKind::Transport, before))
            }
        }
    })
}
