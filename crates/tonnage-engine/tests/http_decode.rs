//! Content codings: RFC 1950 to 1952 round trips, stacks, and bombs (reliability case 11).

use std::borrow::Cow;
use std::io::Write;

use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use flate2::Compression;
use proptest::prelude::*;
use tonnage_engine::http::decode::decode;
use tonnage_engine::http::{Failure, Limits};

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn zlib(content: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn bare(content: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn plain<'a>(encoding: &str, body: &'a [u8]) -> Result<Cow<'a, [u8]>, Failure> {
    decode(encoding.as_bytes(), body, &Limits::default())
}

#[test]
fn every_coding_and_stack_is_undone() {
    let text = b"hello hello hello";
    let table = [
        ("gzip", gzip(text)),
        ("X-GZip", gzip(text)),
        ("deflate", zlib(text)),
        ("deflate", bare(text)),
        ("identity", text.to_vec()),
        ("", text.to_vec()),
        ("deflate, gzip", gzip(&zlib(text))),
        ("gzip ,, identity, gzip", gzip(&gzip(text))),
        // RFC 1952 2.2: a file may have several members
        ("gzip", [gzip(b"hello hello "), gzip(b"hello")].concat()),
    ];
    for (encoding, body) in table {
        assert_eq!(plain(encoding, &body).expect(encoding).as_ref(), text, "{encoding}");
    }
}

#[test]
fn an_unknown_coding_leaves_the_body_alone() {
    for encoding in ["br", "zstd", "gzip, br", "br, gzip", "\u{fffd}"] {
        assert!(matches!(plain(encoding, &gzip(b"x")), Ok(Cow::Borrowed(body)) if body == gzip(b"x")), "{encoding}");
    }
}

#[test]
fn an_empty_body_is_empty_in_every_coding() {
    for encoding in ["gzip", "deflate", "gzip, deflate"] {
        assert_eq!(plain(encoding, b"").expect(encoding).as_ref(), b"");
    }
}

#[test]
fn corrupt_and_cut_data_is_a_decompression_failure() {
    let whole = gzip(b"hello hello hello");
    let mut flipped = whole.clone();
    let last = flipped.len() - 1;
    flipped[last] ^= 1;
    for body in [&whole[..whole.len() - 1], &whole[..5], &flipped[..], b"not gzip at all"] {
        let failure = plain("gzip", body).expect_err("corrupt");
        assert_eq!((failure.code(), failure.kind()), (1701, "decompression"));
    }
    assert!(plain("deflate", &zlib(b"hello")[..6]).is_err());
}

#[test]
fn bombs_end_at_the_ratio_and_at_the_size_case_11() {
    let bomb = gzip(&vec![0; 50 << 20]);
    assert_eq!(plain("gzip", &bomb), Err(Failure::Decompression("expansion ratio above the limit")));
    let nested = gzip(&bomb);
    assert_eq!(plain("gzip, gzip", &nested), Err(Failure::Decompression("expansion ratio above the limit")));
    let limits = Limits { decoded: 1000, ..Limits::default() };
    assert_eq!(
        decode(b"gzip", &gzip(&[0; 1001]), &limits),
        Err(Failure::Decompression("more decoded bytes than the limit"))
    );
    assert_eq!(decode(b"gzip", &gzip(&[0; 1000]), &limits).expect("at the limit").len(), 1000);
    // 1 MiB of zeros is 1000 to 1 and harmless
    assert_eq!(plain("gzip", &gzip(&vec![0; 1 << 20])).expect("below the floor").len(), 1 << 20);
    assert_eq!(plain("gzip,gzip,gzip,gzip,gzip,gzip", b"x"), Err(Failure::Decompression("more than 5 codings")));
}

proptest! {
    #[test]
    fn decoding_inverts_encoding(content in prop::collection::vec(any::<u8>(), 0..2000)) {
        let encoded = [("gzip", gzip(&content)), ("deflate", zlib(&content)), ("deflate", bare(&content))];
        for (encoding, body) in &encoded {
            let decoded = plain(encoding, body).expect("valid");
            prop_assert_eq!(decoded.as_ref(), &content[..]);
        }
    }

    #[test]
    fn arbitrary_bodies_never_panic(body in prop::collection::vec(any::<u8>(), 0..300), encoding in "(gzip|deflate|, ?|br){0,6}") {
        let _ = plain(&encoding, &body);
    }
}
