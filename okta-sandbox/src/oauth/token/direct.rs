//! The grants of direct authentication: passcodes and out-of-band challenges, as the first factor or
//! the second.

use serde_json::Value;

use super::{Issued, MFA_OTP, OTP, complete, invalid_grant, proof, user_scopes};
use crate::behaviour::factors;
use crate::call::Call;
use crate::fault::Fault;
use crate::json::text;
use crate::log::user_target;
use crate::oauth::approvals::{Approval, Channel};
use crate::oauth::authority::hashed;
use crate::oauth::client::Form;
use crate::oauth::direct::{self, Method};
use crate::oauth::mint::SignIn;
use crate::oauth::server::Server;
use crate::oauth::sign_in;

const VERIFIED: &str = "user.authentication.auth_via_mfa";

fn invalid() -> Fault {
    invalid_grant("The credentials provided were invalid.")
}

/// A sign-in by one method; by a second one if the app's policy wants that.
pub(super) fn first(
    call: &mut Call<'_>,
    server: &Server,
    client: Value,
    form: &Form,
    grant_type: &str,
) -> Result<Issued, Fault> {
    let bound_to = proof(call, &client)?;
    let requested = form.get("scope").unwrap_or_default();
    let scopes = user_scopes(call, server, text(&client, "/id"), requested)?;
    let (user_id, method) = match grant_type {
        OTP => {
            let login = form.need("login_hint")?;
            let otp = form.need("otp")?;
            let user = sign_in::find_user(call.org, login);
            let user = user.filter(|id| sign_in::is_active(call.org, id));
            let user = user.ok_or_else(invalid)?;
            check_otp(call, &user, otp)?;
            (user, Method::Otp)
        }
        _ => redeem_oob(call, server, &client, form, None)?,
    };
    if !sign_in::is_assigned(call.org, &client, &user_id) {
        let text = "User isn't assigned to the client app.";
        return Err(Fault::oauth(400, "access_denied", text));
    }
    direct::need_second(call, server, &client, &user_id, &scopes, method)?;
    let sign_in = SignIn {
        user_id,
        auth_time: call.org.clock.now().as_second(),
        nonce: None,
        amr: direct::amr(&[method]),
        family: call.org.dice.secret(16),
    };
    complete(call, server, client, sign_in, scopes, bound_to, grant_type)
}

/// The second factor of a sign-in that was told `mfa_required`.
pub(super) fn second(
    call: &mut Call<'_>,
    server: &Server,
    client: Value,
    form: &Form,
    grant_type: &str,
) -> Result<Issued, Fault> {
    let bound_to = proof(call, &client)?;
    let token = form.need("mfa_token")?;
    let half = direct::half(call, server, &client, token)?;
    let scopes = match form.get("scope") {
        Some(requested) => user_scopes(call, server, text(&client, "/id"), requested)?,
        None => half.scopes.clone(),
    };
    let method = match grant_type {
        MFA_OTP if half.first == Method::Otp => return Err(invalid()),
        MFA_OTP => {
            check_otp(call, &half.user_id, form.need("otp")?)?;
            Method::Otp
        }
        _ => redeem_oob(call, server, &client, form, Some(hashed(token)))?.1,
    };
    call.org.authority.halves.remove(&hashed(token));
    let sign_in = SignIn {
        user_id: half.user_id,
        auth_time: call.org.clock.now().as_second(),
        nonce: None,
        amr: direct::amr(&[half.first, method]),
        family: call.org.dice.secret(16),
    };
    complete(call, server, client, sign_in, scopes, bound_to, grant_type)
}

/// Checks a passcode, and logs what came of it.
fn check_otp(call: &mut Call<'_>, user_id: &str, otp: &str) -> Result<(), Fault> {
    let right = direct::is_enrolled(call.org, user_id, Method::Otp) && factors::is_right_code(otp);
    verified(call, user_id, right)
}

fn verified(call: &mut Call<'_>, user_id: &str, right: bool) -> Result<(), Fault> {
    let target = call.org.users.get(user_id).map(user_target);
    let target = target.into_iter().collect();
    match right {
        true => {
            call.log(VERIFIED, target);
            Ok(())
        }
        false => {
            call.log_failure(VERIFIED, target, "INVALID_CREDENTIALS");
            Err(invalid())
        }
    }
}

/// The user of an `oob_code` who allowed the push, or whose code is right.
fn redeem_oob(
    call: &mut Call<'_>,
    server: &Server,
    client: &Value,
    form: &Form,
    mfa: Option<String>,
) -> Result<(String, Method), Fault> {
    let key = hashed(form.need("oob_code")?);
    let now = call.org.clock.now().as_second();
    let own = |a: &Approval| {
        a.channel != Channel::Back
            && a.server == server.id
            && a.client_id == text(client, "/id")
            && a.mfa == mfa
    };
    let approvals = &mut call.org.authority.approvals;
    let approval = approvals.get_mut(&key).filter(|a| own(a));
    let approval =
        approval.ok_or_else(|| invalid_grant("The 'oob_code' is invalid or has expired."))?;
    let user_id = approval.user_id.clone();
    let method = Method::of(approval.channel);
    if approval.channel == Channel::Push {
        approval.poll.ask(now, "'oob_code'")?;
    } else {
        let code = form.need("binding_code")?;
        if !approval.poll.is_open(now) {
            let text = "The 'oob_code' is invalid or has expired.";
            return Err(Fault::oauth(400, "expired_token", text));
        }
        verified(call, &user_id, factors::is_right_code(code))?;
    }
    call.org.authority.approvals.remove(&key);
    Ok((user_id, method))
}
