//! Money on an Anzahlungsrechnung makes its tax due, and what goes back makes it undone (fibu 3, § 13 Abs. 1 Nr. 1 a UStG).

use crate::{
    Aggregate,
    fibu::{
        Rechnung,
        offener_posten::{OffenerPostenEvent, OpBewegung},
        rechnung::RechnungCommand,
    },
    policy::{Consequence, PolicyContext},
};

/// OffenerPosten.AusgleichAngewandt, AusgleichZurueckgenommen (of a Rechnung) → Rechnung.AusgleichErfassen,
/// AusgleichZuruecknehmen. Only an Anzahlungsrechnung posts anything then.
pub(super) fn react(event: &OffenerPostenEvent, _ctx: &PolicyContext) -> Vec<Consequence> {
    let (bewegung, command): (&OpBewegung, _) = match event {
        OffenerPostenEvent::AusgleichAngewandt(b) => (
            b,
            RechnungCommand::AusgleichErfassen {
                ausgleich_id: b.ausgleich_id,
                betrag: b.betrag.abs(),
                datum: b.datum,
            },
        ),
        OffenerPostenEvent::AusgleichZurueckgenommen(b) => (
            b,
            RechnungCommand::AusgleichZuruecknehmen {
                ausgleich_id: b.ausgleich_id,
                datum: b.datum,
            },
        ),
        _ => return Vec::new(),
    };
    if bewegung.beleg.typ != Rechnung::TYPE {
        return Vec::new();
    }
    vec![Consequence::command::<Rechnung>(bewegung.beleg.id, &command)]
}
