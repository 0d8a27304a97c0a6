//! Oddities of an org that last, as `POST /_sandbox/quirks` changes them.

use serde::Deserialize;
use serde_json::Value;

use crate::org::Settings;

/// What changes; what is left out stays.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Change {
    admin_host: Option<bool>,
    joined: Option<bool>,
    bare_self: Option<bool>,
    empty_page: Option<bool>,
    search_lag_seconds: Option<u32>,
}

impl Change {
    pub(crate) fn read(body: &Value) -> Result<Self, String> {
        Self::deserialize(body).map_err(|error| error.to_string())
    }

    /// Searches lag so many seconds behind.
    pub(crate) fn search_lag(seconds: u32) -> Self {
        Self {
            search_lag_seconds: Some(seconds),
            ..Self::default()
        }
    }

    pub(crate) fn apply(&self, settings: &mut Settings) {
        let paging = &mut settings.paging;
        for (mine, given) in [
            (&mut paging.admin_host, self.admin_host),
            (&mut paging.joined, self.joined),
            (&mut paging.bare_self, self.bare_self),
            (&mut paging.empty_page, self.empty_page),
        ] {
            *mine = given.unwrap_or(*mine);
        }
        if let Some(seconds) = self.search_lag_seconds {
            settings.search_lag = seconds.into();
        }
    }
}
