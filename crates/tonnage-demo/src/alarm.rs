//! Wakes the event loop at the next departure.
//!
//! The time-out of `epoll_wait` counts whole milliseconds; a timer that is a file descriptor is exact to the
//! scheduler's own delay, some tens of microseconds. Elsewhere than on Linux the time-out has to do.

use std::io;
use std::time::Duration;

use mio::{Registry, Token};

use crate::Nanos;

/// A timer of one instant.
#[derive(Debug)]
pub struct Alarm {
    #[cfg(target_os = "linux")]
    timer: std::os::fd::OwnedFd,
    set_to: Option<Nanos>,
}

impl Alarm {
    /// Make the timer; when it goes off, the loop finds an event with this token.
    #[cfg(target_os = "linux")]
    pub fn new(registry: &Registry, token: Token) -> io::Result<Self> {
        use mio::{unix::SourceFd, Interest};
        use rustix::time::{timerfd_create, TimerfdClockId, TimerfdFlags};
        use std::os::fd::AsRawFd;

        let timer = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
        registry.register(&mut SourceFd(&timer.as_raw_fd()), token, Interest::READABLE)?;
        Ok(Alarm { timer, set_to: None })
    }

    #[cfg(not(target_os = "linux"))]
    pub fn new(_: &Registry, _: Token) -> io::Result<Self> {
        Ok(Alarm { set_to: None })
    }

    /// Go off at `next`, seen from `now`; returns how long the loop may wait beside it, at most `most`.
    pub fn set(&mut self, next: Option<Nanos>, now: Nanos, most: Duration) -> io::Result<Duration> {
        let Some(at) = next else { return Ok(most) };
        if at <= now {
            return Ok(Duration::ZERO);
        }
        let wait = Duration::from_nanos(at - now);
        if !cfg!(target_os = "linux") {
            return Ok(most.min(wait));
        }
        if self.set_to != next {
            self.arm(wait)?;
            self.set_to = next;
        }
        Ok(most)
    }

    /// The event is edge-triggered and setting the timer clears it, so nobody needs to read it.
    #[cfg(target_os = "linux")]
    fn arm(&self, wait: Duration) -> io::Result<()> {
        use rustix::time::{timerfd_settime, Itimerspec, TimerfdTimerFlags, Timespec};

        let it_interval = Timespec { tv_sec: 0, tv_nsec: 0 };
        let it_value = Timespec { tv_sec: wait.as_secs() as i64, tv_nsec: wait.subsec_nanos().into() };
        timerfd_settime(&self.timer, TimerfdTimerFlags::empty(), &Itimerspec { it_interval, it_value })?;
        Ok(())
    }

    #[cfg(not(target_os = "linux"))]
    fn arm(&self, _: Duration) -> io::Result<()> {
        Ok(())
    }
}
