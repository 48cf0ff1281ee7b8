//! Nummernkreis: the definition of document numbers (dienste D2, fibu 10). The counter is a row of the log's schema,
//! raised in the append; a refused or crashed command leaves no gap. Stream id: UUIDv5 of the code.

pub(crate) mod haus;
mod types;

use chrono::{Datelike, NaiveDate};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use self::types::{
    Belegnummer, GeschlossenesJahr, Luecke, Muster, NummernkreisCommand, NummernkreisError, NummernkreisEvent,
    NummernkreisStatus,
};
use crate::{
    Aggregate, Context, Decision, Key, Shared, StreamKey,
    context::{Counter, stream_id},
    refusal::Refused,
    types::{Bereich, Stufe, zeitlich},
};

/// Folded state; serde gives the columns of `dienste.nummernkreis`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Nummernkreis {
    /// Code, e.g. `AR`.
    pub code: String,
    /// First number of a year.
    pub start: i64,
    /// A gap is an error that is shown.
    pub lueckenlos: bool,
    /// Dates must follow the numbers.
    pub chronologisch: bool,
    /// Status.
    pub status: NummernkreisStatus,
    /// Patterns, oldest first.
    pub muster: Vec<Muster>,
    /// Closed years.
    pub geschlossene_jahre: Vec<GeschlossenesJahr>,
    /// Documented gaps.
    pub luecken: Vec<Luecke>,
}

crate::wire!(Nummernkreis, NummernkreisCommand => NummernkreisEvent | NummernkreisError);

/// The parts of a pattern.
pub(crate) struct Zerlegt<'a> {
    vor: &'a str,
    stellen: usize,
    nach: &'a str,
}

impl Zerlegt<'_> {
    pub(crate) fn fasst(&self, lfd: i64) -> bool {
        lfd.to_string().len() <= self.stellen
    }

    /// The pattern with a number in place of its counter.
    pub(crate) fn mit(&self, lfd: i64) -> String {
        format!("{}{lfd:0breite$}{}", self.vor, self.nach, breite = self.stellen)
    }
}

/// Splits a pattern at its counter `{000…}`; `{JJJJ}` stays in the text parts.
pub(crate) fn zerlegen(muster: &str) -> Option<Zerlegt<'_>> {
    let von = muster.find("{0")?;
    let bis = von + muster[von..].find('}')?;
    let zaehler = &muster[von + 1..bis];
    let (vor, nach) = (&muster[..von], &muster[bis + 1..]);
    // A line break is allowed in texts, but not in a printed number.
    let einzeilig = !muster.contains(char::is_control);
    let nur_nullen = zaehler.bytes().all(|b| b == b'0') && (1..=12).contains(&zaehler.len());
    let jahre = muster.matches("{JJJJ}").count();
    let rest = muster
        .replacen("{JJJJ}", "", 1)
        .replacen(&format!("{{{zaehler}}}"), "", 1);
    (nur_nullen && einzeilig && jahre <= 1 && !rest.contains(['{', '}'])).then_some(Zerlegt {
        vor,
        stellen: zaehler.len(),
        nach,
    })
}

/// A pattern must have a counter, and the counter must hold at least the first number.
fn muster_pruefen(kreis: &str, muster: &str, start: i64) -> Result<String, NummernkreisError> {
    let muster = muster.to_owned();
    match zerlegen(&muster) {
        None => Err(NummernkreisError::MusterOhneZaehler { muster }),
        Some(teile) if !teile.fasst(start) => Err(NummernkreisError::Erschoepft {
            kreis: kreis.to_owned(),
            muster,
            lfd: start,
        }),
        Some(_) => Ok(muster),
    }
}

/// First year that can be closed; earlier ones are slips of the keyboard.
const ERSTES_JAHR: i32 = 1900;

impl Nummernkreis {
    /// Scope of the code's claim.
    pub const KEY_CODE: &'static str = "nummernkreis.code";

    /// Stream of a code.
    #[must_use]
    pub fn stream_id(mandant_id: Uuid, code: &str) -> Uuid {
        stream_id(mandant_id, Self::TYPE, code)
    }

    /// A gap lies among the numbers that were drawn, and is documented once.
    fn luecke_pruefen(
        &self,
        jahr: i32,
        von: i64,
        bis: i64,
        ctx: &Context<'_>,
    ) -> Result<(), Refused<NummernkreisError>> {
        if von < self.start || bis < von {
            let text = format!("von und bis sind Nummern mit {} ≤ von ≤ bis", self.start);
            return Err(Shared::feld("/bis", text).into());
        }
        let stand = ctx.counter(&self.code, jahr)?.stand;
        if bis > stand {
            let grund = format!(
                "{bis} wurde in {} für das Jahr {jahr} noch nicht vergeben (Zählerstand {stand}) und kann keine Lücke sein",
                self.code
            );
            return Err(NummernkreisError::Rueckwaerts { grund }.into());
        }
        let schon = |l: &&Luecke| l.jahr == jahr && l.von <= bis && von <= l.bis;
        if let Some(luecke) = self.luecken.iter().find(schon) {
            let text = format!("{} bis {} ist schon als Lücke dokumentiert", luecke.von, luecke.bis);
            return Err(Shared::feld("/von", text).into());
        }
        Ok(())
    }

    fn muster_am(&self, datum: NaiveDate) -> Option<&str> {
        // Dates before the first pattern take the first one.
        let gueltig = zeitlich::am(&self.muster, datum).or_else(|| self.muster.first());
        gueltig.map(|m| m.muster.as_str())
    }

    /// The year a document of `datum` counts in: its calendar year, or 0 if the pattern has no year.
    #[must_use]
    pub fn zaehljahr(&self, datum: NaiveDate) -> i32 {
        match self.muster_am(datum) {
            Some(muster) if muster.contains("{JJJJ}") => datum.year(),
            _ => 0,
        }
    }

    /// The number after `counter` for a document of `datum`.
    pub fn naechste(&self, datum: NaiveDate, counter: Counter) -> Result<Belegnummer, Refused<NummernkreisError>> {
        if self.status != NummernkreisStatus::Aktiv {
            let was = format!(
                "der Nummernkreis {} ist gesperrt und gibt keine Nummern mehr",
                self.code
            );
            return Err(Shared::fremder_status(was, self.status, &["aktiv"]).into());
        }
        let kreis = self.code.clone();
        let jahr = self.zaehljahr(datum);
        if self.geschlossene_jahre.iter().any(|g| g.jahr == jahr) {
            return Err(NummernkreisError::JahrGeschlossen { kreis, jahr }.into());
        }
        if let Some(letztes) = counter.letztes_datum.filter(|l| self.chronologisch && datum < *l) {
            let grund =
                format!("{kreis} ist chronologisch, die letzte Nummer trägt das Datum {letztes}, nicht {datum}");
            return Err(NummernkreisError::Rueckwaerts { grund }.into());
        }
        let lfd = counter.stand.saturating_add(1).max(self.start);
        let muster = self.muster_am(datum).unwrap_or_default();
        let ohne_zaehler = || NummernkreisError::MusterOhneZaehler {
            muster: muster.to_owned(),
        };
        let teile = zerlegen(muster).ok_or_else(ohne_zaehler)?;
        if !teile.fasst(lfd) {
            let muster = muster.to_owned();
            return Err(NummernkreisError::Erschoepft { kreis, muster, lfd }.into());
        }
        let text = teile.mit(lfd);
        Ok(Belegnummer {
            kreis,
            jahr,
            lfd,
            text: text.replace("{JJJJ}", &format!("{jahr:04}")),
        })
    }
}

impl Aggregate for Nummernkreis {
    const NAME: &'static str = "Nummernkreis";
    const TYPE: &'static str = "nummernkreis";
    const BEREICH: Bereich = Bereich::Dienste;
    const RESSOURCE: &'static str = "nummernkreise";
    const CREATE: &'static str = "Anlegen";
    type Command = NummernkreisCommand;
    type Event = NummernkreisEvent;
    type Error = NummernkreisError;

    fn stufe(_command: &str) -> Stufe {
        Stufe::Admin
    }

    fn stream_key(command: &NummernkreisCommand) -> Option<StreamKey> {
        match command {
            NummernkreisCommand::Anlegen { code, .. } => Some(StreamKey {
                feld: Some("code"),
                wert: code.to_string(),
            }),
            _ => None,
        }
    }

    fn decide(&self, command: NummernkreisCommand, ctx: &Context<'_>) -> Decision<Self> {
        match (self.status, command) {
            (
                NummernkreisStatus::Neu,
                NummernkreisCommand::Anlegen {
                    code,
                    muster,
                    start,
                    lueckenlos,
                    chronologisch,
                },
            ) => {
                if !code
                    .bytes()
                    .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
                {
                    return Err(Shared::feld("/code", "nur Großbuchstaben, Ziffern und _").into());
                }
                if start < 1 {
                    return Err(Shared::feld("/start", "die erste Nummer ist mindestens 1").into());
                }
                let code = code.to_string();
                let muster = muster_pruefen(&code, &muster, start)?;
                let gueltig_ab = ctx.heute();
                Ok(vec![NummernkreisEvent::Angelegt {
                    code,
                    muster,
                    gueltig_ab,
                    start,
                    lueckenlos,
                    chronologisch,
                }])
            }
            (NummernkreisStatus::Aktiv, NummernkreisCommand::MusterAendern { muster, gueltig_ab }) => {
                if gueltig_ab < ctx.heute() {
                    let grund = "ein Muster gilt frühestens ab heute".to_owned();
                    return Err(NummernkreisError::Rueckwaerts { grund }.into());
                }
                Ok(vec![NummernkreisEvent::MusterGeaendert {
                    muster: muster_pruefen(&self.code, &muster, self.start)?,
                    gueltig_ab,
                }])
            }
            (NummernkreisStatus::Aktiv, NummernkreisCommand::JahrSchliessen { jahr }) => {
                if self.geschlossene_jahre.iter().any(|g| g.jahr == jahr) {
                    return Err(NummernkreisError::JahrGeschlossen {
                        kreis: self.code.clone(),
                        jahr,
                    }
                    .into());
                }
                let dieses = ctx.heute().year();
                if !(ERSTES_JAHR..=dieses).contains(&jahr) {
                    let text = format!("{jahr} lässt sich nicht schließen; möglich ist {ERSTES_JAHR} bis {dieses}");
                    return Err(Shared::feld("/jahr", text).into());
                }
                Ok(vec![NummernkreisEvent::JahrGeschlossen { jahr }])
            }
            (NummernkreisStatus::Aktiv, NummernkreisCommand::LueckeDokumentieren { jahr, von, bis, grund }) => {
                self.luecke_pruefen(jahr, von, bis, ctx)?;
                Ok(vec![NummernkreisEvent::LueckeDokumentiert {
                    jahr,
                    von,
                    bis,
                    grund: grund.to_string(),
                }])
            }
            (NummernkreisStatus::Aktiv, NummernkreisCommand::Sperren { grund }) => {
                Ok(vec![NummernkreisEvent::Gesperrt {
                    grund: grund.to_string(),
                }])
            }
            (status, NummernkreisCommand::Anlegen { .. }) => Err(Shared::status(status, &["neu"]).into()),
            (status, _) => Err(Shared::status(status, &["aktiv"]).into()),
        }
    }

    fn evolve(&mut self, event: NummernkreisEvent) {
        match event {
            NummernkreisEvent::Angelegt {
                code,
                muster,
                gueltig_ab,
                start,
                lueckenlos,
                chronologisch,
            } => {
                self.code = code;
                self.start = start;
                self.lueckenlos = lueckenlos;
                self.chronologisch = chronologisch;
                self.muster.push(Muster { gueltig_ab, muster });
                self.status = NummernkreisStatus::Aktiv;
            }
            NummernkreisEvent::MusterGeaendert { muster, gueltig_ab } => {
                zeitlich::setzen(&mut self.muster, Muster { gueltig_ab, muster });
            }
            NummernkreisEvent::JahrGeschlossen { jahr } => self.geschlossene_jahre.push(GeschlossenesJahr { jahr }),
            NummernkreisEvent::LueckeDokumentiert { jahr, von, bis, grund } => {
                let nr = i32::try_from(self.luecken.len()).unwrap_or(i32::MAX) + 1;
                self.luecken.push(Luecke {
                    nr,
                    jahr,
                    von,
                    bis,
                    grund,
                });
            }
            NummernkreisEvent::Gesperrt { .. } => self.status = NummernkreisStatus::Gesperrt,
        }
    }

    fn keys(&self) -> Vec<Key> {
        match self.status {
            NummernkreisStatus::Neu => Vec::new(),
            _ => vec![Key::new(Self::KEY_CODE, "code", &*self.code)],
        }
    }
}
