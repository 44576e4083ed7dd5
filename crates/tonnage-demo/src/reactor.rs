//! The server: one thread, one epoll, one timer. The only place that reads a clock.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io::{self, Read};
use std::mem::{self, MaybeUninit};
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::event::Event;
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};

use crate::alarm::Alarm;
use crate::connection::{Connection, Slot};
use crate::counters::{Counters, Stats};
use crate::http::{parse, Parsed, Request, MOST_HEADERS};
use crate::reply::{Framing, Reply};
use crate::routes::{observation, Observation, Outcome, Routes};
use crate::service::{Fate, Service};
use crate::{Config, Nanos};

const LISTENER: Token = Token(usize::MAX);
const ALARM: Token = Token(usize::MAX - 1);
/// Longest sleep: how late a stop may be seen, and how old gauges may be.
const TURN: Duration = Duration::from_millis(25);
/// Bytes read at a time.
const BUFFER: usize = 64 << 10;
/// Reads from one connection before others have their turn.
const READS: usize = 16;

/// A departure that lies ahead. The order of the fields is the order of departures.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Departure {
    at: Nanos,
    /// Counts departures: those of one instant leave in the order of arrival.
    sequence: u64,
    /// Work that a worker has done by then; `None` if it was sent away.
    service: Option<Nanos>,
    place: usize,
    generation: u64,
    number: u64,
}

/// A demo service bound to its address.
#[derive(Debug)]
pub struct Server {
    poll: Poll,
    listener: TcpListener,
    address: SocketAddr,
    alarm: Alarm,
    connections: Vec<Option<Connection>>,
    vacant: Vec<usize>,
    accepted: u64,
    /// Clients may wait to be accepted of whom no event will tell again.
    accept_again: bool,
    /// Places of connections that had more to read than one turn allows.
    unread: Vec<usize>,
    buffer: Vec<u8>,
    desk: Desk,
}

/// Where requests are admitted and their departures are kept.
#[derive(Debug)]
struct Desk {
    epoch: Instant,
    service: Service,
    routes: Routes,
    departures: BinaryHeap<Reverse<Departure>>,
    admitted: u64,
    counters: Arc<Counters>,
}

impl Server {
    /// Bind the address of a configuration. Clients can connect from now on; they are answered once the server runs.
    ///
    /// # Errors
    /// `InvalidInput` for a configuration that describes no possible service; otherwise what the system says.
    pub fn bind(config: &Config) -> io::Result<Server> {
        config.check().map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
        let unknown = || io::Error::new(io::ErrorKind::NotFound, format!("{}: no such host", config.host));
        let address = (config.host.as_str(), config.port).to_socket_addrs()?.next().ok_or_else(unknown)?;
        let poll = Poll::new()?;
        let mut listener = TcpListener::bind(address)?;
        poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
        Ok(Server {
            address: listener.local_addr()?,
            alarm: Alarm::new(poll.registry(), ALARM)?,
            poll,
            listener,
            connections: Vec::new(),
            vacant: Vec::new(),
            accepted: 0,
            accept_again: true,
            unread: Vec::new(),
            buffer: vec![0; BUFFER],
            desk: Desk {
                epoch: Instant::now(),
                service: Service::new(config),
                routes: Routes::new()?,
                departures: BinaryHeap::new(),
                admitted: 0,
                counters: Arc::new(Counters::new()),
            },
        })
    }

    /// Where it listens, with the port that the system chose.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The counters, to be read while the server runs.
    pub fn counters(&self) -> Arc<Counters> {
        self.desk.counters.clone()
    }

    /// Serve until `stop` is true, which is seen within 50 ms. All connections end, and the port is free afterwards.
    ///
    /// # Errors
    /// Only a failure of the event loop itself; that of one connection ends that connection.
    pub fn run(mut self, stop: &AtomicBool) -> io::Result<Stats> {
        self.desk.epoch = Instant::now();
        let mut events = Events::with_capacity(1_024);
        while !stop.load(Ordering::Acquire) {
            if mem::take(&mut self.accept_again) {
                self.accept();
            }
            let wait = self.wait()?;
            match self.poll.poll(&mut events, Some(wait)) {
                Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
                _ => {}
            }
            for place in mem::take(&mut self.unread) {
                self.read(place, true);
            }
            for event in &events {
                self.dispatch(event);
            }
            self.depart();
            self.desk.observe();
        }
        for connection in self.connections.drain(..).flatten() {
            connection.close(&self.desk.counters);
        }
        Ok(self.desk.counters.stats())
    }

    /// Set the timer to the next departure; returns how long the loop may sleep beside it.
    fn wait(&mut self) -> io::Result<Duration> {
        let next = self.desk.departures.peek().map(|Reverse(departure)| departure.at);
        let most = if self.unread.is_empty() { TURN } else { Duration::ZERO };
        self.alarm.set(next, self.desk.now(), most)
    }

    fn dispatch(&mut self, event: &Event) {
        match event.token() {
            LISTENER => self.accept(),
            ALARM => {} // the loop looks at the departures anyway
            Token(place) if event.is_readable() => self.read(place, event.is_read_closed() || event.is_error()),
            Token(place) => self.resume(place),
        }
    }

    fn accept(&mut self) {
        loop {
            match self.listener.accept() {
                Ok((stream, _)) => {
                    // A connection that cannot be watched is closed by being dropped.
                    let _ = self.welcome(stream);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => {
                    // Out of file descriptors, most likely: some may be free after the next turn.
                    self.accept_again = true;
                    return;
                }
            }
        }
    }

    fn welcome(&mut self, mut stream: TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let place = self.vacant.pop().unwrap_or_else(|| {
            self.connections.push(None);
            self.connections.len() - 1
        });
        let interest = Interest::READABLE | Interest::WRITABLE;
        if let Err(error) = self.poll.registry().register(&mut stream, Token(place), interest) {
            self.vacant.push(place);
            return Err(error);
        }
        self.accepted += 1;
        self.desk.counters.connected();
        self.connections[place] = Some(Connection::new(stream, self.accepted));
        Ok(())
    }

    /// Read and answer what a client has sent. Events come once: only a short read, or `to_the_end` the end itself,
    /// says that nothing more is there.
    fn read(&mut self, place: usize, mut to_the_end: bool) {
        for _ in 0..READS {
            let Some(Some(connection)) = self.connections.get_mut(place) else { return };
            if connection.end_of_input {
                self.flush(place);
                return;
            }
            connection.paused = connection.is_full();
            if connection.paused {
                if !self.flush(place) {
                    return;
                }
                to_the_end = true;
                continue;
            }
            match connection.stream.read(&mut self.buffer) {
                Ok(0) => connection.end_of_input = true,
                Ok(length) => {
                    self.desk.receive(connection, place, &self.buffer[..length]);
                    if length < BUFFER && !to_the_end {
                        self.flush(place);
                        return;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.flush(place);
                    return;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return self.close(place),
            }
        }
        self.unread.push(place);
        self.flush(place);
    }

    /// Send what a connection has to send; tells whether that made room to read what it was too full for.
    fn flush(&mut self, place: usize) -> bool {
        let Some(Some(connection)) = self.connections.get_mut(place) else { return false };
        match connection.flush() {
            Ok(true) => connection.paused && !connection.is_full(),
            Ok(false) | Err(_) => {
                self.close(place);
                false
            }
        }
    }

    /// Go on with a connection that can be written to, or whose requests have departed.
    fn resume(&mut self, place: usize) {
        if self.flush(place) {
            self.read(place, true);
        }
    }

    fn close(&mut self, place: usize) {
        if let Some(connection) = self.connections[place].take() {
            connection.close(&self.desk.counters);
            self.vacant.push(place);
        }
    }

    /// Let everybody depart whose time has come.
    fn depart(&mut self) {
        let now = self.desk.now();
        while let Some(departure) = self.desk.due(now) {
            if let Some(service) = departure.service {
                self.desk.counters.served(service);
            }
            let Some(Some(connection)) = self.connections.get_mut(departure.place) else { continue };
            if connection.generation != departure.generation {
                continue; // its client has left
            }
            connection.depart(departure.number, &self.desk.counters);
            self.resume(departure.place);
        }
    }
}

impl Desk {
    fn now(&self) -> Nanos {
        self.epoch.elapsed().as_nanos() as Nanos
    }

    fn due(&mut self, now: Nanos) -> Option<Departure> {
        let due = self.departures.peek().is_some_and(|Reverse(departure)| departure.at <= now);
        if due {
            self.departures.pop().map(|Reverse(departure)| departure)
        } else {
            None
        }
    }

    fn observe(&mut self) {
        let now = self.now();
        self.counters.observe(self.service.occupancy(now), self.service.stalls(now));
    }

    /// Bytes have come: admit the requests that they complete.
    fn receive(&mut self, connection: &mut Connection, place: usize, bytes: &[u8]) {
        if connection.deaf || !connection.is_open() {
            return;
        }
        if connection.input.is_empty() {
            let used = self.requests(connection, place, bytes);
            connection.input.extend_from_slice(&bytes[used..]);
            return;
        }
        connection.input.extend_from_slice(bytes);
        if connection.input.len() >= connection.need {
            let mut input = mem::take(&mut connection.input);
            let used = self.requests(connection, place, &input);
            input.drain(..used);
            connection.input = input;
        }
    }

    /// Admit all complete requests at the beginning of `bytes`; returns the length of what is done with.
    fn requests(&mut self, connection: &mut Connection, place: usize, bytes: &[u8]) -> usize {
        let mut used = 0;
        while used < bytes.len() {
            let mut room = [const { MaybeUninit::uninit() }; MOST_HEADERS];
            match parse(&bytes[used..], &mut room) {
                Parsed::Complete(request, length) => {
                    used += length;
                    self.admit(connection, place, &request);
                }
                Parsed::Partial { need, expects_continue } => {
                    connection.need = need;
                    if expects_continue {
                        connection.ask_for_body();
                    }
                    break;
                }
                Parsed::Invalid(status) => self.refuse(connection, status),
            }
            if connection.deaf || !connection.is_open() {
                return bytes.len();
            }
        }
        used
    }

    /// Let a request into the service, and note when it departs.
    fn admit(&mut self, connection: &mut Connection, place: usize, request: &Request) {
        let framing = Framing { head_only: request.method == "HEAD", keep_alive: request.keep_alive, old: request.old };
        if let Some(what) = observation(request.path) {
            let outcome = Outcome::Reply(self.show(what));
            connection.push(Slot { outcome, framing, ready: true, counted: false }, &self.counters);
            return;
        }
        self.counters.arrived();
        let now = self.now();
        let answer = self.routes.answer(request);
        let visit = self.service.admit(now, answer.delay);
        let outcome = match visit.fate {
            Fate::Served => answer.outcome,
            Fate::Failed => Outcome::Reply(Reply::text(500, "failed, as configured\n")),
            Fate::Rejected => Outcome::Reply(Reply::text(503, "the queue is full\n")),
        };
        let ready = visit.departure <= now && !matches!(outcome, Outcome::Hang);
        let service = (visit.fate != Fate::Rejected).then_some(visit.service);
        if let (true, Some(service)) = (ready, service) {
            self.counters.served(service);
        }
        let generation = connection.generation;
        let number = connection.push(Slot { outcome, framing, ready, counted: true }, &self.counters);
        if !ready {
            self.admitted += 1;
            let (at, sequence) = (visit.departure, self.admitted);
            self.departures.push(Reverse(Departure { at, sequence, service, place, generation, number }));
        }
    }

    /// Answer what is no request, after those before it, and read no more.
    fn refuse(&mut self, connection: &mut Connection, status: u16) {
        self.counters.arrived();
        let outcome = Outcome::Reply(Reply { close: true, ..Reply::text(status, "not a request\n") });
        let framing = Framing { head_only: false, keep_alive: false, old: false };
        connection.push(Slot { outcome, framing, ready: true, counted: true }, &self.counters);
    }

    fn show(&mut self, what: Observation) -> Reply {
        if what == Observation::Health {
            return Reply::text(200, "healthy\n");
        }
        self.observe();
        let text = self.counters.stats().prometheus().into_bytes();
        Reply::new(200, "text/plain; version=0.0.4", crate::reply::Body::Owned(text))
    }
}
