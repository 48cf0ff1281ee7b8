//! What a delivery comes to: invoices alone and collected, advance payments, corrections, cancellations, and who pays.

use std::collections::BTreeMap;

use aggregates::{
    context::part_id,
    fibu::{OffenerPosten, Rechnung, rechnung::Zahlungsziel},
    wawi::Versand,
};
use chrono::{Datelike, Days, NaiveDate};
use serde_json::json;
use uuid::Uuid;

use super::{
    super::{
        beleg::euro,
        jahr::{Jahr, Schritt, Zahlung, mit_steuer, skonto},
        sortiment::{menge_text, wert},
        stammdaten::{KNAPP, VERBRAUCHER, debitor_nr, kundenbedingung},
        tag,
    },
    Besonderes, Sammelrechnung, Verkauf, Verkaufsschritt,
};

/// One in so many invoices is not paid within the year.
const OFFEN_JEDE: i64 = 14;
/// Version of an invoice with one line that was drafted and booked.
const VERSION_GEBUCHT: i64 = 3;

impl Jahr {
    pub(super) fn anzahlung_fordern(&mut self, datum: NaiveDate, v: &Verkauf) {
        let id = self.plan.id(&format!("anzahlung/{}", v.nr), datum);
        let netto = v.anzahlung();
        let (_, brutto) = mit_steuer(netto, v.sorte().promille);
        let position = json!({"text": format!("Anzahlung {}", v.sorte().name), "menge": "1", "einheit": "Stk",
            "preis": {"betrag": euro(netto), "je": "1", "einheit": "Stk"}, "schluessel": v.sorte().schluessel});
        let entwerfen = json!({"debitor_nr": debitor_nr(v.kunde), "art": "anzahlung", "auftrag_id": v.auftrag,
            "zahlungsbedingung_id": self.plan.bedingung_id("SOFORT"), "positionen": [position]});
        self.befehl(("fibu", "rechnungen"), id, "entwerfen", entwerfen);
        self.buchen(id, datum, brutto);
        let zahlung = self.forderung(v.kunde, id, brutto, &format!("Anzahlung {}", v.nr + 1));
        self.spaeter(1, Schritt::Zahlung(zahlung));
    }

    /// The delivery joins the customer's invoice of its month, which is written when the month is over.
    pub(super) fn sammeln(&mut self, v: &Verkauf, menge: i64, datum: NaiveDate) {
        let (kunde, monat0) = (v.kunde, datum.month0());
        let neu = || Sammelrechnung {
            kunde,
            monat0,
            netto: BTreeMap::new(),
            leistung: datum,
        };
        let beginnt = !self.sammel.contains_key(&(kunde, monat0));
        let rechnung = self.sammel.entry((kunde, monat0)).or_insert_with(neu);
        *rechnung.netto.entry(v.sorte().promille).or_default() += wert(menge, v.preis);
        if beginnt {
            let vorlaeufig = rechnung.clone();
            let woche = Self::nach_monat(monat0);
            let datum = self.werktag(woche);
            self.am(woche, datum, Schritt::Sammelrechnung(vorlaeufig));
        }
    }

    pub(in crate::demo) fn sammelrechnung(&mut self, datum: NaiveDate, begonnen: &Sammelrechnung) {
        let Some(rechnung) = self.sammel.remove(&(begonnen.kunde, begonnen.monat0)) else {
            return;
        };
        let debitor = debitor_nr(rechnung.kunde);
        let ziel = Zahlungsziel {
            zahlungsbedingung_id: Some(self.plan.bedingung_id(kundenbedingung(rechnung.kunde))),
            valuta_tage: None,
        };
        let id = Rechnung::sammel_id(self.plan.mandant_id, &debitor, rechnung.leistung, ziel);
        let mut brutto = 0;
        for (promille, netto) in &rechnung.netto {
            let (steuer, summe) = mit_steuer(*netto, *promille);
            self.steuer(rechnung.leistung, steuer);
            brutto += summe;
        }
        self.buchen(id, datum, brutto);
        let zweck = format!("Rechnung {:02}/2026 {debitor}", rechnung.monat0 + 1);
        self.zahlen(rechnung.kunde, id, brutto, &zweck);
    }

    fn buchen(&mut self, rechnung: Uuid, datum: NaiveDate, summe: i64) {
        let daten = json!({"rechnungsdatum": datum, "erwartete_summe": euro(summe)});
        self.befehl(("fibu", "rechnungen"), rechnung, "buchen", daten);
        self.belege.rechnungen += 1;
    }

    pub(super) fn fakturieren(
        &mut self,
        datum: NaiveDate,
        v: Verkauf,
        versand: Uuid,
        (menge, leistung): (i64, NaiveDate),
    ) {
        let rechnung = part_id(versand, Versand::TEIL_RECHNUNG);
        let (steuer, brutto) = mit_steuer(wert(menge, v.preis), v.sorte().promille);
        self.steuer(leistung, steuer);
        let (_, angezahlt) = mit_steuer(v.anzahlung(), v.sorte().promille);
        let zahlbetrag = brutto - angezahlt;
        self.buchen(rechnung, datum, zahlbetrag);
        match v.besonderes {
            Besonderes::Gutschrift => self.dann(
                1,
                v,
                Verkaufsschritt::Korrigieren {
                    rechnung,
                    menge,
                    leistung,
                },
            ),
            Besonderes::Storno => self.dann(
                1,
                v,
                Verkaufsschritt::Stornieren {
                    rechnung,
                    menge,
                    leistung,
                },
            ),
            _ => {
                let zweck = format!("Auftrag {} {}", v.nr + 1, menge_text(menge));
                self.zahlen(v.kunde, rechnung, zahlbetrag, &zweck);
            }
        }
    }

    /// A tenth of the quantity is credited; the rest is paid.
    pub(super) fn korrigieren(
        &mut self,
        datum: NaiveDate,
        v: &Verkauf,
        rechnung: Uuid,
        (menge, leistung): (i64, NaiveDate),
    ) {
        let zurueck = (menge / 10).max(1);
        let positionen = json!([{"position": 1, "menge": menge_text(zurueck)}]);
        let daten = json!({"positionen": positionen, "grund": "Fehlmenge bei der Anlieferung", "datum": datum});
        self.befehl(("fibu", "rechnungen"), rechnung, "korrigieren", daten);
        self.belege.rechnungen += 1;
        let promille = v.sorte().promille;
        let (_, brutto) = mit_steuer(wert(menge, v.preis), promille);
        let (steuer, gutschrift) = mit_steuer(wert(zurueck, v.preis), promille);
        self.steuer(leistung, -steuer);
        let zweck = format!("Auftrag {} abzgl. Gutschrift", v.nr + 1);
        let mut zahlung = self.forderung(v.kunde, rechnung, brutto, &zweck);
        let id = part_id(rechnung, &Rechnung::teil_gutschrift(VERSION_GEBUCHT));
        zahlung.abzug = Some((self.posten(id), gutschrift));
        self.spaeter(3, Schritt::Zahlung(zahlung));
    }

    /// The invoice is cancelled, and written again for the same delivery.
    pub(super) fn stornieren(
        &mut self,
        datum: NaiveDate,
        v: &Verkauf,
        rechnung: Uuid,
        (menge, leistung): (i64, NaiveDate),
    ) {
        let daten = json!({"grund": "falsche Lieferanschrift", "datum": datum});
        self.befehl(("fibu", "rechnungen"), rechnung, "stornieren", daten);
        let netto = wert(menge, v.preis);
        let (_, brutto) = mit_steuer(netto, v.sorte().promille);
        let neu = self.plan.id(&format!("rechnung/{}", v.nr), datum);
        let auftrag = json!({"auftrag_id": v.auftrag, "position_id": v.position()});
        let position = json!({"artikel_id": self.plan.artikel_id(v.sorte), "menge": menge_text(menge),
            "einheit": v.sorte().einheit, "preis": {"betrag": euro(v.preis), "je": "1", "einheit": v.sorte().einheit},
            "netto": euro(netto), "schluessel": v.sorte().schluessel, "leistungsdatum": leistung, "auftrag": auftrag});
        let entwerfen = json!({"debitor_nr": debitor_nr(v.kunde), "auftrag_id": v.auftrag, "positionen": [position]});
        self.befehl(("fibu", "rechnungen"), neu, "entwerfen", entwerfen);
        self.buchen(neu, datum, brutto);
        self.belege.rechnungen += 1;
        self.zahlen(v.kunde, neu, brutto, &format!("Auftrag {} neu", v.nr + 1));
    }

    fn forderung(&self, kunde: usize, rechnung: Uuid, cent: i64, zweck: &str) -> Zahlung {
        Zahlung {
            zweck: zweck.to_owned(),
            eingang: true,
            personenkonto: debitor_nr(kunde),
            op_id: self.posten(rechnung),
            cent,
            skonto: 0,
            abzug: None,
        }
    }

    /// The open item of an invoice or a credit.
    fn posten(&self, rechnung: Uuid) -> Uuid {
        let buchung = part_id(rechnung, Rechnung::TEIL_BUCHUNG);
        OffenerPosten::stream_id(self.plan.mandant_id, buchung, 1)
    }

    /// Most pay, those with Skonto in time every other time, the consumer at once.
    fn zahlen(&mut self, kunde: usize, rechnung: Uuid, cent: i64, zweck: &str) {
        if self.zufall.zwischen(1, OFFEN_JEDE) == 1 {
            return;
        }
        let mut zahlung = self.forderung(kunde, rechnung, cent, zweck);
        let mit_skonto = kunde != VERBRAUCHER && !kunde.is_multiple_of(3) && kunde != KNAPP;
        let wochen = if mit_skonto && self.zufall.zwischen(0, 1) == 1 {
            zahlung.skonto = skonto(cent);
            // The advance payment of VAT is an estimate: most of what is sold is taxed at 7 %.
            let (monat, steuer) = (Self::naechste_woche(self.woche), zahlung.skonto * 7 / 107);
            self.steuer(monat, -steuer);
            1
        } else if kunde == VERBRAUCHER {
            1
        } else {
            u32::try_from(self.zufall.zwischen(2, 6)).unwrap_or(2)
        };
        self.spaeter(wochen, Schritt::Zahlung(zahlung));
    }

    fn naechste_woche(woche: u32) -> NaiveDate {
        let tage = u64::from(woche) * 7;
        tag(2026, 1, 5).checked_add_days(Days::new(tage)).unwrap_or_default()
    }
}
