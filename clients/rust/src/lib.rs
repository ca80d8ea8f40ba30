//! Talks to an Ouzel daemon: requests over one ZeroMQ socket (`Client`), events over another (`Watch`).

mod client;
mod watch;
pub mod wire;

pub use client::{Client, Error, map};
pub use rmpv::Value;
pub use watch::{Snapshot, Update, Watch};
