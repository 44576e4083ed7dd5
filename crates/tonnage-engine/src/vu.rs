//! A virtual user as the engine sees it: what it is doing, and since when.

use std::ops::RangeInclusive;
use std::sync::Arc;

use crate::client::{FlightId, Instants};
use crate::http::cookie::Jar;
use crate::http::{Failure, Prepared, Response};
use crate::recorder::LabelId;
use crate::scenario::VuId;

/// What a VU's script is running.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Job {
    /// Once before everything, by a VU of its own.
    Setup,
    /// Once after everything.
    Teardown,
    /// Before a VU's first iteration.
    Start,
    Iteration,
    /// After a VU's last iteration.
    Stop,
}

/// How a job ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobEnd {
    Complete,
    /// The script raised; the kind names it in the counts.
    Raised {
        kind: String,
    },
}

/// What the engine tells a VU's behaviour.
pub enum Wake {
    Begin {
        vu: VuId,
        job: Job,
    },
    Reply {
        vu: VuId,
        reply: Box<Reply>,
    },
    Slept {
        vu: VuId,
    },
    /// The job is over: whatever runs is to be closed, and nothing of it counts any more.
    Interrupted {
        vu: VuId,
    },
}

/// Statuses that a request counts as success.
#[derive(Clone, Debug, Default)]
pub enum Expected {
    /// 200 to 399, as k6.
    #[default]
    Success,
    OneOf(Arc<[RangeInclusive<u16>]>),
}

impl Expected {
    pub fn contains(&self, status: u16) -> bool {
        match self {
            Expected::Success => (200..400).contains(&status),
            Expected::OneOf(ranges) => ranges.iter().any(|range| range.contains(&status)),
        }
    }
}

/// A request as a behaviour asks for it.
#[derive(Clone)]
pub struct Request {
    pub prepared: Arc<Prepared>,
    pub label: LabelId,
    /// ns; none is the run's default.
    pub timeout: Option<u64>,
    pub max_redirects: Option<u32>,
    pub expected: Expected,
    /// Whether the behaviour wants the response or only that it came.
    pub keep: bool,
}

/// What came of a request.
pub struct Reply {
    pub status: u16,
    pub response: Option<Box<Response>>,
    pub failure: Option<Failure>,
    /// Instants of the last hop.
    pub instants: Instants,
    /// The request that was answered: another one than asked for after redirects.
    pub prepared: Arc<Prepared>,
    pub hops: u32,
}

/// A request under way, over all its hops.
pub(crate) struct Call {
    pub request: Request,
    /// What the current hop sends; differs from the request after a redirect.
    pub prepared: Arc<Prepared>,
    pub flight: FlightId,
    pub called: u64,
    /// Lateness of the iteration, charged to its first request only.
    pub lateness: u64,
    pub hops: u32,
    pub deadline: u64,
}

pub(crate) struct Vu {
    pub scenario: u16,
    /// Its place in a closed scenario.
    pub slot: u32,
    pub job: Option<Job>,
    /// Counted among the active VUs of its scenario: from the start of an iteration, begun or not, to its end.
    pub active: bool,
    /// Iterations that it has begun.
    pub iterations: u64,
    pub intended: u64,
    pub vu_wait: u64,
    /// When its current job was handed to the behaviour, and when the behaviour took it up.
    pub woken: u64,
    pub begun: u64,
    pub lateness: u64,
    pub call: Option<Call>,
    pub sleep_until: u64,
    /// The earliest time-out that is armed for it.
    pub armed: u64,
    pub jar: Jar,
    pub prepared: bool,
}

impl Vu {
    pub fn new(scenario: u16) -> Self {
        Self {
            scenario,
            slot: 0,
            job: None,
            active: false,
            iterations: 0,
            intended: 0,
            vu_wait: 0,
            woken: 0,
            begun: 0,
            lateness: 0,
            call: None,
            sleep_until: u64::MAX,
            armed: u64::MAX,
            jar: Jar::default(),
            prepared: false,
        }
    }
}
