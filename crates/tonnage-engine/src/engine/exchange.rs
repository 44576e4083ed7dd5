//! Requests of VUs: from a call over its hops to a reply, and what is measured on the way.

use std::sync::Arc;

use super::{Engine, OUTSIDE};
use crate::client::{Answer, Exchange, Finished, Instants};
use crate::clock::nanoseconds;
use crate::http::redirect::{self, Asked, Policy, Redirect};
use crate::http::{status_error_code, Failure, Prepared, Response};
use crate::recorder::{Fate, Phases, RequestSample};
use crate::scenario::VuId;
use crate::spec::Debug;
use crate::vu::{Call, Reply, Request, Wake};

impl Engine {
    /// The VU asks for a request; it is woken by `Reply`.
    ///
    /// The instant of this call is the intended one, but for the first request of an arrival: that one is charged
    /// with the lateness of its iteration.
    pub fn fetch(&mut self, vu: VuId, request: Request) {
        let state = &mut self.vus[vu as usize];
        if state.job.is_none() {
            return;
        }
        let called = self.clock.now();
        let lateness = std::mem::take(&mut state.lateness);
        let timeout = request.timeout.unwrap_or_else(|| nanoseconds(self.spec.http.timeout));
        let call = Call {
            prepared: request.prepared.clone(),
            request,
            flight: usize::MAX,
            called,
            lateness,
            hops: 0,
            deadline: called.saturating_add(timeout),
        };
        if call.deadline < state.armed {
            state.armed = call.deadline;
            self.timeouts.arm(call.deadline, u64::from(vu));
        }
        self.hop(vu, call);
    }

    /// Sends the current hop of a call.
    #[inline]
    fn hop(&mut self, vu: VuId, mut call: Call) {
        let prepared = &call.prepared;
        let origin = match self.client.origin(&prepared.target) {
            Ok(origin) => origin,
            Err(failure) => {
                self.vus[vu as usize].call = Some(call);
                return self.failed(vu, failure, Instants::default());
            }
        };
        let exchange = Exchange {
            vu,
            origin,
            bytes: self.bytes_of(vu, prepared),
            head_request: prepared.head_request,
            keep: call.request.keep,
            repeatable: prepared.is_idempotent(),
        };
        if self.spec.http.debug != Debug::Off {
            self.show("request", &exchange.bytes);
        }
        call.flight = self.client.send(exchange, call.called);
        self.vus[vu as usize].call = Some(call);
    }

    fn bytes_of(&self, vu: VuId, prepared: &Prepared) -> Arc<[u8]> {
        let jar = &self.vus[vu as usize].jar;
        if jar.is_empty() {
            return prepared.bytes.clone();
        }
        match jar.header_for(&prepared.target, unix_seconds()) {
            Some(cookies) => {
                let mut bytes = Vec::with_capacity(prepared.bytes.len() + cookies.len() + 16);
                prepared.write_with_cookies(&cookies, &mut bytes);
                bytes.into()
            }
            None => prepared.bytes.clone(),
        }
    }

    /// Works off every exchange that has ended.
    pub(super) fn settle(&mut self) {
        if self.client.finished.is_empty() {
            return;
        }
        let mut finished = std::mem::take(&mut self.client.finished);
        for finished in finished.drain(..) {
            self.rotate(finished.instants.done);
            let state = &self.vus[finished.vu as usize];
            if state.call.as_ref().is_none_or(|call| call.flight != finished.flight) {
                continue; // its job ended meanwhile
            }
            let Finished { vu, instants, sent, result, .. } = finished;
            match result {
                Ok(answer) => self.answered(vu, answer, instants, sent),
                Err(failure) => {
                    self.recorder.traffic(self.vus[vu as usize].scenario, sent, 0);
                    self.failed(vu, failure, instants);
                }
            }
        }
        // What was begun meanwhile may have failed at once; it keeps its place for the next turn.
        finished.append(&mut self.client.finished);
        self.client.finished = finished;
        for _ in 0..std::mem::take(&mut self.client.reconnects) {
            self.recorder.reconnect();
        }
    }

    #[inline]
    fn answered(&mut self, vu: VuId, answer: Answer, instants: Instants, sent: u64) {
        let state = &mut self.vus[vu as usize];
        let Some(mut call) = state.call.take() else { return };
        let scenario = state.scenario;
        let expected = call.request.expected.contains(answer.status);
        let duration = instants.done.saturating_sub(instants.ready);
        self.slowest_answer = self.slowest_answer.max(duration);
        let sample = RequestSample {
            scenario,
            label: call.request.label,
            status: answer.status,
            code: status_error_code(answer.status).unwrap_or(0),
            expected,
            hook: self.hook_of(vu),
            fate: Fate::Answered,
            duration,
            response_time: instants.done.saturating_sub(call.called) + std::mem::take(&mut call.lateness),
        };
        self.recorder.request(&sample, Some(&phases(&instants)));
        self.recorder.traffic(scenario, sent, answer.received);
        if let Some(response) = &answer.response {
            self.look_into(vu, &call, response);
            if (300..400).contains(&answer.status) {
                match self.redirect(&call, response) {
                    Ok(None) => {}
                    Ok(Some(prepared)) => {
                        call.hops += 1;
                        call.prepared = Arc::new(prepared);
                        call.called = self.clock.now();
                        return self.hop(vu, call);
                    }
                    Err(failure) => {
                        call.called = self.clock.now();
                        self.vus[vu as usize].call = Some(call);
                        return self.failed(vu, failure, instants);
                    }
                }
            }
        }
        self.reply(vu, call, answer, instants);
    }

    /// Keeps the cookies of an answer, and shows it where that is asked for.
    fn look_into(&mut self, vu: VuId, call: &Call, response: &Response) {
        if self.spec.http.debug != Debug::Off {
            let body = if self.spec.http.debug == Debug::Full { response.body() } else { b"" };
            self.show("response", &[response.head(), body].concat());
        }
        if response.sets_cookies() {
            let now = unix_seconds();
            let jar = &mut self.vus[vu as usize].jar;
            response.values("set-cookie").for_each(|cookie| jar.store(cookie, &call.prepared.target, now));
        }
    }

    /// The request that a redirect leads to; none where the redirect is the answer.
    fn redirect(&self, call: &Call, response: &Response) -> Result<Option<Prepared>, Failure> {
        let policy = Policy {
            max: call.request.max_redirects.unwrap_or(self.spec.http.max_redirects),
            stop_at_max: false,
            allow_cross_host: false,
            allowed_hosts: self.spec.http.targets.iter().map(|target| host_of(target).to_string()).collect(),
        };
        let asked = Asked { target: &call.prepared.target, method: &call.prepared.method };
        match redirect::next(&asked, response, call.hops, &policy) {
            Redirect::Stop => Ok(None),
            Redirect::Refuse(failure) => Err(failure),
            Redirect::Follow { target, method, keep_body, drop_auth } => {
                call.prepared.redirected(target, &method, keep_body, drop_auth).map(Some)
            }
        }
    }

    fn reply(&mut self, vu: VuId, call: Call, answer: Answer, instants: Instants) {
        let reply = Reply {
            status: answer.status,
            response: answer.response,
            failure: None,
            instants,
            prepared: call.prepared,
            hops: call.hops,
        };
        self.wakes.push_back(Wake::Reply { vu, reply: Box::new(reply) });
    }

    /// The call has no answer: an error of its own kind, which never enters the latency of answers.
    fn failed(&mut self, vu: VuId, failure: Failure, instants: Instants) {
        let state = &mut self.vus[vu as usize];
        let Some(call) = state.call.take() else { return };
        let scenario = state.scenario;
        let now = self.clock.now();
        let age = now.saturating_sub(call.called);
        let fate = if failure == Failure::Timeout { Fate::TimedOut } else { Fate::Failed };
        let sample = RequestSample {
            scenario,
            label: call.request.label,
            status: 0,
            code: failure.code(),
            expected: false,
            hook: self.hook_of(vu),
            fate,
            duration: age,
            response_time: age + call.lateness,
        };
        self.recorder.request(&sample, None);
        if failure.is_generator_fault() && !self.faults_told.contains(&failure.kind()) {
            self.faults_told.push(failure.kind());
            self.event("generator_fault", failure.to_string());
        }
        let reply = Reply {
            status: 0,
            response: None,
            failure: Some(failure),
            instants,
            prepared: call.prepared,
            hops: call.hops,
        };
        self.wakes.push_back(Wake::Reply { vu, reply: Box::new(reply) });
    }

    /// Gives up the calls whose deadline has passed.
    pub(super) fn fire_timeouts(&mut self, now: u64) {
        while let Some((at, key)) = self.timeouts.pop_due(now) {
            let vu = key as VuId;
            let state = &mut self.vus[vu as usize];
            if state.armed != at {
                continue;
            }
            state.armed = u64::MAX;
            let Some(call) = &state.call else { continue };
            // Deadlines are armed once per VU, not once per request: the one that rang may belong to an earlier call.
            if call.deadline > now {
                state.armed = call.deadline;
                self.timeouts.arm(call.deadline, u64::from(vu));
                continue;
            }
            let flight = call.flight;
            let instants = self.client.cancel(flight).unwrap_or_default();
            self.failed(vu, Failure::Timeout, instants);
        }
    }

    /// Records what a call that is cut off has shown: it lasted at least this long.
    pub(super) fn censor_call(&mut self, vu: VuId, now: u64) {
        let state = &mut self.vus[vu as usize];
        let Some(call) = state.call.take() else { return };
        let scenario = state.scenario;
        self.client.cancel(call.flight);
        let age = now.saturating_sub(call.called);
        if age > self.slowest_answer && vu != OUTSIDE {
            self.hung += 1;
        }
        let sample = RequestSample {
            scenario,
            label: call.request.label,
            status: 0,
            code: 0,
            expected: false,
            hook: self.hook_of(vu),
            fate: Fate::Interrupted,
            duration: age,
            response_time: age + call.lateness,
        };
        self.recorder.request(&sample, None);
    }

    fn show(&self, what: &str, bytes: &[u8]) {
        self.event("http_debug", format!("{what}:\n{}", String::from_utf8_lossy(bytes)));
    }
}

/// The host of an allowed target, which may name a port.
fn host_of(target: &str) -> &str {
    match target.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && !host.ends_with(':') => host,
        _ => target,
    }
}

/// The parts of the time of an answered request.
fn phases(instants: &Instants) -> Phases {
    let Instants { call, resolve, connect, connected, ready, sent, first_byte, done } = *instants;
    let dialled = connected > 0;
    Phases {
        blocked: ready.saturating_sub(call),
        dns: if dialled { connect.saturating_sub(resolve) } else { 0 },
        connecting: connected.saturating_sub(connect),
        tls: if dialled { ready.saturating_sub(connected) } else { 0 },
        sending: sent.saturating_sub(ready),
        waiting: first_byte.saturating_sub(sent),
        receiving: done.saturating_sub(first_byte),
    }
}

/// Wall-clock seconds, for the expiry of cookies only; no sample ever sees it.
fn unix_seconds() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs() as i64)
}
