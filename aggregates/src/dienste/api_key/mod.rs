//! ApiKey: access of a machine (dienste D8). The clear text is shown once; kept are a prefix and the SHA-256 of the
//! whole text, which is enough because the secret has 256 random bits.

mod eingabe;
mod netz;
mod rechte;
mod schluessel;
mod types;

use chrono::{DateTime, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use self::{
    eingabe::{eigener_hash, ist_name, ist_vorbehalten, mandanten, netze, scopes, sonderrechte},
    rechte::innerhalb,
    schluessel::erzeugen,
};
use crate::{
    Aggregate, Context, Decision, Key, Refused, Shared,
    types::{Bereich, Stufe, Text},
};

pub use self::{
    eingabe::WEITERE_RESSOURCEN,
    netz::ApiKeyNetz,
    rechte::{ApiKeyScope, ApiKeySonderrecht, stufe_fuer},
    schluessel::schluessel_hash,
    types::{ApiKeyCommand, ApiKeyError, ApiKeyEvent, ApiKeyMandant, ApiKeyStatus, Kontingent},
};

/// Longest life of a key, in days (dienste D8).
const LEBENSDAUER_MAX_TAGE: i64 = 365;
/// Longest time in which the old and the new key are both valid, in hours (dienste D8).
const UEBERLAPPUNG_MAX_STD: u16 = 72;

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

crate::wire!(ApiKey, ApiKeyCommand => ApiKeyEvent | ApiKeyError);

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
        if ist_vorbehalten(&name) {
            let meldung = "unter start, datev-import, timer, politik-… und demo-… handelt das Programm selbst; bitte einen \
                           anderen Namen wählen";
            return Err(Shared::feld("/name", meldung).into());
        }
        lebensdauer(ablauf, ctx)?;
        let eigener = eigener.map(eigener_hash).transpose()?;
        let scopes = scopes(rechte)?;
        let sonderrechte = sonderrechte(besondere.unwrap_or_default())?;
        let mandanten = firmen.map(|f| mandanten(f, ctx)).transpose()?.unwrap_or_default();
        innerhalb(&scopes, &sonderrechte, &mandanten, ctx)?;
        let ip_netze = ip_netze.map(netze).transpose()?.unwrap_or_default();
        let kontingent = kontingent.unwrap_or_default().pruefen()?;
        let (praefix, schluessel_hash) = text_oder_neuer(eigener, ctx);
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
        let sonderrechte = besondere.unwrap_or_else(|| self.sonderrechte.clone());
        let firmen = firmen.map(|f| mandanten(f, ctx)).transpose()?;
        let mandanten = firmen.unwrap_or_else(|| self.mandanten.clone());
        innerhalb(&scopes, &sonderrechte, &mandanten, ctx)?;
        Ok(vec![ApiKeyEvent::ScopesGeaendert {
            scopes,
            sonderrechte,
            mandanten,
        }])
    }

    fn erneuern(ablauf: DateTime<Utc>, eigener: Option<Text<64>>, ctx: &Context<'_>) -> Decision<Self> {
        lebensdauer(ablauf, ctx)?;
        let (praefix, schluessel_hash) = text_oder_neuer(eigener.map(eigener_hash).transpose()?, ctx);
        Ok(vec![ApiKeyEvent::Erneuert {
            praefix,
            schluessel_hash,
            ablauf,
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

/// A key lives some time, and at most a year.
fn lebensdauer(ablauf: DateTime<Utc>, ctx: &Context<'_>) -> Result<(), Refused<ApiKeyError>> {
    if ablauf <= ctx.frame.jetzt {
        return Err(Shared::feld("/ablauf", "der Ablauf liegt in der Vergangenheit").into());
    }
    let spaetestens = ctx.frame.jetzt + TimeDelta::days(LEBENSDAUER_MAX_TAGE);
    if ablauf > spaetestens {
        return Err(ApiKeyError::AblaufZuLang { ablauf, spaetestens }.into());
    }
    Ok(())
}

/// The operator's own text, of which only the hash is known, or a new one.
fn text_oder_neuer(eigener: Option<String>, ctx: &Context<'_>) -> (Option<String>, String) {
    if let Some(hash) = eigener {
        return (None, hash);
    }
    let (praefix, hash) = erzeugen(ctx);
    (Some(praefix), hash)
}

impl Aggregate for ApiKey {
    const NAME: &'static str = "ApiKey";
    const TYPE: &'static str = "api_key";
    const BEREICH: Bereich = Bereich::Dienste;
    const RESSOURCE: &'static str = "api-keys";
    const CREATE: &'static str = "Ausstellen";
    const SYSTEM: bool = true;
    const INTERNAL: &'static [&'static str] = &["RotationBeenden", "Ablaufen", "Erneuern"];
    // The log needs the hashes to let a key in after a rebuild; shown, they would invite to guess short texts.
    const GEHEIM: &'static [&'static str] = &["schluessel_hash", "alter_hash"];
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
            ApiKeyCommand::Ablaufen { ablauf } if self.status != Neu => {
                let gemeint = matches!(self.status, Aktiv | Rotierend) && self.ablauf == *ablauf;
                return Ok(if gemeint {
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
        if self.status != Neu {
            innerhalb(&self.scopes, &self.sonderrechte, &self.mandanten, ctx)?;
        }
        match (self.status_um(ctx.frame.jetzt), command) {
            (Neu, command) => Self::ausstellen(command, ctx),
            (
                _,
                ApiKeyCommand::Erneuern {
                    ablauf,
                    schluessel_hash,
                },
            ) => Self::erneuern(ablauf, schluessel_hash, ctx),
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
            ApiKeyEvent::Erneuert {
                praefix,
                schluessel_hash,
                ablauf,
            } => {
                self.praefix = praefix;
                self.schluessel_hash = schluessel_hash;
                self.ablauf = ablauf;
                self.alten_vergessen();
                self.status = ApiKeyStatus::Aktiv;
            }
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
