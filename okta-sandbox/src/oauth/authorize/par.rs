//! Pushed authorization requests.

use super::*;

const PUSHED: &str = "urn:okta:";

/// `POST …/v1/par`: a client leaves its parameters before the browser comes.
pub(crate) fn par(call: &mut Call<'_>) -> Outcome {
    let server = Server::of(call)?;
    let form = Form::of(&call.request.body)?;
    let client = client::authenticate(call, &server, &form)?;
    if form.get("request_uri").is_some() {
        let text = "The 'request_uri' parameter is not allowed in pushed authorization requests.";
        return Err(Fault::oauth(400, "invalid_request", text));
    }
    let mut parameters = form.0;
    parameters.retain(|(name, _)| !name.starts_with("client_"));
    parameters.push(("client_id".into(), text(&client, "/id").to_owned()));
    match Request::read(call, &server, &Form(parameters.clone())) {
        Ok(_) => {}
        Err(Refusal::Person(error, text) | Refusal::Client { error, text, .. }) => {
            return Err(Fault::oauth(400, error, text));
        }
    }
    let name = format!("{PUSHED}{}", call.org.dice.secret(24));
    let pending = Pending {
        server: server.id,
        parameters,
        created: call.org.clock.now().as_second(),
        consented: false,
    };
    call.org.authority.pending.insert(hashed(&name), pending);
    let body = json!({ "request_uri": name, "expires_in": PENDING });
    Ok(Answer::json(201, &body))
}

/// The parameters that a client left, which work once.
pub(super) fn pushed(
    call: &mut Call<'_>,
    server: &Server,
    name: &str,
    client_id: Option<&str>,
) -> Option<Vec<(String, String)>> {
    let now = call.org.clock.now().as_second();
    let key = hashed(name);
    let pending = call.org.authority.pending.get(&key)?;
    let fits = pending.server == server.id
        && name.starts_with(PUSHED)
        && now < pending.created + PENDING
        && Some(pending.client_id()) == client_id;
    if !fits {
        return None;
    }
    let pending = call.org.authority.pending.remove(&key)?;
    Some(pending.parameters)
}
