//! What has an order: policies, their rules, and those of authorization servers.

use okta_core::model::{Value, decode, encode};
use okta_core::{Client, Operation, Result};

use super::plan::Entry;
use super::sealed::Sealed;
use super::{Ordered, OrderedParent};
use crate::models::{
    AuthorizationServerPolicy, AuthorizationServerPolicyRule, AuthorizationServerPolicyRuleRequest,
    CreateOrUpdatePolicy, Policy, PolicyRule, PolicyRuleType, PolicyType,
};
use crate::{authorization_servers, policies};

/// The policies of one type.
#[derive(Clone, Debug)]
pub struct Policies {
    calls: policies::Policies,
    type_: PolicyType,
}

/// The rules of one policy.
#[derive(Clone, Debug)]
pub struct PolicyRules {
    calls: policies::rules::Rules,
}

/// The policies of an authorization server.
#[derive(Clone, Debug)]
pub struct AuthorizationServerPolicies {
    calls: authorization_servers::policies::Policies,
}

/// The rules of a policy of an authorization server.
#[derive(Clone, Debug)]
pub struct AuthorizationServerPolicyRules {
    calls: authorization_servers::policies::rules::Rules,
}

impl policies::Policies {
    /// Writes the policies of a type in order.
    pub fn ordered(&self, type_: impl Into<PolicyType>) -> Ordered<Policies> {
        Ordered::new(Policies {
            calls: self.clone(),
            type_: type_.into(),
        })
    }
}

macro_rules! ordered {
    ($calls:path => $parent:ident) => {
        impl $calls {
            /// Writes them in order.
            pub fn ordered(&self) -> Ordered<$parent> {
                Ordered::new($parent {
                    calls: self.clone(),
                })
            }
        }
    };
}

ordered!(policies::rules::Rules => PolicyRules);
ordered!(authorization_servers::policies::Policies => AuthorizationServerPolicies);
ordered!(authorization_servers::policies::rules::Rules => AuthorizationServerPolicyRules);

/// `$to_new` makes the body of a replacement from a listed item.
macro_rules! parent {
    (
        $parent:ident, $item:ty, $new:ty, $($module:ident)::+,
        list $self:ident $list:expr,
        lane $lane:expr,
        fields $fields:ident $base:expr, $base_mut:expr,
        keeps_number $keeps:expr
    ) => {
        impl Sealed for $parent {}

        impl OrderedParent for $parent {
            type Item = $item;
            type New = $new;
            type List = $($module)::+::List;
            type Replace = $($module)::+::Replace;
            type Create = $($module)::+::Create;

            fn client(&self) -> &Client {
                &self.calls.client
            }

            fn lane(&$self) -> String {
                $lane
            }

            fn list(&$self) -> Self::List {
                $list
            }

            fn create(&self, new: &$new) -> Self::Create {
                self.calls.create(new)
            }

            fn made(made: <Self::Create as Operation>::Output) -> Result<$item> {
                recast(&made)
            }

            fn replace(&self, item: &$item, priority: i64) -> Result<Self::Replace> {
                let id = Self::entry(item).id;
                let mut changed = item.clone();
                let $fields = &mut changed;
                $base_mut.priority = Some(priority);
                Ok(self.calls.replace(id, &recast::<$item, $new>(&changed)?))
            }

            fn entry(item: &$item) -> Entry {
                let $fields = item;
                let fields = $base;
                Entry {
                    id: fields.id.clone().unwrap_or_default(),
                    name: fields.name.clone().unwrap_or_default(),
                    system: fields.system == Some(true),
                    priority: fields.priority,
                    keeps_number: $keeps(fields),
                }
            }
        }
    };
}

parent!(
    Policies, Policy, CreateOrUpdatePolicy, policies,
    list self self.calls.list(self.type_.clone()),
    lane format!("/api/v1/policies?type={}", self.type_.as_str()),
    fields policy policy.base(), policy.base_mut(),
    keeps_number |_| false
);
parent!(
    PolicyRules, PolicyRule, PolicyRule, policies::rules,
    list self self.calls.list(),
    lane format!("/api/v1/policies/{}/rules", self.calls.policy_id),
    fields rule rule.base(), rule.base_mut(),
    keeps_number |rule: &crate::models::PolicyRuleBase| rule.type_ == Some(PolicyRuleType::AccessPolicy)
);
parent!(
    AuthorizationServerPolicies, AuthorizationServerPolicy, AuthorizationServerPolicy,
    authorization_servers::policies,
    list self self.calls.list(),
    lane format!("/api/v1/authorizationServers/{}/policies", self.calls.auth_server_id),
    fields policy policy, policy,
    keeps_number |_| false
);
parent!(
    AuthorizationServerPolicyRules, AuthorizationServerPolicyRule,
    AuthorizationServerPolicyRuleRequest, authorization_servers::policies::rules,
    list self self.calls.list(),
    lane format!(
        "/api/v1/authorizationServers/{}/policies/{}/rules",
        self.calls.auth_server_id, self.calls.policy_id
    ),
    fields rule rule, rule,
    keeps_number |_| false
);

/// The same JSON object as another type.
fn recast<A: Value, B: Value>(value: &A) -> Result<B> {
    Ok(decode::<B>(&encode(value))?.0)
}
