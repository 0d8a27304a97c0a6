//! Many calls as one job: writes with a journal, reads by many keys, order of writes, waiting for
//! an index.

mod journal;
mod lane;
mod lookup;
mod progress;
mod report;
mod run;
mod wait;

pub use journal::Journal;
pub use lane::{Lane, lane};
pub use lookup::{Found, Lookup, look_up, look_up_each, pick_from_list, pick_or_get, quoted};
pub use progress::Progress;
pub use report::{Cause, Failure, Report, Stop};
pub use run::Bulk;
pub use wait::WaitUntil;
