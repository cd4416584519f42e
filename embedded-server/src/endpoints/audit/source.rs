//! Where a request comes from, as far as that is told. Source: `apimachinery/pkg/util/net/http.go`, `SourceIPs`.

use std::net::{IpAddr, SocketAddr};

use http::HeaderMap;

/// Returns the addresses that a request passed on its way, the first one first. All but the last are hearsay.
pub(super) fn addresses(headers: &HeaderMap, from: SocketAddr) -> Vec<IpAddr> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let forwarded = text("x-forwarded-for").split(',').filter_map(|part| part.trim().parse().ok());
    let mut addresses: Vec<IpAddr> = forwarded.collect();
    if let Ok(real) = text("x-real-ip").parse()
        && !addresses.contains(&real)
    {
        addresses.push(real);
    }
    if addresses.last() != Some(&from.ip()) {
        addresses.push(from.ip());
    }
    addresses
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn told(headers: &[(&'static str, &'static str)]) -> Vec<String> {
        let headers = headers
            .iter()
            .map(|(name, value)| (http::HeaderName::from_static(name), HeaderValue::from_static(value)));
        let from = SocketAddr::from(([10, 0, 0, 9], 1));
        addresses(&headers.collect(), from).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_way_of_a_request_is_told_in_order() {
        assert_eq!(told(&[]), ["10.0.0.9"]);
        assert_eq!(told(&[("x-forwarded-for", "10.0.0.1, nonsense, ::1")]), ["10.0.0.1", "::1", "10.0.0.9"]);
        assert_eq!(
            told(&[("x-forwarded-for", "10.0.0.1"), ("x-real-ip", "10.0.0.1")]),
            ["10.0.0.1", "10.0.0.9"]
        );
        assert_eq!(told(&[("x-real-ip", "10.0.0.9")]), ["10.0.0.9"]);
    }
}
