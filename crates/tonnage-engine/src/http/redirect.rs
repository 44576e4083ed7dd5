//! Whether, where and how to follow a redirect (RFC 9110, section 15.4).

use super::guard::is_metadata_host;
use super::{Failure, Response, Target};

/// What the run allows. A redirect is the server's wish, and load must not go where nobody asked for it to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Most redirects of one request; 0 follows none and takes the redirect itself as the answer.
    pub max: u32,
    /// At `max`, take the last redirect as the answer (k6's rule) instead of failing.
    pub stop_at_max: bool,
    /// Follow to any host.
    pub allow_cross_host: bool,
    /// Hosts that may be followed to besides the request's own; names as in `Target::host`, without ports.
    pub allowed_hosts: Vec<String>,
}

impl Default for Policy {
    fn default() -> Self {
        Policy { max: 10, stop_at_max: false, allow_cross_host: false, allowed_hosts: Vec::new() }
    }
}

/// The request that was answered.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    pub target: &'a Target,
    pub method: &'a str,
}

/// What to do with an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Redirect {
    Follow {
        target: Target,
        method: String,
        /// Send the body again; else drop it together with the Content-* headers that describe it.
        keep_body: bool,
        /// Drop the request's own Authorization and Cookie headers: they were meant for the other host. A jar decides
        /// by itself.
        drop_auth: bool,
    },
    /// The response is the answer.
    Stop,
    Refuse(Failure),
}

/// Decide on `response`, after `count` redirects of this request have been followed.
///
/// 303 becomes GET (HEAD stays HEAD); POST after 301 or 302 becomes GET, as every browser does it; everything else
/// keeps method and body. Metadata addresses and schemes other than http are refused under every policy.
pub fn next(asked: &Asked<'_>, response: &Response, count: u32, policy: &Policy) -> Redirect {
    let (method, keep_body) = match (response.status, asked.method) {
        (303, "HEAD") => ("HEAD", false),
        (303, _) | (301 | 302, "POST") => ("GET", false),
        (301 | 302 | 307 | 308, method) => (method, true),
        _ => return Redirect::Stop,
    };
    let Some(location) = response.header("location").filter(|location| !location.is_empty()) else {
        return Redirect::Stop;
    };
    if policy.max == 0 || (count >= policy.max && policy.stop_at_max) {
        return Redirect::Stop;
    }
    if count >= policy.max {
        return Redirect::Refuse(Failure::TooManyRedirects(policy.max));
    }
    match resolve(asked.target, location, policy) {
        Ok(target) => {
            let drop_auth = !may_share_credentials(asked.target, &target);
            Redirect::Follow { target, method: method.to_owned(), keep_body, drop_auth }
        }
        Err(failure) => Redirect::Refuse(failure),
    }
}

fn resolve(from: &Target, location: &[u8], policy: &Policy) -> Result<Target, Failure> {
    let location =
        std::str::from_utf8(location).map_err(|_| Failure::InvalidUrl("the redirect's Location is not UTF-8"))?;
    let mut target = from.resolve(location)?;
    if is_metadata_host(&target.host) {
        return Err(Failure::BlockedAddress(target.host.into()));
    }
    let allowed = |host: &String| host.eq_ignore_ascii_case(&target.host);
    if target.host != from.host && !policy.allow_cross_host && !policy.allowed_hosts.iter().any(allowed) {
        return Err(Failure::CrossHostRedirect(target.host.into()));
    }
    // User and password of a URL go on to the same place, as an Authorization header would.
    if target.basic_auth.is_none() && may_share_credentials(from, &target) {
        target.basic_auth.clone_from(&from.basic_auth);
    }
    Ok(target)
}

/// The same origin, or the same host's step from http to https on the usual ports.
fn may_share_credentials(from: &Target, to: &Target) -> bool {
    let upgrade = !from.https && to.https && from.port == 80 && to.port == 443;
    from.same_origin(to) || (upgrade && from.host == to.host)
}
