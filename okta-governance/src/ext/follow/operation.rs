//! Asynchronous operations.

use okta_core::{Client, Result};

use super::{BoxFuture, Follow, Watch};
use crate::models::{Operation, OperationStatus};
use crate::operations::{Get, Operations};

/// Follows an asynchronous operation.
#[derive(Clone, Debug)]
pub struct OperationWatch {
    id: String,
}

/// How an asynchronous operation ended.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperationEnd {
    /// It succeeded.
    Completed,
    /// It failed.
    Failed,
    /// It was canceled.
    Canceled,
}

impl Watch for OperationWatch {
    type Value = Operation;
    type State = OperationStatus;
    type End = OperationEnd;

    fn subject(&self) -> String {
        format!("operation {}", self.id)
    }

    fn read(&self, client: &Client) -> BoxFuture<Result<Operation>> {
        Box::pin(client.send(Get::new(&self.id)))
    }

    fn state(&self, operation: &Operation) -> OperationStatus {
        operation.status.clone().unwrap_or_else(|| "?".into())
    }

    fn end(&self, operation: &Operation, _: &[OperationStatus]) -> Option<OperationEnd> {
        match operation.status.as_ref()? {
            OperationStatus::Completed => Some(OperationEnd::Completed),
            OperationStatus::Failed => Some(OperationEnd::Failed),
            OperationStatus::Canceled => Some(OperationEnd::Canceled),
            _ => None,
        }
    }

    fn is_success(&self, end: &OperationEnd) -> bool {
        *end == OperationEnd::Completed
    }
}

impl Operations {
    /// Follows an operation until it completed, failed or was canceled.
    pub fn follow(&self, operation_id: impl Into<String>) -> Follow<OperationWatch> {
        let watch = OperationWatch {
            id: operation_id.into(),
        };
        Follow::new(self.client.clone(), watch)
    }
}
