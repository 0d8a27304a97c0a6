//! Policies and rules in a given order.

mod kinds;
mod plan;

use std::fmt;
use std::time::Duration;

use okta_core::bulk::{Lane, lane};
use okta_core::{Client, Error, ErrorKind, Operation, Paged, Result};

pub use kinds::{
    AuthorizationServerPolicies, AuthorizationServerPolicyRules, Policies, PolicyRules,
};
pub use plan::Move;
use plan::{Entry, by_moving, by_numbers, resolve};

/// Writes policies or rules whose order matters.
///
/// All writers below one parent take turns, in this whole process and over all clients of one org;
/// what the service refuses meanwhile (409, 423: it is at work on the same parent) is tried again;
/// and the order is read back at the end. The org's own default policy or rule stays last.
///
/// ```no_run
/// # async fn f(client: okta_core::Client) -> okta_core::Result<()> {
/// use okta_management::prelude::*;
///
/// let rules = client.policies().rules("00p1").ordered();
/// for step in rules.plan(["Contractors", "VPN only"]).await? {
///     println!("{step}");
/// }
/// rules.set_order(["Contractors", "VPN only"]).await?;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Ordered<P> {
    parent: P,
}

/// What [`Ordered`] writes to. Implemented here, for policies and rules.
pub trait OrderedParent: sealed::Sealed + Send + Sync {
    /// A policy or rule as it is listed.
    type Item: Send + Sync;
    /// What one is made from.
    type New: Sync;
    #[doc(hidden)]
    type List: Paged<Item = Self::Item>;
    #[doc(hidden)]
    type Replace: Operation;
    #[doc(hidden)]
    type Create: Operation;

    #[doc(hidden)]
    fn client(&self) -> &Client;
    #[doc(hidden)]
    fn lane(&self) -> String;
    #[doc(hidden)]
    fn list(&self) -> Self::List;
    #[doc(hidden)]
    fn create(&self, new: &Self::New) -> Self::Create;
    #[doc(hidden)]
    fn made(made: <Self::Create as Operation>::Output) -> Result<Self::Item>;
    #[doc(hidden)]
    fn replace(&self, item: &Self::Item, priority: i64) -> Result<Self::Replace>;
    #[doc(hidden)]
    fn entry(item: &Self::Item) -> Entry;
}

mod sealed {
    pub trait Sealed {}
}

/// How often the service may say that it is busy, or the order may come out otherwise.
const ROUNDS: u32 = 6;

impl<P: OrderedParent> Ordered<P> {
    pub(crate) fn new(parent: P) -> Self {
        Self { parent }
    }

    /// All there are, in the order in which the org goes through them.
    ///
    /// # Errors
    /// Whatever the list fails with.
    pub async fn list(&self) -> Result<Vec<P::Item>> {
        let mut items = self.parent.list().items().try_collect().await?;
        items.sort_by_key(|item| P::entry(item).place());
        Ok(items)
    }

    /// Adds one behind the others, before the default. Calls made one after the other, without
    /// waiting in between, end in the order of their first poll.
    ///
    /// # Errors
    /// Whatever the call fails with; "busy" (409, 423) after several tries.
    pub async fn create(&self, new: &P::New) -> Result<P::Item> {
        let _turn = self.turn().await;
        self.create_in_turn(new).await
    }

    /// Adds several in this order, behind what is there, and checks the order.
    ///
    /// # Errors
    /// The first error; those before it were created.
    pub async fn create_all(&self, new: &[P::New]) -> Result<Vec<P::Item>> {
        let _turn = self.turn().await;
        let mut order: Vec<String> = entries::<P>(&self.list().await?)
            .into_iter()
            .filter(|entry| !entry.system)
            .map(|entry| entry.id)
            .collect();
        let mut made = Vec::new();
        for new in new {
            let item = self.create_in_turn(new).await?;
            order.push(P::entry(&item).id);
            made.push(item);
        }
        self.order_in_turn(&order).await?;
        Ok(made)
    }

    /// What [`set_order`](Self::set_order) would do.
    ///
    /// # Errors
    /// As `set_order`, before its first write.
    pub async fn plan<S: AsRef<str>>(
        &self,
        order: impl IntoIterator<Item = S>,
    ) -> Result<Vec<Move>> {
        let order = texts(order);
        let there = entries::<P>(&self.list().await?);
        let wanted = resolve(&there, &order)?;
        Ok(by_moving(&there, &wanted))
    }

    /// Puts policies or rules, given by name or id, first and in this order. The others follow in
    /// the order that they have among themselves. It writes only what is not in its place, and
    /// gives what it did.
    ///
    /// # Errors
    /// [`ErrorKind::Request`] for a name that is not there, or twice; whatever a call fails with;
    /// [`ErrorKind::Api`] if the order is still another one at the end, since something else
    /// writes, too.
    pub async fn set_order<S: AsRef<str>>(
        &self,
        order: impl IntoIterator<Item = S>,
    ) -> Result<Vec<Move>> {
        let order = texts(order);
        let _turn = self.turn().await;
        self.order_in_turn(&order).await
    }

    async fn turn(&self) -> Lane {
        lane(self.parent.client(), &self.parent.lane()).await
    }

    async fn create_in_turn(&self, new: &P::New) -> Result<P::Item> {
        let mut round = 0;
        loop {
            round += 1;
            match self.parent.create(new).send().await {
                Ok(made) => return P::made(made.into_value()),
                Err(error)
                    if is_busy(&error) && !error.may_have_been_applied() && round < ROUNDS =>
                {
                    self.rest(round).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn order_in_turn(&self, order: &[String]) -> Result<Vec<Move>> {
        let mut done = Vec::new();
        let mut busy = None;
        for round in 1..=ROUNDS {
            let items = self.list().await?;
            let there = entries::<P>(&items);
            let wanted = resolve(&there, order)?;
            let moves = match round {
                1 => by_moving(&there, &wanted),
                // The service numbers otherwise than expected: give each its number.
                _ if by_moving(&there, &wanted).is_empty() => Vec::new(),
                _ => by_numbers(&there, &wanted),
            };
            if moves.is_empty() {
                return Ok(done);
            }
            for step in moves {
                let Some(item) = items.iter().find(|item| P::entry(item).id == step.id) else {
                    continue;
                };
                match self.parent.replace(item, step.priority)?.send_raw().await {
                    Ok(_) => done.push(step),
                    Err(error) if is_busy(&error) => {
                        busy = Some(error);
                        self.rest(round).await;
                        break;
                    }
                    Err(error) => return Err(error),
                }
            }
        }
        let items = self.list().await?;
        let there = entries::<P>(&items);
        if by_moving(&there, &resolve(&there, order)?).is_empty() {
            return Ok(done);
        }
        Err(busy.unwrap_or_else(|| {
            let names: Vec<String> = there.into_iter().map(|entry| entry.name).collect();
            Error::new(
                ErrorKind::Api,
                format!(
                    "the order is not the one that was set: {}",
                    names.join(", ")
                ),
            )
            .with_hint("something else writes to it at the same time; set the order again")
        }))
    }

    async fn rest(&self, round: u32) {
        let wait = Duration::from_millis(500) * 2_u32.saturating_pow(round - 1);
        self.parent.client().clock().sleep(wait).await;
    }
}

/// The service is at work on the same parent, or somebody changed it meanwhile.
fn is_busy(error: &Error) -> bool {
    error.is_conflict() || error.status().is_some_and(|status| status == 423)
}

fn entries<P: OrderedParent>(items: &[P::Item]) -> Vec<Entry> {
    items.iter().map(P::entry).collect()
}

fn texts<S: AsRef<str>>(order: impl IntoIterator<Item = S>) -> Vec<String> {
    let order = order.into_iter();
    order.map(|text| text.as_ref().to_owned()).collect()
}

impl fmt::Display for Move {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} ({}): {} → {}",
            self.name, self.id, self.from, self.to
        )
    }
}
