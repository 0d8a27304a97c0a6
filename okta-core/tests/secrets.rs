//! No token, key, assertion or proof in any text that the SDK makes.

mod common;

use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use common::*;
use http::Method;
use okta_core::prelude::*;
use okta_core::testing::{Answer, Canned};
use okta_core::transport::TransportFault;
use okta_core::{Dpop, PrivateKey, RetryPolicy, ServiceApp};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata as Meta, Subscriber};

const KEY: &str = include_str!("keys/ec_p256.jwk.json");

/// Collects everything that tracing would show.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<String>>);

struct Fields<'a>(&'a mut String);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        write!(self.0, " {field}={value:?}").unwrap();
    }
}

impl Subscriber for Log {
    fn enabled(&self, _: &Meta<'_>) -> bool {
        true
    }
    fn new_span(&self, span: &Attributes<'_>) -> Id {
        span.record(&mut Fields(&mut self.0.lock().unwrap()));
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, values: &Record<'_>) {
        values.record(&mut Fields(&mut self.0.lock().unwrap()));
    }
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, event: &Event<'_>) {
        event.record(&mut Fields(&mut self.0.lock().unwrap()));
    }
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// A credential that shows in its log all that it sees.
#[derive(Debug)]
struct Talkative(Arc<Mutex<String>>);

#[async_trait::async_trait]
impl okta_core::Credential for Talkative {
    async fn authorize(
        &self,
        cx: &okta_core::auth::AuthContext<'_>,
        headers: &mut http::HeaderMap,
    ) -> okta_core::Result<()> {
        write!(self.0.lock().unwrap(), "{cx:?}").unwrap();
        headers.insert("authorization", "Bearer canary-token".parse().unwrap());
        Ok(())
    }

    async fn reply(
        &self,
        _: &okta_core::auth::AuthContext<'_>,
        reply: &okta_core::auth::Reply<'_>,
    ) -> okta_core::auth::Reaction {
        write!(self.0.lock().unwrap(), "{reply:?}").unwrap();
        okta_core::auth::Reaction::Accept
    }
}

#[tokio::test]
async fn demand_33_what_a_credential_sees_does_not_show() {
    let said = Arc::new(Mutex::new(String::new()));
    let credential = Talkative(Arc::clone(&said));
    let answer = |_: &_| Answer::json(200, r#"{"clientSecret":"canary-body"}"#);
    let (client, _, _) = client_with(Canned::from_fn(answer), |b| b.credential(credential));
    client
        .send(Get::of("1").with_query("token", "canary-query"))
        .await
        .unwrap();
    let said = said.lock().unwrap();
    assert!(said.contains("/api/v1/things/1") && said.contains("200"));
    assert!(!said.contains("canary"), "{said}");
}

/// Every text that a value shows.
fn shown(error: &Error) -> String {
    let mut text = format!(
        "{error}\n{error:?}\n{error:#?}\n{:?}\n{:?}",
        error.hint(),
        error.summary()
    );
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        write!(text, "\n{cause}\n{cause:?}").unwrap();
        source = cause.source();
    }
    text
}

/// An answer that repeats the credentials of the request, as some proxies do.
fn echo(status: u16, request: &okta_core::transport::HttpRequest) -> Answer {
    let said: Vec<String> = ["authorization", "dpop"]
        .iter()
        .filter_map(|name| request.headers.get(*name)?.to_str().ok().map(str::to_owned))
        .chain(std::str::from_utf8(&request.body).ok().map(str::to_owned))
        .chain(url::form_urlencoded::parse(&request.body).map(|(_, value)| value.into_owned()))
        .collect();
    let body = serde_json::json!({
        "errorCode": "E0000011", "errorSummary": said.join(" "), "errorCauses": [{"errorSummary": said.join(" ")}],
    });
    Answer::json(status, body.to_string())
}

#[tokio::test]
async fn demand_33_canaries_never_show() {
    let log = Log::default();
    let guard = tracing::subscriber::set_default(log.clone());
    let mut all = String::new();

    let d = serde_json::from_str::<serde_json::Value>(KEY).unwrap()["d"]
        .as_str()
        .unwrap()
        .to_owned();
    for answer in [
        Answer::fault(TransportFault::MaybeSent),
        Answer::json(
            401,
            r#"{"errorCode":"E0000011","errorSummary":"Invalid token provided"}"#,
        ),
        Answer::empty(500),
        Answer::new(200, "<html>"),
        Answer::never(),
    ] {
        let given = answer.clone();
        let (client, transport, _) = client_with(Canned::from_fn(move |_| given.clone()), |b| {
            b.api_token("00canaryToken")
                .timeout(std::time::Duration::from_secs(3))
                .retry(RetryPolicy::default().max_retries(1))
        });
        let create = Create::named("canary-body")
            .with_query("token", "canary-query")
            .with_header("x-secret", "canary-header")
            .attach(&client);
        write!(
            all,
            "{create:?} {:?} {client:?}",
            create.prepare(&client).unwrap()
        )
        .unwrap();
        let error = create.await.unwrap_err();
        all.push_str(&shown(&error));
        write!(all, "{:?}", transport.requests()).unwrap();
        let error = client
            .call(Method::POST, "/x")
            .query("token", "canary-query")
            .json(&"canary-body")
            .await;
        write!(all, "{error:?}").unwrap();
        // A query that stands in the path of an untyped call.
        let call = client.call(Method::POST, "/x?token=canary-query");
        write!(all, "{call:?} {:?}", call.prepare().unwrap()).unwrap();
        if let Err(error) = call.await {
            all.push_str(&shown(&error));
        }
        let broken = client.call(Method::POST, "/{id}?token=canary-query");
        all.push_str(&shown(&broken.await.unwrap_err()));
        let broken = client.call(Method::POST, "x?token=canary-query");
        all.push_str(&shown(&broken.await.unwrap_err()));
    }

    // Answers that repeat what they were sent, for all credentials.
    let (client, _, _) = client_with(Canned::from_fn(|request| echo(401, request)), |b| {
        b.api_token("00canaryToken")
    });
    all.push_str(&shown(&client.send(Get::of("1")).await.unwrap_err()));
    let (client, _, _) = client_with(Canned::from_fn(|request| echo(401, request)), |b| {
        b.bearer("canaryBearer")
    });
    all.push_str(&shown(&client.send(Get::of("1")).await.unwrap_err()));

    let app = || {
        ServiceApp::new(
            "0oa1",
            PrivateKey::parse(KEY).unwrap(),
            ["okta.things.read"],
        )
        .unwrap()
        .dpop(Dpop::Always)
    };
    write!(all, "{:?}", app()).unwrap();
    let (client, transport, _) = client_with(Canned::from_fn(|request| echo(400, request)), |b| {
        b.service_app(app())
    });
    all.push_str(&shown(&client.send(Get::of("1")).await.unwrap_err()));
    // The assertion and the proof that were sent are canaries of their own.
    let request = &transport.requests()[0];
    let assertion = url::form_urlencoded::parse(&request.body)
        .find(|(name, _)| name == "client_assertion")
        .unwrap()
        .1
        .into_owned();
    let proof = request.headers["dpop"].to_str().unwrap().to_owned();
    write!(all, "{:?} {client:?}", transport.requests()).unwrap();

    let issue = |request: &okta_core::transport::HttpRequest| {
        if request.uri.path() == "/oauth2/v1/token" {
            return Answer::json(
                200,
                r#"{"token_type":"DPoP","expires_in":3600,"access_token":"canaryAccessToken","scope":"okta.things.read"}"#,
            );
        }
        echo(403, request)
    };
    let (client, transport, _) = client_with(Canned::from_fn(issue), |b| b.service_app(app()));
    all.push_str(&shown(&client.send(Get::of("1")).await.unwrap_err()));
    write!(
        all,
        "{client:?} {:?} {:?}",
        client.stats(),
        transport.requests()
    )
    .unwrap();
    let proof_2 = transport.requests()[1].headers["dpop"]
        .to_str()
        .unwrap()
        .to_owned();

    drop(guard);
    all.push_str(&log.0.lock().unwrap());
    assert!(all.contains("attempt"), "the log was collected");
    for canary in [
        "canary",
        d.as_str(),
        assertion.as_str(),
        proof.as_str(),
        proof_2.as_str(),
    ] {
        if let Some(at) = all.find(canary) {
            let from = at.saturating_sub(200);
            panic!(
                "{canary} shows: …{}",
                all[from..].chars().take(400).collect::<String>()
            );
        }
    }
}

/// Everything that a token request carries that must not be seen: form values but for harmless ones,
/// and credentials in headers.
fn carried(request: &okta_core::transport::HttpRequest) -> Vec<String> {
    let harmless = [
        "grant_type",
        "scope",
        "client_id",
        "client_assertion_type",
        "token_type_hint",
        "redirect_uri",
    ];
    let form = url::form_urlencoded::parse(&request.body)
        .filter(|(name, _)| !harmless.contains(&&**name))
        .map(|(_, value)| value.into_owned());
    let headers = ["authorization", "dpop"].iter().filter_map(|name| {
        let value = request.headers.get(*name)?.to_str().ok()?;
        Some(value.rsplit(' ').next()?.to_owned())
    });
    form.chain(headers).collect()
}

/// A server that issues tokens, refuses them at the API, and repeats what it was sent; after
/// `good` token requests it refuses those, too.
fn talkative(good: usize) -> Canned {
    let tokens = std::sync::atomic::AtomicUsize::new(0);
    Canned::from_fn(move |request| {
        let number = || tokens.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        match request.uri.path() {
            "/oauth2/v1/token" if number() < good => Answer::json(
                200,
                r#"{"token_type":"Bearer","expires_in":3600,"access_token":"canaryAccess","scope":"a",
                    "refresh_token":"canaryRefresh"}"#,
            ),
            "/oauth2/v1/device/authorize" => Answer::json(
                200,
                r#"{"device_code":"canaryDevice","user_code":"CANA-RYUC","verification_uri":"https://acme.okta.com/activate"}"#,
            ),
            "/api/v1/things/1" => echo(403, request),
            _ => {
                // An OAuth error that repeats everything.
                let said = format!(
                    "{request:?} {:?} {}",
                    request.headers,
                    String::from_utf8_lossy(&request.body)
                );
                let plain: Vec<String> = url::form_urlencoded::parse(&request.body)
                    .map(|(_, value)| value.into_owned())
                    .chain(["authorization", "dpop"].iter().filter_map(|name| {
                        Some(request.headers.get(*name)?.to_str().ok()?.to_owned())
                    }))
                    .collect();
                let body = serde_json::json!({ "error": "invalid_grant", "error_description": format!("{said} {}", plain.join(" ")) });
                Answer::json(400, body.to_string())
            }
        }
    })
}

#[tokio::test]
async fn demand_33_no_way_to_sign_in_shows_its_secrets() {
    use okta_core::auth::{Algorithm, FileTokenStore, MemoryTokenStore};
    use okta_core::{
        ApiToken, Bearer, ClientAssertion, ClientSecret, Credential, DeviceSignIn, UserApp,
    };

    let log = Log::default();
    let guard = tracing::subscriber::set_default(log.clone());
    let key = || PrivateKey::generate(Algorithm::Es256).unwrap();
    let pem = key();
    let kept = pem.to_pkcs8_pem().unwrap();
    let directory = std::env::temp_dir().join(format!("okta-secrets-{}", std::process::id()));
    let service = |app: ServiceApp| -> Arc<dyn Credential> { Arc::new(app) };
    let user = |app: UserApp| -> Arc<dyn Credential> { Arc::new(app) };
    let basic = || ClientSecret::basic("canary secret");
    let post = || ClientSecret::post("canary+secret");
    let ready_made = || ClientAssertion::new("e30.e30.canary-ready-made");
    let made = || ClientAssertion::from_fn(|_| async { Ok("e30.e30.canary-from-a-function") });
    let credentials: Vec<Arc<dyn Credential>> = vec![
        service(ServiceApp::new("0oa1", pem, ["a"]).unwrap()),
        service(
            ServiceApp::new("0oa1", key(), ["a"])
                .unwrap()
                .dpop(Dpop::Always),
        ),
        service(ServiceApp::with_secret("0oa1", basic(), ["a"]).unwrap()),
        service(ServiceApp::with_secret("0oa1", post(), ["a"]).unwrap()),
        service(ServiceApp::with_assertion("0oa1", ready_made(), ["a"]).unwrap()),
        service(ServiceApp::with_assertion("0oa1", made(), ["a"]).unwrap()),
        service(ServiceApp::incremental("0oa1", key()).unwrap()),
        service(
            ServiceApp::new("0oa1", key(), ["a"])
                .unwrap()
                .dpop(Dpop::Always)
                .rotate_proof_key_every(std::time::Duration::from_secs(3600)),
        ),
        Arc::new(ApiToken::new("canary-api-token").unwrap()),
        Arc::new(Bearer::new("canary-bearer-token").unwrap()),
        service(
            ServiceApp::new("0oa1", key(), ["a"])
                .unwrap()
                .token_store(MemoryTokenStore::new()),
        ),
        user(UserApp::new("0oa1", ["a"]).unwrap()),
        user(UserApp::with_secret("0oa1", basic(), ["a"]).unwrap()),
        user(UserApp::with_secret("0oa1", post(), ["a"]).unwrap()),
        user(UserApp::with_key("0oa1", key(), ["a"]).unwrap()),
        user(
            UserApp::new("0oa1", ["a"])
                .unwrap()
                .token_store(FileTokenStore::new(&directory)),
        ),
    ];
    let (mut all, mut carried_all) = (String::new(), Vec::new());
    for credential in credentials {
        // Tokens are issued and then refused; never issued; issued and then not renewed.
        for good in [1, 0] {
            let given = Arc::clone(&credential);
            let (client, transport, clock) =
                client_with(talkative(good), |b| b.shared_credential(given));
            write!(all, "{credential:?} {credential:#?}").unwrap();
            let how = DeviceSignIn::new(|prompt| assert!(!format!("{prompt:?}").contains("RYUC")));
            match client.sign_in(how).await {
                Ok(signed_in) => write!(all, "{signed_in:?}").unwrap(),
                Err(error) => all.push_str(&shown(&error)),
            }
            for wait in [0, 4000] {
                clock.advance(std::time::Duration::from_secs(wait));
                for error in [
                    client.send(Get::of("1")).await.err(),
                    client.renew_token().await.err(),
                    client.introspect_token().await.err(),
                    client.preflight(["okta.logs.read"]).await.err(),
                ] {
                    all.push_str(&error.as_ref().map(shown).unwrap_or_default());
                }
            }
            if let Err(error) = client.sign_out().await {
                all.push_str(&shown(&error));
            }
            write!(
                all,
                "{client:?} {:?} {:?}",
                client.stats(),
                transport.requests()
            )
            .unwrap();
            carried_all.extend(transport.requests().iter().flat_map(carried));
        }
    }
    std::fs::remove_dir_all(&directory).unwrap();
    drop(guard);
    all.push_str(&log.0.lock().unwrap());
    assert!(all.contains("invalid_grant") && all.contains("client_secret_basic"));
    assert!(carried_all.len() > 40, "{}", carried_all.len());
    let pem_lines = kept
        .expose()
        .lines()
        .map(str::to_owned)
        .filter(|line| !line.contains("---"));
    let canaries = ["canary", "Y2FuYXJ5", "CANA-RYUC"].map(str::to_owned);
    for canary in carried_all.into_iter().chain(pem_lines).chain(canaries) {
        if let Some(at) = all.find(&canary) {
            let from = at.saturating_sub(200);
            panic!(
                "{canary} shows: …{}",
                all[from..].chars().take(400).collect::<String>()
            );
        }
    }
}

fn fall_over(value: impl std::fmt::Debug) {
    panic!("{value:?}");
}

/// What a panic shows is the `Debug` of what it is about.
#[test]
fn demand_33_a_panic_shows_no_secret() {
    use okta_core::{ClientSecret, Secret, UserApp};
    let message = Arc::new(Mutex::new(String::new()));
    let said = Arc::clone(&message);
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        said.lock().unwrap().push_str(&info.to_string())
    }));
    let panics: Vec<Box<dyn FnOnce() + Send + std::panic::UnwindSafe>> = vec![
        Box::new(|| {
            fall_over(Secret::new("canary"));
        }),
        Box::new(|| {
            fall_over(ClientSecret::post("canary"));
        }),
        Box::new(|| {
            fall_over(ServiceApp::with_secret(
                "0oa1",
                ClientSecret::basic("canary"),
                ["a"],
            ));
        }),
        Box::new(|| {
            fall_over(UserApp::with_secret(
                "0oa1",
                ClientSecret::basic("canary"),
                ["a"],
            ));
        }),
        Box::new(|| {
            ServiceApp::with_secret("0oa1", ClientSecret::basic("canary\n"), ["a"]).unwrap();
        }),
        Box::new(|| {
            PrivateKey::parse("canary").unwrap();
        }),
        Box::new(|| {
            fall_over(okta_core::ClientAssertion::new("e30.e30.canary"));
        }),
        Box::new(|| {
            let odd = okta_core::ClientAssertion::new("canary");
            ServiceApp::with_assertion("0oa1", odd, ["a"]).unwrap();
        }),
        Box::new(|| {
            fall_over(okta_core::ApiToken::new("canary"));
        }),
        Box::new(|| {
            fall_over(okta_core::Bearer::new("canary"));
        }),
    ];
    let count = panics.len();
    let ended = panics
        .into_iter()
        .filter_map(|panic| std::panic::catch_unwind(panic).err());
    assert_eq!(ended.count(), count);
    std::panic::set_hook(before);
    let message = message.lock().unwrap();
    assert!(message.contains("redacted"), "{message}");
    assert!(!message.contains("canary"), "{message}");
}
