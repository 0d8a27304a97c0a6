//! stub
use crate::error::{Error, Result};
/// stub
#[derive(Clone, Debug)]
pub struct PrivateKey;
impl PrivateKey {
    /// stub
    pub fn from_any(_text: &str, _key_id: Option<&str>) -> Result<Self> {
        Err(Error::config("not there yet"))
    }
}
