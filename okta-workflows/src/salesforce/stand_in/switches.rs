//! What a test can switch.

/// What tests may switch.
#[derive(Clone, Copy, Debug)]
pub struct Switches {
    /// How long an access token lives, in seconds of the stand-in's clock. Default two hours.
    pub token_seconds: i64,
    /// A refresh gives a new refresh token, and the old one is dead.
    pub rotate_refresh_tokens: bool,
    /// Records of a query's page. Default 2000.
    pub page_size: usize,
    /// API requests of a day. Default 15 000.
    pub daily_limit: u64,
    /// Licences for active users. Default 10.
    pub user_licences: usize,
    /// So many of the next writes find the record locked.
    pub locked_writes: u32,
    /// So many of the next requests find the service down (503, HTML).
    pub unavailable: u32,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            token_seconds: 7200,
            rotate_refresh_tokens: false,
            page_size: 2000,
            daily_limit: 15_000,
            user_licences: 10,
            locked_writes: 0,
            unavailable: 0,
        }
    }
}
