//! HTTP/1.x as bytes: what is sent, what came back, and what went wrong.
//!
//! Everything here is a function of bytes and of an instant that is handed in. There is no socket, no clock and no
//! thread; whoever owns the connection feeds bytes and acts on the answers.
//!
//! ```text
//!   Target + Head ──▶ Prepared ──bytes──▶ (socket) ──bytes──▶ parse_whole │ Reception ──▶ Response
//!                        ▲                                                                  │
//!                        └── cookie::Jar ◀── Set-Cookie ── redirect::next ◀─────────────────┤
//!                                                                           decode::decode ◀┘
//! ```
//!
//! A system that fails is data: every way a request can end without an answer is a [`Failure`].
//! Eleven small files, two past the usual nine: framing, dates and the guard each follow a document of their own.
//! Sources: RFC 9110 (semantics), RFC 9112 (HTTP/1.1), RFC 6265 (cookies), RFC 3986 (URIs).

pub mod codec;
pub mod cookie;
mod date;
pub mod decode;
pub mod failure;
mod framing;
pub mod guard;
pub mod redirect;
pub mod request;
pub mod response;

pub use codec::{parse_whole, Fed, Reception, Whole};
pub use failure::{status_error_code, Exhausted, Failure, Stage};
pub use request::{form_encode, query_append, Head, Prepared, Target};
pub use response::{Response, Version};

/// How much of a server's answer the generator is willing to hold, so that a hostile or broken server can cost time
/// but never memory (reliability case 11).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Longest header block, and longest trailer section, in bytes; above it the response is a protocol failure.
    pub header: usize,
    /// Most bytes of a body that are kept; the rest is received and counted, but dropped.
    pub body_kept: usize,
    /// Most bytes that a body may decode to.
    pub decoded: usize,
    /// Largest decoded / received ratio, judged once more than 1 MiB has come out; deflate's own maximum is 1032.
    pub ratio: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { header: 64 << 10, body_kept: 64 << 20, decoded: 256 << 20, ratio: 100 }
    }
}
