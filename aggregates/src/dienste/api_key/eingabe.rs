//! Checks what a user enters: names, lists of rights, companies and networks, the Kontingent.

use std::{collections::HashSet, str::FromStr, sync::LazyLock};

use uuid::Uuid;

use super::{ApiKeyError, ApiKeyMandant, ApiKeyNetz, ApiKeyScope, ApiKeySonderrecht, Kontingent, netz::netz};
use crate::{
    Context, Refused, Shared,
    dienste::Mandant,
    types::{Bereich, Stufe, Text},
};

/// What a right may name beside the aggregates: reports, and the log itself.
pub const WEITERE_RESSOURCEN: &[&str] = &[
    "crm.auftragsbestand",
    "crm.belegkette",
    "crm.kreditauskunft",
    "dienste.ereignis",
    "fibu.abstimmung_op_sammelkonto",
    "fibu.altersstruktur",
    "fibu.journal",
    "fibu.kontenblatt",
    "fibu.kontenplan",
    "fibu.kontoauszug_partner",
    "fibu.nummernpruefung",
    "fibu.op_liste",
    "fibu.rechnungsausgangsbuch",
    "fibu.rechnungseingangsbuch",
    "fibu.summen_und_saldenliste",
    "wawi.artikelliste",
    "wawi.bestandsliste",
    "wawi.bestellobligo",
    "wawi.lagerbewegungsjournal",
    "wawi.lieferschein",
    "wawi.offene_bestellungen",
    "wawi.preislistenuebersicht",
    "wawi.wareneingangsbuch",
    "wawi.we_re_liste",
];

/// All that a right may name, `bereich.aggregate_type`.
static RESSOURCEN: LazyLock<HashSet<String>> = LazyLock::new(|| {
    let aggregate = crate::registry();
    let aggregate = aggregate
        .entries()
        .iter()
        .map(|e| format!("{}.{}", e.bereich.as_str(), e.typ));
    aggregate
        .chain(WEITERE_RESSOURCEN.iter().map(|r| (*r).to_owned()))
        .collect()
});

/// Most entries in a list of a key: it is read with every request.
const LISTE_MAX: usize = 100;

/// Small letters, digits and the given other characters; not empty.
pub(super) fn ist_name(text: &str, weitere: &str) -> bool {
    let erlaubt = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || weitere.contains(c);
    !text.is_empty() && text.chars().all(erlaubt)
}

/// Names under which the program itself acts: with one of them a key could pass for it in the log.
pub(super) fn ist_vorbehalten(name: &str) -> bool {
    let haus = ["start", "datev-import", "timer"];
    haus.contains(&name) || ["politik-", "demo-"].iter().any(|anfang| name.starts_with(anfang))
}

fn ist_scope(text: &str) -> bool {
    let Some((ziel, stufe)) = text.split_once(':') else {
        return false;
    };
    // A word that nothing bears would open nothing today, and something unforeseen on the day it gets a meaning.
    let bekannt = ziel == "*" || Bereich::from_str(ziel).is_ok() || RESSOURCEN.contains(ziel);
    bekannt && Stufe::from_str(stufe).is_ok()
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

pub(super) fn scopes(werte: Vec<Text<80>>) -> Result<Vec<ApiKeyScope>, Shared> {
    if werte.is_empty() {
        return Err(Shared::feld("/scopes", "ein Schlüssel braucht mindestens ein Recht"));
    }
    let meldung = "ein Recht ist bereich:stufe, bereich.aggregate_type:stufe oder *:stufe (read, write, admin), und \
                   Bereich und Aggregat muss es geben; /openapi.json nennt bei jedem Weg das Recht, das er braucht";
    let pruefen = |wert: &Text<80>| ist_scope(wert).then(|| wert.to_string());
    let werte = liste("/scopes", werte, pruefen, meldung)?;
    Ok(werte.into_iter().map(|scope| ApiKeyScope { scope }).collect())
}

pub(super) fn sonderrechte(werte: Vec<Text<80>>) -> Result<Vec<ApiKeySonderrecht>, Shared> {
    let pruefen = |wert: &Text<80>| (wert.as_str() == "*" || ist_name(wert, "._")).then(|| wert.to_string());
    let meldung = "ein Sonderrecht heißt wie fibu.periode_gesperrt; * meint alle";
    let werte = liste("/sonderrechte", werte, pruefen, meldung)?;
    Ok(werte
        .into_iter()
        .map(|sonderrecht| ApiKeySonderrecht { sonderrecht })
        .collect())
}

/// An empty list must not become "all companies", and a company that nobody knows opens nothing.
pub(super) fn mandanten(werte: Vec<Uuid>, ctx: &Context<'_>) -> Result<Vec<ApiKeyMandant>, Refused<ApiKeyError>> {
    if werte.is_empty() || werte.len() > LISTE_MAX {
        let meldung = format!("1 bis {LISTE_MAX} Mandanten; ohne das Feld gilt der Schlüssel für alle");
        return Err(Shared::feld("/mandanten", meldung).into());
    }
    let mut ergebnis: Vec<ApiKeyMandant> = Vec::with_capacity(werte.len());
    for (i, mandant) in werte.into_iter().enumerate() {
        if ctx.get::<Mandant>(mandant)?.is_none() {
            let meldung = format!("die Firma {mandant} gibt es nicht; GET /api/v1/dienste/mandanten zeigt alle");
            return Err(Shared::feld(format!("/mandanten/{i}"), meldung).into());
        }
        if !ergebnis.iter().any(|m| m.mandant == mandant) {
            ergebnis.push(ApiKeyMandant { mandant });
        }
    }
    Ok(ergebnis)
}

/// An empty list must not become "all networks".
pub(super) fn netze(werte: Vec<Text<50>>) -> Result<Vec<ApiKeyNetz>, Shared> {
    if werte.is_empty() {
        let meldung = "mindestens ein Netz; ohne das Feld gilt der Schlüssel überall";
        return Err(Shared::feld("/ip_netze", meldung));
    }
    let pruefen = |wert: &Text<50>| netz(wert).map(|(ip, laenge)| format!("{ip}/{laenge}"));
    let meldung = "ein Netz ist a.b.c.d/nn oder IPv6/nn, ohne gesetzte Bits hinter der Länge";
    let werte = liste("/ip_netze", werte, pruefen, meldung)?;
    Ok(werte.into_iter().map(|netz| ApiKeyNetz { netz }).collect())
}

/// The hash of a text that the operator made himself.
pub(super) fn eigener_hash(hash: Text<64>) -> Result<String, Shared> {
    if hash.len() == 64 && hash.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
        return Ok(hash.to_string());
    }
    Err(Shared::feld(
        "/schluessel_hash",
        "64 Stellen hexadezimal in Kleinbuchstaben",
    ))
}

impl Kontingent {
    pub(super) fn pruefen(self) -> Result<Self, Shared> {
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
