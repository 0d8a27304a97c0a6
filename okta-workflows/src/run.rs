//! One run of an action card.

use std::pin::Pin;

use http::StatusCode;
use okta_core::model::encode;
use okta_core::operation::Paged;
use okta_core::paging::PageStream;
use serde_json::json;

use crate::card::types::{Object, Value};
use crate::card::{ActionCard, CardCall};
use crate::catalogue::{CardInfo, FieldInfo, FieldKind};
use crate::error::{CardError, CardErrorKind};
use crate::project::{self, Aliases};
use crate::sdk::RunContext;

/// What a card's function returns: outputs, those of a group as one object a group.
pub(crate) type Outputs = Result<Object, CardError>;

/// A card at work.
pub(crate) type RunFuture<'a> = Pin<Box<dyn Future<Output = Outputs> + Send + 'a>>;

/// Most records that a streaming card passes on unless it is told otherwise, and most that it may be told.
const MAX_RECORDS: i64 = 1_000_000;

/// What a card's function works with.
pub(crate) struct Run<'a, S> {
    pub(crate) card: &'static CardInfo,
    pub(crate) path: String,
    pub(crate) call: CardCall,
    pub(crate) service: &'a S,
    pub(crate) context: &'a RunContext<'a>,
}

impl<S: Sync> Run<'_, S> {
    /// The call as its type.
    pub(crate) fn card<C: ActionCard>(&self) -> Result<C, CardError> {
        let mut card = C::default();
        let [options, input] = card.parts_mut();
        for (cell, object) in [(options, &self.call.options), (input, &self.call.inputs)] {
            cell.take(object.clone().into())
                .map_err(|misfit| CardError::misfit(&self.path, misfit))?;
        }
        Ok(card)
    }

    /// An option's choice; empty if none is made.
    pub(crate) fn option(&self, key: &str) -> &str {
        self.call
            .options
            .get(key)
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// An input is missing.
    pub(crate) fn missing(&self, field: &str) -> CardError {
        CardError::new(
            CardErrorKind::Missing,
            &self.path,
            "required, and nothing is given",
        )
        .at(field)
    }

    /// An input is unusable.
    pub(crate) fn invalid(&self, field: &str, problem: impl Into<String>) -> CardError {
        CardError::new(CardErrorKind::Invalid, &self.path, problem).at(field)
    }

    /// The answer is not what the card promises.
    pub(crate) fn odd(&self, problem: impl Into<String>) -> CardError {
        CardError::new(CardErrorKind::Output, &self.path, problem)
    }

    /// A text input that may not be empty.
    pub(crate) fn required(&self, field: &str, text: Option<String>) -> Result<String, CardError> {
        text.filter(|text| !text.is_empty())
            .ok_or_else(|| self.missing(field))
    }

    /// Outputs of a card that shows only how the call went.
    pub(crate) fn status(&self, status: StatusCode) -> Object {
        let mut outputs = Object::new();
        if let Some(field) = self
            .card
            .outputs
            .iter()
            .find(|field| matches!(field.key.as_str(), "status_code" | "status"))
        {
            project::put(&mut outputs, field, status.as_u16().into());
        }
        outputs
    }

    /// Outputs filled from an answer.
    pub(crate) fn project(&self, body: &Value, aliases: Aliases<'_>) -> Object {
        project::outputs(self.card, &self.call.options, body, aliases)
    }

    /// Sets one output by its key.
    pub(crate) fn put(&self, outputs: &mut Object, key: &str, value: impl Into<Value>) {
        if let Some(field) = self.card.outputs.iter().find(|field| field.key == key) {
            project::put(outputs, field, value.into());
        }
    }

    /// The output field that shows now and holds a list of objects.
    fn list_field(&self) -> Option<&'static FieldInfo> {
        self.card.outputs.iter().find(|field| {
            field.kind == FieldKind::Object
                && field.list
                && !field.children.is_empty()
                && CardInfo::shows(&field.when, &self.call.options)
        })
    }

    /// How many records the `Result Set` asks for. Cards without one give one record.
    pub(crate) fn wanted(&self) -> Result<Wanted, CardError> {
        match (self.option("result_set"), self.option("request_type")) {
            ("", "GET(Streaming)") => Ok(Wanted::Stream),
            ("", _) => Ok(Wanted::First),
            (choice, _) => Wanted::parse(choice).ok_or_else(|| {
                let problem = format!(
                    "{choice:?} is no result set: expected First Record, First 200 Records or Stream Records"
                );
                self.invalid("result_set", problem)
            }),
        }
    }

    /// Runs a list by the card's `Result Set`: the first record, a first page, or all records to a flow.
    pub(crate) async fn list<O: Paged>(
        &self,
        mut operation: O,
        stream: Stream,
        aliases: Aliases<'_>,
    ) -> Outputs {
        let info = O::INFO;
        let most = i64::from(info.max_limit.unwrap_or(200)).min(match self.wanted()? {
            Wanted::First if stream.keep.is_none() => 1,
            Wanted::List(number) => number,
            Wanted::First | Wanted::Stream => 200,
        });
        if info.has_query("limit") {
            operation.call_mut().set_query("limit", most);
        }
        self.pages(operation.pages(), stream, aliases).await
    }

    /// [`list`](Self::list) of pages.
    pub(crate) async fn pages<T>(
        &self,
        mut pages: PageStream<T>,
        stream: Stream,
        aliases: Aliases<'_>,
    ) -> Outputs
    where
        T: okta_core::model::Value + Send + 'static,
    {
        let mut sink = self.sink(stream)?;
        'pages: while sink.more()
            && let Some(page) = pages.try_next().await?
        {
            if let Some(odd) = page.undecodable.first() {
                return Err(self.odd(format!("record {} of a page cannot be decoded", odd.index)));
            }
            for item in &page.items {
                let item: Value = serde_json::from_slice(&encode(item)).map_err(|error| {
                    self.odd(format!("a record is no JSON ({:?})", error.classify()))
                })?;
                self.accept(&mut sink, item, aliases).await?;
                if !sink.more() {
                    break 'pages;
                }
            }
        }
        Ok(self.gathered(sink, aliases))
    }

    /// Where records go.
    pub(crate) fn sink(&self, stream: Stream) -> Result<Sink, CardError> {
        let wanted = self.wanted()?;
        let left = match wanted {
            Wanted::First => 1,
            Wanted::List(number) => number,
            Wanted::Stream => {
                let field = stream.limit_field;
                let limit = stream.record_limit.unwrap_or(MAX_RECORDS);
                if !(0..=MAX_RECORDS).contains(&limit) {
                    return Err(self.invalid(field, format!("must be 0 to {MAX_RECORDS}")));
                }
                limit
            }
        };
        let flow = match wanted {
            Wanted::Stream => Some(self.required("streaming.flow", stream.flow)?),
            _ => None,
        };
        if flow.is_some() && self.context.flows.is_none() {
            return Err(CardError::new(
                CardErrorKind::Stream,
                &self.path,
                "the card streams records, and the run has no flows to take them",
            )
            .with_hint("give the run context helper flows"));
        }
        Ok(Sink {
            wanted,
            keep: stream.keep,
            flow,
            left,
            sent: 0,
            kept: Vec::new(),
        })
    }

    /// Takes one record.
    pub(crate) async fn accept(
        &self,
        sink: &mut Sink,
        item: Value,
        aliases: Aliases<'_>,
    ) -> Result<(), CardError> {
        if sink.keep.as_ref().is_some_and(|keep| !keep(&item)) {
            return Ok(());
        }
        sink.left -= 1;
        let (Some(flow), Some(flows)) = (&sink.flow, self.context.flows) else {
            sink.kept.push(item);
            return Ok(());
        };
        let record = match self.record_fields() {
            Some(fields) => project::object(fields, &item, aliases).into(),
            None => item,
        };
        flows.record(flow, record).await.map_err(|error| {
            CardError::new(
                CardErrorKind::Stream,
                &self.path,
                format!("the flow refused record {}: {error}", sink.sent + 1),
            )
        })?;
        sink.sent += 1;
        Ok(())
    }

    /// Fields of a streamed record: those of the card's list.
    fn record_fields(&self) -> Option<&'static [FieldInfo]> {
        self.card
            .outputs
            .iter()
            .find(|field| {
                field.list
                    && !field.children.is_empty()
                    && field.kind == FieldKind::Object
                    && field.when.iter().any(|one| one.choice.contains("00"))
            })
            .map(|field| field.children.as_slice())
    }

    /// Outputs of a list.
    pub(crate) fn gathered(&self, sink: Sink, aliases: Aliases<'_>) -> Object {
        let mut outputs = Object::new();
        if sink.flow.is_some() {
            self.put(&mut outputs, "records_streamed", sink.sent);
            return outputs;
        }
        match (self.list_field(), sink.wanted) {
            (Some(field), Wanted::List(_)) => {
                let list: Vec<Value> = sink
                    .kept
                    .iter()
                    .map(|item| project::object(&field.children, item, aliases).into())
                    .collect();
                project::put(&mut outputs, field, list.into());
                outputs
            }
            // No record: every output stays empty.
            _ => match sink.kept.first() {
                Some(item) => self.project(item, aliases),
                None => outputs,
            },
        }
    }
}

/// How many records a card is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    First,
    List(i64),
    Stream,
}

impl Wanted {
    /// Reads a choice of `Result Set`, as the platform words it: `First Matching Record`, `First 200 Records`,
    /// `Stream Matching Records`.
    fn parse(choice: &str) -> Option<Self> {
        let words: Vec<&str> = choice.split_whitespace().collect();
        match words.as_slice() {
            ["First", "Record"] | ["First", "Matching", "Record"] => Some(Self::First),
            ["Stream", "Records"] | ["Stream", "Matching", "Records"] => Some(Self::Stream),
            ["First", number, "Records"] | ["First", number, "Matching", "Records"] => {
                let number = number.parse().ok().filter(|number| *number > 0);
                number.map(Self::List)
            }
            _ => None,
        }
    }
}

/// The streaming inputs of a card.
#[derive(Default)]
pub(crate) struct Stream {
    pub(crate) flow: Option<String>,
    pub(crate) record_limit: Option<i64>,
    /// For errors.
    pub(crate) limit_field: &'static str,
    /// Which records count, where the service cannot be asked for exactly them.
    pub(crate) keep: Option<Keep>,
}

/// A choice among records.
pub(crate) type Keep = Box<dyn Fn(&Value) -> bool + Send + Sync>;

/// Where the records of a list go.
pub(crate) struct Sink {
    wanted: Wanted,
    keep: Option<Keep>,
    flow: Option<String>,
    left: i64,
    sent: u64,
    kept: Vec<Value>,
}

impl Sink {
    pub(crate) fn more(&self) -> bool {
        self.left > 0
    }
}

/// Members that are there.
pub(crate) fn members<const N: usize>(members: [(&str, Option<Value>); N]) -> Object {
    members
        .into_iter()
        .filter_map(|(key, value)| Some((key.to_owned(), value?)))
        .collect()
}

/// `Some` text as JSON.
pub(crate) fn text(text: Option<String>) -> Option<Value> {
    text.map(Value::from)
}

/// Headers of an answer as a JSON object; several of one name are joined.
pub(crate) fn headers(headers: &http::HeaderMap) -> Value {
    let mut object = Object::new();
    for name in headers.keys() {
        let values: Vec<&str> = headers
            .get_all(name)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .collect();
        object.insert(name.as_str().to_owned(), values.join(", ").into());
    }
    object.into()
}

/// A body as JSON: parsed if it is JSON, else its text.
pub(crate) fn body(bytes: &[u8]) -> Value {
    if bytes.is_empty() {
        return Value::Null;
    }
    serde_json::from_slice(bytes).unwrap_or_else(|_| json!(String::from_utf8_lossy(bytes)))
}

#[cfg(test)]
mod tests {
    use super::Wanted;

    #[test]
    fn every_result_set_of_the_catalogue_is_understood() {
        let cards = crate::catalogue()
            .connectors
            .iter()
            .flat_map(|one| &one.cards);
        let choices = cards
            .flat_map(|card| &card.options)
            .filter(|option| option.key == "result_set")
            .flat_map(|option| &option.choices);
        let mut seen = 0;
        for choice in choices {
            seen += 1;
            let wanted = Wanted::parse(&choice.value);
            assert!(wanted.is_some(), "{}", choice.value);
        }
        assert!(seen > 40, "{seen}");
        assert_eq!(Wanted::parse("First 500 Records"), Some(Wanted::List(500)));
        for odd in [
            "",
            "First",
            "All Records",
            "First 2 of 300 Records",
            "First -1 Records",
            "First 0 Records",
            "2 0 0",
        ] {
            assert_eq!(Wanted::parse(odd), None, "{odd}");
        }
    }
}
