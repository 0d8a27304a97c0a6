//! stub
use super::*;
use crate::error::{Error, Result};
use crate::scope::Scopes;
use async_trait::async_trait;
use std::time::Duration;
/// stub
#[derive(Clone, Copy, Debug)]
pub enum Dpop {
    /// a
    Auto,
    /// b
    Always,
    /// c
    Never,
}
/// stub
#[derive(Debug)]
pub struct ServiceApp;
impl ServiceApp {
    /// stub
    pub fn new(
        _id: impl Into<String>,
        _key: PrivateKey,
        _scopes: impl Into<Scopes>,
    ) -> Result<Self> {
        Err(Error::config("not there yet"))
    }
    /// stub
    pub fn dpop(self, _dpop: Dpop) -> Self {
        self
    }
    /// stub
    pub fn renew_before_expiry(self, _d: Duration) -> Self {
        self
    }
}
#[async_trait]
impl Credential for ServiceApp {
    async fn authorize(&self, _cx: &AuthContext<'_>, _headers: &mut HeaderMap) -> Result<()> {
        Ok(())
    }
}
