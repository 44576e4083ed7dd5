//! Behaviour without a script: one request, again and again.

use std::io;

use crate::engine::Engine;
use crate::recorder::Tags;
use crate::vu::{JobEnd, Request, Wake};

/// Rounds of wakes between two looks at the sockets: a reply ends an iteration, and the next one begins and sends.
const ROUNDS: usize = 4;

/// Runs the engine to its end; each iteration makes `request` once, under `name`.
///
/// Nothing is kept of an answer but its status, so an iteration allocates nothing. The cost of a wake, from the
/// socket's readiness to the next `send`, is about 300 ns beside the system calls.
pub fn repeat(engine: &mut Engine, request: &Request, name: &str) -> io::Result<()> {
    let label = engine.label(name, &request.prepared.method, &Tags::default());
    let request = Request { label, ..request.clone() };
    while engine.turn()? {
        for _ in 0..ROUNDS {
            for _ in 0..engine.waiting_wakes() {
                match engine.next_wake() {
                    Some(Wake::Begin { vu, .. }) => {
                        if engine.begin(vu) {
                            engine.fetch(vu, request.clone());
                        }
                    }
                    Some(Wake::Reply { vu, .. } | Wake::Slept { vu }) => engine.ended(vu, &JobEnd::Complete),
                    Some(Wake::Interrupted { .. }) => {}
                    None => break,
                }
            }
        }
    }
    Ok(())
}
