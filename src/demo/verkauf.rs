//! A sale from the order to the payment: confirmed, delivered in one or two parts, invoiced alone or with the month's
//! others, now and then with an advance payment, credited or cancelled, or waiting for a larger credit line.

mod faktura;

use std::collections::BTreeMap;

use aggregates::{context::part_id, crm::Auftrag};
use chrono::{Datelike, NaiveDate};
use serde_json::json;
use uuid::Uuid;

use super::{
    Person,
    jahr::{Jahr, Schritt},
    sortiment::{SORTEN, Sorte, menge_text, wert},
    stammdaten::{KNAPP, LANDHOF, SAMMEL, limit_freigeben, limit_setzen},
};

/// Every so many sales something happens that is not the rule; the rest of the number says which.
const BESONDERES_JEDES: usize = 24;
/// What an advance payment asks for, of a hundred.
const ANZAHLUNG_PROZENT: i64 = 30;
/// What is delivered first if it goes in two parts, of ten.
const ERSTER_TEIL: i64 = 6;
/// The larger limit of the customer whose line was too small, in cents.
const LIMIT_ERHOEHT: i64 = 25_000_000;

/// What is not the rule about a sale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Besonderes {
    Nichts,
    ZweiLieferungen,
    Anzahlung,
    Gutschrift,
    Storno,
    Kreditsperre,
}

/// A sale.
#[derive(Debug, Clone)]
pub(super) struct Verkauf {
    nr: usize,
    kunde: usize,
    sorte: usize,
    menge: i64,
    preis: i64,
    auftrag: Uuid,
    besonderes: Besonderes,
}

/// What happens next with a sale.
#[derive(Debug)]
pub(super) enum Verkaufsschritt {
    Bestellen,
    LimitErhoehen,
    LimitFreigeben,
    /// Delivers a quantity; the planned delivery of the order, or a further one of its own.
    Liefern {
        menge: i64,
        weitere: bool,
    },
    Fakturieren {
        versand: Uuid,
        menge: i64,
        leistung: NaiveDate,
    },
    Korrigieren {
        rechnung: Uuid,
        menge: i64,
        leistung: NaiveDate,
    },
    Stornieren {
        rechnung: Uuid,
        menge: i64,
        leistung: NaiveDate,
    },
}

/// The collective invoice of a customer and month.
#[derive(Debug, Clone)]
pub(super) struct Sammelrechnung {
    kunde: usize,
    monat0: u32,
    /// Net per tax rate.
    netto: BTreeMap<i64, i64>,
    /// Delivered goods have a price and a day each.
    leistung: NaiveDate,
}

impl Verkauf {
    const fn sorte(&self) -> &'static Sorte {
        &SORTEN[self.sorte]
    }

    fn position(&self) -> Uuid {
        part_id(self.auftrag, "position/1")
    }

    fn sammel(&self) -> bool {
        SAMMEL.contains(&self.kunde)
    }

    /// The advance payment, net.
    fn anzahlung(&self) -> i64 {
        match self.besonderes {
            Besonderes::Anzahlung => wert(self.menge, self.preis) * ANZAHLUNG_PROZENT / 100,
            _ => 0,
        }
    }
}

impl Jahr {
    /// Plans a sale of the month; false if nothing of what is in season is left.
    pub(super) fn verkauf_beginnen(&mut self, monat0: usize, nr: usize) -> bool {
        let Some((sorte, menge)) = self.sorte(monat0) else {
            return false;
        };
        let besonderes = match nr % BESONDERES_JEDES {
            1 | 9 | 17 => Besonderes::ZweiLieferungen,
            3 => Besonderes::Anzahlung,
            5 => Besonderes::Gutschrift,
            7 => Besonderes::Storno,
            8 if nr == 8 => Besonderes::Kreditsperre,
            _ => Besonderes::Nichts,
        };
        let kunde = match besonderes {
            Besonderes::Kreditsperre => KNAPP,
            Besonderes::Nichts | Besonderes::ZweiLieferungen => self.kunde(),
            // These need an invoice of their own and a business.
            _ => LANDHOF,
        };
        let datum = self.werktag(self.woche);
        let verkauf = Verkauf {
            nr,
            kunde,
            sorte,
            menge,
            preis: SORTEN[sorte].preis(usize::try_from(datum.month0()).unwrap_or_default()),
            auftrag: self.plan.id(&format!("auftrag/{nr}"), datum),
            besonderes,
        };
        self.frei[sorte] -= menge;
        self.am(
            self.woche,
            datum,
            Schritt::Verkauf(Box::new(verkauf), Verkaufsschritt::Bestellen),
        );
        true
    }

    /// A customer by chance; the one with the small line only orders once.
    fn kunde(&mut self) -> usize {
        let kunde = LANDHOF + self.zufall.index(self.plan.kunden() - LANDHOF - 1);
        if kunde >= KNAPP { kunde + 1 } else { kunde }
    }

    pub(super) fn verkauf(&mut self, datum: NaiveDate, v: Verkauf, schritt: Verkaufsschritt) {
        use Verkaufsschritt as S;
        match schritt {
            S::Bestellen => self.bestellen(datum, v),
            S::LimitErhoehen => {
                let limit = limit_setzen(&self.plan, v.kunde, LIMIT_ERHOEHT);
                self.von(Person::Sachbearbeitung, limit);
                self.dann(1, v, S::LimitFreigeben);
            }
            S::LimitFreigeben => {
                let freigabe = limit_freigeben(&self.plan, v.kunde, 2);
                self.von(Person::Leitung, freigabe);
                let menge = v.menge;
                self.dann(1, v, S::Liefern { menge, weitere: false });
            }
            S::Liefern { menge, weitere } => self.liefern(datum, v, menge, weitere),
            S::Fakturieren {
                versand,
                menge,
                leistung,
            } => self.fakturieren(datum, v, versand, (menge, leistung)),
            S::Korrigieren {
                rechnung,
                menge,
                leistung,
            } => self.korrigieren(datum, &v, rechnung, (menge, leistung)),
            S::Stornieren {
                rechnung,
                menge,
                leistung,
            } => self.stornieren(datum, &v, rechnung, (menge, leistung)),
        }
    }

    fn dann(&mut self, wochen: u32, v: Verkauf, schritt: Verkaufsschritt) {
        self.spaeter(wochen, Schritt::Verkauf(Box::new(v), schritt));
    }

    fn bestellen(&mut self, datum: NaiveDate, v: Verkauf) {
        let auftraege = ("crm", "auftraege");
        let anlegen = json!({"kunde_id": self.plan.kunde_id(v.kunde), "auftragsdatum": datum, "wunschtermin": datum,
            "kunden_bestellnr": format!("B-{:05}", v.nr + 1)});
        self.befehl(auftraege, v.auftrag, "anlegen", anlegen);
        let position = json!({"artikel_id": self.plan.artikel_id(v.sorte), "lager_id": self.plan.lager_id(v.sorte().lager),
            "menge": menge_text(v.menge), "einheit": v.sorte().einheit, "preisdatum": datum});
        self.befehl(auftraege, v.auftrag, "position-hinzufuegen", position);
        self.befehl(auftraege, v.auftrag, "bestaetigen", json!({"am": datum}));
        self.belege.auftraege += 1;
        let menge = v.menge;
        match v.besonderes {
            Besonderes::Anzahlung => {
                self.anzahlung_fordern(datum, &v);
                self.dann(3, v, Verkaufsschritt::Liefern { menge, weitere: false });
            }
            Besonderes::Kreditsperre => self.dann(1, v, Verkaufsschritt::LimitErhoehen),
            Besonderes::ZweiLieferungen => {
                let menge = (menge * ERSTER_TEIL / 100 * 10).max(10);
                self.dann(1, v, Verkaufsschritt::Liefern { menge, weitere: false });
            }
            _ => self.dann(1, v, Verkaufsschritt::Liefern { menge, weitere: false }),
        }
    }

    fn liefern(&mut self, datum: NaiveDate, v: Verkauf, menge: i64, weitere: bool) {
        let versande = ("wawi", "versande");
        let mut versand = part_id(v.auftrag, Auftrag::TEIL_VERSAND);
        let zeile = json!([{"position_id": v.position(), "menge": menge_text(menge)}]);
        if weitere {
            versand = self.plan.id(&format!("versand/{}", v.nr), datum);
            let planen = json!({"auftrag_id": v.auftrag, "positionen": zeile});
            self.befehl(versande, versand, "planen", planen);
        }
        self.befehl(versande, versand, "freigeben", json!({}));
        self.befehl(
            versande,
            versand,
            "kommissionierung-melden",
            json!({"positionen": zeile}),
        );
        self.befehl(
            versande,
            versand,
            "warenausgang-buchen",
            json!({"buchungsdatum": datum}),
        );
        self.belege.lieferungen += 1;
        let rest = v.menge - menge;
        if !weitere && rest > 0 {
            self.dann(
                1,
                v.clone(),
                Verkaufsschritt::Liefern {
                    menge: rest,
                    weitere: true,
                },
            );
        }
        if v.sammel() {
            self.sammeln(&v, menge, datum);
        } else {
            self.dann(
                1,
                v,
                Verkaufsschritt::Fakturieren {
                    versand,
                    menge,
                    leistung: datum,
                },
            );
        }
    }
}
