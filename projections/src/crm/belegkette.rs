//! The ledger `belegkette`: `crm.belegkette`, which document came from which, from the order to the settlement, of sales
//! and of purchases; append-only, in log order.

use std::collections::{BTreeMap, HashMap};

use aggregates::{
    Aggregate,
    crm::{Auftrag, auftrag::AuftragEvent},
    fibu::{
        Ausgleich, Buchung, Eingangsrechnung, OffenerPosten, Rechnung, Zahlung,
        buchung::{BuchungEvent, Herkunft, Seite},
        eingangsrechnung::EingangsrechnungEvent,
        offener_posten::{OffenerPostenEvent, OpBewegung},
        rechnung::{RechnungEvent, RechnungGebucht},
        zahlung::ZahlungEvent,
    },
    types::{Betrag, Menge, kalender},
    wawi::{
        Bestellung, Rechnungspruefung, Versand, Wareneingang,
        bestellung::BestellungEvent,
        rechnungspruefung::RechnungspruefungEvent,
        wareneingang::{WareneingangEvent, Zugangsdaten},
    },
};
use chrono::NaiveDate;
use serde::Serialize;
use sqlx::{AssertSqlSafe, PgConnection};
use uuid::Uuid;

use crate::{
    LedgerError, LogEvent,
    ledger::{EventLedger, append},
};

const TABLE: &str = "crm.belegkette";

/// The chain of documents.
pub struct Belegkette;

/// A row: the columns of the table.
#[derive(Serialize)]
struct Zeile {
    mandant_id: Uuid,
    log_position: i64,
    lfd: usize,
    beleg_typ: &'static str,
    beleg_id: Uuid,
    nummer: Option<String>,
    datum: NaiveDate,
    vorgaenger_typ: Option<String>,
    vorgaenger_id: Option<Uuid>,
    menge: Option<Menge>,
    einheit: Option<String>,
    wert: Option<Betrag>,
}

/// Where a document came from.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Von {
    /// Aggregate type and stream.
    Beleg(String, Uuid),
    /// The delivery with this number.
    Lieferschein(String),
}

impl Von {
    fn beleg<T: Aggregate>(id: Uuid) -> Self {
        Self::Beleg(T::TYPE.to_owned(), id)
    }

    fn herkunft(herkunft: &Herkunft) -> Self {
        Self::Beleg(herkunft.typ.clone(), herkunft.id)
    }
}

/// What came from there.
#[derive(Default)]
struct Anteil {
    /// Quantity and unit; nothing once they differ.
    menge: Option<(Menge, String)>,
    wert: Option<Betrag>,
}

impl Anteil {
    fn wert(wert: Betrag) -> Self {
        Self {
            menge: None,
            wert: Some(wert),
        }
    }

    /// Goods of one line more.
    fn dazu(&mut self, menge: Menge, einheit: &str, netto: Betrag) {
        self.menge = match (self.wert, self.menge.take()) {
            (None, _) => Some((menge, einheit.to_owned())),
            (Some(_), Some((bisher, e))) if e == einheit => Some((bisher + menge, e)),
            (Some(_), _) => None,
        };
        self.wert = Some(self.wert.unwrap_or_default() + netto);
    }
}

/// A document and what it came from.
struct Beleg {
    typ: &'static str,
    id: Uuid,
    nummer: Option<String>,
    datum: NaiveDate,
    von: Vec<(Option<Von>, Anteil)>,
}

impl Beleg {
    fn neu<T: Aggregate>(id: Uuid, nummer: Option<&str>, datum: NaiveDate) -> Self {
        Self {
            typ: T::TYPE,
            id,
            nummer: nummer.map(str::to_owned),
            datum,
            von: Vec::new(),
        }
    }

    fn von(mut self, von: Von, anteil: Anteil) -> Self {
        self.von.push((Some(von), anteil));
        self
    }

    /// The first of a chain.
    fn anfang(mut self, wert: Option<Betrag>) -> Self {
        self.von.push((None, Anteil { menge: None, wert }));
        self
    }

    fn aus(mut self, anteile: BTreeMap<Von, Anteil>) -> Self {
        self.von
            .extend(anteile.into_iter().map(|(von, anteil)| (Some(von), anteil)));
        self
    }
}

fn auftrag(event: &LogEvent, auftrag: &AuftragEvent) -> Option<Beleg> {
    match auftrag {
        AuftragEvent::Angelegt {
            auftrag_nr,
            auftragsdatum,
            ..
        } => Some(Beleg::neu::<Auftrag>(event.aggregate_id, Some(auftrag_nr), *auftragsdatum).anfang(None)),
        AuftragEvent::LieferungErfasst {
            versand_id,
            lieferschein_nr,
            leistungsdatum,
            positionen,
            ..
        } => {
            let mut anteil = Anteil::default();
            for p in positionen {
                anteil.dazu(p.menge, &p.einheit, p.netto);
            }
            let lieferung = Beleg::neu::<Versand>(*versand_id, Some(lieferschein_nr), *leistungsdatum);
            Some(lieferung.von(Von::beleg::<Auftrag>(event.aggregate_id), anteil))
        }
        _ => None,
    }
}

/// A correction comes from what it corrects, a Schlussrechnung from its Anzahlungen too.
fn rechnung(event: &LogEvent, rechnung: &RechnungEvent) -> Option<Beleg> {
    let RechnungEvent::Gebucht(daten) = rechnung else {
        return None;
    };
    let beleg = Beleg::neu::<Rechnung>(event.aggregate_id, Some(&daten.nummer.text), daten.rechnungsdatum);
    if let Some(bezug) = &daten.bezug {
        return Some(beleg.von(Von::beleg::<Rechnung>(bezug.rechnung_id), Anteil::wert(daten.brutto)));
    }
    let anzahlungen = daten.verrechnungen.iter().map(|v| {
        let anteil = Anteil::wert(-v.brutto);
        (Von::beleg::<Rechnung>(v.anzahlung_id), anteil)
    });
    let vorgaenger: BTreeMap<Von, Anteil> = gelieferte(daten).into_iter().chain(anzahlungen).collect();
    if !vorgaenger.is_empty() {
        return Some(beleg.aus(vorgaenger));
    }
    Some(match daten.auftrag_id {
        Some(auftrag) => beleg.von(Von::beleg::<Auftrag>(auftrag), Anteil::wert(daten.netto)),
        None => beleg.anfang(Some(daten.brutto)),
    })
}

/// The deliveries and orders whose goods an invoice names.
fn gelieferte(daten: &RechnungGebucht) -> BTreeMap<Von, Anteil> {
    let mut anteile: BTreeMap<Von, Anteil> = BTreeMap::new();
    for p in &daten.positionen {
        let von = match (&p.lieferschein, &p.auftrag) {
            (Some(nummer), _) => Von::Lieferschein(nummer.clone()),
            (None, Some(auftrag)) => Von::beleg::<Auftrag>(auftrag.auftrag_id),
            (None, None) => continue,
        };
        anteile.entry(von).or_default().dazu(p.menge, &p.einheit, p.netto);
    }
    anteile
}

/// A voucher without origin and without item belongs to no chain.
fn buchung(event: &LogEvent, buchung: &BuchungEvent) -> Option<Beleg> {
    let BuchungEvent::Erfasst {
        belegnummer,
        buchungsdatum,
        herkunft,
        positionen,
        ..
    } = buchung
    else {
        return None;
    };
    let soll = positionen.iter().filter(|p| p.seite == Seite::Soll);
    let wert: Betrag = soll.map(|p| p.betrag).sum();
    let beleg = Beleg::neu::<Buchung>(event.aggregate_id, Some(&belegnummer.text), *buchungsdatum);
    match herkunft {
        Some(herkunft) => Some(beleg.von(Von::herkunft(herkunft), Anteil::wert(wert))),
        None if positionen.iter().any(|p| p.op_bezug.is_some()) => Some(beleg.anfang(Some(wert))),
        None => None,
    }
}

/// A settlement comes from its items; of an item that a payment opened, from the payment too.
fn posten(event: &LogEvent, posten: &OffenerPostenEvent) -> Option<Beleg> {
    let ausgleich = |bewegung: &OpBewegung, betrag: Betrag| {
        let beleg = Beleg::neu::<Ausgleich>(bewegung.ausgleich_id, None, bewegung.datum);
        let beleg = beleg.von(Von::beleg::<OffenerPosten>(event.aggregate_id), Anteil::wert(betrag));
        if bewegung.beleg.typ == Zahlung::TYPE {
            beleg.von(Von::herkunft(&bewegung.beleg), Anteil::wert(betrag))
        } else {
            beleg
        }
    };
    match posten {
        OffenerPostenEvent::Eroeffnet { posten, .. } => {
            let beleg =
                Beleg::neu::<OffenerPosten>(event.aggregate_id, Some(&posten.belegnummer), posten.buchungsdatum);
            Some(beleg.von(Von::beleg::<Buchung>(posten.buchung_id), Anteil::wert(posten.betrag)))
        }
        OffenerPostenEvent::AusgleichAngewandt(bewegung) => Some(ausgleich(bewegung, bewegung.betrag)),
        OffenerPostenEvent::AusgleichZurueckgenommen(bewegung) => Some(ausgleich(bewegung, -bewegung.betrag)),
        _ => None,
    }
}

fn zahlung(event: &LogEvent, zahlung: &ZahlungEvent) -> Option<Beleg> {
    match zahlung {
        ZahlungEvent::Gebucht { beleg, .. } => {
            Some(Beleg::neu::<Zahlung>(event.aggregate_id, None, beleg.buchungsdatum).anfang(None))
        }
        _ => None,
    }
}

fn bestellung(event: &LogEvent, bestellung: &BestellungEvent) -> Option<Beleg> {
    match bestellung {
        BestellungEvent::Freigegeben { bestell_nr, netto } => {
            let datum = kalender::tag(event.recorded_at);
            Some(Beleg::neu::<Bestellung>(event.aggregate_id, Some(bestell_nr), datum).anfang(Some(*netto)))
        }
        _ => None,
    }
}

/// A reversal takes away what the receipt brought, so that it stands with nothing.
fn wareneingang(event: &LogEvent, wareneingang: &WareneingangEvent) -> Option<Beleg> {
    let (nummer, datum, positionen, zurueck) = match wareneingang {
        WareneingangEvent::Gebucht {
            we_nr,
            buchungsdatum,
            positionen,
            ..
        } => (we_nr, buchungsdatum, positionen, false),
        WareneingangEvent::Storniert {
            we_nr,
            buchungsdatum,
            positionen,
            ..
        } => (we_nr, buchungsdatum, positionen, true),
        _ => return None,
    };
    let netto = |p: &Zugangsdaten| if zurueck { -p.netto } else { p.netto };
    let mut anteile: BTreeMap<Von, Anteil> = BTreeMap::new();
    for p in positionen {
        if let Some(bestellung) = p.bestellung_id {
            let anteil = anteile.entry(Von::beleg::<Bestellung>(bestellung)).or_default();
            let menge = if zurueck { -p.menge } else { p.menge };
            anteil.dazu(menge, &p.einheit, netto(p));
        }
    }
    let beleg = Beleg::neu::<Wareneingang>(event.aggregate_id, Some(nummer), *datum);
    Some(if anteile.is_empty() {
        beleg.anfang(Some(positionen.iter().map(netto).sum()))
    } else {
        beleg.aus(anteile)
    })
}

/// What was invoiced in the end may have come with another receipt than the document names. Its share stands with what the
/// document said, so that it counts once.
fn rechnungspruefung(pruefung: &RechnungspruefungEvent) -> Option<Beleg> {
    let RechnungspruefungEvent::Verbucht {
        eingangsrechnung_id,
        buchungsdatum,
        berechnungen,
    } = pruefung
    else {
        return None;
    };
    let eingaenge = berechnungen.iter().map(|b| b.wareneingang.wareneingang_id);
    let anteile = eingaenge.map(|id| (Von::beleg::<Wareneingang>(id), Anteil::default()));
    let beleg = Beleg::neu::<Eingangsrechnung>(*eingangsrechnung_id, None, *buchungsdatum);
    Some(beleg.aus(anteile.collect()))
}

/// It goes by the supplier's number until it has one of its own.
fn eingangsrechnung(event: &LogEvent, rechnung: &EingangsrechnungEvent) -> Option<Beleg> {
    match rechnung {
        EingangsrechnungEvent::Erfasst(daten) => {
            let mut anteile: BTreeMap<Von, Anteil> = BTreeMap::new();
            for p in &daten.positionen {
                if let Some(we) = p.wareneingang {
                    let anteil = anteile
                        .entry(Von::beleg::<Wareneingang>(we.wareneingang_id))
                        .or_default();
                    let (menge, einheit) = (p.menge.unwrap_or_default(), p.einheit.as_deref());
                    anteil.dazu(menge, einheit.unwrap_or_default(), p.netto);
                }
            }
            let nummer = Some(daten.lieferantennummer.as_str());
            let beleg = Beleg::neu::<Eingangsrechnung>(event.aggregate_id, nummer, daten.rechnungsdatum);
            Some(if anteile.is_empty() {
                beleg.anfang(Some(daten.brutto))
            } else {
                beleg.aus(anteile)
            })
        }
        EingangsrechnungEvent::Gebucht(daten) => {
            let nummer = Some(daten.nummer.text.as_str());
            Some(Beleg::neu::<Eingangsrechnung>(event.aggregate_id, nummer, daten.rechnungsdatum).anfang(None))
        }
        _ => None,
    }
}

/// What an event says of the chain.
fn beleg(event: &LogEvent) -> Result<Option<Beleg>, LedgerError> {
    Ok(match event.aggregate_type.as_str() {
        Auftrag::TYPE => auftrag(event, event.von::<Auftrag>()?),
        Rechnung::TYPE => rechnung(event, event.von::<Rechnung>()?),
        Buchung::TYPE => buchung(event, event.von::<Buchung>()?),
        OffenerPosten::TYPE => posten(event, event.von::<OffenerPosten>()?),
        Zahlung::TYPE => zahlung(event, event.von::<Zahlung>()?),
        Bestellung::TYPE => bestellung(event, event.von::<Bestellung>()?),
        Wareneingang::TYPE => wareneingang(event, event.von::<Wareneingang>()?),
        Rechnungspruefung::TYPE => rechnungspruefung(event.von::<Rechnungspruefung>()?),
        _ => eingangsrechnung(event, event.von::<Eingangsrechnung>()?),
    })
}

/// The deliveries that go by these numbers, as far as they stand in the table.
async fn lieferscheine(
    connection: &mut PgConnection,
    mandant_id: Uuid,
    table: &str,
    nummern: &[String],
) -> Result<HashMap<String, Uuid>, LedgerError> {
    if nummern.is_empty() {
        return Ok(HashMap::new());
    }
    let sql = format!(
        "SELECT DISTINCT nummer, beleg_id FROM {table} WHERE mandant_id = $1 AND nummer = ANY($2) AND beleg_typ = $3"
    );
    let gefunden: Vec<(String, Uuid)> = sqlx::query_as(AssertSqlSafe(sql))
        .bind(mandant_id)
        .bind(nummern)
        .bind(Versand::TYPE)
        .fetch_all(connection)
        .await?;
    Ok(gefunden.into_iter().collect())
}

impl EventLedger for Belegkette {
    const NAME: &'static str = "belegkette";
    const TABLES: &'static [&'static str] = &[TABLE];
    const SOURCES: &'static [&'static str] = &[
        Auftrag::TYPE,
        Rechnung::TYPE,
        Buchung::TYPE,
        OffenerPosten::TYPE,
        Zahlung::TYPE,
        Bestellung::TYPE,
        Wareneingang::TYPE,
        Eingangsrechnung::TYPE,
        Rechnungspruefung::TYPE,
    ];

    async fn write(
        connection: &mut PgConnection,
        mandant_id: Uuid,
        events: &[LogEvent],
        target: &(dyn Fn(&str) -> String + Sync),
    ) -> Result<(), LedgerError> {
        let table = target(TABLE);
        let mut belege: Vec<(i64, Beleg)> = Vec::new();
        for event in events {
            belege.extend(beleg(event)?.map(|beleg| (event.position, beleg)));
        }
        let gesucht: Vec<String> = belege
            .iter()
            .flat_map(|(_, b)| &b.von)
            .filter_map(|(von, _)| match von {
                Some(Von::Lieferschein(nummer)) => Some(nummer.clone()),
                _ => None,
            })
            .collect();
        let mut versande = lieferscheine(connection, mandant_id, &table, &gesucht).await?;
        let neue = belege.iter().filter(|(_, b)| b.typ == Versand::TYPE);
        versande.extend(neue.filter_map(|(_, b)| Some((b.nummer.clone()?, b.id))));
        let mut zeilen = Vec::new();
        for (log_position, beleg) in belege {
            for (lfd, (von, anteil)) in beleg.von.into_iter().enumerate() {
                let (vorgaenger_typ, vorgaenger_id) = match von {
                    Some(Von::Beleg(typ, id)) => (Some(typ), Some(id)),
                    // A number that a user wrote by hand may belong to no delivery of the house.
                    Some(Von::Lieferschein(nummer)) => match versande.get(&nummer) {
                        Some(id) => (Some(Versand::TYPE.to_owned()), Some(*id)),
                        None => (None, None),
                    },
                    None => (None, None),
                };
                let (menge, einheit) = anteil.menge.unzip();
                zeilen.push(Zeile {
                    mandant_id,
                    log_position,
                    lfd,
                    beleg_typ: beleg.typ,
                    beleg_id: beleg.id,
                    nummer: beleg.nummer.clone(),
                    datum: beleg.datum,
                    vorgaenger_typ,
                    vorgaenger_id,
                    menge,
                    einheit,
                    wert: anteil.wert,
                });
            }
        }
        append(connection, TABLE, &table, &zeilen).await
    }
}
