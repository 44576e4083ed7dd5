//! From a call to a connection that is ready: names, addresses, TLS.

use std::net::SocketAddr;

use mio::Token;

use super::connection::{Connection, State};
use super::tls::Session;
use super::{Client, ConnectionId, FlightId, Origin};
use crate::http::guard::is_metadata_address;
use crate::http::{Failure, Stage};

impl Client {
    pub(super) fn dial(&mut self, flight: FlightId) {
        let now = self.clock.now();
        self.flights[flight].instants.resolve = now;
        let origin = &mut self.origins[self.flights[flight].exchange.origin as usize];
        match self.resolver.known(&origin.target.host, origin.target.port, now) {
            Some(addresses) => self.dial_next(flight, addresses),
            None => {
                origin.waiting.push(flight);
                if origin.waiting.len() == 1 {
                    if let Err(error) = self.resolver.ask(&origin.target.host, origin.target.port) {
                        self.fail(flight, Failure::from_io(Stage::Dial, &error));
                    }
                }
            }
        }
    }

    /// Connects to the first address that lets itself be dialled; the others stay for when it refuses.
    fn dial_next(&mut self, flight: FlightId, mut addresses: Vec<SocketAddr>) {
        if addresses.is_empty() {
            return;
        }
        let address = addresses.remove(0);
        if is_metadata_address(address.ip()) {
            return self.fail(flight, Failure::BlockedAddress(address.ip().to_string().into()));
        }
        let exchange = &self.flights[flight].exchange;
        let entry = self.connections.vacant_entry();
        let id = entry.key();
        match Connection::open(address, exchange.origin, exchange.vu, self.poller.registry(), Token(id)) {
            Ok(connection) => {
                entry.insert(connection);
                self.attach(flight, id);
                let flight = &mut self.flights[flight];
                flight.addresses = addresses;
                if flight.instants.connect == 0 {
                    flight.instants.connect = self.clock.now();
                }
            }
            Err(error) if addresses.is_empty() => self.fail(flight, Failure::from_io(Stage::Dial, &error)),
            Err(_) => self.dial_next(flight, addresses),
        }
    }

    pub(super) fn resolved(&mut self) {
        let now = self.clock.now();
        for resolved in self.resolver.answers(now) {
            let same =
                |origin: &&mut Origin| origin.target.host == resolved.host && origin.target.port == resolved.port;
            let waiting: Vec<FlightId> =
                self.origins.iter_mut().filter(same).flat_map(|origin| std::mem::take(&mut origin.waiting)).collect();
            for flight in waiting {
                match &resolved.answer {
                    Ok(addresses) => self.dial_next(flight, addresses.clone()),
                    Err(detail) => {
                        let failure = detail.failure(&resolved.host);
                        self.fail(flight, failure);
                    }
                }
            }
        }
    }

    pub(super) fn connecting(&mut self, id: ConnectionId) {
        let connection = &mut self.connections[id];
        match connection.established() {
            Ok(false) => {}
            Err(failure) => self.redial(id, failure),
            Ok(true) => {
                let Some(flight) = connection.flight else { return self.close(id) };
                self.flights[flight].instants.connected = self.clock.now();
                let target = &self.origins[connection.origin as usize].target;
                match (&self.tls, target.https) {
                    (Some(config), true) => match Session::new(config.clone(), &target.host) {
                        Ok(session) => {
                            connection.session = Some(Box::new(session));
                            connection.state = State::Handshaking;
                            self.handshaking(id);
                        }
                        Err(detail) => self.break_off(id, Failure::Tls(detail.into())),
                    },
                    _ => self.established(id, flight),
                }
            }
        }
    }

    /// The address refused: the next one of the host is tried, if there is one.
    fn redial(&mut self, id: ConnectionId, failure: Failure) {
        match self.connections[id].flight {
            Some(flight) if !self.flights[flight].addresses.is_empty() => {
                self.close(id);
                let addresses = std::mem::take(&mut self.flights[flight].addresses);
                self.flights[flight].connection = None;
                self.dial_next(flight, addresses);
            }
            _ => self.break_off(id, failure),
        }
    }

    fn established(&mut self, id: ConnectionId, flight: FlightId) {
        self.connections[id].state = State::Ready;
        let instants = &mut self.flights[flight].instants;
        let encrypted = self.connections[id].session.is_some();
        instants.ready = if encrypted { self.clock.now() } else { instants.connected };
        self.transmit(flight, id);
    }

    pub(super) fn handshaking(&mut self, id: ConnectionId) {
        loop {
            let connection = &mut self.connections[id];
            if let Err(failure) = connection.flush() {
                return self.break_off(id, failure);
            }
            let Some(session) = &connection.session else { return };
            if !session.is_handshaking() {
                match connection.flight {
                    Some(flight) => return self.established(id, flight),
                    None => return self.close(id),
                }
            }
            match connection.receive(&mut self.buffer) {
                Ok(None) => return,
                Ok(Some(0)) => {
                    let detail = "the server closed the connection during the handshake";
                    return self.break_off(id, Failure::Tls(detail.into()));
                }
                Ok(Some(n)) => {
                    if let Err(failure) = self.decrypt(id, n) {
                        // The alert that tells the server why is worth one try.
                        let _ = self.connections[id].flush();
                        return self.break_off(id, failure);
                    }
                }
                Err(failure) => return self.break_off(id, failure),
            }
        }
    }
}
