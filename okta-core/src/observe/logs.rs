//! Which of a client's own log lines and spans go to the program's subscriber.

use tracing::Level;
use tracing::level_filters::LevelFilter;

/// The level up to which one client logs; the program's subscriber decides about the rest.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Logs(pub(crate) LevelFilter);

impl Default for Logs {
    fn default() -> Self {
        Self(LevelFilter::TRACE)
    }
}

impl Logs {
    pub(crate) fn has(self, level: Level) -> bool {
        level <= self.0
    }
}

/// A log line of a client, if its level lets it through.
macro_rules! log {
    ($logs:expr, $level:ident, $($rest:tt)+) => {
        if $logs.has(tracing::Level::$level) {
            tracing::event!(tracing::Level::$level, $($rest)+);
        }
    };
}
pub(crate) use log;
