//! One write at a time to what several writers would scramble.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::{Mutex as Turn, OwnedMutexGuard};

use crate::client::Client;

/// By org and name, over all clients of this process.
static LANES: Mutex<BTreeMap<String, Weak<Turn<()>>>> = Mutex::new(BTreeMap::new());

/// The right to write; given back when it is dropped.
#[must_use = "the lane is free again as soon as this is dropped"]
pub struct Lane {
    _turn: OwnedMutexGuard<()>,
}

/// Waits for the turn to write below `name` (a path, such as `/api/v1/policies/{id}/rules`) in the
/// client's org. Turns are given in the order in which they are asked for, over all clients of this
/// process.
pub async fn lane(client: &Client, name: &str) -> Lane {
    let key = format!("{}{name}", client.org_url());
    let turn = {
        let mut lanes = LANES.lock().unwrap_or_else(PoisonError::into_inner);
        match lanes.get(&key).and_then(Weak::upgrade) {
            Some(turn) => turn,
            None => {
                lanes.retain(|_, turn| turn.strong_count() > 0);
                let turn = Arc::new(Turn::new(()));
                lanes.insert(key, Arc::downgrade(&turn));
                turn
            }
        }
    };
    Lane {
        _turn: turn.lock_owned().await,
    }
}

impl fmt::Debug for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lane")
    }
}
