//! The console at `/`: what it shows, that its forms work, that nothing breaks out of it.

mod common;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use common::*;
use okta_sandbox::{Builder, FaultRule, Sandbox, SeedOrg};
use reqwest::{Client, redirect};
use serde_json::json;

const NASTY: &str = "\"'><script>alert(1)</script>&amp;";

/// A person at a browser without scripts, who does not follow redirects.
struct Person {
    url: String,
    client: Client,
}

impl Person {
    fn at(sandbox: &Sandbox) -> Self {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let builder = Client::builder()
            .no_proxy()
            .redirect(redirect::Policy::none());
        Self {
            url: sandbox.url().to_owned(),
            client: builder.build().expect("a client"),
        }
    }

    async fn look(&self, path: &str) -> String {
        let answer = send(self.client.get(format!("{}{path}", self.url))).await;
        assert_eq!(answer.status(), 200, "{path}");
        let media = answer.headers()["content-type"].to_str().expect("text");
        assert!(media.starts_with("text/html"), "{media}");
        let policy = &answer.headers()["content-security-policy"];
        let policy = policy.to_str().expect("text");
        assert!(policy.contains("default-src 'none'"), "no script may run");
        answer.text().await.expect("text")
    }

    async fn submit(&self, path: &str, fields: &[(&str, &str)]) -> (u16, String, String) {
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(fields);
        let request = self
            .client
            .post(format!("{}{path}", self.url))
            .header("content-type", "application/x-www-form-urlencoded")
            .header("origin", &self.url)
            .body(body.finish());
        let answer = send(request).await;
        let status = answer.status().as_u16();
        let target = answer.headers().get("location").cloned();
        let target = target.map(|t| t.to_str().expect("text").to_owned());
        let text = answer.text().await.expect("text");
        (status, target.unwrap_or_default(), text)
    }
}

fn peopled() -> Builder {
    Sandbox::builder().seed(SeedOrg {
        users: 120,
        groups: 4,
        apps: 3,
        ..SeedOrg::default()
    })
}

/// Asks for access as the admin; the request's id.
async fn access_request(admin: &Admin<'_>) -> String {
    let (_, entries) = admin
        .get("/governance/api/v2/catalogs/default/entries?filter=not%28parent+pr%29")
        .await;
    let entry = id(&entries["data"][0]);
    let me = id(&admin.get("/api/v1/users/me").await.1);
    let body = json!({
        "requested": { "type": "CATALOG_ENTRY", "entryId": entry },
        "requestedFor": { "type": "OKTA_USER", "externalId": me },
    });
    let (status, request) = admin.post("/governance/api/v2/requests", body).await;
    assert_eq!(status, 202, "{request}");
    id(&request)
}

#[tokio::test]
async fn lists_show_what_the_org_holds() {
    let sandbox = peopled().start().await.expect("starts");
    let person = Person::at(&sandbox);
    let overview = person.look("/").await;
    assert!(overview.contains("<b>121</b>Users"), "{overview}");
    assert!(overview.contains("http-equiv=\"refresh\""));

    let first = person.look("/_sandbox/console/users").await;
    assert!(first.contains("admin@sandbox.example.com") && first.contains("Users (121)"));
    assert_eq!(first.matches("<tr><td>").count(), 50);
    let next = first.split("after=").nth(1).expect("a next page");
    let place = next.split('"').next().expect("a place");
    let second = person
        .look(&format!("/_sandbox/console/users?after={place}"))
        .await;
    assert!(!second.contains("admin@sandbox.example.com"));

    let admin = Admin::new(&sandbox);
    let ada = admin.user("ada.only@example.com").await;
    let group = admin.group("Auditors").await;
    let path = format!("/api/v1/groups/{group}/users/{}", id(&ada));
    admin.bare("PUT", &path).await;
    let found = person.look("/_sandbox/console/users?q=ADA.only").await;
    assert_eq!(found.matches("<tr><td>").count(), 1, "{found}");
    let page = person
        .look(&format!("/_sandbox/console/users/{}", id(&ada)))
        .await;
    assert!(
        page.contains("Auditors") && page.contains("Groups (2)"),
        "{page}"
    );
    let page = person
        .look(&format!("/_sandbox/console/groups/{group}"))
        .await;
    assert!(page.contains("Members (1)") && page.contains("ada.only@example.com"));
    let groups = person.look("/_sandbox/console/groups?q=audit").await;
    assert!(groups.contains("Groups (6)"), "{groups}");
    assert!(
        person
            .look("/_sandbox/console/apps")
            .await
            .contains("SAML_2_0")
    );
    let answer = send(
        person
            .client
            .get(format!("{}/_sandbox/console/none", person.url)),
    )
    .await;
    assert_eq!(answer.status(), 404);
}

#[tokio::test]
async fn access_requests_are_decided_by_buttons() {
    let sandbox = peopled().start().await.expect("starts");
    let (admin, person) = (Admin::new(&sandbox), Person::at(&sandbox));
    let request = access_request(&admin).await;
    let path = format!("/governance/api/v2/requests/{request}");
    let list = person.look("/_sandbox/console/requests").await;
    assert!(
        list.contains(&request) && list.contains("Approve"),
        "{list}"
    );
    let fields = [("id", request.as_str()), ("decision", "APPROVED")];
    let (status, target, _) = person.submit("/_sandbox/console/decide", &fields).await;
    assert_eq!(
        (status, target.as_str()),
        (303, "/_sandbox/console/requests")
    );
    assert_eq!(admin.get(&path).await.1["status"], "APPROVED");
    let (status, _, text) = person.submit("/_sandbox/console/decide", &fields).await;
    assert_eq!(status, 400, "it is decided already");
    assert!(text.contains("not pending"), "{text}");
}

#[tokio::test]
async fn the_log_and_the_journal_live_and_can_be_searched() {
    let sandbox = Sandbox::start().await.expect("starts");
    let (admin, person) = (Admin::new(&sandbox), Person::at(&sandbox));
    let before = sandbox.requests().len();
    admin.group("Seen in the log").await;
    admin.user("seen@example.com").await;
    let log = person.look("/_sandbox/console/log").await;
    assert!(log.contains("group.lifecycle.create") && log.contains("user.lifecycle.create"));
    assert!(log.contains("http-equiv=\"refresh\" content=\"2\""));
    let held = person
        .look("/_sandbox/console/log?live=off&q=SEEN+in")
        .await;
    assert!(!held.contains("http-equiv") && held.contains("group.lifecycle.create"));
    assert!(!held.contains("user.lifecycle.create"));
    let uuid = held.split("/_sandbox/console/log/").nth(1).expect("a link");
    let uuid = uuid.split('"').next().expect("an end");
    let event = person.look(&format!("/_sandbox/console/log/{uuid}")).await;
    assert!(event.contains("transaction"), "{event}");

    let journal = person.look("/_sandbox/console/journal?q=post").await;
    assert!(journal.contains("addGroup") && journal.contains("createUser"));
    assert_eq!(
        sandbox.requests().len(),
        before + 2,
        "looking is not journalled"
    );
}

#[tokio::test]
async fn faults_are_switched_on_and_off() {
    let sandbox = Sandbox::start().await.expect("starts");
    let (admin, person) = (Admin::new(&sandbox), Person::at(&sandbox));
    let on = "/_sandbox/console/faults";
    let fields = [
        ("kind", "status"),
        ("number", "502"),
        ("method", "GET"),
        ("path", "/api/v1/groups"),
        ("times", "always"),
    ];
    let (status, target, _) = person.submit(on, &fields).await;
    assert_eq!((status, target.as_str()), (303, on));
    assert_eq!(admin.get("/api/v1/groups").await.0, 502);
    assert_eq!(admin.get("/api/v1/users").await.0, 200);
    assert_eq!(sandbox.faults()[0]["then"], json!({ "status": 502 }));
    let page = person.look(on).await;
    assert!(page.contains("{&quot;status&quot;:502}"), "{page}");

    let waiting = id(&sandbox.faults()[0]);
    let off = format!("{on}/remove");
    assert_eq!(person.submit(&off, &[("id", &waiting)]).await.0, 303);
    assert_eq!(admin.get("/api/v1/groups").await.0, 200);
    assert_eq!(person.submit(&off, &[("id", &waiting)]).await.0, 400);

    // What spoils everything spares the console.
    sandbox
        .add_fault(&FaultRule::close().always())
        .expect("understood");
    assert!(person.look("/").await.contains("<b>1</b>Faults waiting"));
    assert_eq!(
        person
            .submit(&format!("{on}/clear"), &[("all", "yes")])
            .await
            .0,
        303
    );
    assert_eq!(sandbox.faults(), json!([]));

    for bad in [
        [("kind", "other"), ("number", "")],
        [("kind", "status"), ("number", "five")],
        [("kind", "status"), ("number", "42")],
    ] {
        let (status, _, text) = person.submit(on, &bad).await;
        assert!(status == 400 && text.contains("role=\"alert\""), "{bad:?}");
    }
    assert_eq!(sandbox.faults(), json!([]));
}

#[tokio::test]
async fn forms_of_other_sites_are_refused() {
    let sandbox = Sandbox::start().await.expect("starts");
    let person = Person::at(&sandbox);
    let request = person
        .client
        .post(format!("{}/_sandbox/console/faults", person.url))
        .header("origin", "https://elsewhere.example")
        .body("kind=close&times=always");
    assert_eq!(send(request).await.status(), 403);
    assert_eq!(sandbox.faults(), json!([]));
}

#[tokio::test]
async fn nothing_breaks_out_of_any_page() {
    let sandbox = Sandbox::start().await.expect("starts");
    let (admin, person) = (Admin::new(&sandbox), Person::at(&sandbox));
    let group = admin.group(NASTY).await;
    let profile = json!({
        "login": "nasty@example.com", "email": "nasty@example.com", "firstName": NASTY,
        "lastName": NASTY,
    });
    let (_, user) = admin
        .post("/api/v1/users", json!({ "profile": profile }))
        .await;
    let app = json!({
        "name": "bookmark", "label": NASTY, "signOnMode": "BOOKMARK",
        "settings": { "app": { "requestIntegration": false, "url": "https://example.com/" } },
    });
    let (status, app) = admin.post("/api/v1/apps", app).await;
    assert_eq!(status, 200, "{app}");
    let odd = "/api/v1/groups?q=%22%27%3E%3Cscript%3E".to_owned();
    admin.get(&odd).await;
    let rule = FaultRule::status(503).path(NASTY).always();
    sandbox.add_fault(&rule).expect("understood");
    let query = "q=%22%27%3E%3Cscript%3Ealert%281%29%3C%2Fscript%3E&live=off";
    let mut pages = vec!["/".to_owned()];
    for list in [
        "users", "groups", "apps", "requests", "log", "journal", "faults",
    ] {
        pages.push(format!("/_sandbox/console/{list}"));
        pages.push(format!("/_sandbox/console/{list}?{query}"));
    }
    for (kind, id) in [("users", id(&user)), ("groups", group), ("apps", id(&app))] {
        pages.push(format!("/_sandbox/console/{kind}/{id}"));
    }
    for path in pages {
        let html = person.look(&path).await;
        assert!(!html.contains("<script"), "{path}: {html}");
        assert!(!html.contains("'><"), "{path}: {html}");
    }
}

/// The browser, wherever it is called what.
fn browser() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    ["chromium", "chromium-browser", "google-chrome", "chrome"]
        .iter()
        .flat_map(|name| std::env::split_paths(&path).map(move |dir| dir.join(name)))
        .find(|candidate| candidate.is_file())
}

/// What a browser makes of a page: its document, and a picture in a file.
fn render(browser: &Path, profile: &Path, url: &str, picture: &Path) -> String {
    let run = |arguments: &[String]| {
        let mut child = Command::new(browser)
            .args([
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--no-first-run",
            ])
            .args([
                "--hide-scrollbars",
                "--window-size=1280,900",
                "--enable-logging=stderr",
            ])
            .arg(format!("--user-data-dir={}", profile.display()))
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the browser starts");
        // A browser that hangs must not hang the tests.
        let end = Instant::now() + Duration::from_secs(60);
        while child.try_wait().expect("a state").is_none() && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(50));
        }
        let _ = child.kill();
        let output = child.wait_with_output().expect("an end");
        let complaints = String::from_utf8_lossy(&output.stderr);
        assert!(
            !complaints.contains("Content Security Policy"),
            "{url}: {complaints}"
        );
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let _ = std::fs::remove_file(picture);
    run(&[
        format!("--screenshot={}", picture.display()),
        url.to_owned(),
    ]);
    run(&["--dump-dom".to_owned(), url.to_owned()])
}

/// Width and height of a PNG picture.
fn size_of(png: &[u8]) -> (u32, u32) {
    assert!(png.starts_with(b"\x89PNG\r\n\x1a\n"), "a PNG picture");
    let number = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().expect("four bytes"));
    (number(16), number(20))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_shows_the_pages() {
    let Some(browser) = browser() else {
        eprintln!("skipped: no Chromium; install it with `apt-get install -y chromium`");
        return;
    };
    let sandbox = peopled().start().await.expect("starts");
    let admin = Admin::new(&sandbox);
    admin.group("Shown in a browser").await;
    access_request(&admin).await;
    admin
        .get("/api/v1/users?search=status+eq+%22ACTIVE%22")
        .await;
    admin.get("/api/v1/groups/none").await;
    let rule = FaultRule::window_limit(30).path("/api/v1/apps").times(3);
    sandbox.add_fault(&rule).expect("understood");
    let target = std::env::temp_dir().join(format!("okta-sandbox-console-{}", std::process::id()));
    std::fs::create_dir_all(&target).expect("a directory");
    let ada = admin.get("/api/v1/users?limit=2").await.1[1].clone();
    let pages = [
        ("overview", "/".to_owned(), "Shown in a browser"),
        (
            "users",
            "/_sandbox/console/users".to_owned(),
            "@example.com",
        ),
        (
            "user",
            format!("/_sandbox/console/users/{}", id(&ada)),
            "As kept",
        ),
        ("groups", "/_sandbox/console/groups".to_owned(), "Everyone"),
        ("apps", "/_sandbox/console/apps".to_owned(), "SAML_2_0"),
        (
            "requests",
            "/_sandbox/console/requests".to_owned(),
            "Approve",
        ),
        (
            "log",
            "/_sandbox/console/log".to_owned(),
            "group.lifecycle.create",
        ),
        (
            "journal",
            "/_sandbox/console/journal".to_owned(),
            "getGroup",
        ),
        (
            "faults",
            "/_sandbox/console/faults".to_owned(),
            "Switch off",
        ),
    ];
    let mut sizes: Vec<(String, u64)> = Vec::new();
    for (name, path, expected) in pages {
        let picture = target.join(format!("{name}.png"));
        let url = format!("{}{path}", sandbox.url());
        let document = render(&browser, &target.join("profile"), &url, &picture);
        assert!(document.contains(expected), "{path}: {document}");
        let png = std::fs::read(&picture).expect("a picture");
        assert_eq!(size_of(&png).0, 1280, "{name}");
        sizes.push((name.to_owned(), png.len() as u64));
    }
    // A page of text does not shrink to what an empty one takes.
    let blank = target.join("blank.png");
    render(&browser, &target.join("profile"), "about:blank", &blank);
    let empty = std::fs::read(&blank).expect("a picture").len() as u64;
    for (name, size) in &sizes {
        assert!(
            *size > 4 * empty,
            "{name} has {size} bytes, an empty page {empty}"
        );
    }
    if std::env::var_os("OKTA_SANDBOX_KEEP_PICTURES").is_none() {
        std::fs::remove_dir_all(&target).expect("removed");
    } else {
        eprintln!("pictures in {}", target.display());
    }
}
