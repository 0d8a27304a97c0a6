//! The emails that the service sends: names, default content, and what a template says of a user.

use serde_json::Value;

use crate::call::Call;
use crate::json::text;
use crate::oauth::access::Principal;

/// An email template of the service.
pub(super) struct Template {
    pub(super) name: &'static str,
    pub(super) subject: &'static str,
    /// The sentence that the default content says.
    line: &'static str,
    /// The variable without which the email would be of no use.
    pub(super) needs: &'static str,
}

const fn template(
    name: &'static str,
    subject: &'static str,
    line: &'static str,
    needs: &'static str,
) -> Template {
    Template {
        name,
        subject,
        line,
        needs,
    }
}

const RESET: &str = "You can choose a new password with this link";
const ACTIVATE: &str = "You can activate your account with this link";
const UNLOCK: &str = "You can unlock your account with this link";
const DENIED: &str = "Your password cannot be reset here. Ask your administrator";
const VERIFY: &str = "You can verify your email address with this link";

/// All templates, in the order of lists.
const TEMPLATES: [Template; 32] = [
    template(
        "UserActivation",
        "Welcome to ${org.name}!",
        ACTIVATE,
        "activationLink",
    ),
    template(
        "ADUserActivation",
        "Welcome to ${org.name}!",
        ACTIVATE,
        "activationLink",
    ),
    template(
        "LDAPUserActivation",
        "Welcome to ${org.name}!",
        ACTIVATE,
        "activationLink",
    ),
    template(
        "RegistrationActivation",
        "Activate your account",
        ACTIVATE,
        "activationLink",
    ),
    template(
        "RegistrationEmailVerification",
        "Verify your email address",
        VERIFY,
        "verificationLink",
    ),
    template(
        "ForgotPassword",
        "Account password reset",
        RESET,
        "resetPasswordLink",
    ),
    template("ForgotPasswordDenied", "Forgotten password", DENIED, ""),
    template(
        "ADForgotPassword",
        "Account password reset",
        RESET,
        "resetPasswordLink",
    ),
    template("ADForgotPasswordDenied", "Forgotten password", DENIED, ""),
    template(
        "LDAPForgotPassword",
        "Account password reset",
        RESET,
        "resetPasswordLink",
    ),
    template("LDAPForgotPasswordDenied", "Forgotten password", DENIED, ""),
    template(
        "PasswordResetByAdmin",
        "Password reset",
        RESET,
        "resetPasswordLink",
    ),
    template(
        "PasswordChanged",
        "Password changed",
        "The password of your account was changed",
        "",
    ),
    template(
        "SelfServiceUnlock",
        "Unlock your account",
        UNLOCK,
        "unlockAccountLink",
    ),
    template(
        "ADSelfServiceUnlock",
        "Unlock your account",
        UNLOCK,
        "unlockAccountLink",
    ),
    template(
        "LDAPSelfServiceUnlock",
        "Unlock your account",
        UNLOCK,
        "unlockAccountLink",
    ),
    template(
        "SelfServiceUnlockOnUnlockedAccount",
        "Unlock your account",
        "Your account is not locked",
        "",
    ),
    template(
        "AccountLockout",
        "Your account is locked",
        "Your account was locked after too many attempts to sign in",
        "",
    ),
    template(
        "EmailChallenge",
        "One-time verification code",
        "You can sign in with this link",
        "emailAuthenticationLink",
    ),
    template(
        "EmailFactorVerification",
        "Confirm your email address",
        "Your code is ${verificationToken}",
        "verificationToken",
    ),
    template(
        "ChangeEmailConfirmation",
        "Confirm your new email address",
        VERIFY,
        "verificationLink",
    ),
    template(
        "EmailChangeConfirmation",
        "Your email address changed",
        "The email address of your account was changed",
        "",
    ),
    template(
        "PendingEmailChange",
        "Pending change of your email address",
        "Somebody asked to change the email address of your account",
        "",
    ),
    template(
        "MyAccountChangeConfirmation",
        "Your account changed",
        "Your account settings were changed",
        "",
    ),
    template(
        "NewSignOnNotification",
        "New sign-on",
        "Somebody signed in to your account from a new device",
        "",
    ),
    template(
        "AuthenticatorEnrolled",
        "Security method enrolled",
        "A security method was added to your account",
        "",
    ),
    template(
        "AuthenticatorReset",
        "Security method reset",
        "A security method was reset for your account",
        "",
    ),
    template(
        "OktaVerifyActivation",
        "Set up Okta Verify",
        "You can set up Okta Verify on your device",
        "",
    ),
    template(
        "IGAReviewerNotification",
        "Access certification campaign started",
        "You have access reviews to do",
        "",
    ),
    template(
        "IGAReviewerPendingNotification",
        "Access reviews are pending",
        "You have access reviews left to do",
        "",
    ),
    template(
        "IGAReviewerEndNotification",
        "Access certification campaign ended",
        "The campaign that you reviewed for ended",
        "",
    ),
    template(
        "IGAReviewerReassigned",
        "Access reviews were reassigned",
        "Access reviews were reassigned to you",
        "",
    ),
];

pub(super) fn all() -> &'static [Template] {
    &TEMPLATES
}

pub(super) fn find(name: &str) -> Option<&'static Template> {
    TEMPLATES.iter().find(|template| template.name == name)
}

impl Template {
    /// The body that the service sends where nobody customized it.
    pub(super) fn body(&self) -> String {
        let line = self.line;
        let link = match self.needs {
            needs if needs.ends_with("Link") => {
                format!(": <a href=\"${{{needs}}}\">${{{needs}}}</a>")
            }
            _ => ".".to_owned(),
        };
        format!(
            "<!DOCTYPE html>\n<html>\n<body>\n<p>${{org.name}}</p>\n\
             <p>Hi ${{user.profile.firstName}},</p>\n<p>{line}{link}</p>\n</body>\n</html>\n"
        )
    }

    /// Whether somebody waits for this email to go on, so that it cannot be withheld.
    pub(super) fn awaited(&self) -> bool {
        matches!(self.name, "EmailChallenge" | "EmailFactorVerification")
    }
}

/// The languages that the service translates its emails to.
const LANGUAGES: [&str; 27] = [
    "cs", "da", "de", "el", "en", "es", "fi", "fr", "hu", "id", "it", "ja", "ko", "ms", "nb",
    "nl-NL", "pl", "pt-BR", "ro", "ru", "sv", "th", "tr", "uk", "vi", "zh-CN", "zh-TW",
];

/// The supported language that a tag names.
pub(super) fn supported(tag: &str) -> Option<&'static str> {
    LANGUAGES
        .iter()
        .find(|language| language.eq_ignore_ascii_case(tag))
        .copied()
}

/// Whether a tag has the form of BCP 47: a language, then subtags of up to eight letters or digits.
pub(super) fn is_tag(tag: &str) -> bool {
    let mut parts = tag.split('-');
    let language = parts.next().unwrap_or_default();
    let letters = language.chars().all(|c| c.is_ascii_alphabetic());
    let subtag = |part: &str| {
        (1..=8).contains(&part.len()) && part.chars().all(|c| c.is_ascii_alphanumeric())
    };
    (2..=8).contains(&language.len()) && letters && parts.all(subtag)
}

/// The user in whose name previews are made: the caller, or the admin where an app calls.
pub(super) fn viewer(call: &Call<'_>) -> Value {
    let id = match &call.principal {
        Principal::Token { user_id, .. } | Principal::User { user_id, .. } => user_id,
        _ => &call.org.admin,
    };
    call.org.users.get(id).cloned().unwrap_or_default()
}

/// What a variable says; nothing where it is not known.
fn value(call: &Call<'_>, user: &Value, org: &Value, name: &str) -> Option<String> {
    let profile = |member: &str| {
        let found = user.pointer(&format!("/profile/{}", member.replace('.', "/")))?;
        Some(
            found
                .as_str()
                .map_or_else(|| found.to_string(), str::to_owned),
        )
    };
    if let Some(member) = name.strip_prefix("user.profile.") {
        return match member {
            "username" => profile("login"),
            "fullName" => Some(format!(
                "{} {}",
                profile("firstName")?,
                profile("lastName")?
            )),
            _ => profile(member),
        };
    }
    if let Some(member) = name.strip_prefix("user.") {
        return profile(member);
    }
    let base = call.base();
    Some(match name {
        "org.name" => text(org, "/companyName").to_owned(),
        "org.subDomain" => call.org.subdomain.clone(),
        "org.locale" => "en".to_owned(),
        "org.activationTokenExpirationHours" => "168".to_owned(),
        "baseURL" => base.to_owned(),
        "oktaLogoUrl" => format!("{base}/assets/img/logos/okta-logo.png"),
        "activationToken" | "recoveryToken" | "oneTimePassword" | "verificationToken" => {
            "123456".to_owned()
        }
        "activationLink" => format!("{base}/welcome/123456"),
        "resetPasswordLink" => format!("{base}/signin/reset-password/123456"),
        "unlockAccountLink" => format!("{base}/signin/unlock/123456"),
        "verificationLink" => format!("{base}/email/verify/123456"),
        "emailAuthenticationLink" => format!("{base}/email/authenticate/123456"),
        _ => return None,
    })
}

/// A reference at the start of a text, which begins behind the dollar sign: its name and length.
fn reference(rest: &str) -> Option<(&str, usize)> {
    let quiet = usize::from(rest.starts_with('!'));
    let inner = &rest[quiet..];
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    if let Some(inner) = inner.strip_prefix('{') {
        let end = inner.find('}')?;
        let name = &inner[..end];
        return name.chars().all(is_part).then_some((name, quiet + end + 2));
    }
    let end = inner.find(|c| !is_part(c)).unwrap_or(inner.len());
    // A full stop or hyphen at the end is the sentence's.
    let name = inner[..end].trim_end_matches(['.', '-']);
    let starts = name.starts_with(|c: char| c.is_ascii_alphabetic());
    starts.then_some((name, quiet + name.len()))
}

/// The text with its variables replaced; unknown ones stay as they are.
pub(super) fn render(call: &Call<'_>, org: &Value, user: &Value, template: &str) -> String {
    let mut rendered = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(place) = rest.find('$') {
        rendered.push_str(&rest[..place]);
        rest = &rest[place + 1..];
        let known = reference(rest)
            .and_then(|(name, length)| Some((value(call, user, org, name)?, length)));
        match known {
            Some((value, length)) => {
                rendered.push_str(&value);
                rest = &rest[length..];
            }
            None => rendered.push('$'),
        }
    }
    rendered + rest
}

/// Whether a text refers to a variable.
pub(super) fn mentions(template: &str, variable: &str) -> bool {
    template
        .match_indices('$')
        .filter_map(|(place, _)| reference(&template[place + 1..]))
        .any(|(name, _)| name == variable)
}
