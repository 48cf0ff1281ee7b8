//! ApiKey: access of a machine (dienste D8). The clear text is shown once; kept are a prefix and the SHA-256 of the
//! whole text, which is enough because the secret has 256 random bits.

use std::{net::IpAddr, str::FromStr};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{
    Aggregate, Context, Decision, Key, Shared,
    types::{Bereich, Stufe, Text},
};

/// Longest life of a key, in days (dienste D8).
const LEBENSDAUER_MAX_TAGE: i64 = 365;
/// Longest time in which the old and the new key are both valid, in hours (dienste D8).
const UEBERLAPPUNG_MAX_STD: u16 = 72;
/// Most entries in a list of a key: it is read with every request.
const LISTE_MAX: usize = 100;
/// Digits of the visible prefix.
const PRAEFIX_STELLEN: usize = 8;

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

/// A right of a key: `bereich:stufe`, `bereich.aggregate_type:stufe` or `*:stufe`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApiKeyScope {
    /// The right.
    pub scope: String,
}

/// A special right of a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApiKeySonderrecht {
    /// The special right, e.g. `fibu.periode_gesperrt`.
    pub sonderrecht: String,
}

/// A company that a key may act in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApiKeyMandant {
    /// The company.
    pub mandant: Uuid,
}

/// A network that a key may be used from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApiKeyNetz {
    /// The network, `192.0.2.0/24` or `2001:db8::/32`.
    pub netz: String,
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

/// Folded state; serde gives the columns of `dienste.api_key`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ApiKey {
    /// Name, unique.
    pub name: String,
    /// First characters of the secret part; unknown for a text that the operator made himself.
    pub praefix: Option<String>,
    /// SHA-256 of the whole text, hex.
    pub schluessel_hash: String,
    /// SHA-256 of the text before the rotation.
    pub alter_hash: Option<String>,
    /// The old text is valid until then.
    pub alter_gueltig_bis: Option<DateTime<Utc>>,
    /// The user whose rights limit the key.
    pub dienstbenutzer_id: Option<Uuid>,
    /// End of its life.
    pub ablauf: DateTime<Utc>,
    /// Calls a minute.
    pub je_minute: Option<i32>,
    /// Calls a month.
    pub je_monat: Option<i32>,
    /// Calls at the same time.
    pub gleichzeitig: Option<i32>,
    /// Status.
    pub status: ApiKeyStatus,
    /// Rights.
    pub scopes: Vec<ApiKeyScope>,
    /// Special rights.
    pub sonderrechte: Vec<ApiKeySonderrecht>,
    /// Companies; empty means all.
    pub mandanten: Vec<ApiKeyMandant>,
    /// Networks; empty means all.
    pub ip_netze: Vec<ApiKeyNetz>,
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
    Ablaufen {},
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
        /// The scope or special right.
        scope: String,
    },
}

crate::wire!(ApiKey, ApiKeyCommand => ApiKeyEvent | ApiKeyError);

/// The level that scopes give on an aggregate or report (`typ`), or on a whole area. The most specific entry wins: the
/// aggregate's before the area's before `*` (dienste D1); among equals the highest.
#[must_use]
pub fn stufe_fuer<S: AsRef<str>>(scopes: &[S], bereich: &str, typ: Option<&str>) -> Option<Stufe> {
    let genau = typ.map(|typ| format!("{bereich}.{typ}"));
    let hoechste = |ziel: &str| {
        let teile = scopes.iter().filter_map(|s| s.as_ref().split_once(':'));
        teile
            .filter(|(z, _)| *z == ziel)
            .filter_map(|(_, stufe)| Stufe::from_str(stufe).ok())
            .max()
    };
    genau
        .and_then(|genau| hoechste(&genau))
        .or_else(|| hoechste(bereich))
        .or_else(|| hoechste("*"))
}

/// Nobody grants more than he has: every scope and special right must lie within the caller's.
fn innerhalb(scopes: &[ApiKeyScope], besondere: &[ApiKeySonderrecht], ctx: &Context<'_>) -> Result<(), ApiKeyError> {
    let ueber = |recht: &str| ApiKeyError::ScopeUeberRecht {
        scope: recht.to_owned(),
    };
    for ApiKeyScope { scope } in scopes {
        let (ziel, stufe) = scope.split_once(':').ok_or_else(|| ueber(scope))?;
        let (bereich, typ) = ziel.split_once('.').map_or((ziel, None), |(b, t)| (b, Some(t)));
        let stufe = Stufe::from_str(stufe).map_err(|_| ueber(scope))?;
        if stufe_fuer(&ctx.frame.scopes, bereich, typ).is_none_or(|eigene| eigene < stufe) {
            return Err(ueber(scope));
        }
    }
    match besondere.iter().find(|b| !ctx.darf(&b.sonderrecht)) {
        Some(b) => Err(ueber(&b.sonderrecht)),
        None => Ok(()),
    }
}

fn ist_scope(text: &str) -> bool {
    let Some((ziel, stufe)) = text.split_once(':') else {
        return false;
    };
    let ziel_ok = match ziel.split_once('.') {
        Some((bereich, typ)) => Bereich::from_str(bereich).is_ok() && ist_name(typ, "_"),
        None => ziel == "*" || Bereich::from_str(ziel).is_ok(),
    };
    ziel_ok && Stufe::from_str(stufe).is_ok()
}

/// Small letters, digits and the given other characters; not empty.
fn ist_name(text: &str, weitere: &str) -> bool {
    let erlaubt = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || weitere.contains(c);
    !text.is_empty() && text.chars().all(erlaubt)
}

/// Checks a list element by element and drops repetitions.
fn liste<T>(
    feld: &str,
    werte: Vec<T>,
    pruefen: impl Fn(&T) -> Option<String>,
    meldung: &str,
) -> Result<Vec<String>, Shared> {
    if werte.len() > LISTE_MAX {
        return Err(Shared::feld(feld, format!("höchstens {LISTE_MAX} Einträge")));
    }
    let mut ergebnis = Vec::with_capacity(werte.len());
    for (i, wert) in werte.iter().enumerate() {
        let wert = pruefen(wert).ok_or_else(|| Shared::feld(format!("{feld}/{i}"), meldung))?;
        if !ergebnis.contains(&wert) {
            ergebnis.push(wert);
        }
    }
    Ok(ergebnis)
}

fn scopes(werte: Vec<Text<80>>) -> Result<Vec<ApiKeyScope>, Shared> {
    if werte.is_empty() {
        return Err(Shared::feld("/scopes", "ein Schlüssel braucht mindestens ein Recht"));
    }
    let meldung = "ein Recht ist bereich:stufe, bereich.aggregate_type:stufe oder *:stufe (read, write, admin)";
    let pruefen = |wert: &Text<80>| ist_scope(wert).then(|| wert.to_string());
    let werte = liste("/scopes", werte, pruefen, meldung)?;
    Ok(werte.into_iter().map(|scope| ApiKeyScope { scope }).collect())
}

fn sonderrechte(werte: Vec<Text<80>>) -> Result<Vec<ApiKeySonderrecht>, Shared> {
    let pruefen = |wert: &Text<80>| (wert.as_str() == "*" || ist_name(wert, "._")).then(|| wert.to_string());
    let meldung = "ein Sonderrecht heißt wie fibu.periode_gesperrt; * meint alle";
    let werte = liste("/sonderrechte", werte, pruefen, meldung)?;
    Ok(werte
        .into_iter()
        .map(|sonderrecht| ApiKeySonderrecht { sonderrecht })
        .collect())
}

/// An empty list must not become "all companies".
fn mandanten(werte: Vec<Uuid>) -> Result<Vec<ApiKeyMandant>, Shared> {
    if werte.is_empty() || werte.len() > LISTE_MAX {
        let meldung = format!("1 bis {LISTE_MAX} Mandanten; ohne das Feld gilt der Schlüssel für alle");
        return Err(Shared::feld("/mandanten", meldung));
    }
    let mut ergebnis: Vec<ApiKeyMandant> = Vec::with_capacity(werte.len());
    for mandant in werte {
        if !ergebnis.iter().any(|m| m.mandant == mandant) {
            ergebnis.push(ApiKeyMandant { mandant });
        }
    }
    Ok(ergebnis)
}

/// An empty list must not become "all networks".
fn netze(werte: Vec<Text<50>>) -> Result<Vec<ApiKeyNetz>, Shared> {
    if werte.is_empty() {
        let meldung = "mindestens ein Netz; ohne das Feld gilt der Schlüssel überall";
        return Err(Shared::feld("/ip_netze", meldung));
    }
    let pruefen = |wert: &Text<50>| netz(wert).map(|(ip, laenge)| format!("{ip}/{laenge}"));
    let meldung = "ein Netz ist a.b.c.d/nn oder IPv6/nn, ohne gesetzte Bits hinter der Länge";
    let werte = liste("/ip_netze", werte, pruefen, meldung)?;
    Ok(werte.into_iter().map(|netz| ApiKeyNetz { netz }).collect())
}

/// Reads a network; a single address is one of full length.
fn netz(text: &str) -> Option<(IpAddr, u32)> {
    let (ip, laenge) = match text.split_once('/') {
        Some((ip, laenge)) => (IpAddr::from_str(ip).ok()?, Some(laenge)),
        None => (IpAddr::from_str(text).ok()?, None),
    };
    let bits = bits(ip).1;
    let laenge = match laenge {
        Some(l) if l.len() <= 3 && l.bytes().all(|b| b.is_ascii_digit()) => l.parse().ok()?,
        Some(_) => return None,
        None => bits,
    };
    (laenge <= bits && maskiert(ip, laenge) == bits_wert(ip)).then_some((ip, laenge))
}

/// Value and number of bits of an address.
fn bits(ip: IpAddr) -> (u128, u32) {
    match ip {
        IpAddr::V4(ip) => (u128::from(ip.to_bits()), 32),
        IpAddr::V6(ip) => (ip.to_bits(), 128),
    }
}

fn bits_wert(ip: IpAddr) -> u128 {
    bits(ip).0
}

/// The first `laenge` bits of an address, the others zero.
fn maskiert(ip: IpAddr, laenge: u32) -> u128 {
    let (wert, bits) = bits(ip);
    let hinten = bits.saturating_sub(laenge);
    wert.checked_shr(hinten)
        .and_then(|w| w.checked_shl(hinten))
        .unwrap_or(0)
}

impl ApiKeyNetz {
    /// True if an address lies in the network.
    #[must_use]
    pub fn enthaelt(&self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        netz(&self.netz)
            .is_some_and(|(netz, laenge)| netz.is_ipv4() == ip.is_ipv4() && maskiert(ip, laenge) == bits_wert(netz))
    }
}

impl Kontingent {
    fn pruefen(self) -> Result<Self, Shared> {
        let felder = [
            ("je_minute", self.je_minute),
            ("je_monat", self.je_monat),
            ("gleichzeitig", self.gleichzeitig),
        ];
        match felder.iter().find(|(_, wert)| wert.is_some_and(|w| w < 1)) {
            Some((feld, _)) => Err(Shared::feld(
                format!("/kontingent/{feld}"),
                "mindestens 1; ohne das Feld unbegrenzt",
            )),
            None => Ok(self),
        }
    }
}

/// SHA-256 of a key's text, hex: how keys are stored and looked up.
#[must_use]
pub fn schluessel_hash(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}

/// A new text, shown once: its prefix and its hash. Prefix and secret are hashes of the command's random bytes under
/// different names, so neither tells anything of the other.
fn erzeugen(ctx: &Context<'_>) -> (String, String) {
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

impl ApiKey {
    /// Scope of the name's claim.
    pub const KEY_NAME: &'static str = "api_key.name";
    /// Scope of the hashes' claims: the door finds a key by the hash of its text.
    pub const KEY_HASH: &'static str = "api_key.schluessel_hash";

    /// The status at a moment; timers may be late.
    pub fn status_um(&self, jetzt: DateTime<Utc>) -> ApiKeyStatus {
        match self.status {
            ApiKeyStatus::Aktiv | ApiKeyStatus::Rotierend if self.ablauf <= jetzt => ApiKeyStatus::Abgelaufen,
            status => status,
        }
    }

    /// True if the text of this hash is valid at a moment: the present one, or the old one inside the overlap.
    pub fn hash_gilt(&self, hash: &str, jetzt: DateTime<Utc>) -> bool {
        let lebt = matches!(self.status_um(jetzt), ApiKeyStatus::Aktiv | ApiKeyStatus::Rotierend);
        let alter = self.alter_hash.as_deref() == Some(hash) && self.alter_gueltig_bis.is_some_and(|bis| jetzt < bis);
        lebt && (self.schluessel_hash == hash || alter)
    }

    fn ausstellen(command: ApiKeyCommand, ctx: &Context<'_>) -> Decision<Self> {
        let ApiKeyCommand::Ausstellen {
            name,
            dienstbenutzer_id,
            scopes: rechte,
            sonderrechte: besondere,
            mandanten: firmen,
            ablauf,
            ip_netze,
            kontingent,
            schluessel_hash: eigener,
        } = command
        else {
            return Err(Shared::status(ApiKeyStatus::Neu, &["aktiv", "rotierend"]).into());
        };
        if !ist_name(&name, "._-") {
            return Err(Shared::feld("/name", "nur Kleinbuchstaben, Ziffern und . _ -").into());
        }
        if ablauf <= ctx.frame.jetzt {
            return Err(Shared::feld("/ablauf", "der Ablauf liegt in der Vergangenheit").into());
        }
        let spaetestens = ctx.frame.jetzt + TimeDelta::days(LEBENSDAUER_MAX_TAGE);
        if ablauf > spaetestens {
            return Err(ApiKeyError::AblaufZuLang { ablauf, spaetestens }.into());
        }
        if let Some(hash) = &eigener
            && !(hash.len() == 64 && hash.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')))
        {
            return Err(Shared::feld("/schluessel_hash", "64 Stellen hexadezimal in Kleinbuchstaben").into());
        }
        let scopes = scopes(rechte)?;
        let sonderrechte = sonderrechte(besondere.unwrap_or_default())?;
        innerhalb(&scopes, &sonderrechte, ctx)?;
        let mandanten = firmen.map(mandanten).transpose()?.unwrap_or_default();
        let ip_netze = ip_netze.map(netze).transpose()?.unwrap_or_default();
        let kontingent = kontingent.unwrap_or_default().pruefen()?;
        let (praefix, schluessel_hash) = if let Some(hash) = eigener {
            (None, hash.to_string())
        } else {
            let (praefix, hash) = erzeugen(ctx);
            (Some(praefix), hash)
        };
        Ok(vec![ApiKeyEvent::Ausgestellt {
            name: name.to_string(),
            praefix,
            schluessel_hash,
            dienstbenutzer_id,
            scopes,
            sonderrechte,
            mandanten,
            ablauf,
            ip_netze,
            kontingent,
        }])
    }

    fn rotieren(&self, ctx: &Context<'_>, ueberlappung_std: u16) -> Decision<Self> {
        if ueberlappung_std > UEBERLAPPUNG_MAX_STD {
            let meldung = format!("höchstens {UEBERLAPPUNG_MAX_STD} Stunden");
            return Err(Shared::feld("/ueberlappung_std", meldung).into());
        }
        let bis = ctx.frame.jetzt + TimeDelta::hours(i64::from(ueberlappung_std));
        let (praefix, schluessel_hash) = erzeugen(ctx);
        Ok(vec![ApiKeyEvent::Rotiert {
            praefix,
            schluessel_hash,
            alter_hash: self.schluessel_hash.clone(),
            alter_gueltig_bis: bis.min(self.ablauf),
        }])
    }

    fn scopes_aendern(
        &self,
        rechte: Vec<Text<80>>,
        besondere: Option<Vec<Text<80>>>,
        firmen: Option<Vec<Uuid>>,
        ctx: &Context<'_>,
    ) -> Decision<Self> {
        let scopes = scopes(rechte)?;
        let besondere = besondere.map(sonderrechte).transpose()?;
        innerhalb(&scopes, besondere.as_deref().unwrap_or_default(), ctx)?;
        let firmen = firmen.map(mandanten).transpose()?;
        Ok(vec![ApiKeyEvent::ScopesGeaendert {
            scopes,
            sonderrechte: besondere.unwrap_or_else(|| self.sonderrechte.clone()),
            mandanten: firmen.unwrap_or_else(|| self.mandanten.clone()),
        }])
    }

    fn kontingent_setzen(&mut self, kontingent: Kontingent) {
        self.je_minute = kontingent.je_minute;
        self.je_monat = kontingent.je_monat;
        self.gleichzeitig = kontingent.gleichzeitig;
    }

    fn alten_vergessen(&mut self) {
        self.alter_hash = None;
        self.alter_gueltig_bis = None;
    }
}

impl Aggregate for ApiKey {
    const NAME: &'static str = "ApiKey";
    const TYPE: &'static str = "api_key";
    const BEREICH: Bereich = Bereich::Dienste;
    const RESSOURCE: &'static str = "api-keys";
    const CREATE: &'static str = "Ausstellen";
    const SYSTEM: bool = true;
    const INTERNAL: &'static [&'static str] = &["RotationBeenden", "Ablaufen"];
    type Command = ApiKeyCommand;
    type Event = ApiKeyEvent;
    type Error = ApiKeyError;

    fn stufe(_command: &str) -> Stufe {
        Stufe::Admin
    }

    fn decide(&self, command: ApiKeyCommand, ctx: &Context<'_>) -> Decision<Self> {
        use ApiKeyStatus::{Aktiv, Neu, Rotierend};
        // Timers come for every key that ever lived: too late is no error.
        match &command {
            ApiKeyCommand::Ablaufen {} if self.status != Neu => {
                let lebt = matches!(self.status, Aktiv | Rotierend);
                return Ok(if lebt {
                    vec![ApiKeyEvent::Abgelaufen {}]
                } else {
                    Vec::new()
                });
            }
            ApiKeyCommand::RotationBeenden { alter_hash } if self.status != Neu => {
                let gemeint = self.status == Rotierend && self.alter_hash.as_ref() == Some(alter_hash);
                return Ok(if gemeint {
                    vec![ApiKeyEvent::RotationBeendet {}]
                } else {
                    Vec::new()
                });
            }
            _ => {}
        }
        match (self.status_um(ctx.frame.jetzt), command) {
            (Neu, command) => Self::ausstellen(command, ctx),
            (Aktiv, ApiKeyCommand::Rotieren { ueberlappung_std }) => self.rotieren(ctx, ueberlappung_std),
            (
                Aktiv | Rotierend,
                ApiKeyCommand::ScopesAendern {
                    scopes,
                    sonderrechte,
                    mandanten,
                },
            ) => self.scopes_aendern(scopes, sonderrechte, mandanten, ctx),
            (Aktiv | Rotierend, ApiKeyCommand::KontingentAendern { kontingent }) => {
                Ok(vec![ApiKeyEvent::KontingentGeaendert {
                    kontingent: kontingent.pruefen()?,
                }])
            }
            (Aktiv | Rotierend, ApiKeyCommand::Widerrufen { grund }) => Ok(vec![ApiKeyEvent::Widerrufen {
                grund: grund.to_string(),
            }]),
            (status, ApiKeyCommand::Ausstellen { .. }) => Err(Shared::status(status, &["neu"]).into()),
            (status, ApiKeyCommand::Rotieren { .. }) => Err(Shared::status(status, &["aktiv"]).into()),
            (status, _) => Err(Shared::status(status, &["aktiv", "rotierend"]).into()),
        }
    }

    fn evolve(&mut self, event: ApiKeyEvent) {
        match event {
            ApiKeyEvent::Ausgestellt {
                name,
                praefix,
                schluessel_hash,
                dienstbenutzer_id,
                scopes,
                sonderrechte,
                mandanten,
                ablauf,
                ip_netze,
                kontingent,
            } => {
                self.name = name;
                self.praefix = praefix;
                self.schluessel_hash = schluessel_hash;
                self.dienstbenutzer_id = dienstbenutzer_id;
                self.scopes = scopes;
                self.sonderrechte = sonderrechte;
                self.mandanten = mandanten;
                self.ablauf = ablauf;
                self.ip_netze = ip_netze;
                self.kontingent_setzen(kontingent);
                self.status = ApiKeyStatus::Aktiv;
            }
            ApiKeyEvent::Rotiert {
                praefix,
                schluessel_hash,
                alter_hash,
                alter_gueltig_bis,
            } => {
                self.praefix = Some(praefix);
                self.schluessel_hash = schluessel_hash;
                self.alter_hash = Some(alter_hash);
                self.alter_gueltig_bis = Some(alter_gueltig_bis);
                self.status = ApiKeyStatus::Rotierend;
            }
            ApiKeyEvent::RotationBeendet {} => {
                self.alten_vergessen();
                self.status = ApiKeyStatus::Aktiv;
            }
            ApiKeyEvent::ScopesGeaendert {
                scopes,
                sonderrechte,
                mandanten,
            } => {
                self.scopes = scopes;
                self.sonderrechte = sonderrechte;
                self.mandanten = mandanten;
            }
            ApiKeyEvent::KontingentGeaendert { kontingent } => self.kontingent_setzen(kontingent),
            // The hashes stay, so that the door can answer why a key is not valid any more.
            ApiKeyEvent::Widerrufen { .. } => self.status = ApiKeyStatus::Widerrufen,
            ApiKeyEvent::Abgelaufen {} => self.status = ApiKeyStatus::Abgelaufen,
        }
    }

    fn keys(&self) -> Vec<Key> {
        if self.status == ApiKeyStatus::Neu {
            return Vec::new();
        }
        let hash = |hash: &String| Key::new(Self::KEY_HASH, "schluessel_hash", &**hash);
        let mut keys = vec![
            Key::new(Self::KEY_NAME, "name", &*self.name),
            hash(&self.schluessel_hash),
        ];
        keys.extend(self.alter_hash.iter().map(hash));
        keys
    }
}
