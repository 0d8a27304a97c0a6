//! The pages that are listed: generated objects of usual size.

#[path = "../codec/bodies.rs"]
#[allow(dead_code)]
mod bodies;

/// Pages of a list, and objects on each.
pub(crate) fn shape(what: &str) -> (usize, usize) {
    match what {
        "users" => (500, 200),
        _ => (200, 1000),
    }
}

/// How many objects a side must see, and how long their ids are together.
pub(crate) fn expected(what: &str) -> (usize, usize) {
    let (pages, objects) = shape(what);
    let id = if what == "users" { 20 } else { 36 };
    (pages * objects, pages * objects * id)
}

/// Distinct pages; the list goes round over them.
const DISTINCT: usize = 16;

pub(crate) fn make(what: &str) -> Vec<String> {
    let (_, objects) = shape(what);
    (0..DISTINCT)
        .map(|page| {
            let numbers = page * objects..(page + 1) * objects;
            let list: Vec<String> = match what {
                "users" => numbers.map(user).collect(),
                _ => bodies::log_events(numbers.end)
                    .split_off(numbers.start)
                    .into_iter()
                    .map(|event| longer(&event))
                    .collect(),
            };
            format!("[{}]", list.join(","))
        })
        .collect()
}

/// What a user of a list looks like, with three attributes of the org's own.
fn user(n: usize) -> String {
    format!(
        concat!(
            r#"{{"id":"00u{n:017}","status":"ACTIVE","created":"2023-04-{day:02}T08:15:30.000Z","activated":"2023-04-{day:02}T08:15:31.000Z","#,
            r#""statusChanged":"2023-04-{day:02}T08:15:31.000Z","lastLogin":null,"lastUpdated":"2024-01-{day:02}T17:00:00.000Z","passwordChanged":null,"#,
            r#""type":{{"id":"oty1p5xjn7dTO2k1J5d7"}},"profile":{{"firstName":"First{n}","lastName":"Last{n}","mobilePhone":null,"secondEmail":null,"#,
            r#""login":"first{n}.last@example.com","email":"first{n}.last@example.com","department":"Department {day}","title":"Engineer","#,
            r#""costCenter":"C-{n:05}","employeeNumber":"{n:06}","badgeNumber":{n},"shirtSize":"M"}},"#,
            r#""credentials":{{"provider":{{"type":"OKTA","name":"OKTA"}}}},"_links":{{"self":{{"href":"https://acme.okta.com/api/v1/users/00u{n:017}"}}}}}}"#,
        ),
        n = n,
        day = n % 28 + 1,
    )
}

/// Events of signing in carry more details than those of the other benchmark.
fn longer(event: &str) -> String {
    let details = concat!(
        r#""debugData":{"behaviors":"{New Geo-Location=NEGATIVE, New Device=NEGATIVE, New IP=POSITIVE, New State=NEGATIVE, New Country=NEGATIVE}","#,
        r#""risk":"{reasons=Anomalous Device, level=MEDIUM}","dtHash":"d8e8fca2dc0f896fd7cb4cb0031ba249d8e8fca2dc0f896fd7cb4cb0031ba249","#,
        r#""threatSuspected":"false","deviceFingerprint":"541daf91d15bef64a7e08c946fd9a9d0","authnRequestId":"Zc0nTq3lR3W9ZxT6m2mJqQAABCk","#,
        r#""initiationType":"SP_INITIATED","signOnMode":"OpenID Connect","#,
    );
    event.replacen(r#""debugData":{"#, details, 1)
}
