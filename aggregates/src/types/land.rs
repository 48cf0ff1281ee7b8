//! Country codes.

/// True for the form of an ISO 3166 alpha-2 code: two capitals.
#[must_use]
pub fn ist_land(text: &str) -> bool {
    text.len() == 2 && text.bytes().all(|b| b.is_ascii_uppercase())
}
