//! A small client of Ouzel; README.md says how to call it.

mod json;

use std::io::{Write, stdout};
use std::process::ExitCode;

use ouzel::{Client, Error, Snapshot, Update, Value, Watch, map, wire};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader, stdin};
use tokio::signal::unix::{SignalKind, signal};

const USAGE: &str = "usage: run --commands ENDPOINT --events ENDPOINT VERB
  add SOURCE [--save-path DIR] | list | watch [--snapshot-only] | calls | codec";

/// What ends the program before it is done: a message and its exit code.
struct Failure(u8, String);

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self(if matches!(error, Error::NoAnswer) { 3 } else { 1 }, error.to_string())
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self(2, error.to_string())
    }
}

#[derive(Default)]
struct Options {
    commands: String,
    events: String,
    save_path: Option<String>,
    snapshot_only: bool,
    words: Vec<String>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let code = match run().await {
        Ok(()) => 0,
        Err(Failure(code, message)) => {
            eprintln!("{message}");
            code
        }
    };
    std::process::exit(code.into()) // a thread that still reads stdin would hold the runtime up
}

async fn run() -> Result<(), Failure> {
    let options = options().ok_or_else(|| Failure(2, USAGE.into()))?;
    let words: Vec<&str> = options.words.iter().map(String::as_str).collect();
    if words == ["codec"] {
        return codec().await;
    }
    if options.commands.is_empty() || options.events.is_empty() {
        return Err(Failure(2, USAGE.into()));
    }
    let client = Client::new(&options.commands).map_err(|error| Failure(2, error.to_string()))?;
    match words[..] {
        ["add", source] => add(&client, source, options.save_path).await,
        ["list"] => list(&client).await,
        ["watch"] if options.snapshot_only => print_snapshot(client.snapshot().await?),
        ["watch"] => {
            let mut asked_to_end = signal(SignalKind::terminate())?;
            tokio::select! {
                ended = watch(&client, &options.events) => ended,
                _ = stdin_closed() => Ok(()),
                _ = asked_to_end.recv() => Ok(()),
            }
        }
        ["calls"] => calls(&client).await,
        _ => Err(Failure(2, USAGE.into())),
    }
}

/// The command line; None where it is wrong.
fn options() -> Option<Options> {
    let mut options = Options::default();
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--commands" => options.commands = args.next()?,
            "--events" => options.events = args.next()?,
            "--save-path" => options.save_path = Some(args.next()?),
            "--snapshot-only" => options.snapshot_only = true,
            _ if arg.starts_with('-') => return None,
            _ => options.words.push(arg),
        }
    }
    Some(options)
}

async fn add(client: &Client, source: &str, save_path: Option<String>) -> Result<(), Failure> {
    let mut args = vec![if source.starts_with("magnet:") {
        ("magnet", source.into())
    } else {
        ("metainfo", Value::Binary(std::fs::read(source)?))
    }];
    args.extend(save_path.map(|path| ("save_path", path.into())));
    let reply = client.call("add_torrent", map(args)).await?;
    println!("{}", reply["result"]["torrent"].as_str().unwrap_or_default());
    Ok(())
}

async fn list(client: &Client) -> Result<(), Failure> {
    let mut cursor = Value::Nil;
    loop {
        let reply = client.call("list_torrents", map([("cursor", cursor), ("limit", 1000.into())])).await?;
        for row in reply["result"]["torrents"].as_array().into_iter().flatten() {
            let text = |member: &str| row[member].as_str().unwrap_or_default();
            let percent = 100.0 * row["progress"].as_f64().unwrap_or_default();
            writeln!(stdout(), "{}\t{}\t{percent:.1}\t{}", text("torrent"), text("state"), text("name"))?;
        }
        cursor = reply["result"]["cursor"].clone();
        if cursor.is_nil() {
            return Ok(());
        }
    }
}

async fn watch(client: &Client, endpoint: &str) -> Result<(), Failure> {
    let mut watch = Watch::begin(client, endpoint).await?;
    loop {
        match watch.next().await? {
            Update::Snapshot(whole) => print_snapshot(whole)?,
            Update::Event(event) => json::print(&event)?,
        }
    }
}

fn print_snapshot(whole: Snapshot) -> Result<(), Failure> {
    let torrents = Value::Array(whole.torrents);
    let snapshot = map([("epoch", whole.epoch.into()), ("seq", whole.seq.into()), ("torrents", torrents)]);
    Ok(json::print(&map([("snapshot", snapshot)]))?)
}

async fn stdin_closed() {
    let mut buffer = [0; 1024];
    let mut input = stdin();
    while input.read(&mut buffer).await.is_ok_and(|read| read > 0) {}
}

async fn calls(client: &Client) -> Result<(), Failure> {
    let mut lines = BufReader::new(stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        let request = json::parse(&line).map_err(|why| Failure(2, why))?;
        let id = request.iter().find(|(key, _)| key.as_str() == Some("id")).map_or(Value::Nil, |(_, id)| id.clone());
        let reply = client.send(request).await.unwrap_or_else(|_| map([("lost", id)]));
        json::print(&reply)?;
    }
    Ok(())
}

async fn codec() -> Result<(), Failure> {
    let mut lines = BufReader::new(stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        let decoded = json::unhex(line.trim()).and_then(|frame| wire::decode(&frame));
        json::print(&match decoded {
            Ok(message) => {
                let hex: String = wire::encode(&message).iter().map(|byte| format!("{byte:02x}")).collect();
                map([("ok", true.into()), ("decoded", message), ("hex", hex.into())])
            }
            Err(why) => map([("ok", false.into()), ("why", why.into())]),
        })?;
    }
    Ok(())
}
