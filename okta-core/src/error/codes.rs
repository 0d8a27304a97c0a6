//! What the service's codes usually mean for a caller, and the next step: own findings, one
//! sentence a code. Codes that say it all themselves, or mean something else per API, are not here.

/// The hint of a code of the form `E0000007`.
pub(super) fn hint(code: &str) -> Option<&'static str> {
    let at = HINTS.binary_search_by_key(&code, |(code, _)| code).ok()?;
    Some(HINTS[at].1)
}

const MEDIA: &str = "the Accept or Content-Type header does not fit this endpoint";
const STATUS: &str =
    "the user's present status does not allow this step: read the user's status first";
const MASTERED: &str = "the value belongs to another directory or app: change it there, or change the profile source or mapping";
const GONE: &str = "the endpoint was withdrawn: use its successor in the API reference";
const LATER: &str = "a part of the service is unavailable for now; repeat later";
const TOO_MANY_MESSAGES: &str =
    "the allowance of text messages or calls is used up: wait, or offer the user another factor";
const JUST_SENT: &str = "a message or call is already on its way to the user: wait before another";
const CODE_WRONG: &str =
    "the one-time code was wrong, too late or used before: ask the user for a new one";
const LINK: &str = "one-time links serve once and for a limited time: issue a new one";
const HOOK: &str =
    "the inline hook's own server failed: look at its log, its URL and its answer's form";
const SCIM: &str = "the app's provisioning server answered wrongly: look at its log";
const OBJECT_GONE: &str =
    "the object was deleted or deactivated: drop its id, or enrol the factor or device anew";
const WHO_GETS_ROLES: &str =
    "an admin role cannot go to this group or app: assign it to another one, or to the users";
const EXISTS: &str =
    "an object with this name or key is there already: read it and update it, or choose another";
const IN_USE: &str = "something else still uses it; take it out there first, the text names where";
const FULL: &str =
    "the org holds as many of these as it may: delete one, or ask Okta for a higher limit";
const LICENCE: &str = "the org's edition does not have this feature; ask Okta to enable it";
const PARALLEL: &str = "another write on the same objects is under way; repeat after some seconds, one writer at a time";
const SETTING_UP: &str = "the object is still being set up by the service; repeat in some minutes";
const BRAND: &str =
    "the default brand and customization are fixed: create another and change that one";
const MAIL_SERVER: &str = "the mail server refused the connection or the login: check host, port, credentials and that it is reachable from the internet";
const FILTER: &str = "the filter cannot be parsed or names a field that cannot be filtered on";
const TRUST_CLAIMS: &str = "a policy rule relies on this identity provider's claims: change the rule first, or trust another provider's claims";
const ENROLMENT: &str = "the enrolment lacks what the authenticator's settings demand: enrol again with it, or relax the settings";
const SUBDOMAIN: &str = "the subdomain is taken, reserved or too long: choose another";

/// Sorted by code, one line a code.
#[rustfmt::skip]
static HINTS: &[(&str, &str)] = &[
    ("E0000001", "a field or a precondition was refused; the causes name it"),
    ("E0000002", "the request as a whole makes no sense to the endpoint: compare its parameters with the operation's description"),
    ("E0000003", "a member of the body has a type or value that the service cannot read; compare it with the operation's request model"),
    ("E0000004", "wrong user name, password or session token; for an API call, use an API token or a service app"),
    ("E0000005", "no usable credential reached the service: give the client an API token or a service app"),
    ("E0000006", "the scope was right but the admin role is missing: assign a role that covers this resource to the service app or to the API token's owner"),
    ("E0000007", "no object with this id, or the caller's admin role cannot see it"),
    ("E0000008", "the path is no endpoint of this org: check the path and that the org has the feature"),
    ("E0000009", "a fault inside the service; repeat later and give Okta support the request id"),
    ("E0000010", "the service is in maintenance and refuses writes; reads work, repeat the write later"),
    ("E0000011", "the token is unknown, expired or revoked, or belongs to another org: create a new one or check the org URL"),
    ("E0000012", MEDIA),
    ("E0000013", "the client id names no active app of this org: check it and the org URL"),
    ("E0000014", "the old password is wrong, or the new credential breaks the policy"),
    ("E0000015", "the org does not have the feature or licence of this endpoint (the service says 401, but the credential is fine); ask Okta to enable it"),
    ("E0000016", "the user is active already; nothing to do"),
    ("E0000017", STATUS),
    ("E0000018", MEDIA),
    ("E0000019", MEDIA),
    ("E0000021", MEDIA),
    ("E0000022", "the path exists, but not with this method"),
    ("E0000023", MASTERED),
    ("E0000024", "this kind of app does not allow the operation, or the app is not active"),
    ("E0000026", GONE),
    ("E0000028", "a required parameter is missing: compare the call with the operation's description"),
    ("E0000029", "the cursor was not issued by this list, or it expired: start again from the first page"),
    ("E0000030", "dates in filters need ISO 8601 with milliseconds, such as 2026-01-31T00:00:00.000Z"),
    ("E0000031", "the search or filter names an unknown attribute or operator, or its quotes do not match"),
    ("E0000032", STATUS),
    ("E0000033", "use either search or filter/q, not both"),
    ("E0000034", STATUS),
    ("E0000035", STATUS),
    ("E0000036", STATUS),
    ("E0000037", "a value has another type than the schema of this attribute: read the schema and convert the value"),
    ("E0000038", STATUS),
    ("E0000040", "another app has this label: choose another, or update that app"),
    ("E0000041", "the app's sign-on scheme sets these credentials itself: leave them out, or change the scheme"),
    ("E0000045", "a mapping names an attribute that one of its two schemas lacks, or its expression is wrong"),
    ("E0000047", "the rate limit is exhausted: wait for the reset, or lower the load"),
    ("E0000048", "the on-premises provisioning entity is unknown"),
    ("E0000049", SCIM),
    ("E0000051", SCIM),
    ("E0000053", FILTER),
    ("E0000054", "startIndex or count is out of range"),
    ("E0000055", EXISTS),
    ("E0000056", "deactivate the app before deleting it; built-in apps cannot be deleted"),
    ("E0000057", "the app's sign-on policy refuses this user here: read the app's policy rules"),
    ("E0000058", "the app's sign-on policy demands another factor: the user must sign in with it"),
    ("E0000059", "the connector's test call failed: check its URL and credentials, and that it can be reached from the internet"),
    ("E0000062", "the user has the app already: update the assignment instead"),
    ("E0000063", "two of the parameters exclude each other: send one of them"),
    ("E0000064", "the user must set a new password before anything else"),
    ("E0000066", "push messages need the org's own certificate or key: configure the push provider first"),
    ("E0000067", "the factor's provider did not answer in time; repeat later"),
    ("E0000068", CODE_WRONG),
    ("E0000069", "too many wrong codes locked the user: unlock the user, or wait for the policy's time"),
    ("E0000073", "the user declined the prompt: ask the user, then start again"),
    ("E0000074", "the factor's provider refused the request: check the factor's settings and the phone number or device"),
    ("E0000075", MASTERED),
    ("E0000076", MASTERED),
    ("E0000077", "the schema makes this attribute read-only: leave it out of the update, or change the schema"),
    ("E0000078", "the attribute is fixed after creation: leave it out of the update"),
    ("E0000079", "the sign-in is at another step: follow the links of the last answer"),
    ("E0000080", "the password breaks the password policy: read the policy that counts for this user"),
    ("E0000081", "the app reserves this attribute: leave it out of the update"),
    ("E0000082", CODE_WRONG),
    ("E0000083", CODE_WRONG),
    ("E0000086", "the policy lacks something that it needs to be active: look at its rules and conditions"),
    ("E0000087", "the answer to the recovery question was wrong"),
    ("E0000088", SUBDOMAIN),
    ("E0000090", "the role is assigned already; nothing to do"),
    ("E0000091", "this target fits another type of role: read the assignment's type first"),
    ("E0000092", "the app's sign-on policy wants a fresh sign-in: the user must sign in again"),
    ("E0000093", "the role assignment has as many targets as it may: drop one, or use a custom role with a resource set"),
    ("E0000094", FILTER),
    ("E0000096", "the key is registered already: use the kid that the message names"),
    ("E0000097", "the user has no confirmed phone number: enrol and verify one first"),
    ("E0000098", "the phone number is not valid: write it with + and the country code"),
    ("E0000099", "the org's edition or settings limit phone numbers to some countries; ask Okta to open others"),
    ("E0000100", "the search index does not answer for now; repeat later, or read objects by id"),
    ("E0000105", LINK),
    ("E0000107", "the object's state does not allow this step: read it first"),
    ("E0000108", EXISTS),
    ("E0000109", JUST_SENT),
    ("E0000110", LINK),
    ("E0000111", "built-in objects of this kind are read-only: create one of your own"),
    ("E0000112", SETTING_UP),
    ("E0000117", "activate the user first, then assign apps or change app profiles"),
    ("E0000118", JUST_SENT),
    ("E0000119", "the account is locked: unlock the user, or wait for the policy's time"),
    ("E0000120", "the domain belongs to another org: remove it there first"),
    ("E0000121", "the phone extension is not valid: digits only"),
    ("E0000122", MEDIA),
    ("E0000123", "the schema's enum and oneOf lists must hold the same values"),
    ("E0000124", "expiring a password at creation needs a password and activate=true"),
    ("E0000125", "expiring a password at creation needs a password and activate=true"),
    ("E0000132", "the device is registered for this user already; nothing to do"),
    ("E0000133", JUST_SENT),
    ("E0000134", HOOK),
    ("E0000135", HOOK),
    ("E0000136", "the phone number is enrolled already: use that enrolment, or remove it first"),
    ("E0000137", "the inline hook's server took too long: answer within three seconds, or move slow work out of it"),
    ("E0000138", LATER),
    ("E0000139", LATER),
    ("E0000140", "the receiver has blocked messages from this sender: another factor is needed"),
    ("E0000141", "another feature depends on it, or it on another: read the feature's dependencies and dependents first"),
    ("E0000142", "the user type is the default one, or users still have it: move them first"),
    ("E0000145", "some profiles no longer fit the changed schema: update these users' profiles, or take the schema's change back"),
    ("E0000146", TOO_MANY_MESSAGES),
    ("E0000147", TOO_MANY_MESSAGES),
    ("E0000148", "an authenticator policy still needs it; the causes name the policies"),
    ("E0000149", MEDIA),
    ("E0000150", TOO_MANY_MESSAGES),
    ("E0000151", TOO_MANY_MESSAGES),
    ("E0000152", "the device's state does not allow this step: read its status first; it must be deactivated before it is deleted"),
    ("E0000153", OBJECT_GONE),
    ("E0000154", OBJECT_GONE),
    ("E0000155", "the user is suspended, locked or deactivated: change that first"),
    ("E0000156", OBJECT_GONE),
    ("E0000157", "the org has one active authenticator of this kind: update or deactivate that one"),
    ("E0000158", ENROLMENT),
    ("E0000159", ENROLMENT),
    ("E0000161", "the domain is registered already: read the list of domains"),
    ("E0000162", FULL),
    ("E0000163", "no custom domain with this id in the org: read the list of domains"),
    ("E0000165", "publish the DNS records that the domain's object names, then verify it"),
    ("E0000166", "an org has one CAPTCHA at most: update that one, or delete it first"),
    ("E0000168", "take the CAPTCHA out of the org-wide settings before you delete it"),
    ("E0000176", "the log stream's target refused: check the account, region and names, and that the org may use it"),
    ("E0000178", "a realm must be empty and not the default before it can be deleted"),
    ("E0000179", "a required attribute comes from another source: assign its value there, or make it optional"),
    ("E0000180", "activate the factor before it is used"),
    ("E0000181", LATER),
    ("E0000182", "each template has one default customization: update that one"),
    ("E0000183", "this language has a customization: update that one"),
    ("E0000184", "make another customization the default before you delete this one"),
    ("E0000185", "make another customization the default instead"),
    ("E0000186", TOO_MANY_MESSAGES),
    ("E0000187", IN_USE),
    ("E0000188", PARALLEL),
    ("E0000191", "the user did not answer in time: start the verification again"),
    ("E0000192", WHO_GETS_ROLES),
    ("E0000193", WHO_GETS_ROLES),
    ("E0000194", WHO_GETS_ROLES),
    ("E0000195", "the object's present state does not allow it; the causes name what stands against it"),
    ("E0000197", "the email domain is registered already: read the list of email domains"),
    ("E0000198", "no email domain with this id in the org: read the list of email domains"),
    ("E0000200", BRAND),
    ("E0000201", "give the brand's domains and email domains to another brand first"),
    ("E0000202", EXISTS),
    ("E0000204", TOO_MANY_MESSAGES),
    ("E0000205", TOO_MANY_MESSAGES),
    ("E0000207", "wrong user name or password"),
    ("E0000209", IN_USE),
    ("E0000211", WHO_GETS_ROLES),
    ("E0000213", BRAND),
    ("E0000215", GONE),
    ("E0000217", "the email domain's state does not allow it: read its validation status first"),
    ("E0000218", "publish the DNS records that the email domain's object names, wait until DNS shows them, then verify"),
    ("E0000219", "a rule demands a phishing-resistant authenticator and this is the last: add another or change the rule first"),
    ("E0000220", FULL),
    ("E0000221", FULL),
    ("E0000222", "deactivate the mail server that is active, then activate this one"),
    ("E0000223", MAIL_SERVER),
    ("E0000224", MAIL_SERVER),
    ("E0000225", FULL),
    ("E0000226", "set up a telephony inline hook or provider first; the phone authenticator sends through it"),
    ("E0000227", WHO_GETS_ROLES),
    ("E0000228", LICENCE),
    ("E0000229", ENROLMENT),
    ("E0000231", "the object changed since it was read: read it again and repeat"),
    ("E0000232", "the user has an enrolment with this nickname: choose another"),
    ("E0000233", LICENCE),
    ("E0000235", "a resource of the set is written wrongly: give its ORN or its URL within this org"),
    ("E0000236", "write the language as a BCP 47 tag, such as pt-BR"),
    ("E0000237", "this language is not offered for email templates: read the template's list of languages"),
    ("E0000239", "policies or group rules are being written in parallel; repeat after some seconds, one writer at a time"),
    ("E0000240", "the on-premises agent did not answer in time: look at its host and log, then repeat"),
    ("E0000241", "no on-premises agent is connected: start one, or look at its network"),
    ("E0000242", "If-Match must carry the ETag exactly as the service sent it"),
    ("E0000245", "a chain of authentication methods must not begin with a password or question: put a possession factor first"),
    ("E0000246", IN_USE),
    ("E0000247", LICENCE),
    ("E0000248", IN_USE),
    ("E0000249", SETTING_UP),
    ("E0000250", TRUST_CLAIMS),
    ("E0000251", TRUST_CLAIMS),
    ("E0000252", TRUST_CLAIMS),
    ("E0000253", SETTING_UP),
    ("E0000254", PARALLEL),
    ("E0000257", BRAND),
    ("E0000260", "the org itself is deactivated: its owner must ask Okta"),
    ("E0000261", "the linked user is unknown, or the link would join a user to itself"),
    ("E0000262", IN_USE),
    ("E0000263", "the role is assigned already; nothing to do"),
    ("E0000264", "set up a telephony inline hook or provider first; the phone authenticator sends through it"),
    ("E0000265", "the device is being registered already: wait for that to end"),
    ("E0000268", PARALLEL),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_well_formed_unique_and_sorted() {
        for (code, text) in HINTS {
            let number = code.strip_prefix('E').unwrap_or_default();
            assert!(
                number.len() == 7 && number.bytes().all(|b| b.is_ascii_digit()),
                "{code}"
            );
            assert!(!text.is_empty() && text.len() <= 160, "{code}: {text}");
            assert!(
                !text.contains('\n') && !text.ends_with('.'),
                "{code}: {text}"
            );
            assert_eq!(hint(code), Some(*text));
        }
        assert!(HINTS.is_sorted_by(|(a, _), (b, _)| a < b));
        assert!(HINTS.len() >= 60, "{}", HINTS.len());
        assert_eq!(hint("E9999999"), None);
        assert_eq!(hint("invalid_client"), None);
    }
}
