//! Pages, items, cursors: both link styles, and every way a list can misbehave.

mod common;

use std::time::Duration;

use common::*;
use futures_util::StreamExt as _;
use http::Method;
use okta_core::prelude::*;
use okta_core::testing::{Answer, Canned};
use okta_core::{Client, Cursor, Json, RetryPolicy};

fn things(ids: &[&str]) -> String {
    let list: Vec<String> = ids.iter().map(|id| format!(r#"{{"id":"{id}"}}"#)).collect();
    format!("[{}]", list.join(","))
}

fn page(ids: &[&str], next: Option<&str>) -> Answer {
    let answer = Answer::json(200, things(ids)).header(
        "link",
        r#"<https://acme.okta.com/api/v1/things?>; rel="self""#,
    );
    match next {
        Some(next) => answer.header("link", &format!("<{next}>; rel=\"next\"")),
        None => answer,
    }
}

const P2: &str = "/api/v1/things?after=2&limit=200";
const P3: &str = "/api/v1/things?after=3&limit=200";

fn url(target: &str) -> String {
    format!("{ORG}{target}")
}

/// 2 items, none, 1 item.
fn three_pages() -> Canned {
    Canned::new()
        .on("GET", P2, page(&[], Some(&url(P3))))
        .on("GET", P3, page(&["c"], None))
        .on("GET", "/api/v1/things", page(&["a", "b"], Some(&url(P2))))
}

fn ids(things: &[Thing]) -> Vec<&str> {
    things
        .iter()
        .map(|thing| thing.id.as_deref().unwrap())
        .collect()
}

#[tokio::test]
async fn demand_09_items_go_on_over_an_empty_page() {
    let (client, transport, _) = client(three_pages());
    let all = List::new()
        .attach(&client)
        .items()
        .try_collect()
        .await
        .unwrap();
    assert_eq!(ids(&all), ["a", "b", "c"]);
    assert_eq!(client.stats().pages, 3);
    // The largest page size is asked for unless the user names one.
    assert_eq!(transport.requests()[0].uri.query(), Some("limit=200"));
    let mut small = List::new().attach(&client);
    small.call.set_query("limit", 2);
    drop(small.items().next().await);
    assert_eq!(
        transport.requests().last().unwrap().uri.query(),
        Some("limit=2")
    );
    // One page is one request and asks for nothing.
    let one = List::new().attach(&client).await.unwrap();
    assert_eq!(one.items.len(), 2);
    assert_eq!(one.next.unwrap().target(), P2);
    assert_eq!(transport.requests().last().unwrap().uri.query(), None);
}

#[tokio::test]
async fn streams_are_lazy_unpin_and_standard() {
    let (client, transport, _) = client(three_pages());
    let stream = List::new().attach(&client).items();
    assert!(transport.requests().is_empty());
    let first: Vec<_> = stream.take(2).collect().await;
    assert_eq!(first.len(), 2);
    assert_eq!(transport.requests().len(), 1);
    let mut pages = List::new().attach(&client).pages();
    assert!(pages.cursor().is_none());
    assert_eq!(pages.next().await.unwrap().unwrap().items.len(), 2);
    assert_eq!(pages.cursor().unwrap().target(), P2);
    assert_eq!(pages.try_collect().await.unwrap().len(), 2);
}

#[tokio::test]
async fn demand_10_a_cursor_resumes_in_another_process() {
    let (first, _, _) = client(three_pages());
    let mut pages = List::new().attach(&first).pages();
    pages.next().await.unwrap().unwrap();
    let saved = serde_json::to_string(pages.cursor().unwrap()).unwrap();
    assert_eq!(saved, format!("\"listThings {ORG}{P2}\""));

    let (second, transport, _) = client(three_pages());
    let cursor: Cursor = serde_json::from_str(&saved).unwrap();
    let rest = List::new()
        .attach(&second)
        .resume(cursor.clone())
        .items()
        .try_collect()
        .await
        .unwrap();
    assert_eq!(ids(&rest), ["c"]);
    assert_eq!(transport.requests()[0].uri, *url(P2));
    // It belongs to its operation.
    let error = ListWrapped::new()
        .attach(&second)
        .resume(cursor.clone())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Paging);
    assert!(error.to_string().contains("listThings"), "{error}");
    assert_eq!(cursor.to_string().parse::<Cursor>().unwrap(), cursor);
    for bad in [
        "",
        "listThings",
        "listThings /api/v1/things",
        "listThings //acme.okta.com/a",
        "listThings ftp://acme.okta.com/a",
        "listThings https://user@acme.okta.com/a",
        "listThings https://acme.okta.com//evil.example/",
        "listThings https://acme.okta.com/a b",
        "listThings https://acme.okta.com/a /b /c",
        " https://acme.okta.com/a",
    ] {
        assert!(bad.parse::<Cursor>().is_err(), "{bad}");
    }
}

#[tokio::test]
async fn demand_54_items_before_a_failure_come_first_then_the_error_then_the_cursor() {
    let (client, _, _) = client(
        Canned::new()
            .on("GET", P2, page(&["b"], Some(&url(P3))))
            .on("GET", P3, Answer::json(400, r#"{"errorCode":"E0000029","errorSummary":"Invalid paging request.","errorCauses":[{"errorSummary":"Invalid cursor."}]}"#))
            .on("GET", "/api/v1/things", page(&["a"], Some(&url(P2)))),
    );
    let mut items = List::new().attach(&client).items();
    assert_eq!(
        items.next().await.unwrap().unwrap().id.as_deref(),
        Some("a")
    );
    assert_eq!(
        items.next().await.unwrap().unwrap().id.as_deref(),
        Some("b")
    );
    let error = items.next().await.unwrap().unwrap_err();
    assert_eq!(error.code(), Some("E0000029"));
    assert_eq!(error.cursor().unwrap().target(), P3);
    assert!(error.hint().unwrap().contains("cursor"));
    assert!(items.next().await.is_none());
    assert_eq!(items.cursor().unwrap().target(), P3);
}

#[tokio::test]
async fn the_item_cursor_never_loses_an_item() {
    let (client, _, _) = client(three_pages());
    let mut items = List::new().attach(&client).items();
    items.next().await.unwrap().unwrap();
    // "b" is still to come: the first page has no cursor, so that one starts over.
    assert!(items.cursor().is_none());
    items.next().await.unwrap().unwrap();
    assert_eq!(items.cursor().unwrap().target(), P2);
}

#[tokio::test]
async fn demand_08_a_repeated_cursor_is_an_error_not_a_loop() {
    for canned in [
        // next is the page itself
        Canned::new()
            .on("GET", P2, page(&["b"], Some(&url(P2))))
            .on("GET", "/api/v1/things", page(&["a"], Some(&url(P2)))),
        // a circle of two
        Canned::new()
            .on("GET", P2, page(&["b"], Some(&url(P3))))
            .on("GET", P3, page(&["c"], Some(&url(P2))))
            .on("GET", "/api/v1/things", page(&["a"], Some(&url(P2)))),
    ] {
        let (client, transport, _) = client(canned);
        let mut items = List::new().attach(&client).items();
        let mut delivered = 0;
        let error = loop {
            match items.next().await.unwrap() {
                Ok(_) => delivered += 1,
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind(), ErrorKind::Paging);
        assert!(error.to_string().contains("after=2"), "{error}");
        assert!(transport.requests().len() <= 3);
        // Nothing of the page whose link leads back is lost.
        assert_eq!(delivered, transport.requests().len());
        assert!(items.next().await.is_none());
    }
}

#[tokio::test]
async fn demand_34_next_links_stay_inside_the_org() {
    for (next, followed) in [
        (url(P2), true),
        (format!("https://acme-admin.okta.com{P2}"), true),
        (P2.to_owned(), true),
        // Relative to the request, not to the root of the org.
        (P2.trim_start_matches("/api/v1/things").to_owned(), true),
        (P2.trim_start_matches("/api/v1/").to_owned(), true),
        (format!("https://evil.example{P2}"), false),
        (format!("https://other-admin.okta.com{P2}"), false),
        (format!("http://acme.okta.com{P2}"), false),
    ] {
        let canned = Canned::new().on("GET", P2, page(&["b"], None)).on(
            "GET",
            "/api/v1/things",
            page(&["a"], Some(&next)),
        );
        let (client, transport, _) = client(canned);
        let result = List::new().attach(&client).items().try_collect().await;
        assert!(
            transport
                .requests()
                .iter()
                .all(|request| request.uri.host() == Some("acme.okta.com"))
        );
        match result {
            Ok(all) => assert!(followed && all.len() == 2, "{next}"),
            Err(error) => {
                assert!(!followed, "{next}: {error}");
                assert_eq!(error.kind(), ErrorKind::Paging);
                assert!(error.to_string().contains(ORG), "{error}");
                assert!(
                    next.contains(
                        error
                            .to_string()
                            .split("goes to ")
                            .nth(1)
                            .unwrap()
                            .split(',')
                            .next()
                            .unwrap()
                    ),
                    "{error}"
                );
            }
        }
    }
}

#[tokio::test]
async fn body_links_page_too() {
    let first = r#"{"data":[{"id":"a"}],"metadata":{"total":2},"_links":{"self":{"href":"x"},"next":{"href":"https://acme-admin.okta.com/governance/api/v1/things?after=1"}}}"#;
    let (client, _, _) = client(
        Canned::new()
            .on(
                "GET",
                "/governance/api/v1/things?after=1",
                Answer::json(200, r#"{"data":[{"id":"b"}],"_links":{}}"#),
            )
            .on("GET", "/governance/api/v1/things", Answer::json(200, first)),
    );
    let mut pages = ListWrapped::new().attach(&client).pages();
    let page = pages.next().await.unwrap().unwrap();
    assert_eq!(ids(&page.items), ["a"]);
    assert_eq!(ids(&pages.next().await.unwrap().unwrap().items), ["b"]);
    assert!(pages.next().await.is_none());
}

#[tokio::test]
async fn demand_08_a_polled_log_ends_at_its_first_empty_page() {
    let e = |n: u32| format!("/api/v1/events?after={n}");
    let (client, transport, _) = client(
        Canned::new()
            .on("GET", &e(1), page(&["b"], Some(&url(&e(2)))))
            // Next is there for ever, here even the same.
            .on("GET", &e(2), page(&[], Some(&url(&e(2)))))
            .on("GET", "/api/v1/events", page(&["a"], Some(&url(&e(1))))),
    );
    let mut items = Events::new().attach(&client).items();
    let mut seen = Vec::new();
    while let Some(item) = items.try_next().await.unwrap() {
        seen.push(item.id.unwrap());
    }
    assert_eq!(seen, ["a", "b"]);
    assert_eq!(transport.requests().len(), 3);
    assert_eq!(items.cursor().unwrap().target(), e(2));
    // Bounded, the same circle would be a fault.
    let mut bounded = Events::new();
    bounded.call.set_query("until", "2026-01-01T00:00:00.000Z");
    let error = bounded
        .attach(&client)
        .items()
        .try_collect()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Paging);
}

#[tokio::test]
async fn untyped_lists_page_as_raw_json() {
    let (client, _, _) = client(
        Canned::new()
            .on("GET", "/api/v1/iam/roles?after=1", Answer::json(200, r#"{"roles":[{"n":3}]}"#))
            .on("GET", "/api/v1/iam/roles", Answer::json(200, r#"{"roles":[{"n":1},2],"_links":{"next":{"href":"/api/v1/iam/roles?after=1"}}}"#)),
    );
    let all: Vec<Json> = client
        .call(Method::GET, "/api/v1/iam/roles")
        .items()
        .try_collect()
        .await
        .unwrap();
    let text: Vec<String> = all.iter().map(ToString::to_string).collect();
    assert_eq!(text, [r#"{"n":1}"#, "2", r#"{"n":3}"#]);
}

#[tokio::test]
async fn demand_01_a_broken_page_is_an_error_and_one_odd_item_is_kept() {
    for body in ["", "<html>", "[{\"id\":", "{}", "null", "[1,2"] {
        let (client, _, _) = client(Canned::from_fn(move |_| Answer::json(200, body)));
        let error = List::new()
            .attach(&client)
            .items()
            .try_collect()
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{body}");
        assert_eq!(error.status().unwrap(), 200);
    }
    let (client, _, _) = client(Canned::from_fn(|_| {
        Answer::json(200, r#"[{"id":"a"},null,7,{"id":"b"}]"#)
    }));
    let page = List::new().attach(&client).await.unwrap();
    assert_eq!(page.items.len() + page.undecodable.len(), 4);
    assert!(
        page.items
            .iter()
            .any(|thing| thing.id.as_deref() == Some("b"))
    );
}

#[tokio::test]
async fn demand_11_many_streams_share_one_client() {
    let (client, _, _) = client(three_pages());
    let tasks: Vec<_> = (0..64)
        .map(|_| tokio::spawn(List::new().attach(&client).count()))
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap().unwrap(), 3);
    }
}

#[tokio::test]
async fn a_strict_stream_ends_after_its_error() {
    let deep = format!("{}{}", "[".repeat(300), "]".repeat(300));
    let body = format!(r#"[{{"id":"a"}},{{"x":{deep}}},{{"x":{deep}}}]"#);
    let (client, _, _) = client(Canned::from_fn(move |_| Answer::json(200, body.clone())));
    let mut items = List::new().attach(&client).items().strict();
    assert!(items.next().await.unwrap().is_ok());
    assert_eq!(
        items.next().await.unwrap().unwrap_err().kind(),
        ErrorKind::Decode
    );
    assert!(items.next().await.is_none());
    assert_eq!(items.undecodable(), 2);
}

#[tokio::test]
async fn demand_10_a_cursor_of_another_list_or_org_is_refused() {
    let untyped = |client: &Client, method: &'static str, path: &'static str| {
        client.call(method, path.to_owned()).path("id", "g 1")
    };
    let members = "/api/v1/groups/g%201/users";
    let next = format!("{ORG}{members}?after=1");
    let (one, _, _) = client(
        Canned::new()
            .on("GET", &format!("{members}?after=1"), page(&["b"], None))
            .on("GET", members, page(&["a"], Some(&next))),
    );
    let template = "/api/v1/groups/{id}/users";
    let mut pages = untyped(&one, "GET", template).pages();
    pages.next().await.unwrap().unwrap();
    let text = pages.cursor().unwrap().to_string();
    // A text of its own, that does not start with a blank.
    assert_eq!(text, format!("GET {next}"));
    let cursor: Cursor = text.parse().unwrap();
    assert_eq!(cursor.org_url(), ORG);
    // Percent-encoding makes no difference, the list does.
    let rest = untyped(&one, "GET", template)
        .resume(cursor.clone())
        .items();
    assert_eq!(rest.try_collect().await.unwrap().len(), 1);
    for (call, why) in [
        (untyped(&one, "GET", "/api/v1/users"), "/api/v1/users"),
        (untyped(&one, "GET", "/api/v1/groups/g2/users"), "groups/g2"),
        (untyped(&one, "POST", template), "not to POST"),
    ] {
        let error = call.resume(cursor.clone()).items().try_collect().await;
        let error = error.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Paging);
        assert!(error.to_string().contains(why), "{error}");
    }
    let error = List::new().attach(&one).resume(cursor.clone()).await;
    assert!(error.unwrap_err().to_string().contains("listThings"));
    let other = |org: &str| {
        let canned = Canned::from_fn(|_| page(&["x"], None));
        client_with(canned, |builder| builder.api_token("00t").org_url(org)).0
    };
    let stranger = other("https://globex.okta.com");
    let call = untyped(&stranger, "GET", template).resume(cursor.clone());
    let error = call.items().try_collect().await.unwrap_err();
    assert!(error.to_string().contains(ORG), "{error}");
    assert!(error.to_string().contains("globex"), "{error}");
}

/// `me` becomes an id in the link: the cursor still belongs to the list that was asked for.
#[tokio::test]
async fn demand_10_a_cursor_survives_an_alias_in_the_path() {
    let by_id = "/api/v1/users/00u1/groups?after=1";
    let (client, _, _) = client(
        Canned::new()
            .on(
                "GET",
                by_id,
                page(&["b"], Some(&url("/api/v1/users/00u1/groups?after=2"))),
            )
            .on(
                "GET",
                "/api/v1/users/00u1/groups?after=2",
                page(&["c"], None),
            )
            .on(
                "GET",
                "/api/v1/users/me/groups",
                page(&["a"], Some(&url(by_id))),
            ),
    );
    let list = |user: &str| {
        client
            .call("GET", "/api/v1/users/{u}/groups")
            .path("u", user)
    };
    let mut pages = list("me").pages();
    for left in [2, 1] {
        pages.next().await.unwrap().unwrap();
        let cursor: Cursor = pages.cursor().unwrap().to_string().parse().unwrap();
        let rest = list("me")
            .resume(cursor.clone())
            .items()
            .try_collect()
            .await;
        assert_eq!(rest.unwrap().len(), left);
        assert!(list("00u2").resume(cursor).await.is_err());
    }
}

#[tokio::test]
async fn demand_54_a_page_with_a_foreign_link_is_delivered_before_the_error() {
    let evil = format!("https://evil.example{P3}");
    let (client, transport, _) = client(
        Canned::new()
            .on("GET", P2, page(&["b", "c"], Some(&evil)))
            .on("GET", "/api/v1/things", page(&["a"], Some(&url(P2)))),
    );
    let mut items = List::new().attach(&client).items().prefetch();
    for id in ["a", "b", "c"] {
        assert_eq!(
            items.try_next().await.unwrap().unwrap().id.as_deref(),
            Some(id)
        );
    }
    let error = items.try_next().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Paging);
    assert!(error.to_string().contains("evil.example"), "{error}");
    assert_eq!(error.cursor().unwrap().target(), P2);
    assert!(items.next().await.is_none());
    assert_eq!(transport.requests().len(), 2);
}

#[tokio::test]
async fn demand_11_prefetch_is_one_page_and_ends_with_its_stream() {
    let (client, transport, _) = client(three_pages());
    let mut pages = List::new().attach(&client).pages().prefetch();
    assert!(transport.requests().is_empty());
    let settle = async || {
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
    };
    pages.next().await.unwrap().unwrap();
    settle().await;
    // The second runs without anyone polling the stream; the third waits for its turn.
    assert_eq!(transport.requests().len(), 2);
    assert_eq!(pages.cursor().unwrap().target(), P2);
    let cursor = pages.cursor().unwrap().clone();
    drop(pages);
    settle().await;
    assert_eq!(transport.requests().len(), 2);
    // What was fetched ahead and not delivered is still to come.
    let rest = List::new()
        .attach(&client)
        .resume(cursor)
        .items()
        .prefetch();
    assert_eq!(ids(&rest.try_collect().await.unwrap()), ["c"]);

    // A request that gets no answer would be repeated; not once its stream is gone.
    let canned = Canned::new().on("GET", P2, Answer::json(503, "{}")).on(
        "GET",
        "/api/v1/things",
        page(&["a"], Some(&url(P2))),
    );
    let patient = RetryPolicy::default().max_retries(1000);
    let (client, transport, _) =
        client_with(canned, |builder| builder.api_token("00t").retry(patient));
    let mut pages = List::new().attach(&client).pages().prefetch();
    pages.next().await.unwrap().unwrap();
    settle().await;
    let before = transport.requests().len();
    assert!(before > 2, "{before}");
    drop(pages);
    settle().await;
    assert_eq!(transport.requests().len(), before);
}

#[tokio::test]
async fn demand_47_a_whole_list_has_a_deadline() {
    // The second page is refused until a minute from now.
    let refused = Answer::empty(429)
        .header("x-rate-limit-limit", "600")
        .header("x-rate-limit-remaining", "0")
        .header("x-rate-limit-reset", &(START + 60).to_string());
    let canned = Canned::new()
        .on("GET", P2, refused)
        .on("GET", P2, page(&["c"], None))
        .on("GET", "/api/v1/things", page(&["a", "b"], Some(&url(P2))));
    let (client, transport, clock) = client(canned);
    let second = Duration::from_secs;
    let list = || List::new().attach(&client).pages();
    let mut pages = list().timeout(second(30));
    assert_eq!(
        ids(&pages.try_next().await.unwrap().unwrap().items),
        ["a", "b"]
    );
    // Longer than what is left: it is not waited for.
    let error = pages.try_next().await.unwrap_err();
    assert!(error.is_rate_limited(), "{error}");
    assert_eq!(error.cursor(), pages.cursor());
    assert!(clock.elapsed() < second(30));
    assert!(pages.next().await.is_none());

    clock.advance(second(61));
    let mut pages = list().timeout(second(30));
    pages.try_next().await.unwrap().unwrap();
    clock.advance(second(31));
    let before = transport.requests().len();
    let error = pages.try_next().await.unwrap_err();
    assert!(error.is_timeout(), "{error}");
    assert_eq!(error.cursor(), pages.cursor());
    assert_eq!(transport.requests().len(), before);
    assert_eq!(
        ids(&list().timeout(second(30)).try_collect().await.unwrap()[1].items),
        ["c"]
    );
}

#[tokio::test]
async fn demand_56_counting_decodes_nothing() {
    let odd = r#"[{"id":["no","text"]},7,null,{"id":"c"}]"#;
    let last = format!("[{}{}]", "[".repeat(300), "]".repeat(300));
    let canned = || {
        Canned::new()
            .on(
                "GET",
                P2,
                Answer::json(200, odd).header("link", &format!("<{P3}>; rel=next")),
            )
            .on("GET", P3, Answer::json(200, last.clone()))
            .on("GET", "/api/v1/things", page(&["a", "b"], Some(&url(P2))))
    };
    let (one, transport, _) = client(canned());
    assert_eq!(List::new().attach(&one).count().await.unwrap(), 7);
    assert_eq!(transport.requests()[0].uri.query(), Some("limit=200"));
    assert_eq!(one.stats().drifts, 0);
    assert_eq!(one.call("GET", "/api/v1/things").count().await.unwrap(), 7);
    let (broken, _, _) = client(Canned::from_fn(|_| Answer::json(200, r#"[{"id":1},"#)));
    let error = List::new().attach(&broken).count().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
}

#[tokio::test]
async fn demand_12_every_page_is_decoded_alike() {
    let page = |n: u32| format!(r#"[{{"id":"{n}","name":"n{n}","other":{{"deep":{n}}}}}]"#);
    let next = |n: u32| format!(r#"<{ORG}/api/v1/things?after={n}>; rel="next""#);
    let path = "/api/v1/things";
    let canned = Canned::new()
        .on(
            "GET",
            &format!("{path}?after=2"),
            Answer::json(200, page(2)).header("link", &next(3)),
        )
        .on(
            "GET",
            &format!("{path}?after=3"),
            Answer::json(200, page(3)),
        )
        .on(
            "GET",
            path,
            Answer::json(200, page(1)).header("link", &next(2)),
        );
    let (client, _, _) = client(canned);
    let mut items = List::new().attach(&client).items();
    let mut number = 0;
    while let Some(thing) = items.try_next().await.unwrap() {
        number += 1;
        assert_eq!(thing.name, Some(format!("n{number}")));
        let other = format!(r#"{{"deep":{number}}}"#);
        assert_eq!(thing.extra.get("other"), Some(other.as_str()));
    }
    assert_eq!(number, 3);
}
