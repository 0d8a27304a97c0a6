//! Many objects by id or login with few calls.

use okta_core::bulk::{Found, Lookup, look_up, pick_from_list, pick_or_get};
use okta_core::{Error, Result};

use crate::models::{AppUser, Application, Group, User};
use crate::{apps, groups, users};

impl users::Users {
    /// Users by id: one call for about 150 of them. Reads by `filter`, which is always fresh and
    /// gives deactivated users too.
    ///
    /// # Errors
    /// The first error of a call; an id without a user is [named](Found::missing), no error.
    pub async fn by_ids(&self, ids: &[String]) -> Result<Found<User>> {
        let list = |filter: String| self.list().filter(filter).limit(200);
        look_up(ids, Lookup::by("id"), list, |user| user.id.clone()).await
    }

    /// Users by login, upper and lower case being the same; deactivated ones too.
    ///
    /// Reads the search index; what it does not have is looked up fresh, as it is spelt.
    ///
    /// # Errors
    /// The first error of a call; a login without a user is [named](Found::missing), no error.
    pub async fn by_logins(&self, logins: &[String]) -> Result<Found<User>> {
        let mut lookup = Lookup::by("profile.login");
        lookup.ignore_case = true;
        let login_of = |user: &User| user.profile.as_ref()?.login.clone();
        let search = |search: String| self.list().search(search).limit(200);
        let mut found = look_up(logins, lookup, search, login_of).await?;
        if !found.is_complete() {
            let filter = |filter: String| self.list().filter(filter).limit(200);
            let missing = found.missing.clone();
            found.join(look_up(&missing, lookup, filter, login_of).await?);
        }
        Ok(found)
    }
}

impl groups::Groups {
    /// Groups by id: one call for about 150 of them.
    ///
    /// # Errors
    /// The first error of a call; an id without a group is [named](Found::missing), no error.
    pub async fn by_ids(&self, ids: &[String]) -> Result<Found<Group>> {
        let list = |filter: String| self.list().filter(filter).limit(200);
        look_up(ids, Lookup::by("id"), list, |group| group.id.clone()).await
    }
}

impl groups::users::Users {
    /// The members among these users: the list of members is read until all were found.
    ///
    /// # Errors
    /// The first error of a call; who is no member is [named](Found::missing).
    pub async fn by_ids(&self, ids: &[String]) -> Result<Found<User>> {
        pick_from_list(ids, self.list().limit(1000), |user| user.id.clone()).await
    }
}

impl apps::Apps {
    /// Apps by id: one call for about 150 of them, where the org takes such filters; else the list,
    /// or one by one, whichever needs fewer calls.
    ///
    /// # Errors
    /// The first error of a call; an id without an app is [named](Found::missing), no error.
    pub async fn by_ids(&self, ids: &[String]) -> Result<Found<Application>> {
        let id_of = |app: &Application| app.base().id.clone();
        let list = |filter: String| self.list().filter(filter).limit(200);
        match look_up(ids, Lookup::by("id"), list, id_of).await {
            Err(error) if is_refused_filter(&error) => {
                pick_or_get(ids, self.list().limit(200), id_of, |id| self.get(id)).await
            }
            found => found,
        }
    }
}

impl apps::users::Users {
    /// The app's users among these: from the list, or one by one, whichever needs fewer calls.
    ///
    /// # Errors
    /// The first error of a call; who is not assigned is [named](Found::missing).
    pub async fn by_ids(&self, ids: &[String]) -> Result<Found<AppUser>> {
        let id_of = |user: &AppUser| user.id.clone();
        pick_or_get(ids, self.list().limit(500), id_of, |id| self.get(id)).await
    }
}

fn is_refused_filter(error: &Error) -> bool {
    matches!(error.code(), Some("E0000031" | "E0000053"))
}
