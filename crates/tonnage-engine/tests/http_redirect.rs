//! Redirects (RFC 9110, section 15.4; reliability case 12) and the addresses that are never followed to.

use std::net::IpAddr;

use tonnage_engine::http::guard::{is_metadata_address, is_metadata_host};
use tonnage_engine::http::redirect::{next, Asked, Policy, Redirect};
use tonnage_engine::http::{parse_whole, Failure, Response, Target};

fn answer(status: u16, location: Option<&str>) -> Response {
    let location = location.map(|to| format!("Location: {to}\r\n")).unwrap_or_default();
    let bytes = format!("HTTP/1.1 {status} X\r\n{location}Content-Length: 0\r\n\r\n").into_bytes();
    Response::from_whole(&bytes, &parse_whole(&bytes, false).expect("plain"))
}

fn follow(from: &str, status: u16, method: &str, location: &str, policy: &Policy) -> Redirect {
    let target = Target::parse(from, None).expect(from);
    next(&Asked { target: &target, method }, &answer(status, Some(location)), 0, policy)
}

#[test]
fn methods_change_as_rfc_9110_section_15_4_says() {
    // (status, method, then, keeps the body)
    let table = [
        (301, "GET", "GET", true),
        (301, "POST", "GET", false),
        (301, "PUT", "PUT", true),
        (301, "HEAD", "HEAD", true),
        (302, "POST", "GET", false),
        (302, "DELETE", "DELETE", true),
        (303, "POST", "GET", false),
        (303, "PUT", "GET", false),
        (303, "GET", "GET", false),
        (303, "HEAD", "HEAD", false),
        (307, "POST", "POST", true),
        (308, "POST", "POST", true),
        (308, "PATCH", "PATCH", true),
    ];
    for (status, method, expected, body) in table {
        match follow("http://h/a", status, method, "/b", &Policy::default()) {
            Redirect::Follow { target, method: then, keep_body, drop_auth } => {
                assert_eq!((then.as_str(), keep_body, drop_auth), (expected, body, false), "{status} {method}");
                assert_eq!((target.host.as_str(), target.path.as_str()), ("h", "/b"));
            }
            other => panic!("{status} {method}: {other:?}"),
        }
    }
}

#[test]
fn other_answers_are_not_redirects() {
    for status in [200, 201, 300, 304, 305, 306, 404] {
        assert_eq!(follow("http://h/", status, "GET", "/b", &Policy::default()), Redirect::Stop, "{status}");
    }
    let target = Target::parse("http://h/", None).expect("valid");
    for response in [answer(302, None), answer(302, Some(""))] {
        assert_eq!(next(&Asked { target: &target, method: "GET" }, &response, 0, &Policy::default()), Redirect::Stop);
    }
}

#[test]
fn a_loop_ends_at_the_limit_case_12() {
    let target = Target::parse("http://h/", None).expect("valid");
    let asked = Asked { target: &target, method: "GET" };
    let run = |policy: &Policy| {
        let mut count = 0;
        loop {
            match next(&asked, &answer(302, Some("/")), count, policy) {
                Redirect::Follow { .. } => count += 1,
                end => break (count, end),
            }
        }
    };
    assert_eq!(run(&Policy::default()), (10, Redirect::Refuse(Failure::TooManyRedirects(10))));
    assert_eq!(run(&Policy { max: 0, ..Policy::default() }), (0, Redirect::Stop));
    assert_eq!(run(&Policy { max: 3, stop_at_max: true, ..Policy::default() }), (3, Redirect::Stop));
}

#[test]
fn other_hosts_are_followed_only_if_allowed_case_12() {
    let allowed = |hosts: &[&str]| Policy {
        allowed_hosts: hosts.iter().map(|host| host.to_string()).collect(),
        ..Policy::default()
    };
    let refused = |redirect: Redirect| matches!(redirect, Redirect::Refuse(Failure::CrossHostRedirect(_)));
    let other = |policy: &Policy| follow("http://h/", 302, "GET", "http://other.com/x", policy);
    assert!(refused(other(&Policy::default())));
    assert!(refused(other(&allowed(&["sub.other.com"]))));
    assert!(matches!(other(&allowed(&["Other.com"])), Redirect::Follow { drop_auth: true, .. }));
    assert!(matches!(
        other(&Policy { allow_cross_host: true, ..Policy::default() }),
        Redirect::Follow { drop_auth: true, .. }
    ));
    assert!(refused(follow("http://h/", 302, "GET", "//other.com", &Policy::default())));
    assert!(matches!(follow("http://H/", 302, "GET", "http://h:80/", &Policy::default()), Redirect::Follow { .. }));
}

#[test]
fn credentials_stay_with_the_origin() {
    // (from, to, dropped)
    let table = [
        ("http://u:p@h/", "/x", false),
        ("http://u:p@h/", "https://h/", false),
        ("https://u:p@h/", "http://h/", true),
        ("http://u:p@h/", "http://h:81/", true),
        ("http://u:p@h:8080/", "https://h:8443/", true),
        ("http://u:p@h/", "http://sub.h/", true),
    ];
    let policy = Policy { allow_cross_host: true, ..Policy::default() };
    for (from, to, dropped) in table {
        match follow(from, 307, "GET", to, &policy) {
            Redirect::Follow { target, drop_auth, .. } => {
                assert_eq!((drop_auth, target.basic_auth.is_none()), (dropped, dropped), "{from} to {to}");
            }
            other => panic!("{from} to {to}: {other:?}"),
        }
    }
}

#[test]
fn dangerous_places_are_refused_under_every_policy_case_12() {
    let anything = Policy { allow_cross_host: true, ..Policy::default() };
    let kind = |location: &str| match follow("http://h/", 302, "GET", location, &anything) {
        Redirect::Refuse(failure) => failure.kind(),
        other => panic!("{location}: {other:?}"),
    };
    for location in [
        "http://169.254.169.254/latest/meta-data/",
        "http://2852039166/",
        "http://0xa9.0xfe.0xa9.0xfe/",
        "http://0251.0376.0251.0376/",
        "http://[::ffff:169.254.169.254]/",
        "http://[fe80::1]/",
        "http://[fd00:ec2::254]/",
        "https://169.254.170.2:443/",
    ] {
        assert_eq!(kind(location), "blocked_address", "{location}");
    }
    for location in [
        "file:///etc/passwd",
        "ftp://h/",
        "javascript:alert(1)",
        "data:,x",
        "http://h:99999/",
        "http://\u{fffd}/",
        "//",
    ] {
        assert_eq!(kind(location), "invalid_url", "{location}");
    }
    let latin1 = b"HTTP/1.1 302 X\r\nLocation: /\xfc\r\nContent-Length: 0\r\n\r\n";
    let response = Response::from_whole(latin1, &parse_whole(latin1, false).expect("plain"));
    let target = Target::parse("http://h/", None).expect("valid");
    let asked = Asked { target: &target, method: "GET" };
    assert!(matches!(next(&asked, &response, 0, &anything), Redirect::Refuse(Failure::InvalidUrl(_))));
}

#[test]
fn metadata_addresses_are_known_in_every_spelling() {
    let blocked = [
        "169.254.169.254",
        "169.254.0.1",
        "169.254.170.23",
        "100.100.100.200",
        "192.0.0.192",
        "168.63.129.16",
        "fe80::1",
        "febf::1",
        "fd00:ec2::254",
        "fd00:ec2::23",
        "fd20:ce::254",
        "::ffff:169.254.169.254",
        "::169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "2002:a9fe:a9fe::1",
    ];
    let free = [
        "169.253.0.1",
        "169.255.0.1",
        "127.0.0.1",
        "10.0.0.1",
        "::1",
        "::",
        "fec0::1",
        "fd00::1",
        "2001:db8::1",
        "::ffff:8.8.8.8",
    ];
    for ip in blocked {
        assert!(is_metadata_address(ip.parse::<IpAddr>().expect(ip)) && is_metadata_host(ip), "{ip}");
    }
    for ip in free {
        assert!(!is_metadata_address(ip.parse::<IpAddr>().expect(ip)), "{ip}");
    }
    assert!(!is_metadata_host("example.com"));
}
