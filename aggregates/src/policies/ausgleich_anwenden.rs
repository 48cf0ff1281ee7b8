//! A settlement takes effect on its items and posts its Folgebuchung in one unit of work (fibu 10); so does its
//! cancellation, the other way round.

use crate::{
    fibu::{
        Ausgleich, Buchung, OffenerPosten,
        ausgleich::{AusgleichEvent, FolgeZeile, Folgebuchung},
        buchung::{BuchungCommand, Buchungsart, Herkunft, OpEingabe, Uebernahme, ZeileEingabe},
        offener_posten::OffenerPostenCommand,
    },
    policy::{Consequence, PolicyContext},
    types::Text,
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
            let buchung = folgebuchung.iter().map(|folge| buchen(folge, ctx));
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
            let umkehren = umkehr.iter().map(|umkehr| {
                let command = BuchungCommand::Umkehren {
                    original: umkehr.original,
                    grund: Text::cut(grund),
                    buchungsdatum: *datum,
                };
                Consequence::command::<Buchung>(umkehr.durch, &command)
            });
            zuruecknehmen.chain(umkehren).collect()
        }
    }
}

fn buchen(folge: &Folgebuchung, ctx: &PolicyContext) -> Consequence {
    let uebernahme = Uebernahme {
        herkunft: Herkunft {
            typ: <Ausgleich as crate::Aggregate>::TYPE.to_owned(),
            id: ctx.id,
        },
        belegnummer: None,
        belegkreis: Text::cut(BELEGKREIS),
        belegdatum: folge.buchungsdatum,
        buchungsdatum: folge.buchungsdatum,
        steuerdatum: None,
        periode: None,
        buchungsart: Some(Buchungsart::Ausgleich),
        text: Text::cut(&folge.text),
        waehrung: None,
        beleg: None,
        grund: None,
        zeilen: folge.zeilen.iter().map(zeile).collect(),
    };
    Consequence::command::<Buchung>(folge.buchung_id, &BuchungCommand::Uebernehmen(uebernahme))
}

fn zeile(folge: &FolgeZeile) -> ZeileEingabe {
    match (&folge.personenkonto, &folge.konto) {
        (Some(nr), _) => ZeileEingabe {
            op: Some(OpEingabe {
                art: folge.art,
                ..OpEingabe::default()
            }),
            ..ZeileEingabe::personenkonto(nr, folge.seite, folge.betrag)
        },
        (None, konto) => ZeileEingabe {
            schluessel: folge.schluessel.as_deref().map(Text::cut),
            satzdatum: folge.satzdatum,
            ..ZeileEingabe::konto(konto.as_deref().unwrap_or_default(), folge.seite, folge.betrag)
        },
    }
}
