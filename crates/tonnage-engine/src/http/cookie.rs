//! The cookies of one virtual user (RFC 6265).
//!
//! What a jar leaves out: it has no public-suffix list, so a server of `shop.co.uk` could set a cookie for `co.uk`.
//! A load test speaks to a few known hosts, and each VU has its own jar, so nobody is there to be harmed. Name
//! prefixes (`__Host-`), SameSite and partitions are rules about browsing contexts and have no meaning here.

use std::fmt;
use std::net::IpAddr;

use super::date::parse_cookie_date;
use super::request::{is_field_value, is_token};
use super::{Failure, Target};

/// Most cookies of one domain, and of all; the oldest give way (RFC 6265, section 6.1).
const PER_DOMAIN: usize = 50;
const TOTAL: usize = 3000;

/// Longest name and value together, and longest attribute value, in bytes; what is longer is ignored.
const PAIR: usize = 4096;
const ATTRIBUTE: usize = 1024;

/// Cookies of one VU. Instants are Unix time in seconds, handed in.
#[derive(Default, Clone)]
pub struct Jar {
    /// In order of creation.
    cookies: Vec<Cookie>,
}

#[derive(Clone)]
struct Cookie {
    name: String,
    value: String,
    /// Lower case, without a leading dot.
    domain: String,
    host_only: bool,
    path: String,
    secure: bool,
    /// None: until the jar is cleared.
    expires: Option<i64>,
}

impl Cookie {
    fn is_expired(&self, now: i64) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }

    /// Two cookies with the same name, domain and path are one (RFC 6265 5.3, step 11).
    fn replaces(&self, old: &Cookie) -> bool {
        self.name == old.name && self.domain == old.domain && self.path == old.path
    }

    /// RFC 6265 5.4, step 1.
    fn is_for(&self, target: &Target, now: i64) -> bool {
        let same = self.domain == target.host;
        (same || !self.host_only && domain_matches(&target.host, &self.domain))
            && (target.https || !self.secure)
            && path_matches(target_path(target), &self.path)
            && !self.is_expired(now)
    }
}

impl Jar {
    /// Cheap: a VU without cookies pays one comparison a request.
    pub fn is_empty(&self) -> bool {
        self.cookies.is_empty()
    }

    /// Cookies held, expired ones included until the next `store`.
    pub fn len(&self) -> usize {
        self.cookies.len()
    }

    pub fn clear(&mut self) {
        self.cookies.clear();
    }

    /// Take one Set-Cookie value of an answer from `target`. What RFC 6265 says to ignore is ignored, as are values
    /// that are not UTF-8 or hold control characters.
    pub fn store(&mut self, set_cookie: &[u8], target: &Target, now_unix_s: i64) {
        if let Some(cookie) = parse(set_cookie, target, now_unix_s) {
            self.insert(cookie, now_unix_s);
        }
    }

    /// Set a cookie by hand: for this host only, all its paths, and until the jar is cleared.
    ///
    /// # Errors
    /// `Failure::InvalidRequest`: a name that is no token, or a value with a semicolon or control character.
    pub fn set(&mut self, name: &str, value: &str, target: &Target) -> Result<(), Failure> {
        let refused = |reason| Err(Failure::InvalidRequest { name: name.into(), reason });
        if !is_token(name) {
            return refused("is not a valid cookie name");
        }
        if value.contains(';') || !is_field_value(value) {
            return refused("has a value with a semicolon or control character");
        }
        if name.len() + value.len() > PAIR {
            return refused("is a cookie above 4 KiB");
        }
        let (name, value, domain) = (name.to_owned(), value.to_owned(), target.host.clone());
        let path = "/".to_owned();
        self.insert(Cookie { name, value, domain, host_only: true, path, secure: false, expires: None }, i64::MIN);
        Ok(())
    }

    /// The value that a request to `target` would carry under this name.
    pub fn get(&self, name: &str, target: &Target, now_unix_s: i64) -> Option<&str> {
        self.matching(target, now_unix_s).into_iter().find(|(other, _)| *other == name).map(|(_, value)| value)
    }

    /// Name and value of every cookie for `target`: longer paths first, then older ones (RFC 6265 5.4, step 2).
    pub fn matching(&self, target: &Target, now_unix_s: i64) -> Vec<(&str, &str)> {
        let mut fitting: Vec<&Cookie> =
            self.cookies.iter().filter(|cookie| cookie.is_for(target, now_unix_s)).collect();
        fitting.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
        fitting.iter().map(|cookie| (cookie.name.as_str(), cookie.value.as_str())).collect()
    }

    /// The Cookie value of a request to `target`; None if there is nothing to send. Never has control characters.
    pub fn header_for(&self, target: &Target, now_unix_s: i64) -> Option<String> {
        if self.cookies.is_empty() {
            return None;
        }
        let mut header = String::new();
        for (name, value) in self.matching(target, now_unix_s) {
            if !header.is_empty() {
                header.push_str("; ");
            }
            header.push_str(name);
            header.push('=');
            header.push_str(value);
        }
        (!header.is_empty()).then_some(header)
    }

    fn insert(&mut self, cookie: Cookie, now: i64) {
        self.cookies.retain(|old| !old.is_expired(now));
        let known = self.cookies.iter().position(|old| cookie.replaces(old));
        match (known, cookie.is_expired(now)) {
            (Some(at), true) => drop(self.cookies.remove(at)),
            (None, true) => {}
            // In its old place: a replaced cookie keeps its creation time.
            (Some(at), false) => self.cookies[at] = cookie,
            (None, false) => {
                self.make_room(&cookie.domain);
                self.cookies.push(cookie);
            }
        }
    }

    fn make_room(&mut self, domain: &str) {
        let of_domain = |cookie: &Cookie| cookie.domain == domain;
        if self.cookies.iter().filter(|cookie| of_domain(cookie)).count() >= PER_DOMAIN {
            if let Some(oldest) = self.cookies.iter().position(of_domain) {
                self.cookies.remove(oldest);
            }
        }
        if self.cookies.len() >= TOTAL {
            self.cookies.remove(0);
        }
    }
}

impl fmt::Debug for Jar {
    /// Names only: values are sessions.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.cookies.iter().map(|cookie| &cookie.name)).finish()
    }
}

/// RFC 6265, sections 5.2 and 5.3.
fn parse(set_cookie: &[u8], target: &Target, now: i64) -> Option<Cookie> {
    let text = std::str::from_utf8(set_cookie).ok().filter(|text| is_field_value(text))?;
    let mut pieces = text.split(';');
    let (name, value) = pieces.next()?.split_once('=')?;
    let (name, value) = (name.trim(), value.trim());
    if name.is_empty() || name.len() + value.len() > PAIR {
        return None;
    }
    let (mut domain, mut path, mut secure) = (None, None, false);
    let (mut expires, mut max_age) = (None, None);
    for piece in pieces {
        let (attribute, setting) = piece.split_once('=').unwrap_or((piece, ""));
        let (attribute, setting) = (attribute.trim(), setting.trim());
        if setting.len() > ATTRIBUTE {
            continue;
        }
        // The last of each counts.
        match attribute.to_ascii_lowercase().as_str() {
            "domain" => domain = Some(setting.strip_prefix('.').unwrap_or(setting)).filter(|name| !name.is_empty()),
            "path" => path = Some(setting).filter(|path| path.starts_with('/')),
            "secure" => secure = true,
            "expires" => expires = parse_cookie_date(setting).or(expires),
            "max-age" => max_age = parse_max_age(setting).or(max_age),
            _ => {}
        }
    }
    let (domain, host_only) = scope(domain, target)?;
    let path = path.unwrap_or_else(|| default_path(target)).to_owned();
    // Max-Age wins over Expires; zero or less means at once.
    let expires = max_age.map(|age| if age <= 0 { i64::MIN } else { now.saturating_add(age) }).or(expires);
    Some(Cookie { name: name.to_owned(), value: value.to_owned(), domain, host_only, path, secure, expires })
}

/// The cookie's domain, and whether it is for that host only; None if the server may not set it.
fn scope(domain: Option<&str>, target: &Target) -> Option<(String, bool)> {
    let Some(domain) = domain else { return Some((target.host.clone(), true)) };
    let domain = url::Host::parse(domain).ok()?.to_string();
    let is_ip = target.host.parse::<IpAddr>().is_ok();
    if domain == target.host {
        // An address has no subdomains, and neither has a single label such as localhost.
        return Some((domain, is_ip || !target.host.contains('.')));
    }
    (!is_ip && domain.contains('.') && domain_matches(&target.host, &domain)).then_some((domain, false))
}

/// RFC 6265 5.1.3, for a host that is not the domain itself. A Target's host is lower case and never an address when
/// `domain` is not equal to it.
fn domain_matches(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
}

/// RFC 6265 5.1.4.
fn path_matches(path: &str, cookie_path: &str) -> bool {
    path.strip_prefix(cookie_path)
        .is_some_and(|rest| rest.is_empty() || cookie_path.ends_with('/') || rest.starts_with('/'))
}

/// The directory of the request's path, without its last slash (RFC 6265 5.1.4).
fn default_path(target: &Target) -> &str {
    let path = target_path(target);
    match path.rfind('/') {
        None | Some(0) => "/",
        Some(last) => &path[..last],
    }
}

fn target_path(target: &Target) -> &str {
    target.path.split('?').next().unwrap_or_default()
}

/// Digits with an optional minus (RFC 6265 5.2.2); a number beyond i64 is as good as for ever.
fn parse_max_age(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(text.parse().unwrap_or(if text.starts_with('-') { i64::MIN } else { i64::MAX }))
}
