//! The ledger `auftrag_bewegung`: `crm.auftrag_bewegung`, one row per change of a confirmed order's quantities and of
//! its locks; append-only, in log order.

use aggregates::{
    Aggregate,
    crm::{
        Auftrag,
        auftrag::{AuftragEvent, FACT_GEFAEHRDET, FACT_OFFEN, Fakturaposition},
    },
    types::{Betrag, Menge, kalender},
    wawi::artikel,
};
use chrono::NaiveDate;
use serde::Serialize;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    LedgerError, LogEvent,
    ledger::{EventLedger, Fact, append},
};

const TABLE: &str = "crm.auftrag_bewegung";

/// Facts that decisions and policies ask for. They read states, which are written with the log: never behind the ledger.
pub(crate) const FACTS: &[Fact] = &[
    Fact {
        name: artikel::FACT_BEAUFTRAGT,
        ledger: "auftrag_bewegung",
        sql: "SELECT to_jsonb(count(*)) FROM crm.auftrag_position p \
              JOIN crm.auftrag a ON a.mandant_id = $1 AND a.id = p.auftrag_id \
              WHERE p.mandant_id = $1 AND p.artikel_id = $2::uuid AND p.status IN ('offen', 'teil_geliefert') \
                AND a.status = 'bestaetigt'",
    },
    Fact {
        name: FACT_OFFEN,
        ledger: "auftrag_bewegung",
        sql: "SELECT coalesce(jsonb_agg(jsonb_build_object('auftrag_id', p.auftrag_id, 'position_id', p.position_id) \
                ORDER BY a.auftrag_nr, p.pos), '[]'::jsonb) \
              FROM crm.auftrag_position p JOIN crm.auftrag a ON a.mandant_id = p.mandant_id AND a.id = p.auftrag_id \
              WHERE p.mandant_id = $1 AND p.artikel_id = $2::uuid AND a.status = 'bestaetigt' \
                AND p.menge - p.storniert - p.verfallen > p.geliefert",
    },
    // In danger is what the goods would have been in time for at the date that was wanted, what they are too late for at
    // the date that is confirmed, and what no stock is promised to.
    Fact {
        name: FACT_GEFAEHRDET,
        ledger: "auftrag_bewegung",
        sql: "SELECT coalesce(jsonb_agg(jsonb_build_object('auftrag_id', g.auftrag_id, 'position_id', g.position_id, \
                'termin', g.termin, 'bestell_nr', g.bestell_nr) ORDER BY g.auftrag_nr, g.pos), '[]'::jsonb) \
              FROM (SELECT DISTINCT ON (p.position_id) p.auftrag_id, p.position_id, p.pos, a.auftrag_nr, b.bestell_nr, \
                    coalesce(e.bestaetigt_termin, w.bestaetigt_termin) AS termin \
                FROM wawi.bestellung b \
                JOIN wawi.bestell_position w ON w.mandant_id = b.mandant_id AND w.bestellung_id = b.id \
                LEFT JOIN wawi.bestell_einteilung e ON e.mandant_id = w.mandant_id AND e.bestellung_id = b.id \
                    AND e.position_id = w.position_id \
                JOIN crm.auftrag_position p ON p.mandant_id = w.mandant_id AND p.artikel_id = w.artikel_id \
                    AND p.lager_id = w.lager_id AND p.termin >= coalesce(e.termin, w.termin) \
                    AND p.termin < coalesce(e.bestaetigt_termin, w.bestaetigt_termin) \
                JOIN crm.auftrag a ON a.mandant_id = p.mandant_id AND a.id = p.auftrag_id AND a.status = 'bestaetigt' \
                LEFT JOIN wawi.lagerreservierung r ON r.mandant_id = p.mandant_id AND r.id = p.position_id \
                WHERE b.mandant_id = $1 AND b.id = $2::uuid AND p.menge - p.storniert - p.verfallen > p.geliefert \
                    AND coalesce(r.menge, 0) < \
                        p.basismenge * (p.menge - p.storniert - p.verfallen - p.geliefert) / p.menge \
                ORDER BY p.position_id, termin) AS g",
    },
];

/// The movements of the order backlog.
pub struct AuftragBewegung;

/// A row: the columns of the table.
#[derive(Serialize)]
struct Zeile {
    mandant_id: Uuid,
    log_position: i64,
    lfd: usize,
    auftrag_id: Uuid,
    position_id: Option<Uuid>,
    art: &'static str,
    menge: Menge,
    netto: Betrag,
    termin: Option<NaiveDate>,
    tag: NaiveDate,
}

/// What changed of a position: kind, quantity, net, date wanted.
type Aenderung = (Option<Uuid>, &'static str, Menge, Betrag, Option<NaiveDate>);

fn lock(menge: Menge) -> Vec<Aenderung> {
    vec![(None, "sperre", menge, Betrag::NULL, None)]
}

fn berechnet(positionen: &[Fakturaposition], art: &'static str) -> Vec<Aenderung> {
    positionen
        .iter()
        .map(|p| (Some(p.position_id), art, p.menge, p.netto, None))
        .collect()
}

/// What an event changes, and its business day if it has one of its own.
fn aenderungen(event: &AuftragEvent) -> (Vec<Aenderung>, Option<NaiveDate>) {
    use AuftragEvent as Ev;
    let eine = |position_id: Uuid, art, menge| vec![(Some(position_id), art, menge, Betrag::NULL, None)];
    match event {
        Ev::Bestaetigt {
            positionen,
            bestaetigt_am,
            ..
        } => {
            let bestellt = positionen
                .iter()
                .map(|p| (Some(p.position_id), "bestellt", p.menge, p.netto, p.termin));
            (bestellt.collect(), Some(*bestaetigt_am))
        }
        Ev::PositionGeaendert {
            position_id,
            mehr_menge,
            mehr_netto,
            termin,
            bestaetigt: true,
            ..
        } => (
            vec![(Some(*position_id), "bestellt", *mehr_menge, *mehr_netto, *termin)],
            None,
        ),
        Ev::PositionStorniert {
            position_id,
            menge,
            bestaetigt: true,
            ..
        } => (eine(*position_id, "storniert", *menge), None),
        Ev::Verfallen { position_id, menge, .. } => (eine(*position_id, "verfallen", *menge), None),
        Ev::Storniert { positionen, .. } => (
            positionen
                .iter()
                .flat_map(|p| eine(p.position_id, "storniert", p.menge))
                .collect(),
            None,
        ),
        Ev::LieferungErfasst {
            positionen,
            leistungsdatum,
            ..
        } => {
            let geliefert = positionen
                .iter()
                .map(|p| (Some(p.position_id), "geliefert", p.menge, p.netto, None));
            (geliefert.collect(), Some(*leistungsdatum))
        }
        Ev::FakturaErfasst { positionen, .. } => (berechnet(positionen, "berechnet"), None),
        Ev::GutschriftErfasst { positionen, .. } => (berechnet(positionen, "gutgeschrieben"), None),
        Ev::SperreGesetzt { .. } => (lock(Menge::EINS), None),
        Ev::SperreAufgehoben { .. } => (lock(-Menge::EINS), None),
        Ev::Angelegt { .. }
        | Ev::PositionHinzugefuegt { .. }
        | Ev::PositionGeaendert { .. }
        | Ev::PositionStorniert { .. }
        | Ev::PreiseErmittelt { .. }
        | Ev::Freigegeben { .. }
        | Ev::HinweisGesetzt { .. }
        | Ev::HinweisErledigt { .. }
        | Ev::Abgeschlossen { .. } => (Vec::new(), None),
    }
}

impl EventLedger for AuftragBewegung {
    const NAME: &'static str = "auftrag_bewegung";
    const TABLES: &'static [&'static str] = &[TABLE];
    const SOURCES: &'static [&'static str] = &[Auftrag::TYPE];

    async fn write(
        connection: &mut PgConnection,
        mandant_id: Uuid,
        events: &[LogEvent],
        target: &(dyn Fn(&str) -> String + Sync),
    ) -> Result<(), LedgerError> {
        let mut zeilen = Vec::new();
        for event in events {
            let (aenderungen, tag) = aenderungen(event.von::<Auftrag>()?);
            for (lfd, (position_id, art, menge, netto, termin)) in aenderungen.into_iter().enumerate() {
                zeilen.push(Zeile {
                    mandant_id,
                    log_position: event.position,
                    lfd,
                    auftrag_id: event.aggregate_id,
                    position_id,
                    art,
                    menge,
                    netto,
                    termin,
                    tag: tag.unwrap_or(kalender::tag(event.recorded_at)),
                });
            }
        }
        append(connection, TABLE, &target(TABLE), &zeilen).await
    }
}
