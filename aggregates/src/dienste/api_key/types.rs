//! What goes in and comes out: status, Kontingent, companies; commands, facts, refusals.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{ApiKeyNetz, ApiKeyScope, ApiKeySonderrecht};
use crate::types::Text;

/// Status of a key.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ApiKeyStatus {
    /// Does not exist yet.
    #[default]
    Neu,
    /// Valid.
    Aktiv,
    /// Valid; the key before it is valid for some hours too.
    Rotierend,
    /// Its life is over.
    Abgelaufen,
    /// Revoked.
    Widerrufen,
}

/// A company that a key may act in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApiKeyMandant {
    /// The company.
    pub mandant: Uuid,
}

/// Quota of a key; an absent member is unlimited.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Kontingent {
    /// Calls a minute.
    pub je_minute: Option<i32>,
    /// Calls a month.
    pub je_monat: Option<i32>,
    /// Calls at the same time.
    pub gleichzeitig: Option<i32>,
}

/// Commands.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(deny_unknown_fields)]
pub enum ApiKeyCommand {
    /// Issues a key; the answer shows its text once.
    Ausstellen {
        /// Name, unique: small letters, digits, `.`, `_`, `-`.
        name: Text<64>,
        /// The user whose rights limit the key.
        dienstbenutzer_id: Option<Uuid>,
        /// Rights: `bereich:stufe`, `bereich.aggregate_type:stufe`, `*:stufe`.
        scopes: Vec<Text<80>>,
        /// Special rights; none if absent.
        sonderrechte: Option<Vec<Text<80>>>,
        /// Companies; all if absent.
        mandanten: Option<Vec<Uuid>>,
        /// End of its life, at most 365 days ahead.
        #[serde(deserialize_with = "crate::types::kalender::moment")]
        ablauf: DateTime<Utc>,
        /// Networks; all if absent.
        ip_netze: Option<Vec<Text<50>>>,
        /// Quota; none if absent.
        kontingent: Option<Kontingent>,
        /// SHA-256 (hex) of a text that the operator made himself; then nothing is shown.
        schluessel_hash: Option<Text<64>>,
    },
    /// Replaces the text; the old one stays valid for some hours. The answer shows the new text once.
    Rotieren {
        /// Hours in which both are valid, at most 72.
        ueberlappung_std: u16,
    },
    /// Replaces the rights.
    ScopesAendern {
        /// All rights.
        scopes: Vec<Text<80>>,
        /// All special rights; unchanged if absent.
        sonderrechte: Option<Vec<Text<80>>>,
        /// All companies; unchanged if absent.
        mandanten: Option<Vec<Uuid>>,
    },
    /// Replaces the quota.
    KontingentAendern {
        /// The new quota, complete.
        kontingent: Kontingent,
    },
    /// Revokes the key at once.
    Widerrufen {
        /// Why.
        grund: Text<500>,
    },
    /// The overlap of a rotation is over.
    RotationBeenden {
        /// The old text's hash: a late timer must not end a later rotation.
        alter_hash: String,
    },
    /// The key's life is over.
    Ablaufen {
        /// The end that was meant: the timer of an earlier life must not end a renewed one.
        ablauf: DateTime<Utc>,
    },
    /// Gives the key another text and another life at once, also after its end; nothing of the old text stays valid. The
    /// start of the program sends it for the administrator's key.
    Erneuern {
        /// End of its life, at most 365 days ahead.
        ablauf: DateTime<Utc>,
        /// SHA-256 (hex) of the operator's own text; else one is made and shown once.
        schluessel_hash: Option<Text<64>>,
    },
}

/// Facts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(deny_unknown_fields)]
pub enum ApiKeyEvent {
    /// The key exists.
    Ausgestellt {
        /// Name.
        name: String,
        /// Prefix.
        praefix: Option<String>,
        /// SHA-256 of the text, hex.
        schluessel_hash: String,
        /// The user whose rights limit the key.
        dienstbenutzer_id: Option<Uuid>,
        /// Rights.
        scopes: Vec<ApiKeyScope>,
        /// Special rights.
        sonderrechte: Vec<ApiKeySonderrecht>,
        /// Companies; empty means all.
        mandanten: Vec<ApiKeyMandant>,
        /// End of its life.
        ablauf: DateTime<Utc>,
        /// Networks; empty means all.
        ip_netze: Vec<ApiKeyNetz>,
        /// Quota.
        kontingent: Kontingent,
    },
    /// A new text; the old one is valid until its time.
    Rotiert {
        /// Prefix of the new text.
        praefix: String,
        /// SHA-256 of the new text, hex.
        schluessel_hash: String,
        /// SHA-256 of the old text, hex.
        alter_hash: String,
        /// End of the overlap.
        alter_gueltig_bis: DateTime<Utc>,
    },
    /// The old text is no longer valid.
    RotationBeendet {},
    /// New rights, complete.
    ScopesGeaendert {
        /// Rights.
        scopes: Vec<ApiKeyScope>,
        /// Special rights.
        sonderrechte: Vec<ApiKeySonderrecht>,
        /// Companies; empty means all.
        mandanten: Vec<ApiKeyMandant>,
    },
    /// New quota, complete.
    KontingentGeaendert {
        /// Quota.
        kontingent: Kontingent,
    },
    /// Revoked.
    Widerrufen {
        /// Why.
        grund: String,
    },
    /// Its life is over.
    Abgelaufen {},
    /// Another text and another life; the text before is no longer valid.
    Erneuert {
        /// Prefix of the new text.
        praefix: Option<String>,
        /// SHA-256 of the new text, hex.
        schluessel_hash: String,
        /// End of its life.
        ablauf: DateTime<Utc>,
    },
}

/// Refusals of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error, strum::IntoStaticStr)]
pub enum ApiKeyError {
    /// Too long a life.
    #[error("der Ablauf {ablauf} liegt mehr als 365 Tage voraus; spätestens {spaetestens}")]
    #[strum(serialize = "API_KEY_ABLAUF_ZU_LANG")]
    AblaufZuLang {
        /// What was asked for.
        ablauf: DateTime<Utc>,
        /// Latest end.
        spaetestens: DateTime<Utc>,
    },
    /// More than the caller has.
    #[error("{scope} geht über die eigenen Rechte hinaus; niemand vergibt mehr, als er selbst hat")]
    #[strum(serialize = "API_KEY_SCOPE_UEBER_RECHT")]
    ScopeUeberRecht {
        /// The scope, special right or company.
        scope: String,
    },
}
