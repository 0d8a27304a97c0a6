//! Pages, whatever their links look like, and going on from a cursor.

use std::collections::BTreeSet;

use okta_core::{Cursor, ErrorKind, prelude::*};
use okta_management::prelude::*;
use okta_sandbox::{PagingQuirks, Sandbox, SeedOrg};
use serde_json::json;

use super::admin;

async fn org(quirks: PagingQuirks) -> Sandbox {
    let seed = SeedOrg {
        users: 25,
        groups: 2,
        apps: 1,
        ..SeedOrg::default()
    };
    Sandbox::builder()
        .paging_quirks(quirks)
        .seed(seed)
        .start()
        .await
        .expect("starts")
}

fn quirks(admin_host: bool, joined: bool, bare_self: bool, empty_page: bool) -> PagingQuirks {
    let mut quirks = PagingQuirks::default();
    (quirks.admin_host, quirks.joined) = (admin_host, joined);
    (quirks.bare_self, quirks.empty_page) = (bare_self, empty_page);
    quirks
}

/// All users in small pages: by stream, by pages, and by a new client at each page.
async fn walk(quirks: PagingQuirks) {
    let name = format!("{quirks:?}");
    let empty_page = quirks.empty_page;
    let sandbox = org(quirks).await;
    let client = admin(&sandbox);
    let whole = client
        .users()
        .list()
        .limit(200)
        .items()
        .try_collect()
        .await
        .expect("all users");
    let expected: Vec<String> = whole.into_iter().filter_map(|user| user.id).collect();
    assert!(expected.len() >= 25, "{name}: {} users", expected.len());
    assert_eq!(
        expected.iter().collect::<BTreeSet<_>>().len(),
        expected.len(),
        "{name}: no user twice"
    );

    let streamed = client
        .users()
        .list()
        .limit(10)
        .items()
        .try_collect()
        .await
        .expect("a stream");
    let streamed: Vec<String> = streamed.into_iter().filter_map(|user| user.id).collect();
    assert_eq!(streamed, expected, "{name}");

    let (mut seen, mut saved) = (Vec::new(), None::<String>);
    let mut pages = 0;
    loop {
        let mut list = admin(&sandbox).users().list().limit(10);
        if let Some(text) = &saved {
            list = list.resume(serde_json::from_str::<Cursor>(text).expect("a cursor"));
        }
        let mut stream = list.pages();
        let page = stream
            .try_next()
            .await
            .expect("a page")
            .expect("there is one more");
        pages += 1;
        assert!(
            pages > 1 || !empty_page || page.items.is_empty(),
            "{name}: the first page is empty"
        );
        seen.extend(page.items.into_iter().filter_map(|user| user.id));
        match stream.cursor() {
            Some(cursor) => saved = Some(serde_json::to_string(cursor).expect("JSON")),
            None => break,
        }
    }
    assert_eq!(seen, expected, "{name}");
    assert_eq!(
        pages,
        expected.len().div_ceil(10) + usize::from(empty_page),
        "{name}"
    );
    let foreign = saved.expect("a cursor");
    assert!(
        foreign.contains(sandbox.url()),
        "a cursor belongs to its org: {foreign}"
    );

    let error = client
        .groups()
        .list()
        .resume(serde_json::from_str(&foreign).expect("a cursor"))
        .await;
    assert_eq!(
        error.expect_err("another operation's").kind(),
        ErrorKind::Paging,
        "{name}"
    );
}

#[tokio::test]
async fn demand_09_every_way_of_linking_pages() {
    walk(PagingQuirks::default()).await;
    walk(quirks(true, false, false, false)).await;
    walk(quirks(false, true, false, false)).await;
    walk(quirks(false, false, true, false)).await;
    walk(quirks(false, false, false, true)).await;
    walk(quirks(true, true, true, true)).await;
}

/// A list without parameters whose self link ends in a bare question mark.
#[tokio::test]
async fn a_bare_question_mark_is_no_next_page() {
    let sandbox = org(quirks(false, true, true, false)).await;
    let page = admin(&sandbox).groups().list().await.expect("a page");
    assert!(page.next.is_none() && !page.items.is_empty());
}

#[tokio::test]
async fn demand_34_another_host_and_a_circle_are_refused() {
    let sandbox = org(PagingQuirks::default()).await;
    let link = |target: String| {
        let headers = json!({"link": format!("<{target}>; rel=\"next\"")});
        json!({"match": {"path": "/api/v1/users"}, "times": 3, "then": {"status": 200, "body": [], "headers": headers}})
    };
    sandbox
        .add_faults(&link(
            "https://okta.example.net/api/v1/users?after=1".to_owned(),
        ))
        .expect("a fault");
    let error = admin(&sandbox)
        .users()
        .list()
        .await
        .expect_err("another host");
    assert_eq!(error.kind(), ErrorKind::Paging, "{error}");

    let sandbox = org(PagingQuirks::default()).await;
    sandbox
        .add_faults(&link(format!("{}/api/v1/users?after=1", sandbox.url())))
        .expect("a fault");
    let error = admin(&sandbox)
        .users()
        .list()
        .items()
        .try_collect()
        .await
        .expect_err("a circle");
    assert_eq!(error.kind(), ErrorKind::Paging, "{error}");
    assert!(sandbox.requests().len() <= 3, "it does not go round");
}

/// The System Log has a next link for ever: the stream ends when nothing is new, and goes on from its cursor.
#[tokio::test]
async fn demand_35_the_system_log_is_polled_from_where_it_ended() {
    let sandbox = org(PagingQuirks::default()).await;
    let client = admin(&sandbox);
    for name in ["One", "Two", "Three"] {
        make_group(&client, name).await;
    }
    let mut pages = client.logs().list().limit(2).pages();
    let mut ids = Vec::new();
    while let Some(page) = pages.try_next().await.expect("a page") {
        ids.extend(page.items.into_iter().filter_map(|event| event.uuid));
    }
    assert!(ids.len() >= 3, "{} events", ids.len());
    let cursor = pages.cursor().expect("where to go on").clone();
    assert!(
        pages.try_next().await.expect("ended").is_none(),
        "an ended stream stays ended"
    );

    let mut nothing = client.logs().list().resume(cursor.clone()).pages();
    let quiet = nothing.try_next().await.expect("a page");
    assert!(quiet.is_none_or(|page| page.items.is_empty()));

    make_group(&client, "Four").await;
    let text = cursor.to_string();
    let resumed = admin(&sandbox)
        .logs()
        .list()
        .resume(text.parse().expect("a cursor"));
    let news = resumed.items().try_collect().await.expect("news");
    assert!(!news.is_empty());
    for event in &news {
        let id = event.uuid.as_ref().expect("an id");
        assert!(!ids.contains(id), "seen before");
    }
    let types: Vec<_> = news
        .iter()
        .filter_map(|event| event.event_type.as_deref())
        .collect();
    assert!(types.contains(&"group.lifecycle.create"), "{types:?}");
}

async fn make_group(client: &okta_core::Client, name: &str) {
    let body = json!({"profile": {"name": name}});
    let call = client.call("POST", "/api/v1/groups").json(&body);
    call.await.expect("a group");
}
