//! Factors that a user has once, and phones that an admin vouches for.

use serde_json::{Value, json};

use super::{log_factor, shelf_of};
use crate::call::Call;
use crate::clock;
use crate::fault::Fault;
use crate::json::text;

/// Makes room for a factor that a user has once: one that waits goes, an active one only for an
/// update.
pub(super) fn make_room(
    call: &mut Call<'_>,
    shelf: &str,
    (kind, provider): (&str, &str),
    update: bool,
) -> Result<(), Fault> {
    let known = call.org.shelf(shelf).values();
    let twin = { known }
        .find(|f| text(f, "/factorType") == kind && text(f, "/provider") == provider)
        .map(|f| (text(f, "/id").to_owned(), f["status"].clone()));
    let Some((id, status)) = twin else {
        return Ok(());
    };
    if status == "ACTIVE" && !update {
        let cause = "Factor already exists.";
        return Err(Fault::validation("factorEnrollRequest", &[cause]));
    }
    call.org.shelf(shelf).remove(&id);
    Ok(())
}

/// A number as phones take it: a plus and eight to fifteen digits, which may stand apart.
fn is_phone(number: &str) -> bool {
    let Some(rest) = number.trim().strip_prefix('+') else {
        return false;
    };
    let digits = rest.chars().filter(char::is_ascii_digit).count();
    let allowed = |c: char| c.is_ascii_digit() || matches!(c, ' ' | '-' | '(' | ')' | '.');
    (8..=15).contains(&digits) && rest.chars().all(allowed)
}

/// Enrols a phone that is active at once, as an admin vouches for it.
pub(in crate::behaviour) fn add_phone(
    call: &mut Call<'_>,
    user: &str,
    kind: &str,
    number: &str,
) -> Result<Value, Fault> {
    if !is_phone(number) {
        return Err(Fault::api(
            400,
            "E0000098",
            "This phone number is invalid.",
            &[],
        ));
    }
    let shelf = shelf_of(user);
    make_room(call, &shelf, (kind, "OKTA"), false)?;
    let prefix = match kind {
        "call" => "clf",
        _ => "mbl",
    };
    let id = call.org.dice.id(prefix);
    let now = clock::zero_millis(call.org.clock.now());
    let factor = json!({
        "id": id, "factorType": kind, "provider": "OKTA", "vendorName": "OKTA", "status": "ACTIVE",
        "created": now, "lastUpdated": now, "profile": { "phoneNumber": number.trim() },
    });
    call.org.shelf(&shelf).put(&id, factor.clone());
    log_factor(call, "user.mfa.factor.activate", user, &factor);
    Ok(factor)
}
