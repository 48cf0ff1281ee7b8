//! What must be there before rows are taken over: Kontenplan, Geschäftsjahre; and what is there already.

use std::{collections::BTreeSet, time::Duration};

use aggregates::fibu::kontenplan::Rahmen;
use anyhow::{Context as _, bail, ensure};
use chrono::{Days, Months, NaiveDate};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    Lauf, auftrag,
    format::{Datei, Kategorie},
    konten::{Bestand, id, spalte, wert},
};
use crate::portal::{Auftrag, Portal};

/// Fiscal years created in one go between an existing one and the one of a file.
const MAX_JAHRE: usize = 20;
/// How often and how long the import waits for the lists to show the chart it has just created: 30 s in all.
const LISTEN_VERSUCHE: usize = 300;
const LISTEN_PAUSE: Duration = Duration::from_millis(100);
/// Digits of a Sachkonto if a chart does not say.
const KONTOLAENGE: u8 = 4;

/// Refusal of files for a company without a chart.
const OHNE_RAHMEN: &str = "der Mandant hat keinen Kontenplan, und keine Datei nennt im Kopffeld 27 den Kontenrahmen (03 oder 04); \
     zuerst einen Kontenplan anlegen";

/// A fiscal year of the company.
struct Jahr {
    id: Option<Uuid>,
    beginn: NaiveDate,
    ende: NaiveDate,
    geplant: bool,
}

impl Jahr {
    /// A year of twelve months that is not opened yet.
    fn geplant(id: Option<Uuid>, beginn: NaiveDate) -> Self {
        Self {
            id,
            beginn,
            ende: letzter_tag(beginn),
            geplant: true,
        }
    }
}

/// Code of a chart in the header, and its name.
fn rahmen_aus(code: &str) -> anyhow::Result<Rahmen> {
    match code {
        "03" => Ok(Rahmen::Skr03),
        "04" => Ok(Rahmen::Skr04),
        _ => bail!("Kopffeld 27: den Kontenrahmen „{code}“ kennt das Haus nicht; möglich sind 03 und 04"),
    }
}

fn name(rahmen: Rahmen) -> &'static str {
    match rahmen {
        Rahmen::Skr03 => "SKR03",
        Rahmen::Skr04 => "SKR04",
        Rahmen::Eigen => "eigener Kontenrahmen",
    }
}

/// The one chart and account length that all files agree on.
fn gemeinsames(dateien: &[&Datei]) -> anyhow::Result<(Option<Rahmen>, u8)> {
    let mut rahmen: Option<(Rahmen, &str)> = None;
    let mut laenge: Option<(u8, &str)> = None;
    for datei in dateien {
        let kopf = &datei.kopf;
        if !kopf.rahmen.is_empty() {
            let dieser = rahmen_aus(&kopf.rahmen).with_context(|| datei.name.clone())?;
            let (erster, erste) = *rahmen.get_or_insert((dieser, &datei.name));
            ensure!(
                erster == dieser,
                "{erste} hat den Kontenrahmen {}, {} den Kontenrahmen {}; Dateien eines Mandanten haben denselben",
                name(erster),
                datei.name,
                name(dieser)
            );
        }
        let diese = kopf.sachkontenlaenge;
        let (erster, erste) = *laenge.get_or_insert((diese, &datei.name));
        ensure!(
            erster == diese,
            "{erste} hat die Sachkontenlänge {erster}, {} die Sachkontenlänge {diese}; Dateien eines Mandanten haben dieselbe",
            datei.name
        );
    }
    Ok((rahmen.map(|(r, _)| r), laenge.map_or(KONTOLAENGE, |(l, _)| l)))
}

/// The fiscal years that the Stapel are of.
fn verlangte_jahre(dateien: &[&Datei]) -> BTreeSet<NaiveDate> {
    let stapel = dateien.iter().filter(|d| d.kopf.kategorie == Kategorie::Buchungsstapel);
    stapel.map(|d| d.kopf.wj_beginn).collect()
}

/// What can be said against the files without looking at the company; of a new one, also whether they are enough for it.
pub(super) fn pruefen(dateien: &[&Datei], neue_firma: bool) -> anyhow::Result<()> {
    let (rahmen, _) = gemeinsames(dateien)?;
    if !neue_firma {
        return Ok(());
    }
    rahmen.context(OHNE_RAHMEN)?;
    let mut jahre = Vec::new();
    for wj in verlangte_jahre(dateien) {
        for beginn in fehlende(&jahre, wj)? {
            jahre.push(Jahr::geplant(None, beginn));
        }
    }
    Ok(())
}

impl<P: Portal> Lauf<'_, P> {
    /// Kontenplan, Geschäftsjahre, and the accounts that exist.
    pub(super) async fn vorbereiten(&mut self, dateien: &[&Datei]) -> anyhow::Result<Bestand> {
        let (rahmen, laenge) = gemeinsames(dateien)?;
        let (kontenplan_id, rahmen) = self.kontenplan(rahmen, laenge).await?;
        self.geschaeftsjahre(dateien).await?;
        let mut bestand = Bestand::neu(kontenplan_id, rahmen, laenge);
        let konten = self.portal.liste("fibu", "konten", None).await?;
        let mut personen = self.portal.liste("fibu", "debitoren", None).await?;
        personen.extend(self.portal.liste("fibu", "kreditoren", None).await?);
        let schluessel = self.portal.liste("fibu", "steuer-schluessel", None).await?;
        bestand.einlesen(&konten, &personen, &schluessel);
        Ok(bestand)
    }

    /// Finds the Kontenplan or creates it from the template.
    async fn kontenplan(&mut self, verlangt: Option<Rahmen>, laenge: u8) -> anyhow::Result<(Uuid, Rahmen)> {
        let vorhanden = self.portal.liste("fibu", "kontenplaene", None).await?;
        let Some(plan) = vorhanden.first() else {
            let rahmen = verlangt.context(OHNE_RAHMEN)?;
            let mut daten = json!({"rahmen": rahmen});
            if laenge != KONTOLAENGE {
                daten["kontolaenge"] = json!(laenge);
            }
            let kontenplan_id = self
                .einzeln(auftrag("kontenplaene", None, "anlegen", daten), "Kontenplan anlegen")
                .await?;
            self.vorlage(kontenplan_id, rahmen).await?;
            return Ok((kontenplan_id, rahmen));
        };
        let rahmen: Rahmen = wert(plan, "rahmen").context("die Liste der Kontenpläne nennt keinen Rahmen")?;
        let kontenplan_id = id(plan).context("die Liste der Kontenpläne nennt keine id")?;
        if let Some(verlangt) = verlangt {
            ensure!(
                verlangt == rahmen,
                "die Dateien folgen dem {}, der Kontenplan des Mandanten dem {}; eine Umsetzung der Konten gibt es nicht",
                name(verlangt),
                name(rahmen)
            );
        }
        let ist = plan.get("kontolaenge").and_then(Value::as_u64);
        let ist = ist.unwrap_or_else(|| u64::from(KONTOLAENGE));
        ensure!(
            ist == u64::from(laenge),
            "die Dateien haben die Sachkontenlänge {laenge}, der Kontenplan des Mandanten {ist}; mit der Länge {ist} neu exportieren"
        );
        // An earlier run may have stopped between the plan and its template.
        if plan.get("vorlage_uebernommen_am").is_none_or(Value::is_null)
            && self.portal.liste("fibu", "konten", None).await?.is_empty()
        {
            self.vorlage(kontenplan_id, rahmen).await?;
        }
        Ok((kontenplan_id, rahmen))
    }

    /// Takes the template over and waits until the lists show its accounts and keys.
    async fn vorlage(&mut self, kontenplan_id: Uuid, rahmen: Rahmen) -> anyhow::Result<()> {
        let uebernehmen = auftrag("kontenplaene", Some(kontenplan_id), "vorlage-uebernehmen", json!({}));
        self.einzeln(uebernehmen, "Vorlage des Kontenplans übernehmen").await?;
        self.bericht.vorbereitung.push(format!(
            "Kontenplan {} mit Konten und Steuerschlüsseln angelegt",
            name(rahmen)
        ));
        let mut zuvor = 0;
        for _ in 0..LISTEN_VERSUCHE {
            let konten = self.portal.liste("fibu", "konten", None).await?.len();
            let schluessel = self.portal.liste("fibu", "steuer-schluessel", None).await?.len();
            if konten > 0 && schluessel > 0 && konten == zuvor {
                return Ok(());
            }
            zuvor = konten;
            tokio::time::sleep(LISTEN_PAUSE).await;
        }
        bail!("die Konten der Vorlage erscheinen nicht in der Liste der Konten; bitte später erneut einlesen")
    }

    /// A command without which nothing goes on.
    async fn einzeln(&mut self, auftrag: Auftrag, wozu: &str) -> anyhow::Result<Uuid> {
        let antwort = self.senden(vec![auftrag]).await?.pop();
        match antwort {
            Some(Ok(antwort)) => Ok(antwort.id),
            Some(Err(refusal)) => bail!("{wozu}: {refusal}"),
            None => bail!("{wozu}: keine Antwort"),
        }
    }

    /// Creates and opens the fiscal years of the Stapel.
    async fn geschaeftsjahre(&mut self, dateien: &[&Datei]) -> anyhow::Result<()> {
        let verlangt = verlangte_jahre(dateien);
        if verlangt.is_empty() {
            return Ok(());
        }
        let zeilen = self.portal.liste("fibu", "geschaeftsjahre", None).await?;
        let mut jahre: Vec<Jahr> = zeilen
            .iter()
            .filter_map(|z| {
                Some(Jahr {
                    id: id(z),
                    beginn: spalte(z, "beginn").parse().ok()?,
                    ende: spalte(z, "ende").parse().ok()?,
                    geplant: spalte(z, "status") == "geplant",
                })
            })
            .collect();
        for wj in verlangt {
            for beginn in fehlende(&jahre, wj)? {
                let ende = letzter_tag(beginn);
                let daten = json!({"beginn": beginn, "ende": ende});
                let wozu = format!("Geschäftsjahr ab {beginn} anlegen");
                let neu = self
                    .einzeln(auftrag("geschaeftsjahre", None, "anlegen", daten), &wozu)
                    .await?;
                jahre.push(Jahr::geplant(Some(neu), beginn));
                let (von, bis) = (beginn.format("%d.%m.%Y"), ende.format("%d.%m.%Y"));
                self.bericht
                    .vorbereitung
                    .push(format!("Geschäftsjahr {von} bis {bis} angelegt"));
            }
            let jahr = jahre.iter_mut().find(|j| (j.beginn..=j.ende).contains(&wj));
            if let Some(jahr) = jahr.filter(|j| j.geplant) {
                let wozu = format!("Geschäftsjahr ab {} eröffnen", jahr.beginn);
                let eroeffnen = auftrag("geschaeftsjahre", jahr.id, "eroeffnen", json!({}));
                self.einzeln(eroeffnen, &wozu).await?;
                jahr.geplant = false;
            }
        }
        Ok(())
    }
}

fn letzter_tag(beginn: NaiveDate) -> NaiveDate {
    let naechstes = beginn.checked_add_months(Months::new(12));
    naechstes
        .and_then(|n| n.checked_sub_days(Days::new(1)))
        .unwrap_or(beginn)
}

/// First days of the years that are missing up to `wj`, each beside an existing one: years follow each other without
/// a gap.
fn fehlende(jahre: &[Jahr], wj: NaiveDate) -> anyhow::Result<Vec<NaiveDate>> {
    if jahre.iter().any(|j| (j.beginn..=j.ende).contains(&wj)) {
        return Ok(Vec::new());
    }
    let erster = jahre.iter().map(|j| j.beginn).min();
    let letzter = jahre.iter().map(|j| j.ende).max();
    let (Some(erster), Some(letzter)) = (erster, letzter) else {
        return Ok(vec![wj]);
    };
    let passt_nicht = || {
        format!(
            "das Wirtschaftsjahr ab {} schließt nicht an die Geschäftsjahre des Mandanten an ({} bis {})",
            wj.format("%d.%m.%Y"),
            erster.format("%d.%m.%Y"),
            letzter.format("%d.%m.%Y")
        )
    };
    let zwoelf = Months::new(12);
    let mut fehlende = Vec::new();
    let mut beginn = if wj > letzter {
        letzter.succ_opt()
    } else {
        erster.checked_sub_months(zwoelf)
    };
    while fehlende.len() < MAX_JAHRE {
        let dieser = beginn.with_context(passt_nicht)?;
        fehlende.push(dieser);
        if dieser == wj {
            return Ok(fehlende);
        }
        beginn = if wj > letzter {
            dieser.checked_add_months(zwoelf).filter(|b| *b <= wj)
        } else {
            dieser.checked_sub_months(zwoelf).filter(|b| *b >= wj)
        };
    }
    bail!("{}: mehr als {MAX_JAHRE} Jahre fehlen dazwischen", passt_nicht())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(jahr: i32, monat: u32, tag: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(jahr, monat, tag).unwrap()
    }

    fn jahr(beginn: NaiveDate) -> Jahr {
        Jahr {
            id: None,
            beginn,
            ende: letzter_tag(beginn),
            geplant: false,
        }
    }

    #[test]
    fn luecken_zwischen_geschaeftsjahren_werden_gefuellt() {
        let jahre = [jahr(tag(2026, 1, 1))];
        assert!(fehlende(&jahre, tag(2026, 1, 1)).unwrap().is_empty());
        assert_eq!(fehlende(&[], tag(2024, 7, 1)).unwrap(), [tag(2024, 7, 1)]);
        assert_eq!(
            fehlende(&jahre, tag(2024, 1, 1)).unwrap(),
            [tag(2025, 1, 1), tag(2024, 1, 1)]
        );
        assert_eq!(
            fehlende(&jahre, tag(2028, 1, 1)).unwrap(),
            [tag(2027, 1, 1), tag(2028, 1, 1)]
        );
    }

    #[test]
    fn ein_versetztes_wirtschaftsjahr_wird_abgelehnt() {
        let jahre = [jahr(tag(2026, 1, 1))];
        for wj in [tag(2024, 7, 1), tag(2027, 7, 1), tag(1980, 1, 1)] {
            let fehler = fehlende(&jahre, wj).unwrap_err().to_string();
            assert!(fehler.contains("schließt nicht an"), "{fehler}");
        }
    }
}
