//! The ledger `auftrag_bewegung`: `crm.auftrag_bewegung`, one row per change of a confirmed order's quantities and of
//! its locks; append-only, in log order.

use aggregates::{
    crm::{
        Auftrag,
        auftrag::{AuftragEvent, FACT_GEFAEHRDET, FACT_OFFEN, Fakturaposition},
    },
    types::{Betrag, Menge},
    wawi::{artikel, versand::FACT_IM_HAUS},
};
use chrono::NaiveDate;
use serde::Serialize;
use uuid::Uuid;

use crate::{
    aenderungsbuch::{Aenderungen, Aenderungsbuch},
    ledger::Fact,
};

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
    Fact {
        name: FACT_IM_HAUS,
        ledger: "auftrag_bewegung",
        sql: "SELECT coalesce(jsonb_agg(jsonb_build_object('versand_id', v.id, 'position_id', p.position_id, \
                'soll', trim_scale(p.soll)::text, 'geplant_am', v.angelegt_am) ORDER BY v.id, p.pos), '[]'::jsonb) \
              FROM wawi.versand v JOIN wawi.versand_position p ON p.mandant_id = v.mandant_id AND p.versand_id = v.id \
              WHERE v.mandant_id = $1 AND v.auftrag_id = $2::uuid \
                AND v.status IN ('geplant', 'freigegeben', 'kommissioniert', 'verladen')",
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

/// What changed of a position, or of the locks of the whole order.
#[derive(Serialize)]
pub struct Aenderung {
    position_id: Option<Uuid>,
    art: &'static str,
    menge: Menge,
    netto: Betrag,
    /// The date that is wanted.
    termin: Option<NaiveDate>,
}

impl Aenderung {
    fn menge(position_id: Uuid, art: &'static str, menge: Menge) -> Self {
        Self::wert(position_id, art, menge, Betrag::NULL)
    }

    fn wert(position_id: Uuid, art: &'static str, menge: Menge, netto: Betrag) -> Self {
        Self {
            position_id: Some(position_id),
            art,
            menge,
            netto,
            termin: None,
        }
    }

    fn bestellt(position_id: Uuid, menge: Menge, netto: Betrag, termin: Option<NaiveDate>) -> Self {
        Self {
            termin,
            ..Self::wert(position_id, "bestellt", menge, netto)
        }
    }

    fn sperre(menge: Menge) -> Self {
        Self {
            position_id: None,
            ..Self::menge(Uuid::nil(), "sperre", menge)
        }
    }
}

fn berechnet(positionen: &[Fakturaposition], art: &'static str) -> Vec<Aenderung> {
    let zeile = |p: &Fakturaposition| Aenderung::wert(p.position_id, art, p.menge, p.netto);
    positionen.iter().map(zeile).collect()
}

impl Aenderungsbuch for AuftragBewegung {
    type Beleg = Auftrag;
    type Aenderung = Aenderung;

    const NAME: &'static str = "auftrag_bewegung";
    const TABLE: &'static str = "crm.auftrag_bewegung";

    fn aenderungen(event: &AuftragEvent) -> Aenderungen<Aenderung> {
        use AuftragEvent as Ev;
        match event {
            Ev::Bestaetigt {
                positionen,
                bestaetigt_am,
                ..
            } => {
                let alle = positionen.iter();
                let bestellt = alle.map(|p| Aenderung::bestellt(p.position_id, p.menge, p.netto, p.termin));
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
                vec![Aenderung::bestellt(*position_id, *mehr_menge, *mehr_netto, *termin)],
                None,
            ),
            Ev::PositionStorniert {
                position_id,
                menge,
                bestaetigt: true,
                ..
            } => (vec![Aenderung::menge(*position_id, "storniert", *menge)], None),
            Ev::Verfallen { position_id, menge, .. } => {
                (vec![Aenderung::menge(*position_id, "verfallen", *menge)], None)
            }
            Ev::Storniert { positionen, .. } => {
                let alle = positionen.iter();
                let storniert = alle.map(|p| Aenderung::menge(p.position_id, "storniert", p.menge));
                (storniert.collect(), None)
            }
            Ev::LieferungErfasst {
                positionen,
                leistungsdatum,
                ..
            } => {
                let alle = positionen.iter();
                let geliefert = alle.map(|p| Aenderung::wert(p.position_id, "geliefert", p.menge, p.netto));
                (geliefert.collect(), Some(*leistungsdatum))
            }
            Ev::FakturaErfasst { positionen, .. } => (berechnet(positionen, "berechnet"), None),
            Ev::GutschriftErfasst { positionen, .. } => (berechnet(positionen, "gutgeschrieben"), None),
            Ev::SperreGesetzt { .. } => (vec![Aenderung::sperre(Menge::EINS)], None),
            Ev::SperreAufgehoben { .. } => (vec![Aenderung::sperre(-Menge::EINS)], None),
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
}
