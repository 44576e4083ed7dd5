//! How another thread asks a running engine to stop.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::Arc;

use mio::Waker;

/// Asks a running engine, from any thread, to stop.
pub struct Control {
    state: AtomicU8,
    waker: Arc<Waker>,
}

const RUN: u8 = 0;
pub(super) const DRAIN: u8 = 1;
pub(super) const ABORT: u8 = 2;
pub(super) const CRASH: u8 = 3;

impl Control {
    pub(super) fn new(waker: Arc<Waker>) -> Self {
        Control { state: AtomicU8::new(RUN), waker }
    }

    /// The most that was asked for until now.
    #[inline]
    pub(super) fn asked(&self) -> u8 {
        self.state.load(Ordering::Relaxed)
    }

    /// No more starts; what runs may finish within its graceful stop.
    pub fn stop(&self) {
        self.ask(DRAIN);
    }

    /// What runs is interrupted at once.
    pub fn abort(&self) {
        self.ask(ABORT);
    }

    /// Makes the engine's thread panic at its next turn: what a defect would do, for the tests of what happens then.
    pub fn crash(&self) {
        self.ask(CRASH);
    }

    fn ask(&self, state: u8) {
        self.state.fetch_max(state, Ordering::SeqCst);
        // A waker that cannot ring is seen within PATIENCE all the same.
        let _ = self.waker.wake();
    }
}
