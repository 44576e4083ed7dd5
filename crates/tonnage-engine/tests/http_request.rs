//! Preparing requests: targets, the exact bytes, and refusals of what could smuggle a second request.

use std::sync::Arc;

use proptest::prelude::*;
use tonnage_engine::http::{form_encode, query_append, Failure, Head, Prepared, Target};
use url::Url;

fn target(url: &str) -> Arc<Target> {
    Arc::new(Target::parse(url, None).expect(url))
}

fn prepared(url: &str, method: &str, headers: &[(&str, &str)], body: Option<&[u8]>) -> Result<Prepared, Failure> {
    let headers = headers.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
    Prepared::new(target(url), &Head { headers, ..Head::new(method) }, body)
}

fn text(url: &str, method: &str, headers: &[(&str, &str)], body: Option<&[u8]>) -> String {
    String::from_utf8(prepared(url, method, headers, body).expect(url).bytes.to_vec()).expect("UTF-8")
}

const AGENT: &str = concat!("User-Agent: tonnage/", env!("CARGO_PKG_VERSION"), "\r\n");

#[test]
fn targets_are_what_the_url_says() {
    // (URL, https, host, port, authority, path)
    let table = [
        ("http://Example.COM", false, "example.com", 80, "example.com", "/"),
        ("https://example.com:443/a?b=c#d", true, "example.com", 443, "example.com", "/a?b=c"),
        ("http://example.com:8080/?q=ä b", false, "example.com", 8080, "example.com:8080", "/?q=%C3%A4%20b"),
        ("http://[::1]:80/x", false, "::1", 80, "[::1]", "/x"),
        ("https://[2001:DB8::1]:8443", true, "2001:db8::1", 8443, "[2001:db8::1]:8443", "/"),
        ("http://bücher.example/", false, "xn--bcher-kva.example", 80, "xn--bcher-kva.example", "/"),
        ("http://0x7f.1/", false, "127.0.0.1", 80, "127.0.0.1", "/"),
        ("http://u:p@h/a/../b", false, "h", 80, "h", "/b"),
    ];
    for (url, https, host, port, authority, path) in table {
        let target = Target::parse(url, None).expect(url);
        let parts = (target.https, target.host.as_str(), target.port, target.authority.as_str(), target.path.as_str());
        assert_eq!(parts, (https, host, port, authority, path), "{url}");
    }
}

#[test]
fn user_and_password_become_basic_auth_rfc_7617() {
    let table = [
        ("http://Aladdin:open%20sesame@h/", Some("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==")),
        ("http://Aladdin@h/", Some("Basic QWxhZGRpbjo=")),
        ("http://h/", None),
    ];
    for (url, auth) in table {
        assert_eq!(target(url).basic_auth.as_deref(), auth);
    }
    assert!(text("http://a:b@h/", "GET", &[], None).contains("\r\nAuthorization: Basic YTpi\r\n"));
    let own = text("http://a:b@h/", "GET", &[("authorization", "Bearer x")], None);
    assert!(own.contains("\r\nauthorization: Bearer x\r\n") && !own.contains("Basic"));
    let shown = format!("{:?}", target("http://a:secret@h/p?token=secret"));
    assert_eq!(shown, "Target(http://h/p)", "no secrets in debug output (reliability case 40)");
}

#[test]
fn relative_urls_go_below_the_base() {
    let table = [
        ("http://h", "/items", "http://h/items"),
        ("http://h/v1", "/items?a=b", "http://h/v1/items?a=b"),
        ("http://h/v1/", "items", "http://h/v1/items"),
        ("http://h/v1?x=y", "?a=b", "http://h/v1?a=b"),
        ("http://h/v1", "", "http://h/v1"),
        ("https://h/v1", "//other/x", "https://other/x"),
        ("http://h/v1", "http://other/x", "http://other/x"),
    ];
    for (base, url, expected) in table {
        let base = Url::parse(base).expect("a base");
        assert_eq!(Target::parse(url, Some(&base)).expect(url), *target(expected), "{base} + {url}");
    }
}

#[test]
fn references_in_answers_follow_rfc_3986_section_5_4() {
    let from = target("http://a/b/c/d;p?q");
    let table = [
        ("g", "http://a/b/c/g"),
        ("./g", "http://a/b/c/g"),
        ("g/", "http://a/b/c/g/"),
        ("/g", "http://a/g"),
        ("//g", "http://g"),
        ("?y", "http://a/b/c/d;p?y"),
        ("g?y", "http://a/b/c/g?y"),
        ("#s", "http://a/b/c/d;p?q"),
        ("", "http://a/b/c/d;p?q"),
        ("..", "http://a/b/"),
        ("../g", "http://a/b/g"),
        ("../../../g", "http://a/g"),
    ];
    for (reference, expected) in table {
        assert_eq!(from.resolve(reference).expect(reference), *target(expected), "{reference}");
    }
}

#[test]
fn invalid_urls_say_why_and_not_what() {
    for url in [
        "/relative",
        "ftp://h/secret",
        "file:///secret",
        "http://",
        "http://h:99999/",
        "http://[::1",
        "http://a b/",
        "data:secret",
    ] {
        let failure = Target::parse(url, None).expect_err(url);
        assert_eq!((failure.code(), failure.kind()), (1020, "invalid_url"));
        assert!(!failure.to_string().contains("secret"));
    }
}

#[test]
fn a_get_has_host_first_and_no_length() {
    assert_eq!(text("http://h:81/p?q", "GET", &[], None), format!("GET /p?q HTTP/1.1\r\nHost: h:81\r\n{AGENT}\r\n"));
}

#[test]
fn headers_replace_defaults_in_any_case() {
    let own = [("host", "other"), ("USER-AGENT", "me"), ("X", "1"), ("x", "2")];
    assert_eq!(
        text("http://h/", "GET", &own, None),
        "GET / HTTP/1.1\r\nHost: other\r\nUSER-AGENT: me\r\nX: 1\r\nx: 2\r\n\r\n"
    );
    let head = Head { accept_encoding: true, ..Head::new("GET") };
    let bytes = Prepared::new(target("http://h/"), &head, None).expect("valid").bytes;
    assert!(String::from_utf8_lossy(&bytes).contains("\r\nAccept-Encoding: gzip, deflate\r\n"));
}

#[test]
fn bodies_are_framed_by_their_length_rfc_9110_section_8_6() {
    let ends = [
        ("POST", Some(&b"hi"[..]), "\r\nContent-Length: 2\r\n\r\nhi"),
        ("POST", None, "\r\nContent-Length: 0\r\n\r\n"),
        ("GET", Some(b""), "\r\nContent-Length: 0\r\n\r\n"),
        ("PURGE", Some(b"\0"), "\r\nContent-Length: 1\r\n\r\n\0"),
        ("DELETE", None, concat!("tonnage/", env!("CARGO_PKG_VERSION"), "\r\n\r\n")),
    ];
    for (method, body, end) in ends {
        assert!(text("http://h/", method, &[], body).ends_with(end), "{method}");
    }
    let kept = prepared("http://h/", "PUT", &[("content-length", "2")], Some(b"hi")).expect("its own length");
    assert_eq!((kept.body(), kept.head_request), (&b"hi"[..], false));
    assert!(prepared("http://h/", "HEAD", &[], None).expect("valid").head_request);
}

#[test]
fn what_could_smuggle_a_request_is_refused_by_name() {
    let table: &[(&str, &str, &str)] = &[
        ("GET", "X\r\nEvil", "v"),
        ("GET", "X", "v\r\nEvil: 1"),
        ("GET", "X", "v\n"),
        ("GET", "X", "\0"),
        ("GET", "X", "\u{7f}"),
        ("GET", "", "v"),
        ("GET", "X Y", "v"),
        ("GET", "X:", "v"),
        ("GET", "Ü", "v"),
        ("GET", "Transfer-Encoding", "chunked"),
        ("POST", "Content-Length", "3"),
        ("POST", "Content-Length", "2, 2"),
        ("G T", "X", "v"),
        ("", "X", "v"),
        ("GET /\r\n", "X", "v"),
        ("CONNECT", "X", "v"),
    ];
    for &(method, name, value) in table {
        let body = (method == "POST").then_some(&b"hi"[..]);
        let failure = prepared("http://h/", method, &[(name, value)], body).expect_err(name);
        let Failure::InvalidRequest { name: named, .. } = &failure else { panic!("{failure:?}") };
        assert!([method, name].contains(&named.as_ref()), "{failure}");
        assert!(!failure.to_string().contains(['\r', '\n', '\0']), "inert in a terminal (reliability case 43)");
    }
    for name in ["Host", "Cookie"] {
        assert!(prepared("http://h/", "GET", &[(name, "a"), (&name.to_lowercase(), "b")], None).is_err());
    }
    assert!(text("http://h/", "GET", &[("X", "tab\tä")], None).contains("X: tab\tä\r\n"));
}

#[test]
fn cookies_are_added_without_making_the_request_again() {
    let send = |request: &Prepared, cookies: &str| {
        let mut out = b"before".to_vec();
        request.write_with_cookies(cookies, &mut out);
        String::from_utf8(out).expect("UTF-8")
    };
    let request = prepared("http://h/", "POST", &[("X", "1")], Some(b"hi")).expect("valid");
    let front = format!("beforePOST / HTTP/1.1\r\nHost: h\r\n{AGENT}X: 1\r\nContent-Length: 2\r\n");
    assert_eq!(send(&request, "a=1; b=2"), format!("{front}Cookie: a=1; b=2\r\n\r\nhi"));
    assert_eq!(send(&request, ""), format!("{front}\r\nhi"));
    // RFC 6265 5.4: one Cookie field
    let own = prepared("http://h/", "GET", &[("cookie", "own=1"), ("X", "1")], None).expect("valid");
    let front = format!("beforeGET / HTTP/1.1\r\nHost: h\r\n{AGENT}cookie: own=1");
    assert_eq!(send(&own, "a=1"), format!("{front}; a=1\r\nX: 1\r\n\r\n"));
    assert_eq!(send(&own, ""), format!("{front}\r\nX: 1\r\n\r\n"));
}

#[test]
fn forms_and_queries_are_encoded() {
    assert_eq!(form_encode([("a b", "c&d"), ("ä", "1+1=2"), ("", "")]), "a+b=c%26d&%C3%A4=1%2B1%3D2&=");
    let table = [
        ("/p", "/p?a=1"),
        ("/p?", "/p?a=1"),
        ("/p?x=y", "/p?x=y&a=1"),
        ("/p?x&", "/p?x&a=1"),
        ("http://h/p#f?g", "http://h/p?a=1#f?g"),
        ("", "?a=1"),
    ];
    for (url, expected) in table {
        assert_eq!(query_append(url, [("a", "1")]), expected);
    }
    assert_eq!(query_append::<&str, &str>("/p?x#f", []), "/p?x#f");
}

proptest! {
    #[test]
    fn a_prepared_request_is_one_request_with_the_fields_given(
        path in "[ -~]{0,30}", headers in prop::collection::vec(("[A-Za-z-]{1,10}", "[\\PC\t]{0,20}"), 0..6),
        body in prop::option::of(prop::collection::vec(any::<u8>(), 0..50)), cookies in "([a-z]=[a-z](; [a-z]=[a-z])?)?",
    ) {
        let headers: Vec<_> = headers.into_iter().map(|(name, value)| (format!("X-{name}"), value)).collect();
        let target = Arc::new(Target::parse(&format!("http://h/{path}"), None).expect("a path"));
        let request = Prepared::new(target, &Head { headers: headers.clone(), ..Head::new("PUT") }, body.as_deref()).expect("valid");
        let mut out = Vec::new();
        request.write_with_cookies(&cookies, &mut out);
        let mut fields = [httparse::EMPTY_HEADER; 32];
        let mut parsed = httparse::Request::new(&mut fields);
        let httparse::Status::Complete(head_len) = parsed.parse(&out).expect("valid") else { panic!("incomplete") };
        let body = body.unwrap_or_default();
        prop_assert_eq!(&out[head_len..], &body[..]);
        prop_assert_eq!(parsed.path, Some(request.target.path.as_str()));
        let extra = usize::from(!cookies.is_empty());
        prop_assert_eq!(parsed.headers.len(), headers.len() + 3 + extra);
        for ((name, value), field) in headers.iter().zip(&parsed.headers[2..]) {
            prop_assert_eq!((name.as_str(), value.trim_matches([' ', '\t']).as_bytes()), (field.name, field.value.trim_ascii()));
        }
    }

    #[test]
    fn arbitrary_urls_never_panic(url in "\\PC{0,60}", base in any::<bool>()) {
        let base = base.then(|| Url::parse("http://h/base?q#f").expect("a base"));
        if let Ok(target) = Target::parse(&url, base.as_ref()) {
            prop_assert!(target.path.starts_with('/') && target.path.bytes().all(|byte| byte.is_ascii_graphic()));
            prop_assert!(!target.host.is_empty() && target.authority.bytes().all(|byte| byte.is_ascii_graphic()));
        }
    }
}
