//! Profiles as the user's own types.

use okta_core::model::{MemberError, Model as _};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::models::User;

impl User {
    /// The profile as a type of one's own, such as one that the example `profile-codegen` wrote. An absent profile
    /// reads as an empty one.
    ///
    /// # Errors
    /// If the profile does not fit the type.
    pub fn profile_as<P: DeserializeOwned>(&self) -> Result<P, MemberError> {
        match &self.profile {
            Some(profile) => profile.view(),
            None => crate::models::UserProfile::default().view(),
        }
    }

    /// Takes over what a type of one's own holds; attributes that it does not have stay as they are.
    ///
    /// # Errors
    /// If the type does not serialize to an object.
    pub fn set_profile<P: Serialize>(&mut self, profile: &P) -> Result<(), MemberError> {
        self.profile.get_or_insert_default().merge(profile)
    }
}
