//! An incoming document, its comparison and its voucher are one unit of work (spec/README section 5, rows 26, 27, 29).

use crate::{
    Aggregate,
    fibu::{
        Eingangsrechnung,
        buchung::Herkunft,
        buchungssatz::{Belegkopf, umkehren},
        eingangsrechnung::{BELEGKREIS, EingangsrechnungEvent},
    },
    policy::{Consequence, PolicyContext},
    types::Text,
    wawi::{
        Rechnungspruefung,
        rechnungspruefung::{Anlage, RechnungspruefungCommand},
    },
};

/// Eingangsrechnung.Erfasst → Rechnungspruefung.Anlegen; Geprueft → Pruefen; Abgelehnt → Verwerfen; Gebucht →
/// Buchung.Uebernehmen, Verbuchen; Storniert → Buchung.Umkehren, Ruecknehmen.
pub(super) fn react(event: &EingangsrechnungEvent, ctx: &PolicyContext) -> Vec<Consequence> {
    let pruefung = |command: &RechnungspruefungCommand| {
        let id = Rechnungspruefung::stream_id(ctx.mandant_id, ctx.id);
        Consequence::command::<Rechnungspruefung>(id, command)
    };
    match event {
        EingangsrechnungEvent::Erfasst(e) if e.mit_pruefung => {
            let (zeilen, nebenkosten) = Anlage::teile(&e.positionen);
            vec![pruefung(&RechnungspruefungCommand::Anlegen(Anlage {
                eingangsrechnung_id: ctx.id,
                lieferant_id: e.lieferant_id,
                lieferantennummer: e.lieferantennummer.clone(),
                rechnungsdatum: e.rechnungsdatum,
                zeilen,
                nebenkosten,
            }))]
        }
        EingangsrechnungEvent::Geprueft { mit_pruefung: true } => vec![pruefung(&RechnungspruefungCommand::Pruefen {})],
        EingangsrechnungEvent::Abgelehnt { grund } => vec![pruefung(&RechnungspruefungCommand::Verwerfen {
            grund: Text::cut(grund),
        })],
        EingangsrechnungEvent::Gebucht(g) => {
            let buchung = g.buchung.uebernehmen(Belegkopf {
                herkunft: Herkunft {
                    typ: Eingangsrechnung::TYPE.to_owned(),
                    id: ctx.id,
                },
                belegnummer: Some(&g.nummer),
                belegkreis: BELEGKREIS,
                belegdatum: g.rechnungsdatum,
                buchungsdatum: g.buchungsdatum,
                beleg: Some(&g.lieferantennummer),
                bedingung: Some(&g.bedingung),
            });
            let verbuchen = g.mit_pruefung.then(|| {
                pruefung(&RechnungspruefungCommand::Verbuchen {
                    buchungsdatum: g.buchungsdatum,
                })
            });
            std::iter::once(buchung).chain(verbuchen).collect()
        }
        EingangsrechnungEvent::Storniert {
            grund,
            datum,
            umkehr,
            mit_pruefung,
        } => {
            let zurueck = mit_pruefung.then(|| pruefung(&RechnungspruefungCommand::Ruecknehmen { datum: *datum }));
            std::iter::once(umkehren(umkehr, grund, *datum))
                .chain(zurueck)
                .collect()
        }
        _ => Vec::new(),
    }
}
