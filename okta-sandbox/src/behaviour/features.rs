//! Features that an admin switches on and off, and what each needs.

use serde_json::{Value, json};

use super::presets::FEATURES_AT;
use crate::call::{Call, Handler, Outcome};
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::{remove, text};

/// The behaviour of an operation of this family.
pub(crate) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listFeatures" => list,
        "getFeature" => get,
        "listFeatureDependencies" => dependencies,
        "listFeatureDependents" => dependents,
        "updateFeatureLifecycle" => switch,
        _ => return None,
    })
}

fn all(call: &mut Call<'_>) -> Vec<Value> {
    call.org.shelf(FEATURES_AT).values().cloned().collect()
}

fn named(call: &mut Call<'_>) -> Result<Value, Fault> {
    call.stored(FEATURES_AT, 0, "Feature")
}

fn view(call: &Call<'_>, feature: &Value) -> Value {
    let own = format!("{}{FEATURES_AT}/{}", call.base(), text(feature, "/id"));
    let step = match text(feature, "/status") {
        "ENABLED" => "disable",
        _ => "enable",
    };
    let mut shown = feature.clone();
    remove(&mut shown, "needs");
    shown["_links"] = json!({
        step: { "href": format!("{own}/{step}"), "hints": { "allow": ["POST"] } },
        "dependents": { "href": format!("{own}/dependents") },
        "dependencies": { "href": format!("{own}/dependencies") },
        "self": { "href": own },
    });
    shown
}

fn answer(call: &Call<'_>, features: &[Value]) -> Outcome {
    let shown: Vec<Value> = features.iter().map(|feature| view(call, feature)).collect();
    Ok(Answer::ok(&json!(shown)))
}

fn list(call: &mut Call<'_>) -> Outcome {
    let features = all(call);
    answer(call, &features)
}

fn get(call: &mut Call<'_>) -> Outcome {
    let feature = named(call)?;
    Ok(Answer::ok(&view(call, &feature)))
}

fn needs(feature: &Value, other: &Value) -> bool {
    feature["needs"]
        .as_array()
        .is_some_and(|needs| needs.contains(&other["id"]))
}

fn needed(call: &mut Call<'_>, feature: &Value) -> Vec<Value> {
    all(call)
        .into_iter()
        .filter(|other| needs(feature, other))
        .collect()
}

fn needing(call: &mut Call<'_>, feature: &Value) -> Vec<Value> {
    all(call)
        .into_iter()
        .filter(|other| needs(other, feature))
        .collect()
}

fn dependencies(call: &mut Call<'_>) -> Outcome {
    let feature = named(call)?;
    let found = needed(call, &feature);
    answer(call, &found)
}

fn dependents(call: &mut Call<'_>) -> Outcome {
    let feature = named(call)?;
    let found = needing(call, &feature);
    answer(call, &found)
}

/// Switching needs `mode=force` where other features have to be switched along.
fn switch(call: &mut Call<'_>) -> Outcome {
    let feature = named(call)?;
    let status = match call.parameter(1).to_ascii_lowercase().as_str() {
        "enable" => "ENABLED",
        "disable" => "DISABLED",
        _ => return Err(Fault::code("E0000008", &[])),
    };
    let along = match status {
        "ENABLED" => needed(call, &feature),
        _ => needing(call, &feature),
    };
    let along: Vec<Value> = along
        .into_iter()
        .filter(|other| other["status"] != status)
        .collect();
    let forced = call
        .request
        .query("mode")
        .is_some_and(|mode| mode.eq_ignore_ascii_case("force"));
    if !along.is_empty() && !forced {
        let cause = "Other features have to be switched along; use mode=force";
        return Err(Fault::validation("feature", &[cause]));
    }
    for one in along.iter().chain([&feature]) {
        let id = text(one, "/id").to_owned();
        if let Some(stored) = call.org.shelf(FEATURES_AT).get_mut(&id) {
            stored["status"] = json!(status);
        }
    }
    let feature = named(call)?;
    Ok(Answer::ok(&view(call, &feature)))
}
