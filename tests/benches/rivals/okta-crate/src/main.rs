//! Lists users or log events with the `okta` crate: `listing-okta-crate users|logs URL`.

#[path = "../../measure.rs"]
mod measure;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let (what, url) = (arguments.next().unwrap(), arguments.next().unwrap());
    let mut client = okta::Client::new("00bench");
    client.with_host_override(url);
    let (count, text) = match what.as_str() {
        "users" => {
            let list = client.users().list_all("", "", "", "", "").await.unwrap().body;
            let text = list.iter().map(|user| user.id.len()).sum();
            (list.len(), text)
        }
        _ => {
            let list = client.logs().get_all(None, None, "", "", "").await.unwrap().body;
            let text = list.iter().map(|event| event.uuid.len()).sum();
            (list.len(), text)
        }
    };
    measure::report(count, text);
}
