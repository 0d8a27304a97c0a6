//! Delegates: who decides in somebody's place.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{caller, filter, fits, not_found, org_settings, page, stamped};
use crate::call::{Call, Handler, Outcome};
use crate::clock;
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::{remove, text};
use crate::log::user_target;
use crate::org::Org;

pub(super) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "getMySettings" => my,
        "updateMySettings" => update_my,
        "updatePrincipalSettings" => update,
        "listDelegateAppointments" => list,
        "listMyDelegateUsers" => candidates,
        _ => return None,
    })
}

/// Appointments by who appointed: each has one delegate at most.
pub(super) const SHELF: &str = "/governance/api/v1/delegates";

const LONGEST_NOTE: usize = 1000;

/// Who decides for a person at a time.
pub(super) fn delegate_of(org: &Org, person: &str, now: Timestamp) -> Option<String> {
    let appointment = org.shelves.get(SHELF)?.get(person)?;
    let time = |member: &str| clock::parse(text(appointment, member));
    let begun = time("/startTime").is_none_or(|start| start <= now);
    let ended = time("/endTime").is_some_and(|end| end <= now);
    let delegate = text(appointment, "/delegate/externalId");
    let works = org.users.get(delegate).map(|user| text(user, "/status"));
    (begun && !ended && works == Some("ACTIVE")).then(|| delegate.to_owned())
}

fn appointments(org: &Org, person: &str) -> Vec<Value> {
    let kept = org.shelves.get(SHELF).and_then(|shelf| shelf.get(person));
    kept.into_iter().cloned().collect()
}

/// The appointments of a person as their own settings show them: whose they are is plain.
fn shown(org: &Org, person: &str) -> Value {
    let mut appointments = appointments(org, person);
    for one in &mut appointments {
        remove(one, "delegator");
        let user = org.users.get(text(one, "/delegate/externalId"));
        for name in ["firstName", "lastName", "email"] {
            if let Some(value) = user.and_then(|user| user["profile"][name].as_str()) {
                one["delegate"][name] = json!(value);
            }
        }
    }
    let (permissions, only) = org_settings::delegation(org);
    json!({ "delegates": {
        "appointments": appointments, "permissions": permissions, "onlyFor": only,
    } })
}

fn my(call: &mut Call<'_>) -> Outcome {
    let me = caller(call);
    if !call.org.users.contains(&me) {
        return Err(not_found());
    }
    Ok(Answer::ok(&shown(call.org, &me)))
}

fn wrong(cause: &str) -> Fault {
    Fault::validation("delegates", &[cause])
}

fn check(org: &Org, appointment: &Value, person: &str) -> Result<(), Fault> {
    let delegate = text(appointment, "/delegate/externalId");
    if appointment.pointer("/delegate/type") != Some(&json!("OKTA_USER")) {
        return Err(wrong("delegate.type: must be OKTA_USER"));
    }
    let Some(user) = org.users.get(delegate) else {
        let cause = format!("delegate.externalId: {delegate} not found");
        return Err(wrong(&cause));
    };
    if user["status"] != "ACTIVE" {
        return Err(wrong("delegate.externalId: The delegate must be active."));
    }
    if delegate == person {
        let cause = "delegate.externalId: A person cannot be their own delegate.";
        return Err(wrong(cause));
    }
    if text(appointment, "/note").chars().count() > LONGEST_NOTE {
        return Err(wrong("note: must be at most 1000 characters long"));
    }
    let mut times = [None; 2];
    for (time, member) in times.iter_mut().zip(["startTime", "endTime"]) {
        if !appointment[member].is_null() {
            let parsed = appointment[member].as_str().and_then(clock::parse);
            *time = Some(parsed.ok_or_else(|| wrong(&format!("{member}: must be a date-time")))?);
        }
    }
    match times {
        [_, Some(end)] if end <= org.clock.now() => Err(wrong("endTime: must be in the future")),
        [Some(start), Some(end)] if end <= start => Err(wrong("endTime: must be after startTime")),
        _ => Ok(()),
    }
}

/// Sets or ends the appointment of a person, as a body says.
fn appoint(call: &mut Call<'_>, person: &str) -> Result<(), Fault> {
    let body = call.request.object()?;
    let Some(wanted) = body.pointer("/delegates/appointments") else {
        return Ok(());
    };
    match wanted.as_array().map_or(&[][..], Vec::as_slice) {
        [] => {
            call.org.shelf(SHELF).remove(person);
        }
        [one] => {
            check(call.org, one, person)?;
            let before = appointments(call.org, person).pop();
            let id = call.org.dice.id("gda");
            let mut kept = stamped(call, &id);
            if let Some(before) = before.filter(|b| b["delegate"] == one["delegate"]) {
                for member in ["id", "created", "createdBy"] {
                    kept[member] = before[member].clone();
                }
            }
            let delegate = text(one, "/delegate/externalId");
            kept["delegate"] = json!({ "externalId": delegate, "type": "OKTA_USER" });
            kept["delegator"] = json!({ "externalId": person, "type": "OKTA_USER" });
            for member in ["note", "startTime", "endTime"] {
                if !one[member].is_null() {
                    kept[member] = one[member].clone();
                }
            }
            call.org.shelf(SHELF).put(person, kept);
        }
        _ => return Err(wrong("appointments: must have at most 1 item")),
    }
    let target = call.org.users.get(person).map(user_target);
    call.log(
        "governance.principal.settings.update",
        target.into_iter().collect(),
    );
    Ok(())
}

fn update_my(call: &mut Call<'_>) -> Outcome {
    let me = caller(call);
    if !call.org.users.contains(&me) {
        return Err(not_found());
    }
    if !org_settings::may_appoint(call.org) {
        return Err(Fault::code("E0000006", &[]));
    }
    let body = call.request.object()?;
    let chosen = text(&body, "/delegates/appointments/0/delegate/externalId");
    if call.org.users.contains(chosen) && !org_settings::may_be_chosen(call.org, &me, chosen) {
        let cause = "delegate.externalId: The org does not let you appoint this user.";
        return Err(wrong(cause));
    }
    appoint(call, &me)?;
    let mut settings = shown(call.org, &me);
    remove(&mut settings["delegates"], "onlyFor");
    Ok(Answer::ok(&settings))
}

fn update(call: &mut Call<'_>) -> Outcome {
    let person = call.parameter(0);
    if !call.org.users.contains(person) {
        return Err(not_found());
    }
    appoint(call, person)?;
    let appointments = appointments(call.org, person);
    Ok(Answer::ok(
        &json!({ "delegates": { "appointments": appointments } }),
    ))
}

fn list(call: &mut Call<'_>) -> Outcome {
    let filter = filter(call)?;
    call.org.shelf(SHELF);
    let hits = call.org.shelves[SHELF].placed().filter(|(_, one)| {
        let about = json!({ "delegatorId": one["delegator"]["externalId"] });
        fits(filter.as_ref(), &about)
    });
    page(call, hits, Value::clone)
}

/// Active people but oneself. Whoever may appoint anybody has to look for somebody.
fn candidates(call: &mut Call<'_>) -> Outcome {
    let Some(filter) = filter(call)? else {
        let cause = "filter: The field cannot be left blank";
        return Err(Fault::validation("filter", &[cause]));
    };
    let me = caller(call);
    let hits = call.org.users.placed().filter(|(_, user)| {
        text(user, "/status") == "ACTIVE"
            && text(user, "/id") != me
            && org_settings::may_be_chosen(call.org, &me, text(user, "/id"))
            && fits(Some(&filter), &user["profile"])
    });
    page(call, hits, |user| {
        let name = |part: &str| user["profile"][part].clone();
        json!({ "id": user["id"], "firstName": name("firstName"), "lastName": name("lastName"),
            "email": name("email") })
    })
}
