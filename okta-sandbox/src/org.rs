//! The state of an org, and what a new org contains.

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::behaviour::{
    api_services, apps, groups, interclient, policies, presets, schemas, users,
};
use crate::clock::{self, Clock};
use crate::durable::{Durable, PartName, Visitor};
use crate::ids::Dice;
use crate::json::text;
use crate::kind::Kind;
use crate::log::Log;
use crate::oauth::authority::Authority;
use crate::oauth::jwk::EcKey;
use crate::paging::PagingQuirks;
use crate::registry::Registry;
use crate::service_app::Credentials;
use crate::shelf::{Relation, Shelf};

/// Names of the parts of `shelves` and `policy_rules` begin so.
const SHELF: &str = "shelf ";
const POLICY_RULES: &str = "policy rules ";

/// How an org behaves, apart from what it contains.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    pub(crate) paging: PagingQuirks,
    pub(crate) kind: Kind,
    /// Resource endpoints demand a nonce in DPoP proofs too.
    pub(crate) dpop_nonce_at_resources: bool,
    /// For how many seconds a search does not see a change of a user or group.
    pub(crate) search_lag: i64,
    /// Seed of all made-up ids; random where unset.
    pub(crate) random_seed: Option<u64>,
}

/// What of an org belongs to no collection, as it is kept on disk.
#[derive(Serialize, Deserialize)]
pub(crate) struct Head {
    dice: Dice,
    log_dice: Dice,
    /// See [`Log::delivered`].
    log_delivered: u64,
    clock_ahead: i64,
    id: String,
    subdomain: String,
    created: String,
    admin: String,
    everyone: String,
    user_type: String,
    app_number: u64,
    signer_pem: String,
    #[serde(default)]
    kind: Kind,
}

/// An org.
pub(crate) struct Org {
    pub(crate) settings: Settings,
    pub(crate) clock: Clock,
    pub(crate) dice: Dice,
    pub(crate) id: String,
    pub(crate) subdomain: String,
    pub(crate) created: String,
    /// The first super admin's id.
    pub(crate) admin: String,
    /// The id of the group Everyone.
    pub(crate) everyone: String,
    /// The id of the default user type.
    pub(crate) user_type: String,
    /// Token to (token id, user id).
    pub(crate) api_tokens: Registry<(String, String)>,
    pub(crate) users: Shelf,
    /// Lower-case login to user id.
    pub(crate) logins: BTreeMap<String, String>,
    pub(crate) passwords: Registry<String>,
    pub(crate) user_types: Shelf,
    /// User schemas by `osc` id, app user schemas by app id, and `group`.
    pub(crate) schemas: Shelf,
    pub(crate) groups: Shelf,
    /// Group to user.
    pub(crate) members: Relation<()>,
    /// Group to user who is a member by a group rule, with the rule's id.
    pub(crate) members_by_rule: Relation<String>,
    pub(crate) rules: Shelf,
    pub(crate) apps: Shelf,
    /// Running number of custom app names.
    pub(crate) app_number: u64,
    /// App to user, with the app user.
    pub(crate) app_users: Relation<Value>,
    /// App to group, with the assignment.
    pub(crate) app_groups: Relation<Value>,
    /// App and kind of policy, with a blank between, to policy.
    pub(crate) app_policies: Registry<String>,
    pub(crate) grants: Shelf,
    pub(crate) policies: Shelf,
    /// Rules by policy.
    pub(crate) policy_rules: HashMap<String, Shelf>,
    /// Collections without rules of their own, by collection path.
    pub(crate) shelves: BTreeMap<String, Shelf>,
    pub(crate) log: Log,
    pub(crate) authority: Authority,
}

impl Org {
    /// A call begins: searches catch up with what is old enough.
    pub(crate) fn begin_call(&mut self) {
        let (now, lag) = (self.clock.now(), self.settings.search_lag);
        let lag = SignedDuration::from_secs(lag);
        self.users.begin_call(now, lag);
        self.groups.begin_call(now, lag);
    }

    /// A new org that knows the printed credentials.
    pub(crate) fn new(credentials: &Credentials, settings: Settings, authority: Authority) -> Self {
        let seed = settings.random_seed.unwrap_or_else(crate::ids::random_seed);
        let mut dice = Dice::new(seed);
        let clock = Clock::default();
        let head = Head {
            log_delivered: 0,
            clock_ahead: 0,
            id: dice.id("00o"),
            subdomain: "sandbox".to_owned(),
            created: clock::zero_millis(clock.now()),
            admin: dice.id("00u"),
            everyone: dice.id("00g"),
            user_type: dice.id("oty"),
            app_number: 0,
            log_dice: Dice::new(dice.next()),
            dice,
            signer_pem: String::new(),
            kind: settings.kind,
        };
        let mut org = Self::empty(head, settings, authority);
        org.furnish(credentials);
        org
    }

    /// The org of a head, without any objects.
    fn empty(head: Head, settings: Settings, authority: Authority) -> Self {
        let mut clock = Clock::default();
        clock.skew(head.clock_ahead);
        let mut log = Log::new(0);
        log.set_dice(head.log_dice);
        log.delivered = head.log_delivered;
        Self {
            settings,
            id: head.id,
            subdomain: head.subdomain,
            admin: head.admin,
            everyone: head.everyone,
            user_type: head.user_type,
            log,
            dice: head.dice,
            clock,
            created: head.created,
            api_tokens: Registry::default(),
            users: Shelf::default(),
            logins: BTreeMap::new(),
            passwords: Registry::default(),
            user_types: Shelf::default(),
            schemas: Shelf::default(),
            groups: Shelf::default(),
            members: Relation::default(),
            members_by_rule: Relation::default(),
            rules: Shelf::default(),
            apps: Shelf::default(),
            app_number: head.app_number,
            app_users: Relation::default(),
            app_groups: Relation::default(),
            app_policies: Registry::default(),
            grants: Shelf::default(),
            policies: Shelf::default(),
            policy_rules: HashMap::new(),
            shelves: BTreeMap::new(),
            authority,
        }
    }

    /// The org that a kept head begins; its parts must be restored next.
    pub(crate) fn of_head(
        head: Head,
        settings: Settings,
    ) -> Result<Self, aws_lc_rs::error::Unspecified> {
        let signer = EcKey::from_pem(&head.signer_pem)?;
        let mut settings = settings;
        settings.kind = head.kind;
        let authority = Authority::with_signer(signer);
        Ok(Self::empty(head, settings, authority))
    }

    /// What is kept on disk beside the parts.
    pub(crate) fn head(&self) -> Head {
        Head {
            dice: self.dice.clone(),
            log_dice: self.log.dice().clone(),
            log_delivered: self.log.delivered,
            clock_ahead: self.clock.ahead(),
            id: self.id.clone(),
            subdomain: self.subdomain.clone(),
            created: self.created.clone(),
            admin: self.admin.clone(),
            everyone: self.everyone.clone(),
            user_type: self.user_type.clone(),
            app_number: self.app_number,
            signer_pem: self.authority.signer_pem().to_owned(),
            kind: self.settings.kind,
        }
    }

    /// Hands out each part that is kept on disk, by name.
    pub(crate) fn each_part(&mut self, visit: Visitor<'_>) {
        // Names every field, so that a new one is not forgotten: it is a part, or in the head, or
        // found anew in `restored`.
        let Self {
            settings: _,
            clock: _,
            dice: _,
            id: _,
            subdomain: _,
            created: _,
            admin: _,
            everyone: _,
            user_type: _,
            app_number: _,
            logins: _,
            api_tokens,
            users,
            passwords,
            user_types,
            schemas,
            groups,
            members,
            members_by_rule,
            rules,
            apps,
            app_users,
            app_groups,
            app_policies,
            grants,
            policies,
            policy_rules,
            shelves,
            log,
            authority,
        } = self;
        let parts: [(&'static str, &mut dyn Durable); 16] = [
            ("api tokens", api_tokens),
            ("users", users),
            ("passwords", passwords),
            ("user types", user_types),
            ("schemas", schemas),
            ("groups", groups),
            ("members", members),
            ("members by rule", members_by_rule),
            ("rules", rules),
            ("apps", apps),
            ("app users", app_users),
            ("app groups", app_groups),
            ("app policies", app_policies),
            ("grants", grants),
            ("policies", policies),
            ("log", log),
        ];
        for (name, part) in parts {
            visit(PartName(name, ""), part);
        }
        for (policy, shelf) in policy_rules {
            visit(PartName(POLICY_RULES, policy), shelf);
        }
        for (path, shelf) in shelves {
            visit(PartName(SHELF, path), shelf);
        }
        authority.each_part(visit);
    }

    /// Takes kept objects into the part of a name; none if there is no such part or one cannot be
    /// read.
    pub(crate) fn restore(&mut self, name: &str, objects: &[(String, Vec<u8>)]) -> Option<()> {
        fn fill(part: &mut dyn Durable, objects: &[(String, Vec<u8>)]) -> Option<()> {
            let mut objects = objects.iter();
            objects.try_for_each(|(key, bytes)| part.restore(key, bytes))
        }
        if let Some(path) = name.strip_prefix(SHELF) {
            return fill(self.shelf(path), objects);
        }
        if let Some(policy) = name.strip_prefix(POLICY_RULES) {
            let rules = self.policy_rules.entry(policy.to_owned()).or_default();
            return fill(rules, objects);
        }
        let mut done = None;
        self.each_part(&mut |PartName(known, of), part| {
            if known == name && of.is_empty() {
                done = fill(part, objects);
            }
        });
        done
    }

    /// Finds anew what is not kept on disk.
    pub(crate) fn restored(&mut self) {
        for user in self.users.values() {
            let login = text(user, "/profile/login").to_lowercase();
            self.logins.insert(login, text(user, "/id").to_owned());
        }
    }

    /// Puts in what every new org has.
    fn furnish(&mut self, credentials: &Credentials) {
        let now = self.created.clone();
        let description = "Okta user profile template with default permission settings";
        let kind = json!({
            "id": self.user_type, "displayName": "User", "name": "user", "description": description,
            "createdBy": self.admin, "lastUpdatedBy": self.admin, "created": now, "lastUpdated": now,
            "default": true,
        });
        self.user_types.put(&self.user_type, kind);
        let mut schema = schemas::user_schema("User", &now);
        schema["description"] = json!(description);
        self.schemas.put(&self.user_schema_id(), schema);
        self.schemas.put("group", schemas::group_schema(&now));

        let profile =
            json!({ "name": "Everyone", "description": "All users in your organization" });
        let everyone = groups::fresh(&self.everyone, "BUILT_IN", &profile, &now);
        self.groups.put(&self.everyone.clone(), everyone);

        let login = "admin@sandbox.example.com";
        users::add_user(
            self,
            json!({
                "id": self.admin, "status": "ACTIVE", "created": now, "activated": now, "statusChanged": now,
                "lastLogin": now, "lastUpdated": now, "passwordChanged": now, "type": { "id": self.user_type },
                "profile": {
                    "firstName": "Sandbox", "lastName": "Admin", "mobilePhone": null, "secondEmail": null,
                    "login": login, "email": login,
                },
                "credentials": {
                    "password": {}, "provider": { "type": "OKTA", "name": "OKTA" },
                    "emails": [{ "value": login, "status": "VERIFIED", "type": "PRIMARY" }],
                },
            }),
        );
        crate::admin::make_first_admin(self, &now);
        let token_id = self.dice.id("00T");
        self.api_tokens.insert(
            credentials.api_token.clone(),
            (token_id, self.admin.clone()),
        );
        policies::add_built_in(self);
        apps::add_built_in(self);
        crate::engine::add_built_in(self);
        presets::add(self);
        credentials.register(self);
    }

    /// The id of the default user type's schema.
    pub(crate) fn user_schema_id(&self) -> String {
        self.user_type.replacen("oty", "osc", 1)
    }

    /// The scopes that are granted to the client.
    pub(crate) fn granted_scopes(&self, client: &str) -> HashSet<&str> {
        let own = self.grants.values().filter(|g| g["clientId"] == client);
        let own = own.map(|g| text(g, "/scopeId"));
        own.chain(api_services::granted(self, client)).collect()
    }

    /// True if the scope is granted to the client.
    pub(crate) fn has_grant(&self, client: &str, scope: &str) -> bool {
        self.granted_scopes(client).contains(scope)
    }

    /// The system policy of a type.
    pub(crate) fn default_policy(&self, kind: &str) -> Option<String> {
        let found = self
            .policies
            .values()
            .find(|p| text(p, "/type") == kind && p["system"] == true);
        found.map(|p| text(p, "/id").to_owned())
    }

    /// Removes an app with all that hangs on it.
    pub(crate) fn remove_app(&mut self, id: &str) {
        self.apps.remove(id);
        self.schemas.remove(id);
        self.app_users.remove_left(id);
        self.app_groups.remove_left(id);
        let prefix = format!("{id} ");
        self.app_policies.retain(|key, _| !key.starts_with(&prefix));
        for family in [
            "api/v1/apps",
            "api/v1/identity-sources",
            "oauth2/v1/clients",
        ] {
            self.remove_below(&format!("/{family}/{id}/"));
        }
        apps::forget(self, id);
        interclient::forget(self, id);
        let grants: Vec<String> = self
            .grants
            .values()
            .filter(|g| text(g, "/clientId") == id)
            .map(|g| text(g, "/id").to_owned())
            .collect();
        for grant in grants {
            self.grants.remove(&grant);
        }
        self.authority.revoke_client(id);
    }

    /// Removes the collections whose paths begin so.
    pub(crate) fn remove_below(&mut self, start: &str) {
        let behind = self.shelves.range(start.to_owned()..).map(|(path, _)| path);
        let below = behind.take_while(|path| path.starts_with(start));
        for path in below.cloned().collect::<Vec<String>>() {
            self.shelves.remove(&path);
        }
    }

    /// The collection at a path.
    pub(crate) fn shelf(&mut self, path: &str) -> &mut Shelf {
        self.shelves.entry(path.to_owned()).or_default()
    }

    /// Counts for `GET /_sandbox/state`.
    pub(crate) fn summary(&self) -> Value {
        json!({
            "orgId": self.id, "now": clock::millis(self.clock.now()), "users": self.users.len(),
            "groups": self.groups.len(), "apps": self.apps.len(), "groupRules": self.rules.len(),
            "grants": self.grants.len(), "policies": self.policies.len(),
            "events": self.log.last_place(),
            "collections": self.shelves.iter().map(|(path, shelf)| (path.clone(), json!(shelf.len())))
                .collect::<serde_json::Map<_, _>>(),
        })
    }
}
