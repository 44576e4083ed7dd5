//! What the engine reports while it runs, and how its run ended.

/// What the engine reports while it runs.
#[derive(Debug)]
pub enum Message {
    /// The bytes of one window (window.rs).
    Window(Vec<u8>),
    /// Something that a reader of the run should know, at seconds after the released start.
    Event {
        at: f64,
        kind: &'static str,
        text: String,
    },
    Ended(Ending),
}

/// Why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    Completed,
    /// Asked to stop: arrivals stopped, what ran was allowed to finish.
    Stopped,
    /// Asked to stop at once.
    Aborted,
    SetupRaised,
    SetupTimedOut,
    TeardownRaised,
    TeardownTimedOut,
    /// A VU's start or stop raised.
    HookRaised,
    /// VUs' starts, or stops, took longer than setup, or teardown, may.
    StartTimedOut,
    StopTimedOut,
}

impl Reason {
    pub fn as_str(self) -> &'static str {
        match self {
            Reason::Completed => "completed",
            Reason::Stopped => "stopped",
            Reason::Aborted => "aborted",
            Reason::SetupRaised => "setup raised",
            Reason::SetupTimedOut => "setup timed out",
            Reason::TeardownRaised => "teardown raised",
            Reason::TeardownTimedOut => "teardown timed out",
            Reason::HookRaised => "hook raised",
            Reason::StartTimedOut => "start timed out",
            Reason::StopTimedOut => "stop timed out",
        }
    }
}

/// The last message: how the run ended.
#[derive(Clone, Copy, Debug)]
pub struct Ending {
    pub reason: Reason,
    /// Seconds after the released start at which the last scenario's regular duration ended.
    pub duration: f64,
    /// Seconds after the released start at which nothing ran any more.
    pub ended: f64,
    /// VUs that ended inside a request older than the slowest answer.
    pub hung: u32,
    pub vus: u32,
}
