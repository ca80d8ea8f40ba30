//! Requests and their replies.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rmpv::Value;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{interval, sleep, timeout};
use zeromq::{DealerSocket, Socket, SocketEvent, SocketOptions, SocketRecv, SocketSend, ZmqError, ZmqMessage};

use crate::wire;

const DEADLINE_MS: u64 = 10_000; // the daemon's default
const GRACE: Duration = Duration::from_secs(1);
const ASK_AGAIN: Duration = Duration::from_secs(3);
const CONNECT: Duration = Duration::from_secs(2); // the library's retries slow down, so they begin anew
const RECONNECT: Duration = Duration::from_millis(100);

/// What can go wrong with a request.
#[derive(Clone, Debug)]
pub enum Error {
    /// The daemon refused. Branch on `name`; `retry` is "never", "later" or "resnapshot", `retry_after` how long to
    /// wait before that, where the daemon says so; `message` is for people.
    Refused { code: u64, name: String, message: String, retry: String, retry_after: Option<Duration> },
    /// No reply came in time: nobody is there, or a mutation may still take effect.
    NoAnswer,
}

impl fmt::Display for Error {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused { name, message, .. } => write!(to, "{name}: {message}"),
            Self::NoAnswer => write!(to, "no answer"),
        }
    }
}

impl std::error::Error for Error {}

/// A map of the wire, as in `map([("torrent", id.into())])`.
pub fn map<'a>(members: impl IntoIterator<Item = (&'a str, Value)>) -> Value {
    Value::Map(members.into_iter().map(|(key, value)| (key.into(), value)).collect())
}

/// Sends requests, from as many tasks as you like. Dropping it closes the connection.
///
/// It has a name, and each of its requests an id: so a request that is not answered is sent again, at once where its
/// connection broke, and the daemon knows a mutation that it has already carried out.
pub struct Client {
    name: String,
    number: AtomicU64,
    requests: mpsc::UnboundedSender<Pending>,
}

struct Pending {
    id: Value,
    frame: Vec<u8>,
    reply: oneshot::Sender<Value>,
}

impl Client {
    /// A client of the daemon whose commands socket is at `endpoint`. It connects beside, again and again; so it has
    /// to be made within a tokio runtime.
    pub fn new(endpoint: &str) -> Result<Self, getrandom::Error> {
        let name = format!("{:016x}", getrandom::u64()?);
        let (requests, taken) = mpsc::unbounded_channel();
        tokio::spawn(serve(endpoint.to_owned(), taken));
        Ok(Self { name, number: AtomicU64::new(1), requests })
    }

    /// Sends one command and gives its reply, of which `result` is what the command defines.
    pub async fn call(&self, op: &str, args: Value) -> Result<Value, Error> {
        let reply = self.send(vec![("op".into(), op.into()), ("args".into(), args)]).await?;
        if reply["ok"].as_bool() == Some(true) {
            return Ok(reply);
        }
        let text = |member: &str| reply["error"][member].as_str().unwrap_or_default().to_owned();
        let code = reply["error"]["code"].as_u64().unwrap_or_default();
        let retry_after = reply["error"]["retry_after_ms"].as_u64().map(Duration::from_millis);
        Err(Error::Refused { code, name: text("name"), message: text("message"), retry: text("retry"), retry_after })
    }

    /// Sends a request as it is, but for what it lacks of `v`, `id` and `client`, which is added to it.
    pub async fn send(&self, mut request: Vec<(Value, Value)>) -> Result<Value, Error> {
        let number = self.number.fetch_add(1, Ordering::Relaxed).to_string();
        for (key, value) in [("v", 1.into()), ("id", number.into()), ("client", self.name.as_str().into())] {
            if !request.iter().any(|(given, _)| given.as_str() == Some(key)) {
                request.push((key.into(), value));
            }
        }
        let request = Value::Map(request);
        let patience = Duration::from_millis(request["deadline_ms"].as_u64().unwrap_or(DEADLINE_MS)) + GRACE;
        let (reply, replied) = oneshot::channel();
        let pending = Pending { id: id_of(&request), frame: wire::encode(&request), reply };
        self.requests.send(pending).map_err(|_| Error::NoAnswer)?;
        timeout(patience, replied).await.ok().and_then(Result::ok).ok_or(Error::NoAnswer)
    }
}

/// What a reply has as its id: one that is neither text nor number comes back as null.
fn id_of(message: &Value) -> Value {
    Some(&message["id"]).filter(|id| id.is_str() || id.is_number()).cloned().unwrap_or(Value::Nil)
}

/// Sends what is asked for and hands over what is answered, over one connection after the other.
async fn serve(endpoint: String, mut requests: mpsc::UnboundedReceiver<Pending>) {
    let mut pending: Vec<Pending> = Vec::new();
    loop {
        let Ok(mut link) = Link::connect(DealerSocket::with_options(options()), &endpoint).await else {
            if requests.is_closed() {
                return;
            }
            sleep(RECONNECT).await;
            continue;
        };
        let mut again = interval(ASK_AGAIN); // its first tick is at once
        'connected: loop {
            tokio::select! {
                _ = again.tick() => {
                    for unanswered in pending.iter().filter(|each| !each.reply.is_closed()) {
                        if !send(&mut link, &unanswered.frame).await {
                            break 'connected;
                        }
                    }
                },
                reply = link.receive() => match reply {
                    Some(reply) => answer(&mut pending, reply),
                    None => break,
                },
                request = requests.recv() => match request {
                    Some(request) => {
                        pending.retain(|each| !each.reply.is_closed());
                        let sent = send(&mut link, &request.frame).await;
                        pending.push(request);
                        if !sent {
                            break;
                        }
                    }
                    None => return,
                },
            }
        }
    }
}

/// False where the daemon takes nothing in. Nothing is read meanwhile, so this must end: the next connection may be
/// better, and what was not answered is sent again over it.
async fn send(link: &mut Link<DealerSocket>, frame: &[u8]) -> bool {
    let sending = link.socket.send(ZmqMessage::from(frame.to_vec()));
    timeout(ASK_AGAIN, sending).await.is_ok() // a broken connection is seen by `receive`
}

fn answer(pending: &mut Vec<Pending>, reply: Value) {
    let id = id_of(&reply);
    let found = pending.iter().position(|each| each.id == id);
    // The daemon answers with null where it could not read the id.
    let found = found.or((id.is_nil() && pending.len() == 1).then_some(0));
    if let Some(found) = found {
        let _ = pending.swap_remove(found).reply.send(reply); // who asked may have given up
    }
}

pub(crate) fn options() -> SocketOptions {
    let mut options = SocketOptions::default();
    options.connect_timeout(CONNECT);
    options
}

/// One connection. The library's own reconnection is not used: DEALER has none, and that of SUB may wait 30 s.
pub(crate) struct Link<S> {
    socket: S,
    monitor: futures_channel::mpsc::Receiver<SocketEvent>,
}

impl<S: Socket + SocketRecv> Link<S> {
    pub(crate) async fn connect(mut socket: S, endpoint: &str) -> Result<Self, ZmqError> {
        let monitor = socket.monitor();
        socket.connect(endpoint).await?;
        Ok(Self { socket, monitor })
    }

    /// The next message that can be read; None when the connection is broken.
    pub(crate) async fn receive(&mut self) -> Option<Value> {
        loop {
            tokio::select! {
                biased;
                message = self.socket.recv() => {
                    let frames = message.ok()?.into_vec();
                    if let Some(Ok(message)) = frames.last().map(|frame| wire::decode(frame)) {
                        return Some(message);
                    }
                }
                event = self.monitor.recv() => {
                    if matches!(event, Err(_) | Ok(SocketEvent::Disconnected(_))) {
                        return None;
                    }
                }
            }
        }
    }
}
