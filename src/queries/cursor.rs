//! Cursors of keyset pages: opaque to clients, valid only for the query that gave them. They hold no secret: a
//! checksum keeps foreign, cut and edited ones out, and survives a restart of the server.

use aggregates::Refusal;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::params::wrong;
use crate::api::problem::Problem;

/// Bytes of the checksum in front of the content.
const CHECKSUM_BYTES: usize = 8;

/// The place after which a page begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// Values of the sort keys of the last row, the unique one last.
    #[serde(rename = "w")]
    pub values: Vec<Option<String>>,
    /// Epoch of the log when the page was read.
    #[serde(rename = "e")]
    pub epoch: i32,
}

impl Cursor {
    /// As text for the client. `query` is everything that the order and the selection depend on.
    #[must_use]
    pub fn encode(&self, query: &str) -> String {
        let content = serde_json::to_vec(self).unwrap_or_default();
        let mut bytes = checksum(query, &content).to_vec();
        bytes.extend(content);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads what [`Cursor::encode`] gave for the same query.
    pub fn decode(text: &str, query: &str) -> Result<Self, Problem> {
        let foreign = || {
            wrong(
                "cursor",
                "passt nicht zu dieser Abfrage; den Wert aus „weiter“ unverändert und mit denselben Filtern senden",
            )
        };
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| foreign())?;
        let (sum, content) = bytes.split_at_checked(CHECKSUM_BYTES).ok_or_else(foreign)?;
        if sum != checksum(query, content) {
            return Err(foreign());
        }
        serde_json::from_slice(content).map_err(|_| foreign())
    }

    /// Refuses a cursor from before a restore.
    pub fn check_epoch(&self, now: i32) -> Result<(), Problem> {
        if self.epoch == now {
            return Ok(());
        }
        Err(old_epoch(now))
    }
}

/// `ABFRAGE_ALTE_EPOCHE`.
pub fn old_epoch(now: i32) -> Problem {
    let text = "das Journal wurde seitdem aus einer Sicherung wiederhergestellt; bitte von vorn lesen";
    Refusal::new("ABFRAGE_ALTE_EPOCHE", 409, text, json!({ "epoche": now })).into()
}

fn checksum(query: &str, content: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let digest = Sha256::new()
        .chain_update(b"neuroerp-cursor-v1\0")
        .chain_update(query.as_bytes())
        .chain_update([0_u8])
        .chain_update(content)
        .finalize();
    let mut sum = [0_u8; CHECKSUM_BYTES];
    sum.copy_from_slice(&digest[..CHECKSUM_BYTES]);
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_and_a_foreign_or_edited_one_is_refused() {
        let cursor = Cursor {
            values: vec![Some("Müller".to_owned()), None],
            epoch: 1,
        };
        let text = cursor.encode("kunde|name,id");
        assert_eq!(Cursor::decode(&text, "kunde|name,id").unwrap(), cursor);
        assert_eq!(Cursor::decode(&text, "kunde|-name,id").unwrap_err().status(), 400);
        let mut edited = URL_SAFE_NO_PAD.decode(&text).unwrap();
        *edited.last_mut().unwrap() ^= 1;
        for bad in [
            URL_SAFE_NO_PAD.encode(edited),
            "??".to_owned(),
            String::new(),
            "AAAA".to_owned(),
        ] {
            assert_eq!(
                Cursor::decode(&bad, "kunde|name,id").unwrap_err().code(),
                "EINGABE_UNGUELTIG"
            );
        }
    }

    #[test]
    fn a_cursor_of_an_older_epoch_is_refused() {
        let cursor = Cursor {
            values: vec![],
            epoch: 1,
        };
        assert!(cursor.check_epoch(1).is_ok());
        let refused = cursor.check_epoch(2).unwrap_err();
        assert_eq!((refused.code(), refused.status()), ("ABFRAGE_ALTE_EPOCHE", 409));
    }
}
