//! A settlement takes effect on its items and posts its Folgebuchung in one unit of work (fibu 10); so does its
//! cancellation, the other way round.

use crate::{
    Aggregate,
    fibu::{
        Ausgleich, OffenerPosten,
        ausgleich::AusgleichEvent,
        buchung::Herkunft,
        buchungssatz::{Belegkopf, umkehren},
        offener_posten::OffenerPostenCommand,
    },
    policy::{Consequence, PolicyContext},
};

/// Nummernkreis of what settlements post.
const BELEGKREIS: &str = "UM";

/// Ausgleich.Ausgeglichen → Buchung.Uebernehmen, OffenerPosten.AusgleichAnwenden;
/// Ausgleich.Aufgehoben → OffenerPosten.AusgleichZuruecknehmen, Buchung.Umkehren.
pub(super) fn react(event: &AusgleichEvent, ctx: &PolicyContext) -> Vec<Consequence> {
    match event {
        AusgleichEvent::Ausgeglichen {
            datum,
            zeilen,
            folgebuchung,
            ..
        } => {
            let buchung = folgebuchung.iter().map(|folge| {
                folge.buchung.uebernehmen(Belegkopf {
                    herkunft: Herkunft {
                        typ: Ausgleich::TYPE.to_owned(),
                        id: ctx.id,
                    },
                    belegnummer: None,
                    belegkreis: BELEGKREIS,
                    belegdatum: *datum,
                    buchungsdatum: *datum,
                    beleg: None,
                    bedingung: None,
                })
            });
            let gegeben = zeilen.iter().map(|z| (z.op_id, z.betrag, z.skonto));
            let eigene = folgebuchung.iter().flat_map(|folge| &folge.op_positionen);
            let eigene = eigene.map(|p| (p.op_id, p.betrag, None));
            let anwenden = gegeben.chain(eigene).map(|(op_id, betrag, skonto)| {
                let command = OffenerPostenCommand::AusgleichAnwenden {
                    ausgleich_id: ctx.id,
                    betrag,
                    skonto,
                    datum: *datum,
                };
                Consequence::command::<OffenerPosten>(op_id, &command)
            });
            buchung.chain(anwenden).collect()
        }
        AusgleichEvent::Aufgehoben {
            grund,
            datum,
            op_ids,
            umkehr,
        } => {
            let zuruecknehmen = op_ids.iter().map(|op_id| {
                let command = OffenerPostenCommand::AusgleichZuruecknehmen {
                    ausgleich_id: ctx.id,
                    datum: *datum,
                };
                Consequence::command::<OffenerPosten>(*op_id, &command)
            });
            let umgekehrt = umkehr.iter().map(|umkehr| umkehren(umkehr, grund, *datum));
            zuruecknehmen.chain(umgekehrt).collect()
        }
    }
}
