//! The text of a key: how it is made, shown once, and hashed.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

use crate::Context;

/// Digits of the visible prefix.
const PRAEFIX_STELLEN: usize = 8;

/// SHA-256 of a key's text, hex: how keys are stored and looked up.
#[must_use]
pub fn schluessel_hash(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}

/// A new text, shown once: its prefix and its hash. Prefix and secret are hashes of the command's random bytes under
/// different names, so neither tells anything of the other.
pub(super) fn erzeugen(ctx: &Context<'_>) -> (String, String) {
    let teil = |name: &str| {
        Sha256::new()
            .chain_update(name.as_bytes())
            .chain_update(ctx.frame.zufall)
            .finalize()
    };
    let mut praefix = hex::encode(teil("api_key/praefix"));
    praefix.truncate(PRAEFIX_STELLEN);
    let geheim = URL_SAFE_NO_PAD.encode(teil("api_key/geheim"));
    let text = format!("vk_live_{praefix}_{geheim}");
    let hash = schluessel_hash(&text);
    ctx.reveal("schluessel", text);
    (praefix, hash)
}
