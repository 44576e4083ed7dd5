//! What each path answers. It knows requests and replies, no socket and no time of day.

use std::io::{self, Write};
use std::sync::Arc;

use flate2::write::{GzEncoder, ZlibEncoder};
use flate2::Compression;
use serde_json::{json, Map, Value};

use crate::http::Request;
use crate::reply::{Body, Reply};
use crate::{nanos, Nanos};

/// Longest reply that a client may ask for \[bytes\].
const LONGEST: usize = 10_000_000;
/// The answer of every path without a meaning of its own: 20 bytes.
const GREETING: &str = "Hello from Tonnage!\n";
const TEXT: &str = "text/plain";
const JSON: &str = "application/json";
const BYTES: &str = "application/octet-stream";

/// How a request ends once the service has done with it.
#[derive(Debug)]
pub enum Outcome {
    Reply(Reply),
    /// The connection closes without an answer.
    Drop,
    /// The connection is reset.
    Reset,
    /// No answer ever comes.
    Hang,
}

/// An outcome, and the time that passes between its service and its departure.
#[derive(Debug)]
pub struct Answer {
    pub delay: Nanos,
    pub outcome: Outcome,
}

/// Paths that look at the service without passing through it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Observation {
    Metrics,
    Health,
}

/// The observation that a path asks for, if any.
pub fn observation(path: &str) -> Option<Observation> {
    match path {
        "/metrics" => Some(Observation::Metrics),
        "/health" => Some(Observation::Health),
        _ => None,
    }
}

/// The paths and the pages made beforehand.
#[derive(Debug)]
pub struct Routes {
    gzip: Arc<[u8]>,
    deflate: Arc<[u8]>,
}

impl Routes {
    /// Compress the pages that are sent compressed.
    pub fn new() -> io::Result<Self> {
        let page = json!({"compressed": true, "filler": "tonnage ".repeat(64)}).to_string();
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        gzip.write_all(page.as_bytes())?;
        let mut deflate = ZlibEncoder::new(Vec::new(), Compression::default());
        deflate.write_all(page.as_bytes())?;
        Ok(Routes { gzip: gzip.finish()?.into(), deflate: deflate.finish()?.into() })
    }

    /// What a request is answered, the service permitting.
    pub fn answer(&self, request: &Request) -> Answer {
        let (name, rest) = request.path.get(1..).unwrap_or("").split_once('/').unwrap_or((request.path, ""));
        let (mut delay, outcome) = (0, self.outcome(request, name, rest));
        if name == "delay" {
            delay = rest.parse().ok().filter(|ms| (0.0..=86_400e3).contains(ms)).map_or(0, |ms: f64| nanos(ms * 1e-3));
        }
        Answer { delay, outcome }
    }

    /// The outcome for `/name/rest`; `name` is the whole path where it has only one part.
    fn outcome(&self, request: &Request, name: &str, rest: &str) -> Outcome {
        Outcome::Reply(match (request.method, name) {
            (_, "/") => Reply::text(200, GREETING),
            (_, "/items") => Reply::new(200, JSON, Body::Static(ITEMS.as_bytes())),
            ("POST", "/orders") => order(&request.body),
            (_, "/echo") => echo(request),
            (_, "/gzip") => Reply::new(200, JSON, Body::Shared(self.gzip.clone())).with("Content-Encoding", "gzip"),
            (_, "/deflate") => {
                Reply::new(200, JSON, Body::Shared(self.deflate.clone())).with("Content-Encoding", "deflate")
            }
            (_, "/cookies") => Reply::json(200, &json!({"cookies": cookies(request)})),
            (_, "/headers") => Reply::json(200, &json!({"headers": headers(request)})),
            (_, "/close") => Reply { close: true, ..Reply::text(200, GREETING) },
            (_, "/drop") => return Outcome::Drop,
            (_, "/reset") => return Outcome::Reset,
            (_, "/hang") => return Outcome::Hang,
            (_, "cookies") if rest == "set" => set_cookies(request.query),
            (_, "status") => status(rest),
            (_, "bytes") => sized(rest, Body::Fill),
            (_, "chunked") => sized(rest, Body::Chunked),
            (_, "redirect") => redirect(rest),
            _ => Reply::text(200, GREETING),
        })
    }
}

const ITEMS: &str = r#"{"items":[{"sku":"a-1","name":"anchor","price":12.5},{"sku":"b-2","name":"buoy","price":3.2},{"sku":"c-3","name":"cleat","price":7.9}]}"#;

/// The order's number of pieces is not looked at: whatever JSON comes, its `sku` goes back.
fn order(body: &[u8]) -> Reply {
    let sku = serde_json::from_slice::<Value>(body).ok().and_then(|mut order| order.get_mut("sku").map(Value::take));
    Reply::json(201, &json!({"sku": sku, "status": "created"}))
}

fn echo(request: &Request) -> Reply {
    let body = Body::Owned(request.body.to_vec());
    match request.header("content-type") {
        Some(value) if value.starts_with(b"application/json") => Reply::new(200, JSON, body),
        Some(value) if value.starts_with(b"text/") => Reply::new(200, TEXT, body),
        _ => Reply::new(200, BYTES, body),
    }
}

/// The headers as they came; those of one name joined by commas.
fn headers(request: &Request) -> Map<String, Value> {
    let mut all = Map::new();
    for header in request.headers {
        let value = String::from_utf8_lossy(header.value);
        match all.get_mut(header.name) {
            Some(Value::String(before)) => before.extend([", ", &value]),
            _ => drop(all.insert(header.name.into(), Value::from(value))),
        }
    }
    all
}

fn cookies(request: &Request) -> Map<String, Value> {
    let text = String::from_utf8_lossy(request.header("cookie").unwrap_or_default());
    let pairs = text.split(';').filter_map(|pair| pair.trim().split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), Value::from(value))).collect()
}

fn set_cookies(query: &str) -> Reply {
    let pairs = query.split('&').filter(|pair| pair.contains('='));
    pairs.fold(Reply::text(200, GREETING), |reply, pair| reply.with("Set-Cookie", format!("{pair}; Path=/")))
}

fn status(text: &str) -> Reply {
    match text.parse() {
        Ok(status @ 200..=599) => Reply { status, ..Reply::text(200, GREETING) },
        _ => Reply::text(400, "a final status lies in 200 to 599\n"),
    }
}

fn sized(text: &str, body: fn(usize) -> Body) -> Reply {
    match text.parse() {
        Ok(length @ 0..=LONGEST) => Reply::new(200, BYTES, body(length)),
        _ => Reply::text(400, "a length lies in 0 to 10000000\n"),
    }
}

fn redirect(text: &str) -> Reply {
    match text.parse::<u32>() {
        Ok(left @ 2..) => Reply::text(302, "").with("Location", format!("/redirect/{}", left - 1)),
        Ok(_) => Reply::text(302, "").with("Location", "/"),
        Err(_) => Reply::text(400, "the number of redirects is a number\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::{parse, Parsed, MOST_HEADERS};
    use crate::reply::Framing;
    use std::mem::MaybeUninit;

    fn answer(head: &str, body: &str) -> Answer {
        let bytes = format!("{head} HTTP/1.1\r\nCookie: a=b; c=d\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        let mut room = [const { MaybeUninit::uninit() }; MOST_HEADERS];
        let Parsed::Complete(request, _) = parse(bytes.as_bytes(), &mut room) else { panic!("{bytes}") };
        Routes::new().unwrap().answer(&request)
    }

    fn text(head: &str, body: &str) -> String {
        let Outcome::Reply(reply) = answer(head, body).outcome else { panic!("{head} has no reply") };
        let mut out = Vec::new();
        reply.encode(Framing { head_only: false, keep_alive: true, old: false }, &mut out);
        String::from_utf8_lossy(&out).into_owned()
    }

    #[test]
    fn an_unknown_path_greets_in_twenty_bytes() {
        assert_eq!(GREETING.len(), 20);
        for path in ["/", "/nowhere", "/no/where", "/orders"] {
            assert!(text(&format!("GET {path}"), "").ends_with(GREETING));
        }
    }

    #[test]
    fn an_order_gives_back_its_sku() {
        assert!(text("POST /orders", r#"{"sku": "a-1"}"#).ends_with(r#"{"sku":"a-1","status":"created"}"#));
        assert!(text("POST /orders", "sku").ends_with(r#"{"sku":null,"status":"created"}"#));
    }

    #[test]
    fn redirects_count_down_to_the_root() {
        assert!(text("GET /redirect/3", "").contains("\r\nLocation: /redirect/2\r\n"));
        assert!(text("GET /redirect/1", "").contains("\r\nLocation: /\r\n"));
    }

    #[test]
    fn cookies_come_and_go() {
        assert!(text("GET /cookies/set?x=1&y=2", "").contains("\r\nSet-Cookie: x=1; Path=/\r\nSet-Cookie: y=2; Path=/"));
        assert!(text("GET /cookies", "").ends_with(r#"{"cookies":{"a":"b","c":"d"}}"#));
    }

    #[test]
    fn what_cannot_be_asked_is_a_bad_request() {
        for path in ["/status/100", "/status/x", "/bytes/10000001", "/chunked/-1", "/redirect/x"] {
            assert!(text(&format!("GET {path}"), "").starts_with("HTTP/1.1 400 "), "{path}");
        }
    }

    #[test]
    fn a_delay_is_in_milliseconds() {
        assert_eq!(answer("GET /delay/2.5", "").delay, 2_500_000);
        assert_eq!(answer("GET /delay/x", "").delay, 0);
    }

    #[test]
    fn the_list_of_items_is_json() {
        assert_eq!(serde_json::from_str::<Value>(ITEMS).unwrap()["items"].as_array().unwrap().len(), 3);
    }
}
