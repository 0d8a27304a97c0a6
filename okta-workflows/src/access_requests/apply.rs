//! Making the calls of a plan, and looking again.

use std::fmt;

use okta_core::Error;
use serde::Serialize;

use super::plan::{self, Made};
use super::survey::Survey;
use super::{Diagnosis, Doctor, Step};

/// What [`Doctor::apply`] did.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Treatment {
    /// Calls made, in order, each with its request id.
    pub done: Vec<(Step, Option<String>)>,
    /// All checks, made anew afterwards.
    pub after: Diagnosis,
}

/// A call of the plan failed. The calls before it stand, and another [`Doctor::apply`] does the
/// rest: also where the answer was lost on the way and the call was carried out.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Interrupted {
    /// Calls that were made before, each with its request id.
    pub done: Vec<(Step, Option<String>)>,
    /// The one that failed.
    pub step: Step,
    /// Why.
    pub error: Error,
}

impl fmt::Display for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "could not {} ({} {}); {} calls before it stand, another run does the rest",
            self.step.what,
            self.step.method,
            self.step.path,
            self.done.len()
        )
    }
}

impl std::error::Error for Interrupted {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

impl Doctor {
    /// Makes the calls of the plan, one after the other, and looks again. A second run finds
    /// nothing to do; one after an interruption does the rest. Nothing is removed or replaced.
    ///
    /// # Errors
    /// [`Interrupted`] by the first call that fails, unless the org shows that its work is done:
    /// somebody else may repair the same org.
    pub async fn apply(&self) -> Result<Treatment, Box<Interrupted>> {
        let mut done = Vec::new();
        let mut survey = Survey::of(&self.client).await;
        let mut plan = plan::plan(&survey, &self.wanted);
        let mut made = Made::default();
        // Each turn takes a step from the front, or ends with it.
        while !plan.steps.is_empty() {
            let step = plan.steps.remove(0);
            match step
                .run(&self.client, &mut made, &survey, &self.wanted)
                .await
            {
                Ok(request_id) => done.push((step, request_id)),
                Err(error) => {
                    survey = Survey::of(&self.client).await;
                    plan = plan::plan(&survey, &self.wanted);
                    // What could not be seen is not in the plan either, and surely not done.
                    let seen = survey.is_whole();
                    if !seen || plan.steps.contains(&step) {
                        return Err(Box::new(Interrupted { done, step, error }));
                    }
                    made = Made::default();
                }
            }
        }
        Ok(Treatment {
            done,
            after: self.diagnose().await,
        })
    }
}
