//! Receiving responses: framing tables with their RFC rules, hostile inputs (reliability case 11), and properties.

use proptest::prelude::*;
use tonnage_engine::http::{parse_whole, Failure, Limits, Reception, Response, Version};

/// Feed `bytes` in pieces of `size`, then close. Ok: the response and the bytes it left over.
fn receive_in(pieces: impl Iterator<Item = usize>, bytes: &[u8], head: bool) -> Result<(Response, usize), Failure> {
    let mut reception = Reception::new(Limits::default());
    reception.start(head, true);
    let mut at = 0;
    for size in pieces {
        let end = (at + size).min(bytes.len());
        let fed = reception.feed(&bytes[at..end])?;
        at += fed.consumed;
        if fed.complete {
            return Ok((reception.take(), bytes.len() - at));
        }
        assert_eq!(at, end, "an incomplete response takes all bytes");
        if at == bytes.len() {
            break;
        }
    }
    reception.end_of_stream()?;
    Ok((reception.take(), 0))
}

fn receive(bytes: &[u8]) -> Result<(Response, usize), Failure> {
    receive_in(std::iter::once(bytes.len()), bytes, false)
}

fn failure(bytes: &[u8]) -> &'static str {
    match receive(bytes).expect_err("must fail") {
        Failure::Protocol(reason) => reason,
        other => other.kind(),
    }
}

#[test]
fn framing_follows_rfc_9112_section_6_3() {
    // (request was HEAD, response, body, bytes left over, keep alive)
    let table: &[(bool, &str, &str, usize, bool)] = &[
        // rule 1: no body whatever the fields say
        (true, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "", 0, true),
        (true, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "", 0, true),
        (false, "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", "", 0, true),
        (false, "HTTP/1.1 204 No Content\r\n\r\n", "", 0, true),
        // a 204 that announces content: whatever follows is not to be read as the next answer
        (false, "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello", "", 5, false),
        // rule 3: Transfer-Encoding wins, and the connection is not reused
        (false, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", "hi", 0, false),
        // rule 4: chunked
        (false, "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", "hi", 0, true),
        (false, "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "", 0, false),
        // rule 5, and RFC 9110 8.6: repeated but equal lengths are one
        (false, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2, 2\r\n\r\nhi", "hi", 0, true),
        // rule 6: Content-Length
        (false, "HTTP/1.1 200 OK\r\ncontent-length:  2 \r\n\r\nhi!", "hi", 1, true),
        (false, "HTTP/1.1 200 OK\nContent-Length: 2\n\nhi", "hi", 0, true),
        (false, "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\nContent-Length: 2\r\n\r\nhi", "hi", 0, false),
        // rule 8: until close
        (false, "HTTP/1.1 200 OK\r\n\r\nhello", "hello", 0, false),
        // RFC 9112 9.3
        (false, "HTTP/1.1 200 OK\r\nConnection: foo, Close\r\nContent-Length: 0\r\n\r\n", "", 0, false),
        (false, "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", "", 0, false),
        (false, "HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 0\r\n\r\n", "", 0, true),
        // RFC 9110 15.2: interim responses are skipped; 15.2.2: 101 is final
        (false, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", "hi", 0, true),
        (false, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x01", "", 1, false),
    ];
    for &(head, bytes, body, left, keep_alive) in table {
        let (response, rest) = receive_in(std::iter::once(bytes.len()), bytes.as_bytes(), head).expect(bytes);
        assert_eq!(response.body(), body.as_bytes(), "{bytes}");
        assert_eq!((rest, response.keep_alive), (left, keep_alive), "{bytes}");
    }
}

#[test]
fn chunked_bodies_follow_rfc_9112_section_7_1() {
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let good = [
        ("5\r\nhello\r\n0\r\n\r\n", "hello"),
        ("005;a=b;c=\"d e\"\r\nhello\r\n0;x\r\nTrailer: a\r\nOther: b\r\n\r\n", "hello"),
        ("A \t;x\r\n0123456789\r\n1\r\nx\r\n000\r\n\r\n", "0123456789x"),
    ];
    for (wire, body) in good {
        let (response, rest) = receive(format!("{head}{wire}").as_bytes()).expect(wire);
        assert_eq!((response.body(), rest), (body.as_bytes(), 0), "{wire}");
        assert_eq!(response.body_received, body.len() as u64);
    }
    let bad = [
        ("x\r\n", "chunk size is not a hexadecimal number"),
        ("\r\n", "chunk size is not a hexadecimal number"),
        ("-1\r\n", "chunk size is not a hexadecimal number"),
        ("0x5\r\n", "chunk size is not a hexadecimal number"),
        ("5\nhello\r\n", "chunk size is not a hexadecimal number"),
        ("5;a\nhello", "control character in a chunk extension"),
        ("5;\0\r\n", "control character in a chunk extension"),
        ("5\rhello", "chunk not ended by CRLF"),
        ("5\r\nhello!\r\n", "chunk not ended by CRLF"),
        ("5\r\nhello\n0\r\n\r\n", "chunk not ended by CRLF"),
        ("0\r\n\rx", "chunk not ended by CRLF"),
        ("10000000000000000\r\n", "chunk size above 64 bits"),
        ("5\r\nhel", "truncated"),
        ("0\r\n", "truncated"),
    ];
    for (wire, reason) in bad {
        assert_eq!(failure(format!("{head}{wire}").as_bytes()), reason, "{wire}");
    }
    // the largest size is no overflow, only a chunk that never ends
    assert_eq!(failure(format!("{head}FFFFFFFFFFFFFFFF\r\nhello").as_bytes()), "truncated");
}

#[test]
fn invalid_heads_are_protocol_failures() {
    let table = [
        ("SSH-2.0-OpenSSH_9.6\r\n", "not an HTTP/1.x response"),
        ("\r\nHTTP/1.1 200 OK\r\n\r\n", "not an HTTP/1.x response"),
        ("HTTP/2.0 200 OK\r\n\r\n", "not an HTTP/1.x response"),
        ("HTTP/1.2 200 OK\r\n\r\n", "not HTTP/1.0 or HTTP/1.1"),
        ("HTTP/1.1 20x OK\r\n\r\n", "invalid status line"),
        ("HTTP/1.1 099 OK\r\n\r\n", "status below 100"),
        ("HTTP/1.1 200 OK\r\nA: \0\r\n\r\n", "invalid character in a header value"),
        ("HTTP/1.1 200 OK\r\nA\0: b\r\n\r\n", "invalid character in a header name"),
        ("HTTP/1.1 200 OK\r\nA : b\r\n\r\n", "invalid character in a header name"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "invalid or conflicting Content-Length"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\n", "invalid or conflicting Content-Length"),
        ("HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\n", "invalid or conflicting Content-Length"),
        ("HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n", "invalid or conflicting Content-Length"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551616\r\n\r\n", "invalid or conflicting Content-Length"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", "unsupported Transfer-Encoding"),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
            "unsupported Transfer-Encoding",
        ),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding:\r\n\r\n", "unsupported Transfer-Encoding"),
    ];
    for (bytes, reason) in table {
        assert_eq!(failure(bytes.as_bytes()), reason, "{bytes}");
        assert_eq!(parse_whole(bytes.as_bytes(), false), None, "{bytes}");
    }
}

#[test]
fn another_protocol_is_refused_at_its_first_byte_that_differs() {
    let mut reception = Reception::new(Limits::default());
    assert!(b"HTTP/".iter().all(|byte| reception.feed(&[*byte]).is_ok()));
    assert_eq!(reception.feed(b"2"), Err(Failure::Protocol("not an HTTP/1.x response")));
}

#[test]
fn a_close_says_how_much_of_the_answer_was_there() {
    let mut reception = Reception::new(Limits::default());
    assert_eq!(reception.end_of_stream(), Err(Failure::ClosedUnanswered));
    for cut in [
        "H",
        "HTTP/1.1 200 OK\r\nContent-Len",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nh",
        "HTTP/1.1 100 C\r\n\r\n",
    ] {
        reception.start(false, true);
        assert!(!reception.started());
        reception.feed(cut.as_bytes()).expect("a valid beginning");
        assert!(reception.started());
        assert_eq!(reception.end_of_stream(), Err(Failure::Truncated), "{cut}");
        assert_eq!(reception.feed(b"more"), Err(Failure::Truncated), "a failure stays");
    }
}

#[test]
fn limits_end_endless_heads_case_11() {
    let mut long = b"HTTP/1.1 200 OK\r\nA: ".to_vec();
    long.resize(70_000, b'a');
    assert_eq!(failure(&long), "header block above the limit");
    let fields: String = (0..10_000).map(|n| format!("A{n}: b\r\n")).collect();
    assert_eq!(failure(format!("HTTP/1.1 200 OK\r\n{fields}").as_bytes()), "header block above the limit");
    assert_eq!(
        failure(format!("HTTP/1.1 200 OK\r\n{}\r\n", "a: b\r\n".repeat(257)).as_bytes()),
        "more than 256 headers"
    );
    let full = format!("HTTP/1.1 200 OK\r\n{}Content-Length: 0\r\n\r\n", "a: b\r\n".repeat(255));
    assert_eq!(receive(full.as_bytes()).expect("256 fields").0.headers().count(), 256);
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    assert_eq!(failure(format!("{chunked}1;{}", "x".repeat(5000)).as_bytes()), "chunk extension above 4 KiB");
    assert_eq!(
        failure(format!("{chunked}0\r\n{}", "a: b\r\n".repeat(20_000)).as_bytes()),
        "trailer section above the limit"
    );
}

#[test]
fn a_flood_of_interim_responses_ends_case_11() {
    let interim = "HTTP/1.1 103 Early Hints\r\n\r\n";
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    assert!(receive(format!("{}{answer}", interim.repeat(32)).as_bytes()).is_ok());
    assert_eq!(failure(interim.repeat(33).as_bytes()), "more than 32 interim responses");
}

#[test]
fn a_body_beyond_the_limit_is_counted_and_dropped_case_11() {
    let limits = Limits { body_kept: 10, ..Limits::default() };
    let mut reception = Reception::new(limits);
    let piece = [b'x'; 1000];
    for head in ["Content-Length: 10000000000", "Connection: close"] {
        reception.start(false, true);
        reception.feed(format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n").as_bytes()).expect("head");
        for _ in 0..1000 {
            reception.feed(&piece).expect("body");
        }
        let response = reception.take();
        assert_eq!(
            (response.body(), response.body_received, response.truncated),
            (&b"xxxxxxxxxx"[..], 1_000_000, true)
        );
    }
    reception.start(false, false);
    reception.feed(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi").expect("whole");
    let discarded = reception.take();
    assert_eq!((discarded.body(), discarded.body_received, discarded.truncated), (&b""[..], 2, false));
}

#[test]
fn the_fast_path_takes_plain_answers_and_leaves_the_rest() {
    let plain = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX: y\r\n\r\nhiHTTP/1.1";
    let whole = parse_whole(plain, false).expect("plain");
    assert_eq!(
        (whole.status, whole.head_len, whole.body_len, whole.consumed, whole.keep_alive),
        (200, 44, 2, 46, true)
    );
    let response = Response::from_whole(plain, &whole);
    assert_eq!(
        (response.body(), response.header("x"), response.version),
        (&b"hi"[..], Some(&b"y"[..]), Version::Http11)
    );
    let discarded = Response::from_whole_without_body(plain, &whole);
    assert_eq!((discarded.body(), discarded.body_received), (&b""[..], 2));
    assert_eq!(parse_whole(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", true).expect("HEAD").body_len, 0);
    for other in [
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi",
        "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\nhi",
        "HTTP/1.1 200 OK\r\n\r\nhi",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\n",
        "",
    ] {
        assert_eq!(parse_whole(other.as_bytes(), false), None, "{other}");
    }
}

#[test]
fn headers_are_read_in_order_and_in_any_case() {
    let bytes = b"HTTP/1.0 404 Not  F\xfcnd\r\nSet-Cookie: a=1\r\nset-cookie:\tb=2 \r\nContent-Encoding: gzip\r\n\
        Content-Encoding: br\r\nEmpty:\r\nContent-Length: 0\r\n\r\n";
    let response = receive(bytes).expect("valid").0;
    assert_eq!(
        (response.status, response.status_text().as_ref(), response.version),
        (404, "Not  F\u{fffd}nd", Version::Http10)
    );
    assert_eq!(response.header("SET-COOKIE"), Some(&b"a=1"[..]));
    assert_eq!(response.values("set-cookie").collect::<Vec<_>>(), [&b"a=1"[..], b"b=2"]);
    assert_eq!(response.content_encoding().as_deref(), Some(&b"gzip, br"[..]));
    assert_eq!(response.header("empty"), Some(&b""[..]));
    assert_eq!(response.header("none"), None);
    assert_eq!(response.headers().map(|(name, _)| name.len()).sum::<usize>(), 10 + 10 + 16 + 16 + 5 + 14);
    assert!(response.head().ends_with(b"\r\n\r\n"));
}

#[test]
fn single_bytes_cost_linear_time_case_6() {
    // 64 KiB of head in single bytes: quadratic work would be 2·10⁹ steps, and seconds.
    let fields: String = (0..250).map(|n| format!("X-{n}: {}\r\n", "v".repeat(240))).collect();
    let bytes = format!("HTTP/1.1 200 OK\r\n{fields}Content-Length: 100000\r\n\r\n{}", "b".repeat(100_000));
    let begin = std::time::Instant::now();
    let (response, _) = receive_in(std::iter::repeat(1), bytes.as_bytes(), false).expect("valid");
    assert_eq!(response.body().len(), 100_000);
    assert!(begin.elapsed().as_secs_f64() < 1.0);
}

/// A valid response with its framing, and what it must read as.
fn valid_response() -> impl Strategy<Value = Vec<u8>> {
    let field = ("[A-Za-z][A-Za-z0-9-]{0,12}", "[ -~]{0,20}");
    let fields = prop::collection::vec(field, 0..8)
        .prop_map(|fields| fields.iter().map(|(name, value)| format!("X-{name}: {value}\r\n")).collect::<String>());
    let body = prop::collection::vec(any::<u8>(), 0..200);
    let status = prop::sample::select(vec![200u16, 204, 206, 301, 304, 404, 500, 503]);
    let connection = prop::sample::select(vec!["", "Connection: close\r\n", "Connection: keep-alive\r\n"]);
    let prefix = prop::sample::select(vec!["", "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 103 Hi\nLink: a\n\n"]);
    (fields, body, status, connection, prefix, 0..4u8, 0..2u8, 1..40usize).prop_map(
        |(fields, body, status, connection, prefix, framing, minor, chunk)| {
            let mut out = format!("{prefix}HTTP/1.{minor} {status} Some Words\r\n{fields}{connection}").into_bytes();
            let bodyless = matches!(status, 204 | 304);
            match framing {
                0 | 1 => out.extend(format!("Content-Length: {}\r\n\r\n", body.len()).bytes()),
                2 => out.extend(b"Transfer-Encoding: chunked\r\n\r\n"),
                _ => out.extend(b"\r\n"),
            }
            match framing {
                _ if bodyless => {}
                2 => {
                    for piece in body.chunks(chunk) {
                        out.extend(format!("{:x};ext=1\r\n", piece.len()).bytes());
                        out.extend(piece);
                        out.extend(b"\r\n");
                    }
                    out.extend(b"0\r\nTrailer: x\r\n\r\n");
                }
                _ => out.extend(body),
            }
            out
        },
    )
}

/// Bytes near a valid response: pieces of the grammar in any order.
fn nearly_response() -> impl Strategy<Value = Vec<u8>> {
    let token = prop::sample::select(vec![
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.0 204 \r\n",
        "HTTP/1.1 100 C\r\n",
        "Content-Length: 3\r\n",
        "Content-Length: 99999999999999999999\r\n",
        "Transfer-Encoding: chunked\r\n",
        "Connection: close\r\n",
        "Content-Encoding: gzip\r\n",
        "\r\n",
        "\n",
        "\r",
        "abc",
        "3\r\nabc\r\n",
        "0\r\n\r\n",
        "FFFFFFFFFFFFFFFF\r\n",
        ";",
        ":",
        "\0",
        "\t",
        " ",
    ]);
    let tail = prop::collection::vec(any::<u8>(), 0..8);
    (prop::collection::vec(token, 0..14), tail, any::<bool>()).prop_map(|(tokens, tail, front)| {
        let mut out = if front { b"HTTP/1.1 200 OK\r\n".to_vec() } else { Vec::new() };
        tokens.iter().for_each(|token| out.extend(token.bytes()));
        out.extend(tail);
        out
    })
}

fn agree(bytes: &[u8], head: bool, pieces: &[usize]) {
    let at_once = receive_in(std::iter::once(bytes.len()), bytes, head);
    let sizes = pieces.iter().copied().chain(std::iter::repeat(1));
    assert_eq!(receive_in(sizes, bytes, head), at_once, "pieces do not matter");
    if let Some(whole) = parse_whole(bytes, head) {
        let (response, left) = at_once.expect("what the fast path takes is valid");
        assert_eq!(Response::from_whole(bytes, &whole), response);
        assert_eq!(whole.consumed, bytes.len() - left);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn valid_responses_are_received_alike_in_any_pieces(
        bytes in valid_response(), head in any::<bool>(), pieces in prop::collection::vec(1..30usize, 0..40),
    ) {
        prop_assert!(receive_in(std::iter::once(bytes.len()), &bytes, head).is_ok());
        agree(&bytes, head, &pieces);
    }

    #[test]
    fn near_responses_are_received_alike_in_any_pieces(
        bytes in nearly_response(), head in any::<bool>(), pieces in prop::collection::vec(1..30usize, 0..40),
    ) {
        agree(&bytes, head, &pieces);
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), head in any::<bool>()) {
        agree(&bytes, head, &[7]);
    }
}
