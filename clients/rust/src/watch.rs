//! Lifecycle events without gaps.

use std::collections::{HashSet, VecDeque};
use std::time::Duration;

use rmpv::Value;
use tokio::time::sleep;
use zeromq::{Socket, SubSocket, ZmqError};

use crate::client::{Client, Error, Link, map, options};

const PAGE: u64 = 1000;
const RETRY: Duration = Duration::from_millis(500);

/// All torrents. Events go on after `seq` of `epoch`; rows of later pages may already tell some of them.
#[derive(Clone, Debug)]
pub struct Snapshot {
    pub epoch: String,
    pub seq: u64,
    pub torrents: Vec<Value>,
}

/// What there is to know next.
#[derive(Clone, Debug)]
pub enum Update {
    /// All that was known before is void.
    Snapshot(Snapshot),
    /// The next lifecycle event.
    Event(Value),
}

/// A snapshot and then each lifecycle event, in order, none missing and none twice. Where events are lost for good, or
/// the supervisor was restarted, another snapshot comes and it goes on from there.
pub struct Watch<'a> {
    client: &'a Client,
    endpoint: String,
    link: Option<Link<SubSocket>>,
    ready: VecDeque<Update>,
    held: Option<Value>, // an event that waits for those before it
    epoch: String,
    last: u64,                 // seq of the last event that was given
    outdated: HashSet<String>, // epochs that are over: their events may still be on their way
}

impl<'a> Watch<'a> {
    /// Subscribes, and takes the first snapshot, without which it fails. `endpoint` is that of the events socket.
    pub async fn begin(client: &'a Client, endpoint: &str) -> Result<Self, Error> {
        let mut watch = Self {
            client,
            endpoint: endpoint.to_owned(),
            link: subscribe(endpoint).await.ok(),
            ready: VecDeque::new(),
            held: None,
            epoch: String::new(),
            last: 0,
            outdated: HashSet::new(),
        };
        watch.snapshot().await?;
        Ok(watch)
    }

    /// The next event or snapshot. While there is no daemon it waits for one.
    pub async fn next(&mut self) -> Result<Update, Error> {
        loop {
            if let Some(update) = self.ready.pop_front() {
                return Ok(update);
            }
            let event = match self.held.take() {
                Some(event) => event,
                None => self.receive().await,
            };
            match self.take(&event).await {
                Ok(true) => continue,
                Ok(false) => {}
                Err(Error::Refused { retry, .. }) if retry == "later" => sleep(RETRY).await,
                Err(Error::NoAnswer) => sleep(RETRY).await,
                Err(error) => return Err(error),
            }
            self.held = Some(event);
        }
    }

    async fn receive(&mut self) -> Value {
        loop {
            match &mut self.link {
                Some(link) => match link.receive().await {
                    Some(event) => return event,
                    None => self.link = None,
                },
                None => {
                    sleep(RETRY).await;
                    self.link = subscribe(&self.endpoint).await.ok();
                }
            }
        }
    }

    /// Whether an event is done with; otherwise it has to be taken again.
    async fn take(&mut self, event: &Value) -> Result<bool, Error> {
        let (epoch, seq) = position(event);
        if self.outdated.contains(epoch) {
            return Ok(true);
        }
        if epoch != self.epoch {
            // Of a new supervisor; or of one that is gone, whose event was long on its way.
            self.snapshot().await?;
            if epoch != self.epoch {
                self.outdated.insert(epoch.to_owned());
            }
            return Ok(true);
        }
        if seq == self.last + 1 && event["type"].as_str() != Some("tick") {
            self.give(event.clone());
        }
        let done = self.last >= seq;
        if !done {
            self.replay().await?; // a gap: some were lost, or all since the last tick
        }
        Ok(done)
    }

    async fn replay(&mut self) -> Result<(), Error> {
        let args = [("epoch", self.epoch.as_str().into()), ("after_seq", self.last.into()), ("limit", PAGE.into())];
        let reply = match self.client.call("replay", map(args)).await {
            Err(Error::Refused { retry, .. }) if retry == "resnapshot" => return self.snapshot().await,
            reply => reply?,
        };
        let before = self.last;
        for event in reply["result"]["events"].as_array().into_iter().flatten() {
            if position(event).1 == self.last + 1 {
                self.give(event.clone());
            }
        }
        if self.last == before {
            return self.snapshot().await; // they cannot be had any more
        }
        Ok(())
    }

    async fn snapshot(&mut self) -> Result<(), Error> {
        let whole = self.client.snapshot().await?;
        self.outdated.insert(std::mem::replace(&mut self.epoch, whole.epoch.clone()));
        self.outdated.remove(&self.epoch);
        self.last = whole.seq;
        self.ready.push_back(Update::Snapshot(whole));
        Ok(())
    }

    fn give(&mut self, event: Value) {
        self.last = position(&event).1;
        self.ready.push_back(Update::Event(event));
    }
}

impl Client {
    /// All torrents, asked for page by page; again where the daemon refuses for the moment.
    pub async fn snapshot(&self) -> Result<Snapshot, Error> {
        let (mut whole, mut cursor) = (Snapshot { epoch: String::new(), seq: 0, torrents: Vec::new() }, Value::Nil);
        loop {
            let first = cursor.is_nil();
            let reply = match self.call("snapshot", map([("cursor", cursor), ("limit", PAGE.into())])).await {
                Err(Error::Refused { retry, retry_after, .. }) if retry != "never" => {
                    sleep(retry_after.unwrap_or(RETRY)).await;
                    cursor = Value::Nil;
                    continue;
                }
                reply => reply?,
            };
            let (epoch, seq) = position(&reply);
            if first {
                whole = Snapshot { epoch: epoch.to_owned(), seq, torrents: Vec::new() };
            } else if whole.epoch != epoch {
                cursor = Value::Nil; // the supervisor was restarted between two pages
                continue;
            }
            whole.torrents.extend(reply["result"]["torrents"].as_array().into_iter().flatten().cloned());
            cursor = reply["result"]["cursor"].clone();
            if cursor.is_nil() {
                return Ok(whole);
            }
        }
    }
}

async fn subscribe(endpoint: &str) -> Result<Link<SubSocket>, ZmqError> {
    let mut socket = SubSocket::with_options(options());
    socket.subscribe("lifecycle/").await?;
    socket.subscribe("tick/").await?;
    Link::connect(socket, endpoint).await
}

fn position(message: &Value) -> (&str, u64) {
    (message["epoch"].as_str().unwrap_or_default(), message["seq"].as_u64().unwrap_or_default())
}
