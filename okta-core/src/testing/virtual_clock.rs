//! Time that passes only when nothing else happens.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use crate::clock::{Clock, Sleep};

/// A clock whose sleeps take no real time: when a task waits for one and everything else has had
/// its turn, time jumps to the earliest end of a sleep.
///
/// For an in-memory transport on a current-thread runtime; real sockets would see deadlines pass
/// at once.
#[derive(Clone)]
pub struct VirtualClock(Arc<Mutex<State>>);

struct State {
    now: Duration,
    wall_start: jiff::Timestamp,
    /// By the end of their sleep; who wakes first lets time jump, the others sleep until woken.
    sleepers: BTreeMap<(Duration, u64), Waker>,
    next_id: u64,
}

impl State {
    /// Wakes whose time has come, and who is the next to let time jump.
    fn wake(&self) {
        for (&(end, _), waker) in &self.sleepers {
            waker.wake_by_ref();
            if end > self.now {
                break;
            }
        }
    }
}

/// How often a sleep lets everything else go first before time jumps.
const TURNS: u32 = 32;

impl VirtualClock {
    /// A clock that begins at this time of day.
    pub fn starting_at(wall: jiff::Timestamp) -> Self {
        Self(Arc::new(Mutex::new(State {
            now: Duration::ZERO,
            wall_start: wall,
            sleepers: BTreeMap::new(),
            next_id: 0,
        })))
    }

    /// Lets time pass.
    pub fn advance(&self, duration: Duration) {
        self.state(|state| {
            state.now += duration;
            state.wake();
        });
    }

    /// Time since the clock began.
    pub fn elapsed(&self) -> Duration {
        self.state(|state| state.now)
    }

    fn state<T>(&self, run: impl FnOnce(&mut State) -> T) -> T {
        run(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Clock for VirtualClock {
    fn wall(&self) -> jiff::Timestamp {
        self.state(|state| {
            let passed = jiff::SignedDuration::try_from(state.now).unwrap_or_default();
            state
                .wall_start
                .checked_add(passed)
                .unwrap_or(state.wall_start)
        })
    }

    fn monotonic(&self) -> Duration {
        self.elapsed()
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        let (id, end) = self.state(|state| {
            state.next_id += 1;
            (state.next_id, state.now.saturating_add(duration))
        });
        Box::pin(VirtualSleep {
            clock: self.clone(),
            id,
            end,
            turns: 0,
        })
    }
}

impl fmt::Debug for VirtualClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VirtualClock({:?})", self.elapsed())
    }
}

struct VirtualSleep {
    clock: VirtualClock,
    id: u64,
    end: Duration,
    turns: u32,
}

impl Future for VirtualSleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let key = (self.end, self.id);
        let turns = self.turns;
        let (done, first) = self.clock.state(|state| {
            state.sleepers.insert(key, cx.waker().clone());
            let first = state.sleepers.keys().next() == Some(&key);
            if first && state.now < key.0 && turns >= TURNS {
                state.now = key.0;
            }
            let done = state.now >= key.0;
            if done {
                state.sleepers.remove(&key);
                state.wake();
            }
            (done, first)
        });
        if done {
            return Poll::Ready(());
        }
        if first {
            self.turns += 1;
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }
}

impl Drop for VirtualSleep {
    fn drop(&mut self) {
        let key = (self.end, self.id);
        self.clock.state(|state| {
            if state.sleepers.remove(&key).is_some() {
                state.wake();
            }
        });
    }
}
