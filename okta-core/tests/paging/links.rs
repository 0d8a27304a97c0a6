//! Links to the next page: which are followed, and when they end.

use super::*;

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
