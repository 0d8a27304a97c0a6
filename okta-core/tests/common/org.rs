//! A service with rate limits in virtual time.

use std::sync::Mutex;
use std::time::Duration;

use http::{HeaderMap, HeaderValue, StatusCode};
use okta_core::clock::Clock;
use okta_core::testing::VirtualClock;
use okta_core::transport::{HttpRequest, HttpResponse, Transport, TransportError};

/// How others use the same bucket: calls a window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Others {
    None,
    /// One after the other, evenly.
    Evenly(u64),
    /// All at once, so many seconds after the reset.
    Burst(u64, i64),
    /// One for every so many calls of ours.
    Each(u64),
}

/// One bucket with windows of a minute, a number of slots, and a clock of its own.
#[derive(Debug)]
pub struct Org {
    pub clock: VirtualClock,
    /// The service's clock minus the client's, milliseconds.
    pub skew: i64,
    /// From reaching the service to the answer's arrival takes this and up to as much again.
    pub latency: Duration,
    pub slots: usize,
    /// The limit in the window of a number, and from a second of it on.
    pub limit: fn(i64, i64) -> u64,
    pub others: Others,
    /// `Retry-After` of refusals.
    pub retry_after: Option<&'static str>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    window: i64,
    used: u64,
    others: u64,
    ours: u64,
    in_flight: usize,
    most: usize,
    arrivals: Vec<i64>,
    refused_window: u64,
    refused_slots: u64,
    /// Number of the window, its limit at the end, used, used by us.
    past: Vec<(i64, u64, u64, u64)>,
}

/// Windows end so many milliseconds after full minutes.
const PHASE: i64 = 17_000;

impl Org {
    pub fn new(clock: &VirtualClock) -> Self {
        Self {
            clock: clock.clone(),
            skew: 0,
            latency: Duration::from_millis(40),
            slots: usize::MAX,
            limit: |_, _| 600,
            others: Others::None,
            retry_after: None,
            state: Mutex::default(),
        }
    }

    fn now(&self) -> i64 {
        self.clock.wall().as_millisecond() + self.skew
    }

    /// Refusals of the window, refusals for want of a slot.
    pub fn refused(&self) -> (u64, u64) {
        let state = self.state.lock().unwrap();
        (state.refused_window, state.refused_slots)
    }

    /// Most requests at the same time.
    pub fn most(&self) -> usize {
        self.state.lock().unwrap().most
    }

    /// Used part of the allowance over whole windows, and how many those were.
    pub fn use_of_whole_windows(&self) -> (f64, usize) {
        let state = self.state.lock().unwrap();
        let whole = &state.past[1..];
        let used: u64 = whole.iter().map(|&(_, _, used, _)| used).sum();
        let limit: u64 = whole.iter().map(|&(_, limit, ..)| limit).sum();
        (used as f64 / limit as f64, whole.len())
    }

    /// Our calls in each whole window.
    pub fn ours(&self) -> Vec<u64> {
        let state = self.state.lock().unwrap();
        state.past[1..].iter().map(|&(.., ours)| ours).collect()
    }

    /// The most of our calls that arrived within so many milliseconds.
    pub fn densest(&self, span: i64) -> usize {
        let state = self.state.lock().unwrap();
        let arrivals = &state.arrivals;
        let within = |at: usize| {
            arrivals[at..]
                .iter()
                .take_while(move |&&t| t < arrivals[at] + span)
        };
        (0..arrivals.len())
            .map(|at| within(at).count())
            .max()
            .unwrap_or(0)
    }

    fn arrive(&self) -> HttpResponse {
        let now = self.now();
        let window = (now - PHASE).div_euclid(60_000);
        let second = (now - PHASE).rem_euclid(60_000);
        let limit = (self.limit)(window, second / 1000);
        let mut state = self.state.lock().unwrap();
        let state = &mut *state;
        if state.window != window {
            let last_limit = (self.limit)(state.window, 59);
            let last = (
                state.window,
                last_limit,
                state.used.max(self.due(60_000).min(last_limit)),
                state.ours,
            );
            if state.window != 0 {
                state.past.push(last);
            }
            (state.window, state.used, state.others, state.ours) = (window, 0, 0, 0);
        }
        let due = match self.others {
            Others::Each(calls) => state.ours / calls,
            _ => self.due(second),
        };
        let taken = (due - state.others.min(due)).min(limit.saturating_sub(state.used));
        state.others += taken;
        state.used += taken;
        state.arrivals.push(now);
        state.in_flight += 1;
        state.most = state.most.max(state.in_flight);
        let mut headers = HeaderMap::new();
        let mut put = |name: &'static str, value: String| {
            headers.insert(name, HeaderValue::try_from(value).unwrap());
        };
        let reset = (window + 1) * 60 + PHASE / 1000;
        let crowded = state.in_flight > self.slots;
        let refused = crowded || state.used >= limit;
        if crowded {
            state.refused_slots += 1;
        } else if refused {
            state.refused_window += 1;
        } else {
            state.used += 1;
            state.ours += 1;
        }
        put(
            "x-rate-limit-limit",
            if crowded { 0 } else { limit }.to_string(),
        );
        put(
            "x-rate-limit-remaining",
            if crowded {
                0
            } else {
                limit.saturating_sub(state.used)
            }
            .to_string(),
        );
        put("x-rate-limit-reset", reset.to_string());
        if let (true, Some(after)) = (refused, self.retry_after) {
            put("retry-after", after.to_owned());
        }
        if refused {
            HttpResponse::new(StatusCode::TOO_MANY_REQUESTS, headers, "{}")
        } else {
            HttpResponse::new(StatusCode::OK, headers, r#"{"id":"1"}"#)
        }
    }

    fn due(&self, millis: i64) -> u64 {
        match self.others {
            Others::None | Others::Each(_) => 0,
            Others::Evenly(calls) => calls * millis as u64 / 60_000,
            Others::Burst(calls, second) if millis >= second * 1000 => calls,
            Others::Burst(..) => 0,
        }
    }
}

#[async_trait::async_trait]
impl Transport for Org {
    async fn send(&self, _: HttpRequest) -> Result<HttpResponse, TransportError> {
        self.clock.sleep(self.latency / 4).await;
        let mut response = self.arrive();
        let refused = response.status == 429;
        let order = self.state.lock().unwrap().arrivals.len() as u32;
        // Answers overtake each other.
        if !refused {
            self.clock
                .sleep(self.latency / 4 + self.latency / 2 * (order % 4))
                .await;
        }
        self.state.lock().unwrap().in_flight -= 1;
        let date = jiff::Timestamp::from_second(self.now().div_euclid(1000)).unwrap();
        let date = date.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        response
            .headers
            .insert("date", HeaderValue::try_from(date).unwrap());
        Ok(response)
    }
}
