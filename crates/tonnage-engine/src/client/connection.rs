//! One connection: a socket, perhaps TLS on it, and at most one exchange at a time.

use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::sync::Arc;

use mio::net::TcpStream;
use mio::{Interest, Registry, Token};

use super::tls::Session;
use super::{FlightId, OriginId};
use crate::http::{Failure, Limits, Reception, Stage};

/// Where a connection is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Connecting,
    Handshaking,
    Ready,
}

/// Bytes of a request that the socket did not take at once.
struct Unsent {
    bytes: Arc<[u8]>,
    at: usize,
}

pub struct Connection {
    socket: TcpStream,
    pub session: Option<Box<Session>>,
    pub origin: OriginId,
    pub vu: u32,
    pub flight: Option<FlightId>,
    pub state: State,
    pub reception: Reception,
    unsent: Option<Unsent>,
    /// Exchanges completed on it; above zero it is a reused connection.
    pub exchanges: u64,
    /// The peer has said that it will send no more.
    pub peer_ended: bool,
}

impl Connection {
    /// Begins to connect; the socket reports when it is writable.
    pub fn open(address: SocketAddr, origin: OriginId, vu: u32, registry: &Registry, token: Token) -> io::Result<Self> {
        let mut socket = TcpStream::connect(address)?;
        socket.set_nodelay(true)?;
        // Registered once for both directions: edge-triggered readiness for writing costs nothing until a send
        // buffer was full, and a change of registration per request would cost a system call each.
        registry.register(&mut socket, token, Interest::READABLE | Interest::WRITABLE)?;
        Ok(Self {
            socket,
            session: None,
            origin,
            vu,
            flight: None,
            state: State::Connecting,
            reception: Reception::new(Limits::default()),
            unsent: None,
            exchanges: 0,
            peer_ended: false,
        })
    }

    /// Whether the connection is made: `Ok(false)` while it is still under way.
    pub fn established(&mut self) -> Result<bool, Failure> {
        if let Some(error) = self.socket.take_error().map_err(|error| Failure::from_io(Stage::Dial, &error))? {
            return Err(Failure::from_io(Stage::Dial, &error));
        }
        match self.socket.peer_addr() {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == ErrorKind::NotConnected => Ok(false),
            Err(error) => Err(Failure::from_io(Stage::Dial, &error)),
        }
    }

    /// Reads once into `buffer`: the bytes read, zero at the end of the stream, none when nothing is there.
    #[inline]
    pub fn receive(&mut self, buffer: &mut [u8]) -> Result<Option<usize>, Failure> {
        loop {
            match self.socket.read(buffer) {
                Ok(n) => return Ok(Some(n)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(Failure::from_io(Stage::Receive, &error)),
            }
        }
    }

    /// Sends a request, or as much of it as the socket takes: `Ok(true)` when all of it went out.
    #[inline]
    pub fn send(&mut self, bytes: &Arc<[u8]>) -> Result<bool, Failure> {
        if let Some(session) = &mut self.session {
            session.send(bytes).map_err(|error| Failure::from_io(Stage::Send, &error))?;
            return self.flush();
        }
        match self.socket.write(bytes) {
            Ok(n) if n == bytes.len() => Ok(true),
            Ok(n) => {
                self.unsent = Some(Unsent { bytes: bytes.clone(), at: n });
                self.flush()
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {
                self.unsent = Some(Unsent { bytes: bytes.clone(), at: 0 });
                Ok(false)
            }
            Err(error) => Err(Failure::from_io(Stage::Send, &error)),
        }
    }

    /// Whether a part of a request still waits for the socket.
    pub fn is_sending(&self) -> bool {
        self.unsent.is_some() || self.session.as_ref().is_some_and(|session| session.wants_write())
    }

    /// Sends what waits: `Ok(true)` when nothing is left.
    pub fn flush(&mut self) -> Result<bool, Failure> {
        let result = match &mut self.session {
            Some(session) => session.flush(&mut self.socket).map(|()| true),
            None => self.flush_unsent(),
        };
        match result {
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(false),
            Err(error) => Err(Failure::from_io(Stage::Send, &error)),
            Ok(done) => Ok(done),
        }
    }

    fn flush_unsent(&mut self) -> io::Result<bool> {
        while let Some(unsent) = &mut self.unsent {
            match self.socket.write(&unsent.bytes[unsent.at..]) {
                Ok(n) => unsent.at += n,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
            if unsent.at == unsent.bytes.len() {
                self.unsent = None;
            }
        }
        Ok(true)
    }

    /// Takes the socket out of the poller; dropping the connection then closes it.
    pub fn close(&mut self, registry: &Registry) {
        // A socket that the poller does not know any more is closed all the same.
        let _ = registry.deregister(&mut self.socket);
    }
}
