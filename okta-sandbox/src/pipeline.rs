//! From a request to its answer: faults, limits, route, caller, scopes, behaviour.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::access_requests;
use crate::admin;
use crate::behaviour;
use crate::call::Call;
use crate::clock;
use crate::console;
use crate::control;
use crate::exchange::{Answer, Request};
use crate::fault::Fault;
use crate::faults::{Effect, Faults, Odd};
use crate::flows::{self, SharedFlows};
use crate::generated::operations::OPERATIONS;
use crate::journal::{Entry, Journal, without_secrets};
use crate::kind::Kind;
use crate::limits::{Limiter, Reading};
use crate::log::{Actor, named};
use crate::oauth::access::{self, Principal};
use crate::oauth::authority::{Authority, ORG};
use crate::oauth::routes;
use crate::org::{Org, Settings};
use crate::quirks;
use crate::schema;
use crate::service_app::Credentials;
use crate::store::Store;
use crate::table::{Operation, Route, Router};

/// Everything that a running sandbox shares between its connections.
pub(crate) struct Shared {
    org: Mutex<Org>,
    limiter: Mutex<Limiter>,
    journal: Mutex<Journal>,
    pub(crate) faults: Mutex<Faults>,
    in_flight: AtomicUsize,
    pub(crate) traffic: Traffic,
    pub(crate) flows: SharedFlows,
    settings: Mutex<Settings>,
    pub(crate) credentials: Credentials,
    /// Where the org is kept, if it is.
    store: Mutex<Option<Store>>,
}

/// What came in below HTTP, since the start.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    pub(crate) connections: AtomicUsize,
    /// Finished TLS handshakes.
    pub(crate) handshakes: AtomicUsize,
}

/// A poisoned lock is still a consistent org: behaviours change it last.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    pub(crate) fn new(
        credentials: Credentials,
        settings: Settings,
        limiter: Limiter,
    ) -> Result<Self, aws_lc_rs::error::Unspecified> {
        let org = Org::new(&credentials, settings, Authority::new()?);
        Ok(Self::of(org, credentials, limiter, None))
    }

    /// An org that a store keeps, if there is one.
    pub(crate) fn of(
        org: Org,
        credentials: Credentials,
        limiter: Limiter,
        store: Option<Store>,
    ) -> Self {
        Self {
            settings: Mutex::new(org.settings.clone()),
            org: Mutex::new(org),
            limiter: Mutex::new(limiter),
            journal: Mutex::default(),
            faults: Mutex::default(),
            in_flight: AtomicUsize::new(0),
            traffic: Traffic::default(),
            flows: SharedFlows::default(),
            credentials,
            store: Mutex::new(store),
        }
    }

    /// Writes to disk what changed; nothing to do where nothing is kept.
    pub(crate) fn save(&self) -> io::Result<()> {
        // Whoever holds the store's lock takes changes out and writes them, so that the disk sees
        // them in their order; the org goes on while the disk works.
        match &mut *lock(&self.store) {
            Some(store) => {
                let batch = store.collect(&mut self.org(), &self.credentials.kept());
                store.save(batch)
            }
            None => Ok(()),
        }
    }

    pub(crate) fn org(&self) -> MutexGuard<'_, Org> {
        lock(&self.org)
    }

    pub(crate) fn journal(&self) -> MutexGuard<'_, Journal> {
        lock(&self.journal)
    }

    pub(crate) fn limiter(&self) -> MutexGuard<'_, Limiter> {
        lock(&self.limiter)
    }

    pub(crate) fn faults(&self) -> MutexGuard<'_, Faults> {
        lock(&self.faults)
    }

    /// Makes the org new, and of this kind; later resets keep to it.
    pub(crate) fn become_kind(&self, kind: Kind) -> Result<(), aws_lc_rs::error::Unspecified> {
        lock(&self.settings).kind = kind;
        self.reset()
    }

    /// Changes the oddities of the org; later resets keep to them.
    pub(crate) fn change_quirks(&self, change: &quirks::Change) {
        change.apply(&mut lock(&self.settings));
        change.apply(&mut self.org().settings);
    }

    /// Makes the org new; the printed credentials stay valid.
    pub(crate) fn reset(&self) -> Result<(), aws_lc_rs::error::Unspecified> {
        let fresh = Org::new(
            &self.credentials,
            lock(&self.settings).clone(),
            Authority::new()?,
        );
        let old = std::mem::replace(&mut *self.org(), fresh);
        // A large org takes a while to free; nobody needs to wait for it.
        std::thread::spawn(move || drop(old));
        lock(&self.limiter).clear();
        self.journal().clear();
        self.faults().clear();
        Ok(())
    }

    /// Counts a request that has begun; the guard counts it out.
    pub(crate) fn begin(&self) -> InFlight<'_> {
        let now = self.in_flight.fetch_add(1, Ordering::Relaxed) + 1;
        InFlight {
            shared: self,
            count: now,
        }
    }
}

/// A request under way.
pub(crate) struct InFlight<'s> {
    shared: &'s Shared,
    count: usize,
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.shared.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Answers a request; `effect` is the fault taken for it.
pub(crate) fn answer(
    shared: &Shared,
    request: &Request,
    effect: Option<&Effect>,
    flight: &InFlight<'_>,
) -> Answer {
    if console::is_for(request) {
        return saved(shared, console::answer(shared, request));
    }
    if request.path.starts_with("/_sandbox/") {
        return saved(shared, control::answer(shared, request));
    }
    if flows::is_flow(request) && effect.is_none() {
        let mut answer = flows::answer(shared, request);
        let now = shared.org().clock.now();
        finish(&mut answer, request, now);
        return answer;
    }
    let mut operation = None;
    if let Some(effect) = effect {
        prepare(&mut shared.org(), effect);
    }
    let (now, share) = {
        let org = shared.org();
        (org.clock.now(), access::share(&org, request))
    };
    let (too_many, tell, reading) = {
        let mut limiter = lock(&shared.limiter);
        let (too_many, tell) = limiter.too_many_at_once(flight.count, now);
        let reading = limiter.count(&request.method, &request.path, share.as_ref(), now);
        (too_many, tell, reading)
    };
    let concurrency = tell.then_some("core.concurrency.org.limit.violation");
    if let Some(event) = concurrency.or(reading.and_then(|r| r.event)) {
        tell_limit(&mut shared.org(), request, event);
    }
    let mut answer = if let Some(forced) = effect.and_then(|e| e.answer(now)) {
        forced
    } else if too_many {
        let mut answer: Answer = Fault::code("E0000047", &[]).into();
        limit_headers(
            &mut answer,
            Reading {
                limit: 0,
                remaining: 0,
                reset: now.as_second() + 1,
                exceeded: true,
                event: None,
            },
        );
        answer
    } else if reading.is_some_and(|r| r.exceeded) {
        Fault::code("E0000047", &[]).into()
    } else {
        let mut answer = dispatch(shared, request, &mut operation).unwrap_or_else(Answer::from);
        if let (Some(odd), Some(operation)) = (effect.and_then(|e| e.odd.as_ref()), operation) {
            make_odd(&mut answer, odd, operation);
        }
        answer
    };
    answer = saved(shared, answer);
    let has_limit = answer
        .extra
        .iter()
        .any(|(n, _)| n.starts_with("x-rate-limit"));
    if let Some(reading) = reading.filter(|_| !too_many && !has_limit) {
        limit_headers(&mut answer, reading);
    }
    finish(&mut answer, request, now);
    shared.journal().write(Entry {
        method: request.method.clone(),
        path: request.path.clone(),
        query: request.raw_query.as_deref().map(without_secrets),
        status: if effect.is_some_and(|e| e.drop) {
            0
        } else {
            answer.status
        },
        scheme: access::scheme(request),
        operation,
        request_id: request.id.clone(),
    });
    answer
}

/// The answer, once the disk has what it tells of; a failure where the disk cannot have it.
fn saved(shared: &Shared, answer: Answer) -> Answer {
    match shared.save() {
        Ok(()) => answer,
        Err(error) => {
            eprintln!("okta-sandbox: {error}");
            Fault::code("E0000009", &["The org could not be saved."]).into()
        }
    }
}

/// Writes an event about a limit.
fn tell_limit(org: &mut Org, request: &Request, event: &str) {
    let actor = Actor::of(org, &Principal::Anonymous);
    let target = named("URL Pattern", &request.path, "unknown", &request.path);
    org.log
        .write(&org.clock, &actor, request, event, vec![target], None);
}

/// What a fault changes before the request is looked at.
fn prepare(org: &mut Org, effect: &Effect) {
    let now = org.clock.now().as_second();
    for what in &effect.before {
        // A key that cannot be made leaves the old one in use.
        let _ = org.authority.make_stale(what, ORG, now);
    }
    org.clock.advance(effect.move_clock);
}

/// Makes a record of an answer odd; errors are left as they are.
fn make_odd(answer: &mut Answer, odd: &Odd, operation: &'static str) {
    if !(200..300).contains(&answer.status) {
        return;
    }
    let Ok(mut body) = serde_json::from_slice(&answer.body) else {
        return;
    };
    let found = OPERATIONS.iter().find(|known| known.id == operation);
    odd.spoil(&mut body, found.map_or("", |known| known.api), operation);
    answer.body = serde_json::to_vec(&body).unwrap_or_default();
}

fn dispatch(
    shared: &Shared,
    request: &Request,
    named: &mut Option<&'static str>,
) -> Result<Answer, Fault> {
    let (operation, parameters, handler) = match Router::shared()
        .route(&request.method, &request.segments)
    {
        Route::Found(index, parameters) => {
            (&OPERATIONS[index], parameters, behaviour::handler(index))
        }
        other => match behaviour::unpublished::route(request).or_else(|| routes::page(request)) {
            Some((operation, parameters, handler)) => (operation, parameters, Some(handler)),
            None if matches!(other, Route::WrongMethod)
                || behaviour::unpublished::knows(request) =>
            {
                return Err(Fault::code("E0000022", &[]));
            }
            None => return Err(Fault::code("E0000008", &[])),
        },
    };
    *named = Some(operation.id);
    let mut org = shared.org();
    org.begin_call();
    behaviour::governance::end_what_is_over(&mut org);
    let principal = access::admit(&mut org, request, operation)?;
    if operation.api == "governance" && access_requests::lacks_governance(&org) {
        return Err(Fault::code("E0000015", &[]));
    }
    let sight = admin::check(&org, &principal, request, operation)?;
    if operation.identity_engine && org.settings.kind.is_classic() {
        return Err(Fault::code("E0000015", &[]));
    }
    if behaviour::disaster_recovery::is_read_only(&org, request, operation) {
        return Err(Fault::code("E0000010", &[]));
    }
    let Some(handler) = handler else {
        let summary = format!(
            "The sandbox does not cover the operation {} yet.",
            operation.id
        );
        return Err(Fault::api(
            501,
            "E0000060",
            "Unsupported operation.",
            &[&summary],
        ));
    };
    check_body(request, operation)?;
    let mut call = Call {
        org: &mut org,
        request,
        operation,
        parameters: &parameters,
        principal,
        sight,
    };
    handler(&mut call)
}

/// Operations whose published request type is narrower than what the service takes: asset links
/// are a list by their standard, well-known documents an object by the API's description; a simulation
/// stands alone in the guides, in a list by the description; the attributes in conditions of
/// permissions are lists in the description's own examples; logout URIs of clients are a text with
/// items by the description; the value of a patch is of any kind in the description's own example.
const TAKE_MORE: [&str; 7] = [
    "updateGroupAssignmentToApplication",
    "createClient",
    "replaceClient",
    "replaceBrandWellKnownURI",
    "createPolicySimulation",
    "createRolePermission",
    "replaceRolePermission",
];

/// No behaviour sees JSON of another shape than the operation takes.
fn check_body(request: &Request, operation: &Operation) -> Result<(), Fault> {
    let facts = schema::facts_of(operation.api, operation.id);
    let Some(ty) = facts.request.as_ref().filter(|_| !facts.other_media) else {
        return Ok(());
    };
    if TAKE_MORE.contains(&operation.id) {
        return Ok(());
    }
    match serde_json::from_slice(&request.body) {
        Ok(body) => schema::check_kinds(operation.api, ty, &body),
        // Whether a body is needed at all is for the behaviour to say.
        Err(_) => Ok(()),
    }
}

fn limit_headers(answer: &mut Answer, reading: Reading) {
    answer
        .headers
        .push(("x-rate-limit-limit", reading.limit.to_string()));
    answer
        .headers
        .push(("x-rate-limit-remaining", reading.remaining.to_string()));
    answer
        .headers
        .push(("x-rate-limit-reset", reading.reset.to_string()));
}

/// The headers of every answer.
fn finish(answer: &mut Answer, request: &Request, now: jiff::Timestamp) {
    let headers = &mut answer.headers;
    headers.push(("x-okta-request-id", request.id.clone()));
    headers.push(("date", clock::http_date(now)));
    if !headers.iter().any(|(name, _)| *name == "cache-control") {
        headers.push(("cache-control", "no-cache, no-store".to_owned()));
        headers.push(("pragma", "no-cache".to_owned()));
        headers.push(("expires", "0".to_owned()));
    }
    headers.push((
        "strict-transport-security",
        "max-age=315360000; includeSubDomains".to_owned(),
    ));
    headers.push(("x-content-type-options", "nosniff".to_owned()));
    headers.push(("vary", "Accept-Encoding".to_owned()));
}
