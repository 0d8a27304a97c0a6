//! Mail that the org sends: by Access Requests, and by the mail cards of flows.

use serde_json::{Value, json};

use crate::clock;
use crate::org::Org;

const SHELF: &str = "/_sandbox/mailbox";

/// Sends a mail: it stands in the mailbox.
pub(crate) fn send(org: &mut Org, from: &str, to: &str, subject: &str, body: &str) {
    let id = org.dice.uuid();
    let at = clock::millis(org.clock.now());
    let mail = json!({
        "id": id, "from": from, "to": to, "subject": subject, "body": body, "sent": at,
    });
    org.shelf(SHELF).put(&id, mail);
}

/// All mail, oldest first; to one address if told.
pub(crate) fn mails(org: &Org, to: Option<&str>) -> Vec<Value> {
    let shelf = org.shelves.get(SHELF);
    let mails = shelf.into_iter().flat_map(|shelf| shelf.values());
    mails
        .filter(|mail| to.is_none_or(|to| mail["to"] == to))
        .cloned()
        .collect()
}

pub(crate) fn clear(org: &mut Org) {
    org.shelves.remove(SHELF);
}
