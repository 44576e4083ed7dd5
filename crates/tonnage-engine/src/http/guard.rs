//! Addresses that a load test never sends to: the ones where clouds hand out credentials (reliability case 12).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// True for link-local addresses and the fixed addresses of cloud metadata services outside them.
///
/// To be asked for literal addresses in URLs and again for every address that DNS returns, since a name can point
/// anywhere. IPv4 addresses inside IPv6 ones (mapped, compatible, NAT64, 6to4) count as what they lead to.
///
/// Sources: RFC 3927 (169.254.0.0/16), RFC 4291 (fe80::/10), the providers' manuals for the rest.
pub fn is_metadata_address(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => is_metadata_v4(v4),
        IpAddr::V6(v6) => is_metadata_v6(v6) || embedded_v4(v6).is_some_and(is_metadata_v4),
    }
}

/// The same for a host as it stands in a `Target`; a name is not an address and is judged after resolving.
pub fn is_metadata_host(host: &str) -> bool {
    host.parse().is_ok_and(is_metadata_address)
}

fn is_metadata_v4(ip: Ipv4Addr) -> bool {
    ip.is_link_local()
        || matches!(
            ip.octets(),
            [100, 100, 100, 200]    // Alibaba Cloud
            | [192, 0, 0, 192]      // Oracle Cloud, classic
            | [168, 63, 129, 16] // Azure's WireServer
        )
}

fn is_metadata_v6(ip: Ipv6Addr) -> bool {
    match ip.segments() {
        [first, ..] if first & 0xffc0 == 0xfe80 => true,
        [0xfd00, 0x0ec2, ..] => true, // AWS: instance metadata ::254, EKS pod identity ::23
        [0xfd20, 0x00ce, 0, 0, 0, 0, 0, 0x0254] => true, // Google Cloud
        _ => false,
    }
}

fn embedded_v4(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let join = |high: u16, low: u16| Ipv4Addr::from(u32::from(high) << 16 | u32::from(low));
    match ip.segments() {
        [0, 0, 0, 0, 0, 0xffff | 0, high, low] => Some(join(high, low)), // RFC 4291 2.5.5: mapped, compatible
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(join(high, low)),  // RFC 6052: NAT64
        [0x2002, high, low, ..] => Some(join(high, low)),                // RFC 3056: 6to4
        _ => None,
    }
}
