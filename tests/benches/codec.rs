//! Speed of the model codec against plain serde derives of the same shapes.
//!
//! ```text
//! cargo bench -p okta-tests --bench codec              all families
//! cargo bench -p okta-tests --bench codec -- users     one
//! ```
//!
//! Recorded bodies come from `OKTA_RECORDED` (default `../shared/recorded/open.jsonl.gz` beside the workspace), log
//! events are made after the schema. Bodies are put together to pages of at most 200 objects, tens of MB a family. Both
//! sides run in turn, round by round, and the medians are compared: neighbours on the machine hit both alike. Dropping
//! is not measured. Bodies that the derive refuses are left out for both.
//!
//! Rates are per byte of input (decode) and of output (encode). The codec writes everything back, the derive only what
//! it knows, so that equal rates per byte mean more time per object for the codec.
#![allow(missing_docs)]

#[path = "codec/bodies.rs"]
mod bodies;
#[rustfmt::skip]
#[path = "codec/twin.rs"]
#[allow(dead_code, clippy::all, unreachable_pub)]
mod twin;

use std::hint::black_box;
use std::time::Instant;

use okta_core::json::Reader;
use okta_core::model::{Value, decode, encode};
use okta_governance::campaigns::models::CampaignFull;
use okta_management::logs::models::LogEvent;
use okta_management::shared::models::{
    Application, Group, OpenIdConnectApplication, SamlApplication, User,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

const PAGE: usize = 200;
const BYTES: usize = 12_000_000;
const ROUNDS: usize = 9;

fn main() {
    let only = std::env::args()
        .skip(1)
        .find(|argument| !argument.starts_with('-'));
    let default = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../shared/recorded/open.jsonl.gz"
    );
    let path = std::env::var("OKTA_RECORDED").unwrap_or_else(|_| default.to_owned());
    let families = bodies::recorded(&path);
    let recorded = |family: &str| families.get(family).cloned().unwrap_or_default();
    let apps_of = |mode: &str| {
        let mark = format!("\"signOnMode\":\"{mode}\"");
        recorded("apps")
            .into_iter()
            .filter(|body| body.contains(&mark))
            .collect::<Vec<_>>()
    };
    let run = |family: &str, measure: &dyn Fn()| {
        if only.as_deref().is_none_or(|only| family.starts_with(only)) {
            measure();
        }
    };
    run("users", &|| {
        compare::<User, twin::User>("users", &recorded("users"))
    });
    run("groups", &|| {
        compare::<Group, twin::Group>("groups", &recorded("groups"))
    });
    run("apps", &|| {
        compare::<Application, twin::Application>("apps, as unions", &recorded("apps"))
    });
    run("apps", &|| {
        compare::<SamlApplication, twin::SamlApplication>("apps, SAML alone", &apps_of("SAML_2_0"))
    });
    run("apps", &|| {
        let bodies = apps_of("OPENID_CONNECT");
        compare::<OpenIdConnectApplication, twin::OpenIdConnectApplication>(
            "apps, OIDC alone",
            &bodies,
        );
    });
    run("campaigns", &|| {
        compare::<CampaignFull, twin::CampaignFull>("campaigns", &recorded("campaigns"))
    });
    run("logs", &|| {
        compare::<LogEvent, twin::LogEvent>("logs", &bodies::log_events(1000))
    });
}

/// Seconds to do something with every page; what it gives is dropped outside the clock.
fn time<P, R>(pages: &[P], work: &dyn Fn(&P) -> R) -> f64 {
    let mut seconds = 0.0;
    for page in pages {
        let started = Instant::now();
        let result = black_box(work(page));
        seconds += started.elapsed().as_secs_f64();
        drop(result);
    }
    seconds
}

fn pages(bodies: &[&String]) -> Vec<String> {
    let (mut pages, mut total) = (Vec::new(), 0);
    let mut bodies = bodies.iter().cycle();
    while total < BYTES {
        let page: Vec<&str> = bodies
            .by_ref()
            .take(PAGE)
            .map(|body| body.as_str())
            .collect();
        let page = format!("[{}]", page.join(","));
        total += page.len();
        pages.push(page);
    }
    pages
}

fn compare<Ours: Value, Twin: DeserializeOwned + Serialize>(family: &str, bodies: &[String]) {
    let accepted: Vec<&String> = bodies
        .iter()
        .filter(|body| serde_json::from_str::<Twin>(body).is_ok())
        .collect();
    if accepted.is_empty() {
        return println!("{family}: no bodies");
    }
    let pages = pages(&accepted);
    let ours: Vec<Vec<Ours>> = pages
        .iter()
        .map(|page| decode(page.as_bytes()).expect("decodes").0)
        .collect();
    let twins: Vec<Vec<Twin>> = pages
        .iter()
        .map(|page| serde_json::from_str(page).expect("decodes"))
        .collect();
    let size = |bytes: usize| bytes as f64 / 1e6;
    let input = size(pages.iter().map(String::len).sum());
    let our_output = size(ours.iter().map(|list| encode(list).len()).sum());
    let twin_output = size(
        twins
            .iter()
            .map(|list| serde_json::to_vec(list).expect("encodes").len())
            .sum(),
    );

    let decode_ours = |page: &String| decode::<Vec<Ours>>(page.as_bytes()).expect("decodes").0;
    let decode_twin =
        |page: &String| serde_json::from_slice::<Vec<Twin>>(page.as_bytes()).expect("decodes");
    let encode_ours = |list: &Vec<Ours>| encode(list);
    let encode_twin = |list: &Vec<Twin>| serde_json::to_vec(list).expect("encodes");
    let values = |page: &String| {
        serde_json::from_slice::<serde_json::Value>(page.as_bytes()).expect("decodes")
    };
    let utf8 = |page: &String| {
        simdutf8::basic::from_utf8(page.as_bytes())
            .expect("UTF-8")
            .len()
    };
    let skip_ours = |page: &String| {
        Reader::new(page.as_bytes())
            .and_then(|mut reader| reader.skip())
            .expect("JSON")
    };
    let skip_jiter = |page: &String| {
        jiter::Jiter::new(page.as_bytes())
            .next_skip()
            .expect("JSON")
    };
    let walk_ours = |page: &String| walk(&mut Reader::new(page.as_bytes()).expect("UTF-8"));
    let walk_jiter = |page: &String| walk_with_jiter(&mut jiter::Jiter::new(page.as_bytes()), None);

    let mut seconds: [Vec<f64>; 10] = Default::default();
    for _ in 0..ROUNDS {
        seconds[0].push(time(&pages, &decode_ours));
        seconds[1].push(time(&pages, &decode_twin));
        seconds[2].push(time(&ours, &encode_ours));
        seconds[3].push(time(&twins, &encode_twin));
        seconds[4].push(time(&pages, &values));
        seconds[5].push(time(&pages, &utf8));
        seconds[6].push(time(&pages, &skip_ours));
        seconds[7].push(time(&pages, &skip_jiter));
        seconds[8].push(time(&pages, &walk_ours));
        seconds[9].push(time(&pages, &walk_jiter));
    }
    let seconds = seconds.map(|mut rounds| {
        rounds.sort_by(f64::total_cmp);
        rounds[rounds.len() / 2]
    });
    println!(
        "{family}: {} bodies ({} refused by the derive), {input:.1} MB",
        accepted.len(),
        bodies.len() - accepted.len()
    );
    let row = |what: &str, ours: f64, twin: f64| {
        println!(
            "  {what:<20} {ours:6.0} MB/s, {twin:6.0} MB/s: {:.2}",
            ours / twin
        )
    };
    row("decode, derive", input / seconds[0], input / seconds[1]);
    row(
        "encode, derive",
        our_output / seconds[2],
        twin_output / seconds[3],
    );
    println!(
        "  {:<20} {our_output:.1} MB in {:.1} ms, {twin_output:.1} MB in {:.1} ms: {:.2}",
        "  the same as time",
        seconds[2] * 1e3,
        seconds[3] * 1e3,
        seconds[3] / seconds[2]
    );
    row("reader skip, jiter", input / seconds[6], input / seconds[7]);
    row("reader walk, jiter", input / seconds[8], input / seconds[9]);
    println!(
        "  serde_json::Value {:.0} MB/s, UTF-8 alone {:.0} MB/s",
        input / seconds[4],
        input / seconds[5]
    );
}

/// Takes every name, string and number; gives the length of all text, so that nothing is optimised away.
fn walk(reader: &mut Reader<'_>) -> usize {
    use okta_core::json::Kind;
    let mut total = 0;
    match reader.kind().expect("JSON") {
        Kind::Object => {
            let mut more = reader.begin_object().expect("JSON");
            while more {
                total += reader.key().expect("JSON").len() + walk(reader);
                more = reader.more_members().expect("JSON");
            }
        }
        Kind::Array => {
            let mut more = reader.begin_array().expect("JSON");
            while more {
                total += walk(reader);
                more = reader.more_elements().expect("JSON");
            }
        }
        Kind::String => total += reader.string().expect("JSON").len(),
        Kind::Integer | Kind::Number => total += reader.number().expect("JSON").len(),
        Kind::Boolean => total += usize::from(reader.boolean().expect("JSON")),
        Kind::Null => reader.null().expect("JSON"),
    }
    total
}

fn walk_with_jiter(jiter: &mut jiter::Jiter<'_>, known: Option<jiter::Peek>) -> usize {
    use jiter::Peek;
    let mut total = 0;
    match known.unwrap_or_else(|| jiter.peek().expect("JSON")) {
        Peek::Object => {
            let mut key = jiter.known_object().expect("JSON").map(str::len);
            while let Some(length) = key {
                total += length + walk_with_jiter(jiter, None);
                key = jiter.next_key().expect("JSON").map(str::len);
            }
        }
        Peek::Array => {
            let mut peek = jiter.known_array().expect("JSON");
            while let Some(element) = peek {
                total += walk_with_jiter(jiter, Some(element));
                peek = jiter.array_step().expect("JSON");
            }
        }
        Peek::String => total += jiter.known_str().expect("JSON").len(),
        Peek::True | Peek::False => total += usize::from(jiter.next_bool().expect("JSON")),
        Peek::Null => jiter.next_null().expect("JSON"),
        _ => total += jiter.next_number_bytes().expect("JSON").len(),
    }
    total
}
