//! One hop of HTTP over sockets: connect, send, receive. It knows nothing of VUs' scripts, samples or scenarios.
//!
//! ```text
//!   send(Exchange) ──► idle connection of the VU? ──► write ──► ready: read once, parse in place ──► finished
//!                            │ no                                          ▲
//!                            └► resolve (thread) ─► connect ─► TLS ────────┘
//! ```
//! Each VU has its own connections, as in k6. What a request costs on a kept connection: one `send`, one `recv`, a
//! share of one `epoll_wait`, three clock readings, one parse in place. The socket is registered once; after a
//! complete response nothing more is read, so no call ends in EAGAIN.

mod connection;
mod dial;
mod dns;
mod receive;
mod tls;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use mio::{Token, Waker};
use slab::Slab;

use crate::clock::Clock;
use crate::http::{Failure, Response, Target};
use crate::poller::{Poller, WAKER};
use crate::spec::Http;
use connection::{Connection, State};
use dns::Resolver;

/// The index of a scheme, host and port.
pub type OriginId = u32;
/// The index of an exchange under way.
pub type FlightId = usize;
type ConnectionId = usize;

/// Bytes read at once from a socket; shared by all connections.
const BUFFER: usize = 64 * 1024;
/// A close by the peer of a reused connection, before any byte of the answer, is answered by one more try.
const TRIES: u8 = 2;

/// What is to be sent, and what of the answer is wanted.
#[derive(Clone)]
pub struct Exchange {
    pub vu: u32,
    pub origin: OriginId,
    pub bytes: Arc<[u8]>,
    pub head_request: bool,
    /// Whether the answer is wanted, or only its status.
    pub keep: bool,
    /// Whether it may be sent again when a reused connection was closed under it.
    pub repeatable: bool,
}

/// Instants of an exchange in ns of the engine's clock; zero where the exchange did not get that far.
#[derive(Clone, Copy, Debug, Default)]
pub struct Instants {
    pub call: u64,
    pub resolve: u64,
    pub connect: u64,
    pub connected: u64,
    pub ready: u64,
    pub sent: u64,
    pub first_byte: u64,
    pub done: u64,
}

/// What came back: a status always, the response if it was wanted.
pub struct Answer {
    pub status: u16,
    pub response: Option<Box<Response>>,
    pub received: u64,
}

/// An exchange that has ended.
pub struct Finished {
    pub flight: FlightId,
    pub vu: u32,
    pub instants: Instants,
    pub sent: u64,
    pub result: Result<Answer, Failure>,
}

/// Whether a failure is what a server's close of an idle connection looks like.
fn is_disconnect(failure: &Failure) -> bool {
    matches!(failure, Failure::ClosedUnanswered | Failure::Reset | Failure::BrokenPipe)
}

struct Flight {
    exchange: Exchange,
    connection: Option<ConnectionId>,
    instants: Instants,
    received: u64,
    tries: u8,
    /// Addresses that are left to try after the one that is being connected to.
    addresses: Vec<SocketAddr>,
}

struct Origin {
    target: Target,
    /// Flights that wait for the name to be resolved.
    waiting: Vec<FlightId>,
}

/// Sockets, names, and exchanges under way.
pub struct Client {
    clock: Clock,
    poller: Poller,
    waker: Arc<Waker>,
    resolver: Resolver,
    tls: Option<Arc<rustls::ClientConfig>>,
    http: Http,
    origins: Vec<Origin>,
    connections: Slab<Connection>,
    flights: Slab<Flight>,
    /// Idle connections by VU.
    idle: Vec<Vec<ConnectionId>>,
    buffer: Box<[u8]>,
    plain: Vec<u8>,
    ready: Vec<(Token, bool)>,
    pub finished: Vec<Finished>,
    /// Requests sent again since the last look because a kept connection was closed under them.
    pub reconnects: u64,
}

impl Client {
    pub fn new(clock: Clock, http: Http) -> Result<Self, String> {
        let (poller, waker) = Poller::new().map_err(|error| format!("the poller cannot be made: {error}"))?;
        let waker = Arc::new(waker);
        Ok(Self {
            clock,
            poller,
            resolver: Resolver::new(waker.clone()),
            waker,
            tls: None,
            http,
            origins: Vec::new(),
            connections: Slab::new(),
            flights: Slab::new(),
            idle: Vec::new(),
            buffer: vec![0; BUFFER].into_boxed_slice(),
            plain: Vec::new(),
            ready: Vec::new(),
            finished: Vec::new(),
            reconnects: 0,
        })
    }

    pub fn waker(&self) -> Arc<Waker> {
        self.waker.clone()
    }

    pub fn open_connections(&self) -> usize {
        self.connections.len()
    }

    /// The index of a target's origin; `Err` where its host is not among the allowed targets.
    pub fn origin(&mut self, target: &Target) -> Result<OriginId, Failure> {
        let same = |origin: &Origin| {
            let known = &origin.target;
            (known.https, &known.host, known.port) == (target.https, &target.host, target.port)
        };
        if let Some(at) = self.origins.iter().position(same) {
            return Ok(at as OriginId);
        }
        if !self.is_allowed(target) {
            return Err(Failure::BlockedHost(target.host.as_str().into()));
        }
        if target.https && self.tls.is_none() {
            self.tls = Some(tls::configure(&self.http).map_err(|detail| Failure::Tls(detail.into()))?);
        }
        self.origins.push(Origin { target: target.clone(), waiting: Vec::new() });
        Ok((self.origins.len() - 1) as OriginId)
    }

    fn is_allowed(&self, target: &Target) -> bool {
        let with_port = format!("{}:{}", target.host, target.port);
        let targets = &self.http.targets;
        targets.is_empty() || targets.iter().any(|allowed| *allowed == target.host || *allowed == with_port)
    }

    /// Begins an exchange; it ends with an entry in `finished`.
    #[inline]
    pub fn send(&mut self, exchange: Exchange, call: u64) -> FlightId {
        let vu = exchange.vu as usize;
        if self.idle.len() <= vu {
            self.idle.resize_with(vu + 1, Vec::new);
        }
        let origin = exchange.origin;
        let flight = self.flights.insert(Flight {
            exchange,
            connection: None,
            instants: Instants { call, ..Instants::default() },
            received: 0,
            tries: 1,
            addresses: Vec::new(),
        });
        // Last in, first out: the connection used last is the least likely to have been closed by the peer.
        match self.idle[vu].iter().rposition(|id| self.connections[*id].origin == origin) {
            Some(at) => {
                let id = self.idle[vu].swap_remove(at);
                self.attach(flight, id);
                self.flights[flight].instants.ready = call;
                self.transmit(flight, id);
            }
            None => self.dial(flight),
        }
        flight
    }

    fn attach(&mut self, flight: FlightId, id: ConnectionId) {
        self.connections[id].flight = Some(flight);
        self.flights[flight].connection = Some(id);
    }

    #[inline]
    fn transmit(&mut self, flight: FlightId, id: ConnectionId) {
        let Flight { exchange, instants, .. } = &mut self.flights[flight];
        let connection = &mut self.connections[id];
        connection.reception.start(exchange.head_request, exchange.keep && !self.http.discard_bodies);
        match connection.send(&exchange.bytes) {
            Ok(_) => instants.sent = self.clock.now(),
            Err(failure) => self.fail(flight, failure),
        }
    }

    /// Gives an exchange up: its connection is closed, and nothing of it will be reported.
    pub fn cancel(&mut self, flight: FlightId) -> Option<Instants> {
        let flight_id = flight;
        let flight = self.flights.try_remove(flight)?;
        match flight.connection {
            Some(id) => self.close(id),
            None => self.origins[flight.exchange.origin as usize].waiting.retain(|waiting| *waiting != flight_id),
        }
        Some(flight.instants)
    }

    fn close(&mut self, id: ConnectionId) {
        let mut connection = self.connections.remove(id);
        connection.close(self.poller.registry());
    }

    /// Waits for at most `patience` and moves every exchange on that can be moved.
    pub fn turn(&mut self, patience: Duration) -> io::Result<()> {
        self.poller.wait(patience)?;
        let mut ready = std::mem::take(&mut self.ready);
        ready.extend(self.poller.ready().map(|event| (event.token(), event.is_read_closed() || event.is_error())));
        for (token, ended) in ready.drain(..) {
            if token == WAKER {
                self.resolved();
            } else {
                self.advance(token.0, ended);
            }
        }
        self.ready = ready;
        Ok(())
    }

    #[inline]
    fn advance(&mut self, id: ConnectionId, ended: bool) {
        // An event may be left over from a connection that was closed earlier in the same batch.
        let Some(connection) = self.connections.get_mut(id) else { return };
        connection.peer_ended |= ended;
        match connection.state {
            State::Connecting => self.connecting(id),
            State::Handshaking => self.handshaking(id),
            State::Ready => {
                if connection.is_sending() {
                    let flight = connection.flight;
                    match (connection.flush(), flight) {
                        (Err(failure), _) => return self.break_off(id, failure),
                        (Ok(true), Some(flight)) => self.flights[flight].instants.sent = self.clock.now(),
                        (Ok(_), _) => {}
                    }
                }
                self.receive(id);
            }
        }
    }

    /// An idle connection on which something came, or which the peer has ended, serves no more.
    fn discard(&mut self, id: ConnectionId) {
        let vu = self.connections[id].vu as usize;
        if let Some(idle) = self.idle.get_mut(vu) {
            idle.retain(|known| *known != id);
        }
        self.close(id);
    }

    fn break_off(&mut self, id: ConnectionId, failure: Failure) {
        match self.connections[id].flight {
            Some(flight) => self.fail(flight, failure),
            None => self.discard(id),
        }
    }

    /// Ends an exchange without an answer, or sends it again where a kept connection was closed under it.
    fn fail(&mut self, flight: FlightId, failure: Failure) {
        let state = &mut self.flights[flight];
        if let Some(id) = state.connection.take() {
            let reused = self.connections[id].exchanges > 0;
            let unanswered = state.instants.first_byte == 0;
            self.close(id);
            let state = &mut self.flights[flight];
            if reused && unanswered && state.exchange.repeatable && state.tries < TRIES && is_disconnect(&failure) {
                state.tries += 1;
                self.reconnects += 1;
                return self.dial(flight);
            }
        }
        let state = self.flights.remove(flight);
        self.origins[state.exchange.origin as usize].waiting.retain(|waiting| *waiting != flight);
        let mut instants = state.instants;
        instants.done = self.clock.now();
        self.finished.push(Finished {
            flight,
            vu: state.exchange.vu,
            instants,
            sent: if instants.sent > 0 { state.exchange.bytes.len() as u64 } else { 0 },
            result: Err(failure),
        });
    }
}
