//! A connector of one's own: a badge access system with two actions and one event, served over HTTP so that a flow's
//! API card can call it. Without arguments it serves on a free port, calls itself once, and ends; `--serve` keeps it.

mod badges;

use std::sync::Arc;

use badges::{System, connector};
use okta_workflows::serve::{Access, router};
use okta_workflows::{CardCall, Registry};
use serde_json::json;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let connector = connector(&System::default());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("badge connector on http://{}", listener.local_addr()?);
    let app = router(
        Arc::new(connector.clone()),
        Access::ClientToken("badge-token".into()),
    );
    let server = tokio::spawn(async move { axum::serve(listener, app).await });
    if std::env::args().any(|argument| argument == "--serve") {
        return Ok(server.await??);
    }

    // The same cards in a program, by name, with JSON in and out.
    let cards = Registry::new().with(connector);
    let door = cards.event("badges/door_opened")?;
    let start = door.poll(&serde_json::Map::new(), None).await?;
    let call: CardCall =
        serde_json::from_value(json!({"inputs": {"holder": "ana@example.com", "doors": "lab"}}))?;
    println!(
        "issued: {}",
        json!(cards.run("badges/issue_badge", call.clone()).await?)
    );
    println!(
        "again: {}",
        cards
            .run("badges/issue_badge", call)
            .await
            .err()
            .ok_or("a second badge")?
    );
    println!(
        "opened: {}",
        json!(
            door.poll(&serde_json::Map::new(), start.cursor.as_ref())
                .await?
                .events
        )
    );
    Ok(())
}
