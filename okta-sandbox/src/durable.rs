//! What can be kept on disk: parts of an org that know what changed in them.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

/// A change: the key within the part, and its new form; none where it is gone.
pub(crate) type Change = (String, Option<Vec<u8>>);

/// The name of a part: what it is, and of what. Put together only where it is needed, as an org with
/// many people has many parts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PartName<'n>(pub(crate) &'static str, pub(crate) &'n str);

impl fmt::Display for PartName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.0, self.1)
    }
}

/// What each part of an org is shown to.
pub(crate) type Visitor<'v> = &'v mut dyn FnMut(PartName<'_>, &mut dyn Durable);

/// A part of an org.
pub(crate) trait Durable {
    /// Tells one part from another that takes its place.
    fn serial(&self) -> u64;

    /// Hands out what changed since the last time.
    fn take_changes(&mut self) -> Vec<Change>;

    /// Takes in what [`take_changes`](Self::take_changes) handed out once; none if it cannot be
    /// read.
    fn restore(&mut self, key: &str, bytes: &[u8]) -> Option<()>;
}

/// A serial number that no other part of this process has.
pub(crate) fn next_serial() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// A number as a key that sorts like the number.
pub(crate) fn place_key(place: u64) -> String {
    format!("{place:020}")
}

/// The JSON of a value; maps with keys of text and plain numbers always have one.
pub(crate) fn encode<T: serde::Serialize + ?Sized>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}
