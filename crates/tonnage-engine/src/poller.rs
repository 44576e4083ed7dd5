//! Waiting for sockets and for the next instant, with sub-millisecond precision.
//!
//! mio gives edge-triggered readiness on every platform. epoll takes its time-out in whole milliseconds, which would
//! make every arrival up to a millisecond late, so on Linux a timerfd, registered like a socket, wakes the wait; it is
//! set only when the next instant is near and differs from the one it is set to (one system call).

use std::io;
use std::time::Duration;

use mio::{Events, Poll, Token, Waker};

#[cfg(target_os = "linux")]
use timer::Timer;

/// The token of the waker, out of the range of connections.
pub const WAKER: Token = Token(usize::MAX);
const TIMER: Token = Token(usize::MAX - 1);
/// Waits longer than this need no timerfd for their first part: the loop comes back once before the instant.
const COARSE: Duration = Duration::from_millis(20);

/// Readiness of sockets, a waker for other threads, and a precise time-out.
pub struct Poller {
    poll: Poll,
    events: Events,
    #[cfg(target_os = "linux")]
    timer: Timer,
}

impl Poller {
    pub fn new() -> io::Result<(Self, Waker)> {
        let poll = Poll::new()?;
        let waker = Waker::new(poll.registry(), WAKER)?;
        #[cfg(target_os = "linux")]
        let timer = Timer::register(&poll, TIMER)?;
        let poller = Self {
            poll,
            events: Events::with_capacity(1024),
            #[cfg(target_os = "linux")]
            timer,
        };
        Ok((poller, waker))
    }

    pub fn registry(&self) -> &mio::Registry {
        self.poll.registry()
    }

    /// Waits until a socket is ready, the waker rings or `patience` has passed; an interruption by a signal counts
    /// as a wake-up without events.
    pub fn wait(&mut self, patience: Duration) -> io::Result<()> {
        let timeout = self.time_out(patience)?;
        match self.poll.poll(&mut self.events, Some(timeout)) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                self.events.clear();
                Ok(())
            }
            result => result,
        }
    }

    #[cfg(target_os = "linux")]
    fn time_out(&mut self, patience: Duration) -> io::Result<Duration> {
        if patience.is_zero() {
            return Ok(patience);
        }
        if patience > COARSE {
            return Ok(patience - COARSE / 2);
        }
        self.timer.set(patience)?;
        Ok(COARSE)
    }

    #[cfg(not(target_os = "linux"))]
    fn time_out(&mut self, patience: Duration) -> io::Result<Duration> {
        Ok(patience) // kqueue takes nanoseconds
    }

    /// The sockets found ready by the last wait.
    pub fn ready(&self) -> impl Iterator<Item = &mio::event::Event> {
        self.events.iter().filter(|event| event.token() != TIMER)
    }
}

#[cfg(target_os = "linux")]
mod timer {
    use std::io;
    use std::os::fd::{AsRawFd, OwnedFd};
    use std::time::Duration;

    use mio::unix::SourceFd;
    use mio::{Interest, Poll, Token};
    use rustix::time::{
        timerfd_create, timerfd_settime, Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec,
    };

    /// A one-shot timer of the kernel. It is never read: setting it again clears its expiry, and edge-triggered
    /// readiness reports each expiry once.
    pub struct Timer {
        fd: OwnedFd,
    }

    impl Timer {
        pub fn register(poll: &Poll, token: Token) -> io::Result<Self> {
            let fd = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
            poll.registry().register(&mut SourceFd(&fd.as_raw_fd()), token, Interest::READABLE)?;
            Ok(Self { fd })
        }

        pub fn set(&mut self, after: Duration) -> io::Result<()> {
            let value = Timespec { tv_sec: after.as_secs() as i64, tv_nsec: i64::from(after.subsec_nanos()) };
            let once = Itimerspec { it_interval: Timespec { tv_sec: 0, tv_nsec: 0 }, it_value: value };
            timerfd_settime(&self.fd, TimerfdTimerFlags::empty(), &once)?;
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    #[test]
    fn a_wait_of_less_than_a_millisecond_does_not_take_one_millisecond_or_more_each_time() {
        let (mut poller, _waker) = Poller::new().unwrap();
        let shortest = (0..20)
            .map(|_| {
                let start = Instant::now();
                poller.wait(Duration::from_micros(300)).unwrap();
                start.elapsed()
            })
            .min()
            .unwrap();
        assert!(shortest >= Duration::from_micros(250) && shortest < Duration::from_micros(1000), "{shortest:?}");
    }

    #[test]
    fn the_waker_ends_a_wait() {
        let (mut poller, waker) = Poller::new().unwrap();
        waker.wake().unwrap();
        poller.wait(Duration::from_secs(5)).unwrap();
        assert!(poller.ready().any(|event| event.token() == WAKER));
    }
}
