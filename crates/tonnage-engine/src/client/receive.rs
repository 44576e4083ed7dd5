//! From bytes of a socket to an answer.

use super::{Answer, Client, ConnectionId, Finished, FlightId};
use crate::http::{parse_whole, Failure, Response};

/// How a complete answer leaves its connection.
struct Close {
    status: u16,
    keep_alive: bool,
    /// Whether it arrived in one piece.
    at_once: bool,
}

/// A redirect is looked into even where answers are not wanted.
fn is_redirect(status: u16) -> bool {
    (300..400).contains(&status)
}

impl Client {
    #[inline]
    pub(super) fn receive(&mut self, id: ConnectionId) {
        loop {
            let connection = &mut self.connections[id];
            match connection.receive(&mut self.buffer) {
                Ok(None) => return,
                Ok(Some(0)) => return self.ended(id),
                Ok(Some(n)) => {
                    let Some(flight) = connection.flight else { return self.discard(id) };
                    self.flights[flight].received += n as u64;
                    if !self.deliver(id, flight, n) {
                        return;
                    }
                    // The buffer was filled, or the peer has ended: more may wait, and no further edge would tell.
                    if n < self.buffer.len() && !self.connections[id].peer_ended {
                        return;
                    }
                }
                Err(failure) => return self.break_off(id, failure),
            }
        }
    }

    /// Notes when the first byte of the answer came.
    #[inline]
    fn begin_answer(&mut self, flight: FlightId, now: u64) {
        let instants = &mut self.flights[flight].instants;
        if instants.first_byte == 0 {
            instants.first_byte = now;
        }
    }

    /// Gives `n` received bytes to the exchange; false when it has ended and the connection is not to be read on.
    #[inline]
    fn deliver(&mut self, id: ConnectionId, flight: FlightId, n: usize) -> bool {
        let now = self.clock.now();
        if self.connections[id].session.is_some() {
            if let Err(failure) = self.decrypt(id, n) {
                self.break_off(id, failure);
                return false;
            }
            // Records without content are TLS's own, such as the session tickets that a server sends right after the
            // handshake: taken for the first byte, they would make a slow answer look fast.
            if self.plain.is_empty() {
                return true;
            }
            self.begin_answer(flight, now);
            let plain = std::mem::take(&mut self.plain);
            let going_on = self.parse(id, flight, &plain);
            self.plain = plain;
            return going_on;
        }
        self.begin_answer(flight, now);
        let buffer = std::mem::take(&mut self.buffer);
        let going_on = self.parse(id, flight, &buffer[..n]);
        self.buffer = buffer;
        going_on
    }

    #[inline]
    fn parse(&mut self, id: ConnectionId, flight: FlightId, bytes: &[u8]) -> bool {
        let connection = &mut self.connections[id];
        let exchange = &self.flights[flight].exchange;
        if !connection.reception.started() {
            if let Some(whole) = parse_whole(bytes, exchange.head_request) {
                if whole.consumed == bytes.len() {
                    let wanted = (exchange.keep || is_redirect(whole.status)).then(|| {
                        Box::new(match self.http.discard_bodies {
                            true => Response::from_whole_without_body(bytes, &whole),
                            false => Response::from_whole(bytes, &whole),
                        })
                    });
                    self.complete(
                        id,
                        flight,
                        Close { status: whole.status, keep_alive: whole.keep_alive, at_once: true },
                        wanted,
                    );
                    return false;
                }
            }
        }
        match connection.reception.feed(bytes) {
            Err(failure) => self.break_off(id, failure),
            Ok(fed) if fed.complete => {
                let response = connection.reception.take();
                // Bytes behind a complete answer belong to no request: the connection cannot be trusted further.
                let keep_alive = response.keep_alive && fed.consumed == bytes.len();
                let (status, keep) = (response.status, exchange.keep || is_redirect(response.status));
                let end = Close { status, keep_alive, at_once: false };
                self.complete(id, flight, end, keep.then(|| Box::new(response)));
            }
            Ok(_) => return true,
        }
        false
    }

    #[inline]
    fn complete(&mut self, id: ConnectionId, flight: FlightId, end: Close, response: Option<Box<Response>>) {
        let mut flight_state = self.flights.remove(flight);
        let connection = &mut self.connections[id];
        connection.flight = None;
        connection.exchanges += 1;
        if end.keep_alive && !connection.peer_ended && !connection.is_sending() && !self.http.no_connection_reuse {
            let vu = connection.vu as usize;
            self.idle[vu].push(id);
        } else {
            self.close(id);
        }
        // A response that came whole with its first bytes was done with them: one clock reading serves both.
        let instants = &mut flight_state.instants;
        instants.done = if end.at_once { instants.first_byte } else { self.clock.now() };
        self.finished.push(Finished {
            flight,
            vu: flight_state.exchange.vu,
            instants: flight_state.instants,
            sent: flight_state.exchange.bytes.len() as u64,
            result: Ok(Answer { status: end.status, response, received: flight_state.received }),
        });
    }

    /// The peer has ended the stream.
    fn ended(&mut self, id: ConnectionId) {
        let connection = &mut self.connections[id];
        connection.peer_ended = true;
        let Some(flight) = connection.flight else { return self.discard(id) };
        match connection.reception.end_of_stream() {
            Err(failure) => self.break_off(id, failure),
            Ok(()) => {
                let response = connection.reception.take();
                let status = response.status;
                let keep = self.flights[flight].exchange.keep || is_redirect(status);
                let end = Close { status, keep_alive: false, at_once: false };
                self.complete(id, flight, end, keep.then(|| Box::new(response)));
            }
        }
    }

    /// Decrypts the first `n` bytes of the buffer into `plain`.
    pub(super) fn decrypt(&mut self, id: ConnectionId, n: usize) -> Result<(), Failure> {
        self.plain.clear();
        let connection = &mut self.connections[id];
        let Some(session) = &mut connection.session else { return Ok(()) };
        let ended = session.receive(&self.buffer[..n], &mut self.plain).map_err(|error| Failure::from_tls(&error))?;
        connection.peer_ended |= ended;
        Ok(())
    }
}
