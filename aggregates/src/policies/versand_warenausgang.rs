//! Goods that go leave the stock and are delivered to their order in the same unit of work (spec/README section 5,
//! row 9; wawi 7).

use crate::{
    Aggregate,
    crm::{
        Auftrag,
        auftrag::{AuftragCommand, LieferungEingabe},
    },
    policy::{Consequence, PolicyContext},
    types::{BelegRef, Dezimal, Text},
    wawi::{
        Lagerbestand, Versand,
        lagerbestand::{AbgangEingabe, Bewegungsart, LagerbestandCommand},
        versand::VersandEvent,
    },
};

/// Versand.WarenausgangGebucht → Lagerbestand.AbgangBuchen per line, then Auftrag.LieferungErfassen.
pub(super) fn react(event: &VersandEvent, ctx: &PolicyContext) -> Vec<Consequence> {
    let VersandEvent::WarenausgangGebucht {
        auftrag_id,
        lieferschein_nr,
        buchungsdatum,
        positionen,
        ..
    } = event
    else {
        return Vec::new();
    };
    let abgaenge = positionen.iter().filter(|p| p.lagergefuehrt).map(|position| {
        let command = LagerbestandCommand::AbgangBuchen(AbgangEingabe {
            artikel_id: Some(position.artikel_id),
            lager_id: Some(position.lager_id),
            platz: position.platz.as_deref().map(Text::cut),
            menge: Dezimal(position.basismenge.as_decimal()),
            bewegungsart: Bewegungsart::Warenausgang,
            beleg: BelegRef {
                typ: Text::cut(Versand::TYPE),
                id: ctx.id,
                nummer: Some(Text::cut(lieferschein_nr)),
                position: Some(position.position_id),
            },
            reservierung_id: Some(position.position_id),
            buchungsdatum: Some(*buchungsdatum),
            bewegt_um: None,
        });
        let id = Lagerbestand::stream_id(ctx.mandant_id, position.artikel_id, position.lager_id);
        Consequence::command::<Lagerbestand>(id, &command)
    });
    let liefern = AuftragCommand::LieferungErfassen {
        versand_id: ctx.id,
        lieferschein_nr: Text::cut(lieferschein_nr),
        buchungsdatum: *buchungsdatum,
        positionen: positionen
            .iter()
            .map(|p| LieferungEingabe {
                position_id: p.position_id,
                menge: p.menge,
                einheit: Text::cut(&p.einheit),
                endlieferung: p.endlieferung,
            })
            .collect(),
    };
    abgaenge
        .chain([Consequence::command::<Auftrag>(*auftrag_id, &liefern)])
        .collect()
}
