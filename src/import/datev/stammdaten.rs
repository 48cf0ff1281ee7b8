//! Master data: Kontenbeschriftungen (20), Debitoren/Kreditoren (16), and the accounts that a Stapel needs.

use aggregates::{
    Refusal,
    types::{Iban, UstId},
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    Ergebnis, Lauf, MAX_STAPEL, Zeilenbericht, abgelehnt, auftrag,
    format::{Beschriftungszeile, Datei, FeldFehler, Kontobezug, Kopf, Personenzeile, Rohzeile},
    konten::{Bestand, Person, Sachkonto},
    unlesbar,
};
use crate::portal::{Auftrag, Portal};

/// Mark of names that no file gave.
const PLATZHALTER: &str = "(aus DATEV-Übernahme)";
/// Longest name of an account.
const MAX_BEZEICHNUNG: usize = 100;
/// Longest name of a partner, and of the holder of a bank account.
const MAX_NAME: usize = 200;
const MAX_INHABER: usize = 140;

/// An account to be created.
pub(super) struct NeuesKonto {
    pub konto: Kontobezug,
    pub name: String,
    /// Further fields of a Personenkonto.
    pub weiteres: Vec<(&'static str, Value)>,
}

impl NeuesKonto {
    /// An account that a posting needs but no file names.
    pub(super) fn ohne_namen(konto: Kontobezug) -> Self {
        let name = match &konto {
            Kontobezug::Sachkonto(nr) => format!("Konto {nr} {PLATZHALTER}"),
            Kontobezug::Debitor(nr) => format!("Debitor {nr} {PLATZHALTER}"),
            Kontobezug::Kreditor(nr) => format!("Kreditor {nr} {PLATZHALTER}"),
        };
        Self {
            konto,
            name,
            weiteres: Vec::new(),
        }
    }

    /// The command. Kind and automatic tax of a Sachkonto come from the chart's range; only outside of all ranges the
    /// kind is named.
    fn auftrag(&self, bestand: &Bestand, mit_art: bool) -> Auftrag {
        let Kontobezug::Sachkonto(nr) = &self.konto else {
            let mut daten = json!({"nr": self.konto.nr(), "name": self.name});
            for (feld, wert) in &self.weiteres {
                daten[*feld] = wert.clone();
            }
            return auftrag(ressource(&self.konto), None, "anlegen", daten);
        };
        let mut daten = json!({"konto_nr": nr, "bezeichnung": self.name});
        if bestand.ist_erfolg(nr) {
            daten["kst_regel"] = json!("erlaubt");
        }
        if mit_art {
            daten["art"] = json!(bestand.art(nr));
        }
        auftrag("konten", None, "anlegen", daten)
    }

    /// The account exists now.
    fn eintragen(self, id: Option<Uuid>, bestand: &mut Bestand) {
        match self.konto {
            Kontobezug::Sachkonto(nr) => {
                let art = bestand.art(&nr);
                let konto = Sachkonto {
                    id,
                    bezeichnung: self.name,
                    art,
                    geld: false,
                    kst: art.ist_erfolg(),
                };
                bestand.sachkonten.insert(nr, konto);
            }
            Kontobezug::Debitor(nr) | Kontobezug::Kreditor(nr) => {
                bestand.personen.insert(nr, Person { id, name: self.name });
            }
        }
    }
}

fn ressource(konto: &Kontobezug) -> &'static str {
    match konto {
        Kontobezug::Sachkonto(_) => "konten",
        Kontobezug::Debitor(_) => "debitoren",
        Kontobezug::Kreditor(_) => "kreditoren",
    }
}

fn gekuerzt(text: &str, max: usize) -> String {
    let text: String = text.chars().filter(|c| !c.is_control()).take(max).collect();
    text.trim().to_owned()
}

/// The report of a row of master data, not yet decided.
fn bericht(zeile: &Rohzeile, ergebnis: Ergebnis) -> Zeilenbericht {
    Zeilenbericht {
        zeile: zeile.nr,
        konto: zeile.zerlegt().text(1).to_owned(),
        gegenkonto: String::new(),
        betrag: None,
        ergebnis,
        hinweise: Vec::new(),
    }
}

fn nicht_uebernommen(grund: &str) -> Ergebnis {
    Ergebnis::NichtUebernommen {
        grund: grund.to_owned(),
    }
}

fn getan(was: &str) -> Ergebnis {
    Ergebnis::Uebernommen { was: was.to_owned() }
}

impl<P: Portal> Lauf<'_, P> {
    /// Creates accounts; an account that somebody else has just created counts as created.
    pub(super) async fn anlegen(
        &mut self,
        neue: Vec<NeuesKonto>,
        bestand: &mut Bestand,
    ) -> anyhow::Result<Vec<Result<Option<Uuid>, Refusal>>> {
        let erste = self
            .senden(neue.iter().map(|n| n.auftrag(bestand, false)).collect())
            .await?;
        let mut ergebnisse = Vec::with_capacity(neue.len());
        for (neu, antwort) in neue.into_iter().zip(erste) {
            let antwort = match antwort {
                Err(refusal) if refusal.code == "EINGABE_UNGUELTIG" && !neu.konto.ist_person() => {
                    let zweiter = self.senden(vec![neu.auftrag(bestand, true)]).await?.pop();
                    zweiter.unwrap_or(Err(refusal))
                }
                antwort => antwort,
            };
            ergebnisse.push(match antwort {
                Ok(antwort) => {
                    neu.eintragen(Some(antwort.id), bestand);
                    Ok(Some(antwort.id))
                }
                Err(refusal) if refusal.code == "NUMMER_VERGEBEN" => {
                    neu.eintragen(None, bestand);
                    Ok(None)
                }
                Err(refusal) => {
                    bestand.abgelehnt.insert(neu.konto.nr().to_owned(), refusal.clone());
                    Err(refusal)
                }
            });
        }
        Ok(ergebnisse)
    }

    /// Creates the accounts that rows need and nobody named.
    pub(super) async fn sicherstellen(
        &mut self,
        konten: impl IntoIterator<Item = Kontobezug>,
        bestand: &mut Bestand,
    ) -> anyhow::Result<()> {
        let fehlende = konten.into_iter().filter(|k| !bestand.gibt_es(k));
        let neue: Vec<NeuesKonto> = fehlende.map(NeuesKonto::ohne_namen).collect();
        let namen: Vec<String> = neue.iter().map(|n| n.name.clone()).collect();
        for (name, ergebnis) in namen.iter().zip(self.anlegen(neue, bestand).await?) {
            self.bericht.vorbereitung.push(match ergebnis {
                Ok(_) => format!("{name} angelegt"),
                Err(refusal) => format!("{name} nicht angelegt: {refusal}"),
            });
        }
        Ok(())
    }

    /// Category 20: creates missing accounts, renames existing ones.
    pub(super) async fn beschriftungen(
        &mut self,
        datei: &Datei,
        bestand: &mut Bestand,
    ) -> anyhow::Result<Vec<Zeilenbericht>> {
        let mut berichte = Vec::with_capacity(datei.zeilen.len());
        for zeilen in datei.zeilen.chunks(MAX_STAPEL) {
            for zeile in zeilen {
                let ergebnis = match Beschriftungszeile::lesen(&zeile.zerlegt(), &datei.kopf) {
                    Ok(beschriftung) => self.beschriften(beschriftung, bestand).await?,
                    Err(fehler) => unlesbar(&fehler),
                };
                berichte.push(bericht(zeile, ergebnis));
            }
            self.weiter(zeilen.len());
        }
        Ok(berichte)
    }

    /// One name. One command at a time: charts have hundreds of own accounts, not thousands.
    async fn beschriften(&mut self, zeile: Beschriftungszeile, bestand: &mut Bestand) -> anyhow::Result<Ergebnis> {
        if !(zeile.sprache.is_empty() || zeile.sprache.starts_with("de")) {
            return Ok(nicht_uebernommen("Konten haben nur deutsche Namen"));
        }
        let Kontobezug::Sachkonto(nr) = &zeile.konto else {
            return Ok(nicht_uebernommen(
                "Personenkonto; Namen von Debitoren und Kreditoren kommen mit der Kategorie 16",
            ));
        };
        let name = gekuerzt(&zeile.bezeichnung, MAX_BEZEICHNUNG);
        let Some(konto) = bestand.sachkonten.get_mut(nr) else {
            let neu = NeuesKonto {
                konto: zeile.konto,
                name,
                weiteres: Vec::new(),
            };
            return Ok(match self.anlegen(vec![neu], bestand).await?.pop() {
                Some(Err(refusal)) => abgelehnt(&refusal),
                Some(Ok(Some(_))) => getan("angelegt"),
                Some(Ok(None)) | None => Ergebnis::BereitsVorhanden,
            });
        };
        if konto.bezeichnung == name {
            return Ok(Ergebnis::BereitsVorhanden);
        }
        if konto.id.is_none() {
            return Ok(nicht_uebernommen(
                "das Konto ist eben erst entstanden; die Datei erneut einlesen",
            ));
        }
        let umbenennen = auftrag("konten", konto.id, "umbenennen", json!({"bezeichnung": name}));
        if let Some(Err(refusal)) = self.senden(vec![umbenennen]).await?.pop() {
            return Ok(abgelehnt(&refusal));
        }
        let was = format!("umbenannt, bisher „{}“", konto.bezeichnung);
        konto.bezeichnung = name;
        Ok(getan(&was))
    }

    /// Category 16: creates missing Debitoren and Kreditoren with VAT id, address and bank accounts.
    pub(super) async fn personen(
        &mut self,
        datei: &Datei,
        bestand: &mut Bestand,
    ) -> anyhow::Result<Vec<Zeilenbericht>> {
        let mut berichte = Vec::with_capacity(datei.zeilen.len());
        for zeilen in datei.zeilen.chunks(MAX_STAPEL) {
            let gelesen: Vec<Result<Personenzeile, FeldFehler>> = zeilen
                .iter()
                .map(|zeile| Personenzeile::lesen(&zeile.zerlegt(), &datei.kopf))
                .collect();
            let mut offen: Vec<usize> = Vec::new();
            let mut neue = Vec::new();
            let ab = berichte.len();
            for (zeile, person) in zeilen.iter().zip(&gelesen) {
                let mut bericht = bericht(zeile, Ergebnis::BereitsVorhanden);
                match person {
                    Err(fehler) => bericht.ergebnis = unlesbar(fehler),
                    Ok(person) if bestand.gibt_es(&person.konto) => {
                        self.vorhandene_person(person, bestand, &mut bericht).await?;
                    }
                    // The same number twice in a batch: the second is answered by NUMMER_VERGEBEN.
                    Ok(person) => {
                        neue.push(neue_person(person, &datei.kopf, &mut bericht.hinweise));
                        offen.push(berichte.len());
                    }
                }
                berichte.push(bericht);
            }
            for (index, ergebnis) in offen.into_iter().zip(self.anlegen(neue, bestand).await?) {
                berichte[index].ergebnis = match ergebnis {
                    Ok(Some(_)) => getan("angelegt"),
                    Ok(None) => Ergebnis::BereitsVorhanden,
                    Err(refusal) => abgelehnt(&refusal),
                };
            }
            for (bericht, person) in berichte[ab..].iter_mut().zip(gelesen.iter()) {
                if let Ok(person) = person
                    && !matches!(bericht.ergebnis, Ergebnis::Abgelehnt { .. })
                {
                    self.banken(person, datei, bestand, bericht).await?;
                }
            }
            self.weiter(zeilen.len());
        }
        Ok(berichte)
    }

    /// A partner that exists keeps its data; only a name that the import itself has made up gives way.
    async fn vorhandene_person(
        &mut self,
        person: &Personenzeile,
        bestand: &mut Bestand,
        bericht: &mut Zeilenbericht,
    ) -> anyhow::Result<()> {
        let name = gekuerzt(&person.name, MAX_NAME);
        let Some(vorhanden) = bestand.personen.get_mut(person.konto.nr()) else {
            return Ok(());
        };
        if name.is_empty() || vorhanden.name == name {
            return Ok(());
        }
        let (Some(id), true) = (vorhanden.id, vorhanden.name.ends_with(PLATZHALTER)) else {
            bericht.hinweise.push(format!(
                "der Name im Haus ist „{}“, in der Datei „{name}“; nicht geändert",
                vorhanden.name
            ));
            return Ok(());
        };
        let daten = json!({"name": name});
        let befehl = auftrag(ressource(&person.konto), Some(id), "stammdaten-uebernehmen", daten);
        if let Some(Err(refusal)) = self.senden(vec![befehl]).await?.pop() {
            bericht.ergebnis = abgelehnt(&refusal);
        } else {
            vorhanden.name = name;
            bericht.ergebnis = getan("Name übernommen");
        }
        Ok(())
    }

    /// Enters the bank accounts; a second person releases them.
    async fn banken(
        &mut self,
        person: &Personenzeile,
        datei: &Datei,
        bestand: &Bestand,
        bericht: &mut Zeilenbericht,
    ) -> anyhow::Result<()> {
        let nr = person.konto.nr();
        let Some(id) = bestand.personen.get(nr).and_then(|p| p.id) else {
            return Ok(());
        };
        let mut auftraege = Vec::new();
        let mut ibans = Vec::new();
        for bank in &person.banken {
            let Some(iban) = Iban::parse(&bank.iban) else {
                bericht
                    .hinweise
                    .push(format!("IBAN {} ist ungültig; nicht übernommen", bank.iban));
                continue;
            };
            let mut daten = json!({"iban": iban});
            if matches!(bank.bic.len(), 8 | 11) {
                daten["bic"] = json!(bank.bic);
            }
            if !bank.inhaber.is_empty() {
                daten["inhaber"] = json!(gekuerzt(&bank.inhaber, MAX_INHABER));
            }
            let mut befehl = auftrag(ressource(&person.konto), Some(id), "bankverbindung-erfassen", daten);
            // Bank accounts have no natural key: the same row of a second run must not enter it again.
            let (berater, mandant) = (&datei.kopf.berater, &datei.kopf.mandant);
            befehl.schluessel = Some(format!("datev:bank:{berater}:{mandant}:{nr}:{iban}"));
            auftraege.push(befehl);
            ibans.push(iban);
        }
        for (iban, antwort) in ibans.iter().zip(self.senden(auftraege).await?) {
            match antwort {
                Ok(antwort) if antwort.wiederholt => {}
                Ok(_) => bericht
                    .hinweise
                    .push(format!("IBAN {iban} erfasst, Freigabe durch eine zweite Person")),
                Err(refusal) if refusal.code == "IDEMPOTENZ_ABWEICHEND" => {}
                Err(refusal) => bericht.hinweise.push(format!("IBAN {iban} nicht erfasst: {refusal}")),
            }
        }
        Ok(())
    }
}

/// A partner to be created.
fn neue_person(person: &Personenzeile, kopf: &Kopf, hinweise: &mut Vec<String>) -> NeuesKonto {
    let mut neu = NeuesKonto::ohne_namen(person.konto.clone());
    if !person.name.is_empty() {
        neu.name = gekuerzt(&person.name, MAX_NAME);
    }
    let land = match person.land.as_str() {
        "" => "DE",
        land => land,
    };
    let land_gueltig = land.len() == 2 && land.bytes().all(|b| b.is_ascii_uppercase());
    if !person.plz.is_empty() && person.plz.chars().count() <= 10 && !person.ort.is_empty() && land_gueltig {
        let mut anschrift = json!({"plz": person.plz, "ort": person.ort, "land": land});
        if !person.strasse.is_empty() {
            anschrift["strasse"] = json!(person.strasse);
        }
        neu.weiteres.push(("anschrift", anschrift));
    } else if !(person.plz.is_empty() && person.ort.is_empty() && person.strasse.is_empty()) {
        hinweise.push("unvollständige Anschrift nicht übernommen (PLZ, Ort und Land sind nötig)".to_owned());
    }
    if !person.ust_id.is_empty() {
        match UstId::parse(&person.ust_id) {
            Some(ust_id) => {
                let art = if ust_id.country() == "DE" { "regel" } else { "eu" };
                let status = json!({"gueltig_ab": kopf.wj_beginn, "art": art, "ust_id": ust_id});
                neu.weiteres.push(("ust_status", status));
            }
            None => hinweise.push(format!("USt-IdNr. {} ist ungültig; nicht übernommen", person.ust_id)),
        }
    }
    neu
}
