//! The cookie jar against RFC 6265.

use proptest::prelude::*;
use tonnage_engine::http::cookie::Jar;
use tonnage_engine::http::Target;

const NOW: i64 = 1_700_000_000; // 2023-11-14

fn at(url: &str) -> Target {
    Target::parse(url, None).expect(url)
}

fn jar(url: &str, set_cookies: &[&str]) -> Jar {
    let mut jar = Jar::default();
    set_cookies.iter().for_each(|cookie| jar.store(cookie.as_bytes(), &at(url), NOW));
    jar
}

fn sent(jar: &Jar, url: &str) -> String {
    jar.header_for(&at(url), NOW).unwrap_or_default()
}

#[test]
fn cookies_go_where_rfc_6265_section_5_4_sends_them() {
    // (set by, Set-Cookie, asked for, sent)
    let table = [
        ("http://a.com/", "x=1", "http://a.com/other?q", "x=1"),
        // host only without Domain
        ("http://a.com/", "x=1", "http://sub.a.com/", ""),
        // 5.1.3: domain match, a leading dot is nothing, case is nothing
        ("http://a.com/", "x=1; Domain=a.com", "http://sub.a.com/", "x=1"),
        ("http://sub.a.com/", "x=1; domain=.A.com", "http://a.com/", "x=1"),
        ("http://sub.a.com/", "x=1; domain=.A.com", "http://ba.com/", ""),
        ("http://a.com/", "x=1; Domain=sub.a.com", "http://sub.a.com/", ""),
        ("http://a.com/", "x=1; Domain=b.com", "http://b.com/", ""),
        ("http://a.com/", "x=1; Domain=com", "http://a.com/", ""),
        ("http://a.com/", "x=1; Domain=", "http://a.com/", "x=1"),
        ("http://localhost/", "x=1; Domain=localhost", "http://localhost:81/", "x=1"),
        // addresses have no subdomains
        ("http://10.0.0.1/", "x=1; Domain=10.0.0.1", "http://10.0.0.1/", "x=1"),
        ("http://10.0.0.1/", "x=1; Domain=0.0.1", "http://10.0.0.1/", ""),
        ("http://[::1]/", "x=1", "http://[::1]:8080/", "x=1"),
        // 5.1.4: paths
        ("http://a.com/dir/page", "x=1", "http://a.com/dir/", "x=1"),
        ("http://a.com/dir/page", "x=1", "http://a.com/dir", "x=1"),
        ("http://a.com/dir/page", "x=1", "http://a.com/directory", ""),
        ("http://a.com/dir/page?a=/b/c", "x=1", "http://a.com/", ""),
        ("http://a.com/dir/page", "x=1; Path=/", "http://a.com/", "x=1"),
        ("http://a.com/", "x=1; Path=/foo/", "http://a.com/foo/bar", "x=1"),
        ("http://a.com/", "x=1; Path=/foo/", "http://a.com/foo", ""),
        ("http://a.com/dir/page", "x=1; Path=relative", "http://a.com/dir", "x=1"),
        // Secure
        ("https://a.com/", "x=1; Secure", "https://a.com/", "x=1"),
        ("https://a.com/", "x=1; secure; HttpOnly", "http://a.com/", ""),
        // 5.2: names and values
        ("http://a.com/", "  x = \"1 2\" ; unknown=y;", "http://a.com/", "x=\"1 2\""),
        ("http://a.com/", "x=", "http://a.com/", "x="),
        ("http://a.com/", "x=a=b", "http://a.com/", "x=a=b"),
        ("http://a.com/", "novalue", "http://a.com/", ""),
        ("http://a.com/", "=1", "http://a.com/", ""),
        ("http://a.com/", "x=1\r\nEvil: 2", "http://a.com/", ""),
        ("http://a.com/", "x=\0", "http://a.com/", ""),
    ];
    for (by, set_cookie, to, expected) in table {
        assert_eq!(sent(&jar(by, &[set_cookie]), to), expected, "{set_cookie} by {by} to {to}");
    }
}

#[test]
fn cookies_expire() {
    // (Set-Cookie, seconds later, whether it is sent)
    let table = [
        ("x=1; Max-Age=10", 9, true),
        ("x=1; Max-Age=10", 10, false),
        ("x=1; Max-Age=0", 0, false),
        ("x=1; Max-Age=-1", 0, false),
        ("x=1; Max-Age=99999999999999999999", i64::MAX - NOW - 1, true),
        ("x=1; Max-Age=soon", 1_000_000, true),
        ("x=1; Expires=Tue, 14 Nov 2023 22:13:21 GMT", 0, true),
        ("x=1; Expires=Tue, 14 Nov 2023 22:13:21 GMT", 1, false),
        ("x=1; Expires=Tue, 14-Nov-23 22:13:21 GMT", 1, false),
        ("x=1; Expires=never", 1_000_000, true),
        // 5.3, step 3: Max-Age wins, wherever it stands
        ("x=1; Max-Age=100; Expires=Thu, 01 Jan 1970 00:00:00 GMT", 0, true),
        ("x=1; Expires=Fri, 31 Dec 9999 23:59:59 GMT; Max-Age=0", 0, false),
    ];
    for (set_cookie, later, expected) in table {
        let found = jar("http://a.com/", &[set_cookie]).header_for(&at("http://a.com/"), NOW + later);
        assert_eq!(found.is_some(), expected, "{set_cookie} after {later}");
    }
}

#[test]
fn longer_paths_go_first_then_older_cookies() {
    let jar = jar("http://a.com/a/b", &["b=1; path=/", "c=1; path=/a", "a=1; path=/", "b=2; path=/", "d=1; path=/a"]);
    assert_eq!(sent(&jar, "http://a.com/a/b"), "c=1; d=1; b=2; a=1");
    assert_eq!(jar.get("b", &at("http://a.com/"), NOW), Some("2"));
    assert_eq!(jar.get("c", &at("http://a.com/"), NOW), None);
}

#[test]
fn an_expired_cookie_deletes_its_twin_only() {
    let mut jar = jar("http://a.com/x/y", &["a=1", "a=2; path=/", "b=1; path=/"]);
    jar.store(b"a=; Max-Age=0", &at("http://a.com/x/z"), NOW);
    assert_eq!(sent(&jar, "http://a.com/x/y"), "a=2; b=1");
    jar.clear();
    assert!(jar.is_empty());
    assert_eq!(jar.header_for(&at("http://a.com/"), NOW), None);
}

#[test]
fn the_oldest_cookie_of_a_full_domain_gives_way() {
    let mut jar = jar("http://b.com/", &["other=1"]);
    for n in 0..60 {
        jar.store(format!("c{n}=1").as_bytes(), &at("http://a.com/"), NOW);
    }
    assert_eq!(jar.len(), 51);
    let header = sent(&jar, "http://a.com/");
    assert!(header.starts_with("c10=1; ") && header.ends_with("; c59=1"));
    assert_eq!(sent(&jar, "http://b.com/"), "other=1");
}

#[test]
fn oversized_cookies_are_ignored() {
    let value = "v".repeat(4095);
    assert_eq!(jar("http://a.com/", &[&format!("x={value}")]).len(), 1);
    assert_eq!(jar("http://a.com/", &[&format!("xx={value}")]).len(), 0);
}

#[test]
fn memory_is_bounded_over_all_domains() {
    let mut jar = Jar::default();
    for n in 0..3100 {
        jar.store(b"a=1", &at(&format!("http://h{n}.com/")), NOW);
    }
    assert_eq!(jar.len(), 3000);
}

#[test]
fn cookies_set_by_hand_are_for_the_host_and_checked() {
    let mut jar = Jar::default();
    jar.set("a", "1", &at("http://a.com/deep/path")).expect("valid");
    assert_eq!((sent(&jar, "http://a.com/"), sent(&jar, "http://sub.a.com/")), ("a=1".into(), String::new()));
    for (name, value) in [("", "1"), ("a b", "1"), ("a=", "1"), ("a", "1;b"), ("a", "1\r\nEvil: 1"), ("a", "\0")] {
        assert_eq!(jar.set(name, value, &at("http://a.com/")).expect_err(name).kind(), "invalid_request");
    }
    assert_eq!(format!("{jar:?}"), r#"{"a"}"#, "no values in debug output (reliability case 40)");
}

proptest! {
    #[test]
    fn what_a_jar_sends_can_stand_in_a_header(set_cookies in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..80), 0..5)) {
        let mut jar = Jar::default();
        set_cookies.iter().for_each(|bytes| jar.store(bytes, &at("http://a.com/"), NOW));
        prop_assert!(jar.header_for(&at("http://a.com/"), NOW).unwrap_or_default().bytes().all(|byte| byte == b'\t' || !byte.is_ascii_control()));
    }

    #[test]
    fn arbitrary_attributes_never_panic(text in "x=1(; ?(domain|path|expires|max-age|secure)=?[ -~é]{0,20}){0,4}") {
        let jar = jar("http://sub.a.com/dir/x", &[&text]);
        prop_assert!(jar.len() <= 1);
    }
}
