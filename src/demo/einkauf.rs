//! A purchase from the order to the payment: approved by a second and, above 10,000.00, a third person, received in one
//! or two parts, compared, booked and paid; and the invoices of those who supply no goods.

use aggregates::{
    context::part_id,
    fibu::{Eingangsrechnung, OffenerPosten},
};
use chrono::NaiveDate;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    Person, befehl,
    beleg::euro,
    jahr::{Jahr, Schritt, Zahlung, mit_steuer, skonto},
    sortiment::{SORTEN, Sorte, menge_text, wert},
    stammdaten::kreditor_nr,
};

/// Net above which a second and a third person approve, cents.
const FREIGABE_GRENZEN: [i64; 2] = [100_000, 1_000_000];
/// Most lorries of one order.
const MAX_FUHREN: i64 = 40;
/// Every so many orders come in two parts.
const ZWEI_TEILE_JEDE: usize = 5;
/// Months in which grain is bought, from January on.
const ERNTE: [usize; 3] = [6, 7, 8];
/// How much grain the harvest brings: lorries a week for every so many documents.
const ERNTE_BELEGE_JE_FUHRE: usize = 700;

/// A purchase of goods.
#[derive(Debug, Clone)]
pub(super) struct Einkauf {
    nr: usize,
    lieferant: usize,
    sorte: usize,
    menge: i64,
    bestellung: Uuid,
}

/// What happens next with a purchase.
#[derive(Debug)]
pub(super) enum Einkaufsschritt {
    Bestellen,
    Freigeben,
    Empfangen {
        teil: usize,
        menge: i64,
    },
    Rechnung {
        teil: usize,
        menge: i64,
        eingang: Uuid,
        leistung: NaiveDate,
    },
}

/// An invoice that came in.
#[derive(Debug, Clone)]
pub(super) struct Rechnung {
    pub id: Uuid,
    pub lieferant: usize,
    pub brutto: i64,
    /// Skonto is taken.
    pub skonto: bool,
    pub zweck: String,
}

impl Einkauf {
    const fn sorte(&self) -> &'static Sorte {
        &SORTEN[self.sorte]
    }

    const fn netto(&self) -> i64 {
        wert(self.menge, self.sorte().einkauf)
    }
}

impl Jahr {
    /// Orders what will be missing, and in the harvest what the farmers bring.
    pub(super) fn disponieren(&mut self, monat0: usize) {
        let faehrt = usize::try_from(self.woche).is_ok_and(|w| w.is_multiple_of(self.jeder()));
        for (i, sorte) in SORTEN.iter().enumerate() {
            let fuhren = if sorte.ernte {
                let woechentlich = i64::try_from(self.plan.belege / ERNTE_BELEGE_JE_FUHRE).unwrap_or(MAX_FUHREN);
                if ERNTE.contains(&monat0) && faehrt {
                    1 + woechentlich
                } else {
                    0
                }
            } else {
                let fehlt = self.ziel(i, monat0) - self.frei[i] - self.bestellt[i];
                (fehlt.max(0) + sorte.fuhre - 1) / sorte.fuhre
            };
            if fuhren > 0 {
                self.einkauf_beginnen(i, fuhren.min(MAX_FUHREN) * sorte.fuhre);
            }
        }
    }

    fn einkauf_beginnen(&mut self, sorte: usize, menge: i64) {
        let (nr, datum) = (self.fuhren, self.werktag(self.woche));
        self.fuhren += 1;
        self.bestellt[sorte] += menge;
        let einkauf = Einkauf {
            nr,
            lieferant: self.plan.lieferant(&SORTEN[sorte], nr),
            sorte,
            menge,
            bestellung: self.plan.id(&format!("bestellung/{nr}"), datum),
        };
        self.am(
            self.woche,
            datum,
            Schritt::Einkauf(Box::new(einkauf), Einkaufsschritt::Bestellen),
        );
    }

    pub(super) fn einkauf(&mut self, datum: NaiveDate, e: Einkauf, schritt: Einkaufsschritt) {
        use Einkaufsschritt as S;
        match schritt {
            S::Bestellen => self.bestellung(datum, e),
            S::Freigeben => self.bestellung_freigeben(e),
            S::Empfangen { teil, menge } => self.empfangen(datum, e, teil, menge),
            S::Rechnung {
                teil,
                menge,
                eingang,
                leistung,
            } => {
                self.ware_berechnet(datum, &e, (teil, menge), eingang, leistung);
            }
        }
    }

    fn weiter(&mut self, wochen: u32, e: Einkauf, schritt: Einkaufsschritt) {
        self.spaeter(wochen, Schritt::Einkauf(Box::new(e), schritt));
    }

    fn bestellung(&mut self, datum: NaiveDate, e: Einkauf) {
        let bestellungen = ("wawi", "bestellungen");
        let anlegen = json!({"lieferant_id": self.plan.lieferant_id(e.lieferant), "bestelldatum": datum});
        self.befehl(bestellungen, e.bestellung, "anlegen", anlegen);
        let sorte = e.sorte();
        let position = json!({"artikel_id": self.plan.artikel_id(e.sorte), "lager_id": self.plan.lager_id(sorte.lager),
            "menge": menge_text(e.menge), "einheit": sorte.einheit,
            "preis": {"betrag": euro(sorte.einkauf), "je": "1", "einheit": sorte.einheit}});
        self.befehl(bestellungen, e.bestellung, "position-hinzufuegen", position);
        self.befehl(bestellungen, e.bestellung, "zur-freigabe-geben", json!({}));
        self.belege.bestellungen += 1;
        self.weiter(1, e, Einkaufsschritt::Freigeben);
    }

    fn bestellung_freigeben(&mut self, e: Einkauf) {
        let bestellungen = ("wawi", "bestellungen");
        let netto = e.netto();
        let stufen = FREIGABE_GRENZEN
            .into_iter()
            .zip([Person::Leitung, Person::Geschaeftsfuehrung]);
        for (stufe, (_, person)) in (1..).zip(stufen.filter(|(grenze, _)| netto > *grenze)) {
            let freigabe = befehl(bestellungen, e.bestellung, "freigeben", json!({"stufe": stufe}));
            self.von(person, freigabe);
        }
        self.befehl(bestellungen, e.bestellung, "bestellen", json!({"kanal": "mail"}));
        let erster = if e.nr.is_multiple_of(ZWEI_TEILE_JEDE) {
            e.menge / 20 * 10
        } else {
            e.menge
        };
        self.weiter(1, e, Einkaufsschritt::Empfangen { teil: 1, menge: erster });
    }

    fn empfangen(&mut self, datum: NaiveDate, e: Einkauf, teil: usize, menge: i64) {
        let eingaenge = ("wawi", "wareneingaenge");
        let id = self.plan.id(&format!("wareneingang/{}/{teil}", e.nr), datum);
        let anlegen = json!({"lieferant_id": self.plan.lieferant_id(e.lieferant),
            "lieferschein_nr": format!("L{:05}-{teil}", e.nr + 1), "lager_id": self.plan.lager_id(e.sorte().lager)});
        self.befehl(eingaenge, id, "anlegen", anlegen);
        let position = json!({"bestellung_id": e.bestellung, "position_id": part_id(e.bestellung, "position/1"),
            "menge": menge_text(menge), "einheit": e.sorte().einheit});
        self.befehl(eingaenge, id, "position-erfassen", position);
        self.befehl(eingaenge, id, "buchen", json!({"buchungsdatum": datum}));
        self.belege.wareneingaenge += 1;
        self.bestellt[e.sorte] -= menge;
        self.eingetroffen.push((e.sorte, menge));
        let rest = e.menge - menge;
        if teil == 1 && rest > 0 {
            self.weiter(1, e.clone(), Einkaufsschritt::Empfangen { teil: 2, menge: rest });
        }
        let (eingang, leistung) = (id, datum);
        self.weiter(
            1,
            e,
            Einkaufsschritt::Rechnung {
                teil,
                menge,
                eingang,
                leistung,
            },
        );
    }

    fn ware_berechnet(
        &mut self,
        datum: NaiveDate,
        e: &Einkauf,
        (teil, menge): (usize, i64),
        eingang: Uuid,
        leistung: NaiveDate,
    ) {
        let sorte = e.sorte();
        let netto = wert(menge, sorte.einkauf);
        let zeile = json!({"text": sorte.name, "menge": menge_text(menge), "einheit": sorte.einheit,
            "preis": {"betrag": euro(sorte.einkauf), "je": "1", "einheit": sorte.einheit}, "netto": euro(netto),
            "schluessel": sorte.schluessel_ek,
            "wareneingang": {"wareneingang_id": eingang, "we_position_id": part_id(eingang, "position/1")}});
        let rechnung = Rechnung {
            id: self.plan.id(&format!("eingangsrechnung/{}/{teil}", e.nr), datum),
            lieferant: e.lieferant,
            brutto: self.vorsteuer(netto, sorte.promille_ek, datum.max(leistung)),
            // Farmers grant none.
            skonto: !sorte.ernte && e.nr.is_multiple_of(2),
            zweck: format!("R{:05}-{teil}", e.nr + 1),
        };
        self.rechnung_erfassen(datum, leistung, &rechnung, &zeile);
        self.spaeter(1, Schritt::Zahlbar(rechnung));
    }

    /// Gross of a net amount; its input tax counts in the month of a day.
    fn vorsteuer(&mut self, netto: i64, promille: i64, datum: NaiveDate) -> i64 {
        let (steuer, brutto) = mit_steuer(netto, promille);
        self.steuer(datum, -steuer);
        brutto
    }

    fn rechnung_erfassen(&mut self, datum: NaiveDate, leistung: NaiveDate, r: &Rechnung, zeile: &Value) {
        let eingangsrechnungen = ("fibu", "eingangsrechnungen");
        let erfassen = json!({"kreditor_nr": kreditor_nr(r.lieferant), "lieferantennummer": r.zweck,
            "rechnungsdatum": datum, "leistung_bis": leistung, "eingang_am": datum, "brutto": euro(r.brutto),
            "positionen": [zeile]});
        self.befehl(eingangsrechnungen, r.id, "erfassen", erfassen);
        self.befehl(eingangsrechnungen, r.id, "pruefen", json!({}));
        self.belege.eingangsrechnungen += 1;
    }

    /// The second person releases, then it is booked, and paid now with Skonto or later without.
    pub(super) fn zahlbar(&mut self, datum: NaiveDate, r: &Rechnung) {
        let eingangsrechnungen = ("fibu", "eingangsrechnungen");
        self.von(
            Person::Leitung,
            befehl(eingangsrechnungen, r.id, "freigeben", json!({})),
        );
        self.befehl(eingangsrechnungen, r.id, "buchen", json!({"buchungsdatum": datum}));
        let buchung = part_id(r.id, Eingangsrechnung::TEIL_BUCHUNG);
        let zahlung = Zahlung {
            zweck: format!("{} {}", kreditor_nr(r.lieferant), r.zweck),
            eingang: false,
            personenkonto: kreditor_nr(r.lieferant),
            op_id: OffenerPosten::stream_id(self.plan.mandant_id, buchung, 1),
            cent: r.brutto,
            skonto: if r.skonto { skonto(r.brutto) } else { 0 },
            abzug: None,
        };
        if r.skonto {
            // After the booking of the same day.
            self.zahlung(datum, &zahlung);
        } else {
            let wochen = u32::try_from(self.zufall.zwischen(1, 3)).unwrap_or(1);
            self.spaeter(wochen, Schritt::Zahlung(zahlung));
        }
    }

    /// An invoice of somebody who supplies no goods, at 19 %.
    pub(super) fn aufwand(&mut self, datum: NaiveDate, lieferant: usize, (was, konto): (&str, &str), netto: i64) {
        let nr = self.belege_ohne_ware;
        self.belege_ohne_ware += 1;
        let zeile = json!({"text": was, "netto": euro(netto), "schluessel": "V19", "konto": konto});
        let rechnung = Rechnung {
            id: self.plan.id(&format!("aufwand/{nr}"), datum),
            lieferant,
            brutto: self.vorsteuer(netto, 190, datum),
            skonto: false,
            zweck: format!("K{:05}", nr + 1),
        };
        self.rechnung_erfassen(datum, datum, &rechnung, &zeile);
        self.spaeter(1, Schritt::Zahlbar(rechnung));
    }
}
