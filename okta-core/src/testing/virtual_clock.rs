//! Time that passes only when nothing else happens.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
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
    sleepers: Vec<(u64, Duration)>,
    next_id: u64,
}

/// How often a sleep lets everything else go first before time jumps.
const TURNS: u32 = 32;

impl VirtualClock {
    /// A clock that begins at this time of day.
    pub fn starting_at(wall: jiff::Timestamp) -> Self {
        Self(Arc::new(Mutex::new(State {
            now: Duration::ZERO,
            wall_start: wall,
            sleepers: Vec::new(),
            next_id: 0,
        })))
    }

    /// Lets time pass.
    pub fn advance(&self, duration: Duration) {
        self.state(|state| state.now += duration);
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
        let (id, end) = (self.id, self.end);
        let turns = self.turns;
        let done = self.clock.state(|state| {
            if turns == 0 {
                state.sleepers.push((id, end));
            }
            let first = state.sleepers.iter().map(|&(_, end)| end).min();
            if state.now < end && turns >= TURNS && first == Some(end) {
                state.now = end;
            }
            state.now >= end
        });
        if done {
            return Poll::Ready(());
        }
        self.turns += 1;
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl Drop for VirtualSleep {
    fn drop(&mut self) {
        let id = self.id;
        self.clock
            .state(|state| state.sleepers.retain(|&(sleeper, _)| sleeper != id));
    }
}
