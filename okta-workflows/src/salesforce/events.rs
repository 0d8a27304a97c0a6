//! Event cards, as types for what [`poll`](crate::Event::poll) gives.

use crate::card::types::{DateTime, Object};

crate::fields! {
    /// *New Record*: a record was created.
    NewRecord {
        /// Group *Record*.
        record: "record" ChangedRecord,
    }
}

crate::fields! {
    /// *Record Updated*: a record was changed.
    RecordUpdated {
        /// Group *Record*.
        record: "record" ChangedRecord,
    }
}

crate::fields! {
    /// *Record Deleted*: a record went to the recycle bin.
    RecordDeleted {
        /// Group *Record*.
        record: "record" DeletedRecord,
        /// Group *Context*.
        context: "context" Context,
    }
}

crate::fields! {
    /// Group *Record*.
    ChangedRecord {
        /// The fields of the record by API name.
        record_fields: "record_fields" Object,
    }
}

crate::fields! {
    /// Group *Record*.
    DeletedRecord {
        /// *Record ID*.
        record_id: "record_id" Option<String>,
        /// *Time Deleted*.
        time_deleted: "time_deleted" Option<DateTime>,
    }
}

crate::fields! {
    /// Group *Context*.
    Context {
        /// *Execution ID* of the flow's run.
        execution_id: "execution_id" Option<String>,
    }
}
