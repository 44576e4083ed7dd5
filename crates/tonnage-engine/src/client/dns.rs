//! Names to addresses, off the engine's thread.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::mpsc::{channel, Receiver, Sender};
use std::sync::Arc;

use mio::Waker;

use crate::clock::SECOND;
use crate::http::Failure;

/// How long an answer is used before the name is asked for again; k6's default.
const TIME_TO_LIVE: u64 = 300 * SECOND;

/// What a look-up gave: at least one address, or why there is none.
pub type Answer = Result<Vec<SocketAddr>, LookUpError>;

/// Why a name has no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LookUpError {
    NoSuchHost,
    Failed,
}

impl LookUpError {
    pub fn failure(self, host: &str) -> Failure {
        match self {
            LookUpError::NoSuchHost => Failure::NoSuchHost(host.into()),
            LookUpError::Failed => Failure::Dns(host.into()),
        }
    }
}

/// One look-up that has ended.
pub struct Resolved {
    pub host: String,
    pub port: u16,
    pub answer: Answer,
}

/// A thread that asks the system's resolver, one name at a time, and a cache of its answers.
pub struct Resolver {
    ask: Option<Sender<(String, u16)>>,
    answers: Receiver<Resolved>,
    reply: Sender<Resolved>,
    waker: Arc<Waker>,
    cache: HashMap<(String, u16), (u64, Vec<SocketAddr>)>,
}

impl Resolver {
    pub fn new(waker: Arc<Waker>) -> Self {
        let (reply, answers) = channel();
        Self { ask: None, answers, reply, waker, cache: HashMap::new() }
    }

    /// The addresses of a host where they are known: a literal address, or a fresh answer.
    pub fn known(&self, host: &str, port: u16, now: u64) -> Option<Vec<SocketAddr>> {
        let literal = host.trim_start_matches('[').trim_end_matches(']');
        if let Ok(address) = literal.parse::<IpAddr>() {
            return Some(vec![SocketAddr::new(address, port)]);
        }
        let (until, addresses) = self.cache.get(&(host.to_string(), port))?;
        (now < *until).then(|| addresses.clone())
    }

    /// Asks for a host; the answer comes with a ring of the waker.
    pub fn ask(&mut self, host: &str, port: u16) -> io::Result<()> {
        if self.ask.is_none() {
            self.ask = Some(self.spawn()?);
        }
        if let Some(ask) = &self.ask {
            // The thread ends only when this sender is dropped, so the question always finds it.
            let _ = ask.send((host.to_string(), port));
        }
        Ok(())
    }

    fn spawn(&self) -> io::Result<Sender<(String, u16)>> {
        let (ask, questions) = channel::<(String, u16)>();
        let (reply, waker) = (self.reply.clone(), self.waker.clone());
        std::thread::Builder::new().name("tonnage-dns".into()).spawn(move || {
            while let Ok((host, port)) = questions.recv() {
                let answer = look_up(&host, port);
                if reply.send(Resolved { host, port, answer }).is_err() {
                    return; // the engine has ended
                }
                let _ = waker.wake();
            }
        })?;
        Ok(ask)
    }

    /// The look-ups that have ended since the last call.
    pub fn answers(&mut self, now: u64) -> Vec<Resolved> {
        let answers: Vec<Resolved> = self.answers.try_iter().collect();
        for resolved in &answers {
            if let Ok(addresses) = &resolved.answer {
                let key = (resolved.host.clone(), resolved.port);
                self.cache.insert(key, (now + TIME_TO_LIVE, addresses.clone()));
            }
        }
        answers
    }
}

/// IPv4 first, as k6's `preferIPv4`; the rest stay as the system orders them.
fn look_up(host: &str, port: u16) -> Answer {
    let mut addresses: Vec<SocketAddr> = (host, port).to_socket_addrs().map_err(|error| classify(&error))?.collect();
    addresses.sort_by_key(SocketAddr::is_ipv6);
    if addresses.is_empty() {
        return Err(LookUpError::NoSuchHost);
    }
    Ok(addresses)
}

/// The standard library keeps getaddrinfo's words only; these are the resolver's for a name that does not exist.
fn classify(error: &io::Error) -> LookUpError {
    let words = error.to_string();
    let unknown = ["not known", "No address associated", "nodename nor servname"];
    match unknown.iter().any(|word| words.contains(word)) {
        true => LookUpError::NoSuchHost,
        false => LookUpError::Failed,
    }
}
