//! The trace that a request belongs to.

use axum::http::HeaderMap;

use crate::task::TraceParent;

/// The trace that a request names in its header `traceparent`; `None` if it names none, several, or one in another form
/// than that of the standard. A wrong one is no error: it is the business of who records traces.
pub fn trace_of(headers: &HeaderMap) -> Option<TraceParent> {
    let mut values = headers.get_all(TraceParent::HEADER).iter();
    let (value, more) = (values.next()?, values.next());
    value.to_str().ok().filter(|_| more.is_none())?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_valid_header_names_a_trace() {
        const ONE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let trace = |values: &[&[u8]]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(TraceParent::HEADER, value.to_vec().try_into().expect("a value"));
            }
            trace_of(&headers).map(|trace| trace.to_string())
        };
        assert_eq!(trace(&[ONE.as_bytes()]).as_deref(), Some(ONE));
        for wrong in [&[][..], &[ONE.as_bytes(), ONE.as_bytes()], &[b"00"], &[b""], &[b"\xff"]] {
            assert_eq!(trace(wrong), None, "{wrong:?}");
        }
    }
}
