//! What each action card of the Okta connector does.

mod apps;
mod custom;
mod groups;
mod imports;
mod links;
mod lists;
mod rules;
mod search;
mod users;

use okta_core::model::Value as Encoded;
use okta_core::operation::Operation;
use okta_core::{Client, Json};

use crate::card::types::{Object, Value};
use crate::error::CardError;
use crate::project::Aliases;
use crate::run::{self, Outputs, Run};

pub(crate) use apps::*;
pub(crate) use custom::{custom_api_action, relative, send};
pub(crate) use groups::*;
pub(crate) use imports::*;
pub(crate) use links::*;
pub(crate) use lists::*;
pub(crate) use rules::*;
pub(crate) use search::*;
pub(crate) use users::*;

/// What the cards work with.
pub(crate) type Service = Client;

type Cx<'a> = Run<'a, Service>;

/// Choice that means: the id is an input.
const ENTER_APP: &str = "-- Enter Application ID --";

/// A request model from its JSON members.
pub(crate) fn model<M: Encoded>(members: Object) -> Result<M, CardError> {
    let text = Value::Object(members).to_string();
    let (model, _) = okta_core::model::decode(text.as_bytes()).map_err(okta_core::Error::from)?;
    Ok(model)
}

impl<S: Sync> Run<'_, S> {
    /// Sends an operation and shows only how it went.
    pub(crate) async fn done(&self, operation: impl Operation) -> Outputs {
        Ok(self.status(operation.send_raw().await?.status()))
    }

    /// Sends an operation and shows its answer.
    pub(crate) async fn answer(&self, operation: impl Operation, aliases: Aliases<'_>) -> Outputs {
        Ok(self.project(&self.body_of(operation).await?, aliases))
    }

    /// The answer of an operation as JSON.
    pub(crate) async fn body_of(&self, operation: impl Operation) -> Result<Value, CardError> {
        let raw = operation.send_raw().await?;
        // Decodes it as the operation promises, so that an HTML page is an error here too.
        let json: Json = raw.decode()?;
        json.to().map_err(|_| self.odd("the answer is no JSON"))
    }

    /// The app: chosen on the card's face, or an input.
    pub(crate) fn app(
        &self,
        choice: &str,
        input: Option<String>,
        field: &str,
    ) -> Result<String, CardError> {
        match choice {
            "" | ENTER_APP => self.required(field, input),
            id => Ok(id.to_owned()),
        }
    }
}

/// `user.id` and the like may not be empty.
pub(crate) use run::{members, text};
