//! Places to go on from.

use super::*;

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
async fn the_item_cursor_never_loses_an_item() {
    let (client, _, _) = client(three_pages());
    let mut items = List::new().attach(&client).items();
    items.next().await.unwrap().unwrap();
    // "b" is still to come: back to its page.
    let here = items.cursor().unwrap().clone();
    assert_eq!(here.target(), "/api/v1/things?limit=200");
    items.next().await.unwrap().unwrap();
    assert_eq!(items.cursor().unwrap().target(), P2);
    let again = List::new().attach(&client).resume(here).items();
    let again = again.try_collect().await.unwrap();
    assert_eq!(again[1].id.as_deref(), Some("b"));
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
async fn demand_54_a_strict_streams_cursor_leads_back_to_the_item_that_failed() {
    let deep = format!("{}{}", "[".repeat(300), "]".repeat(300));
    for (first_page, last_page) in [(false, false), (false, true), (true, false), (true, true)] {
        let next = |number: u32| format!("<{ORG}/api/v1/things?after={number}>; rel=\"next\"");
        let mended = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
        let (is_mended, deep) = (std::sync::Arc::clone(&mended), deep.clone());
        let (client, _, _) = client(Canned::from_fn(move |request| {
            let odd = format!(r#"{{"id":"odd","x":{deep}}}"#);
            let odd = match is_mended.load(std::sync::atomic::Ordering::SeqCst) {
                true => r#"{"id":"odd"}"#.to_owned(),
                false => odd,
            };
            let bad = Answer::json(200, format!(r#"[{{"id":"b"}},{odd},{{"id":"c"}}]"#));
            let good = |id: &str| Answer::json(200, format!(r#"[{{"id":"{id}"}}]"#));
            let after = request.uri.query().unwrap_or_default();
            match (after.contains("after=1"), after.contains("after=2")) {
                (false, false) if first_page && last_page => bad,
                (false, false) if first_page => bad.header("link", &next(2)),
                (false, false) => good("a").header("link", &next(1)),
                (true, _) if last_page => bad,
                (true, _) => bad.header("link", &next(2)),
                _ => good("d"),
            }
        }));
        let mut items = List::new().attach(&client).items().strict();
        let mut ids = Vec::new();
        let error = loop {
            match items.next().await.unwrap() {
                Ok(thing) => ids.push(thing.id.unwrap()),
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind(), ErrorKind::Decode);
        assert!(items.next().await.is_none());
        let cursor = error.cursor().expect("a place to go on from").clone();
        assert_eq!(items.cursor(), Some(&cursor));
        // It is met again, and delivered once it decodes.
        let again = || {
            List::new()
                .attach(&client)
                .resume(cursor.clone())
                .items()
                .strict()
        };
        let error = again().try_collect().await.unwrap_err();
        assert_eq!(error.cursor(), Some(&cursor));
        mended.store(true, std::sync::atomic::Ordering::SeqCst);
        let rest = again().try_collect().await.unwrap();
        ids.extend(rest.into_iter().map(|thing| thing.id.unwrap()));
        ids.sort();
        ids.dedup();
        let mut all = vec!["b", "c", "odd"];
        if !first_page {
            all.push("a");
        }
        if !last_page {
            all.push("d");
        }
        all.sort_unstable();
        assert_eq!(ids, all);
    }
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
