//! One client's connection: bytes not yet parsed, requests not yet answered, bytes not yet sent.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::time::Duration;

use mio::net::TcpStream;

use crate::counters::Counters;
use crate::reply::Framing;
use crate::routes::Outcome;

/// Requests of one connection that may wait before no more are read from it.
const MOST_PIPELINED: usize = 256;
/// Bytes of one connection that may wait to be sent before no more requests are read from it.
const MOST_UNSENT: usize = 1 << 20;

/// A request that waits for its turn to be answered: answers keep the order of the requests.
#[derive(Debug)]
pub struct Slot {
    pub outcome: Outcome,
    pub framing: Framing,
    /// Its departure has come.
    pub ready: bool,
    /// Whether it passes through the service, and is counted.
    pub counted: bool,
}

/// How a connection is going to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// It goes on.
    Open,
    /// It closes as soon as everything is sent.
    Close,
    /// It is reset at once.
    Reset,
}

#[derive(Debug)]
pub struct Connection {
    pub stream: TcpStream,
    /// Tells this connection from others that had its place.
    pub generation: u64,
    /// The beginning of a request.
    pub input: Vec<u8>,
    /// Length of `input` below which it cannot be complete.
    pub need: usize,
    /// The client was told to go on with its body.
    told_to_continue: bool,
    /// The client sends no more.
    pub end_of_input: bool,
    /// Whatever the client still sends is not looked at: it said that it is done, or made no sense.
    pub deaf: bool,
    /// It was too full to be read to the end.
    pub paused: bool,
    output: Vec<u8>,
    sent: usize,
    slots: VecDeque<Slot>,
    /// Number of the first of `slots`, counted from the first request.
    first: u64,
    ending: Ending,
}

impl Connection {
    pub fn new(stream: TcpStream, generation: u64) -> Self {
        Connection {
            stream,
            generation,
            input: Vec::new(),
            need: 0,
            told_to_continue: false,
            end_of_input: false,
            deaf: false,
            paused: false,
            output: Vec::new(),
            sent: 0,
            slots: VecDeque::new(),
            first: 0,
            ending: Ending::Open,
        }
    }

    /// Whether a further request would be answered.
    pub fn is_open(&self) -> bool {
        self.ending == Ending::Open
    }

    /// Whether as much as may wait does wait.
    pub fn is_full(&self) -> bool {
        self.slots.len() >= MOST_PIPELINED || self.output.len() - self.sent >= MOST_UNSENT
    }

    /// Let a request wait for its turn; returns its number.
    pub fn push(&mut self, slot: Slot, counters: &Counters) -> u64 {
        self.told_to_continue = false;
        self.deaf |= !slot.framing.keep_alive;
        let number = self.first + self.slots.len() as u64;
        if slot.ready && self.slots.is_empty() {
            self.first += 1;
            self.perform(slot, counters);
        } else {
            self.slots.push_back(slot);
        }
        number
    }

    /// The departure of request `number` has come: answer it and those behind it that have waited for it.
    pub fn depart(&mut self, number: u64, counters: &Counters) {
        if let Some(slot) = number.checked_sub(self.first).and_then(|at| self.slots.get_mut(at as usize)) {
            slot.ready = !matches!(slot.outcome, Outcome::Hang);
        }
        while self.is_open() && self.slots.front().is_some_and(|slot| slot.ready) {
            self.first += 1;
            if let Some(slot) = self.slots.pop_front() {
                self.perform(slot, counters);
            }
        }
    }

    fn perform(&mut self, slot: Slot, counters: &Counters) {
        let status = match slot.outcome {
            Outcome::Reply(reply) => {
                if !reply.encode(slot.framing, &mut self.output) {
                    self.ending = Ending::Close;
                }
                reply.status
            }
            Outcome::Reset => {
                self.ending = Ending::Reset;
                0
            }
            Outcome::Drop | Outcome::Hang => {
                self.ending = Ending::Close;
                0
            }
        };
        if slot.counted {
            counters.ended(status);
        }
    }

    /// Ask for the body that the client holds back, once, and unless the client would take it for an earlier answer.
    pub fn ask_for_body(&mut self) {
        if !self.told_to_continue && self.slots.is_empty() {
            self.told_to_continue = true;
            self.output.extend_from_slice(b"HTTP/1.1 100 Continue\r\n\r\n");
        }
    }

    /// Send what can be sent now; tells whether the connection goes on.
    pub fn flush(&mut self) -> io::Result<bool> {
        while self.sent < self.output.len() {
            match self.stream.write(&self.output[self.sent..]) {
                Ok(0) => return Ok(false),
                Ok(sent) => self.sent += sent,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        let flushed = self.sent == self.output.len();
        if flushed {
            self.output.clear();
            self.output.shrink_to(MOST_UNSENT);
            self.sent = 0;
        }
        Ok(match self.ending {
            Ending::Reset => false,
            Ending::Close => !flushed,
            Ending::Open => !(flushed && self.end_of_input && self.awaits_nothing()),
        })
    }

    /// No answer will come; a request that hangs is given up when its client sends no more.
    fn awaits_nothing(&self) -> bool {
        self.slots.front().is_none_or(|slot| matches!(slot.outcome, Outcome::Hang))
    }

    /// Close the socket; the requests that still wait end without an answer.
    pub fn close(mut self, counters: &Counters) {
        self.slots.iter().filter(|slot| slot.counted).for_each(|_| counters.ended(0));
        if self.ending == Ending::Reset {
            // If it cannot be reset it closes, which is the next best.
            let _ = rustix::net::sockopt::set_socket_linger(&self.stream, Some(Duration::ZERO));
            return;
        }
        // Bytes that nobody read would turn the close into a reset, and the client might lose the last answer.
        let _ = self.stream.shutdown(Shutdown::Write);
        let mut rest = [0; 4_096];
        for _ in 0..16 {
            if !matches!(self.stream.read(&mut rest), Ok(1..)) {
                break;
            }
        }
    }
}
