//! Pages and items, one after the other.

use super::*;

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

/// More than are decoded at a time.
const MANY: usize = 20_000;

fn many(odd: usize, instead: &str) -> String {
    let one = |n: usize| match n == odd {
        true => instead.to_owned(),
        false => format!(r#"{{"id":"{n}"}}"#),
    };
    format!("[{}]", (0..MANY).map(one).collect::<Vec<_>>().join(","))
}

fn one_page(body: String) -> Canned {
    Canned::new().on("GET", P2, page(&["last"], None)).on(
        "GET",
        "/api/v1/things",
        Answer::json(200, body).header("link", &format!("<{}>; rel=\"next\"", url(P2))),
    )
}

#[tokio::test]
async fn items_of_a_large_page_come_in_order_an_odd_one_late_in_it_is_skipped() {
    let odd = MANY - 10;
    let (first, _, _) = client(one_page(many(odd, "7")));
    let mut items = List::new().attach(&first).items();
    let mut seen = Vec::new();
    while let Some(item) = items.try_next().await.unwrap() {
        seen.push(item.id.unwrap());
        if seen.len() == MANY / 2 {
            // Half of a page is delivered: going on begins with this page.
            let cursor = items.cursor().unwrap();
            assert!(!cursor.target().contains("after="), "{}", cursor.target());
        }
    }
    let mut expected: Vec<String> = (0..MANY)
        .filter(|n| *n != odd)
        .map(|n| n.to_string())
        .collect();
    expected.push("last".to_owned());
    assert_eq!(seen, expected);
    assert_eq!(items.undecodable(), 1);
    assert_eq!(first.stats().pages, 2);

    let whole = List::new()
        .attach(&first)
        .pages()
        .try_next()
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (whole.items.len(), whole.undecodable[0].index),
        (MANY - 1, odd)
    );

    let mut strict = List::new().attach(&first).items().strict();
    let mut good = 0;
    let error = loop {
        match strict.next().await.unwrap() {
            Ok(_) => good += 1,
            Err(error) => break error,
        }
    };
    assert!(good >= odd, "{good} came before the error");
    assert!(
        error.to_string().contains(&format!("item {odd}")),
        "{error}"
    );
    assert!(!error.cursor().unwrap().target().contains("after="));
    assert!(strict.next().await.is_none());
}

#[tokio::test]
async fn a_large_page_that_breaks_late_gives_its_items_then_the_error_of_the_whole_text() {
    for instead in [r#"{"id":oops}"#, r#"{"id":"1"} "no comma""#] {
        let (client, _, _) = client(one_page(many(MANY - 10, instead)));
        let whole = List::new()
            .attach(&client)
            .pages()
            .try_next()
            .await
            .unwrap_err();
        let mut items = List::new().attach(&client).items();
        let mut good = 0;
        let error = loop {
            match items.next().await.unwrap() {
                Ok(_) => good += 1,
                Err(error) => break error,
            }
        };
        assert!((1..MANY).contains(&good), "{good}");
        assert_eq!(error.kind(), okta_core::ErrorKind::Decode);
        assert_eq!(
            error.to_string(),
            whole.to_string(),
            "the offset is that of the whole text"
        );
        assert!(!error.cursor().unwrap().target().contains("after="));
        assert!(items.next().await.is_none());
    }
}

#[tokio::test]
async fn a_large_page_may_begin_with_a_byte_order_mark_and_end_in_blanks() {
    let body = format!("\u{feff} {} \n", many(MANY, ""));
    let (client, _, _) = client(Canned::new().on("GET", "/api/v1/things", Answer::json(200, body)));
    let all = List::new()
        .attach(&client)
        .items()
        .try_collect()
        .await
        .unwrap();
    assert_eq!(all.len(), MANY);
    let last = (MANY - 1).to_string();
    assert_eq!(all[MANY - 1].id.as_deref(), Some(last.as_str()));
}
