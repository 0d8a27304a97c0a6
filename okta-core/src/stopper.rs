//! Stopping long work from outside.

use std::fmt;
use std::sync::Arc;

use tokio::sync::watch;

/// Stops long work at its next safe point: what is under way is finished and kept. Clones stop the
/// same work.
#[derive(Clone)]
pub struct Stopper(Arc<watch::Sender<bool>>);

impl Default for Stopper {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }
}

impl Stopper {
    /// Asks for the stop; at once, and for good.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }

    /// Somebody asked.
    pub fn is_stopped(&self) -> bool {
        *self.0.borrow()
    }

    /// Completes when somebody asks.
    pub async fn stopped(&self) {
        // The sender lives as long as `self`, so that waiting cannot fail.
        let _ = self.0.subscribe().wait_for(|stopped| *stopped).await;
    }
}

impl fmt::Debug for Stopper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Stopper").field(&self.is_stopped()).finish()
    }
}
