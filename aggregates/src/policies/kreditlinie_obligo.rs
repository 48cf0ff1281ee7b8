//! What a customer owes once goods are invoiced, on his credit line (spec/README section 5, rows 15 to 17; crm C1).
//!
//! The line follows every item of his account, whatever opened it, and what of deliveries is not invoiced any more. Both
//! come in the order of the log, in which more use stands before the relief that goes with it: an invoice opens its item
//! before its delivery is relieved, a credit note gives the delivery back before its item. So the obligo is at no moment
//! too low, and no order is let in over the limit.

use uuid::Uuid;

use crate::{
    crm::{
        Kreditlinie,
        auftrag::{AuftragEvent, Kreditfolge},
        kreditlinie::{KreditBeleg, KreditBelegTyp, KreditlinieCommand},
    },
    fibu::offener_posten::{OffenerPostenEvent, OpBewegung},
    policy::{Consequence, PolicyContext},
    types::{Betrag, Dezimal, Text},
};

/// OffenerPosten.Eroeffnet → Kreditlinie.Belegen of a claim, Entlasten by a credit; AusgleichAngewandt of a claim →
/// Umwidmen: what was to the customer's credit pays it; AusgleichZurueckgenommen of a claim → Belegen, Entlasten: it is
/// open again, and the credit unused. The settled credits themselves change nothing: per account a settlement is zero.
pub(super) fn posten(event: &OffenerPostenEvent, ctx: &PolicyContext) -> Vec<Consequence> {
    match event {
        OffenerPostenEvent::Eroeffnet {
            posten,
            kunde_id: Some(kunde_id),
        } => {
            let command = if posten.betrag > Betrag::NULL {
                belegen(op(ctx.id, Some(&posten.belegnummer)), posten.betrag)
            } else {
                entlasten(guthaben(*kunde_id), -posten.betrag)
            };
            vec![an(*kunde_id, &command, ctx)]
        }
        OffenerPostenEvent::AusgleichAngewandt(bewegung) => match forderung(bewegung) {
            Some(kunde_id) => {
                let command = KreditlinieCommand::Umwidmen {
                    von: op(ctx.id, bewegung.belegnummer.as_deref()),
                    nach: guthaben(kunde_id),
                    betrag: Dezimal(bewegung.betrag.as_decimal()),
                };
                vec![an(kunde_id, &command, ctx)]
            }
            None => Vec::new(),
        },
        OffenerPostenEvent::AusgleichZurueckgenommen(bewegung) => match forderung(bewegung) {
            Some(kunde_id) => {
                let wieder = belegen(op(ctx.id, bewegung.belegnummer.as_deref()), bewegung.betrag);
                let unbenutzt = entlasten(guthaben(kunde_id), bewegung.betrag);
                vec![an(kunde_id, &wieder, ctx), an(kunde_id, &unbenutzt, ctx)]
            }
            None => Vec::new(),
        },
        _ => Vec::new(),
    }
}

/// Auftrag.FakturaErfasst, GutschriftErfasst → Kreditlinie.Entlasten, Belegen of the order's deliveries.
pub(super) fn auftrag(event: &AuftragEvent, ctx: &PolicyContext) -> Vec<Consequence> {
    let (AuftragEvent::FakturaErfasst { kredit: Some(k), .. }
    | AuftragEvent::GutschriftErfasst { kredit: Some(k), .. }) = event
    else {
        return Vec::new();
    };
    let beleg = KreditBeleg {
        typ: KreditBelegTyp::Lieferung,
        id: ctx.id,
        nummer: Some(Text::cut(&k.auftrag_nr)),
    };
    let command = match k.folge {
        Kreditfolge::Belegen(betrag) => belegen(beleg, betrag),
        Kreditfolge::Entlasten(betrag) => entlasten(beleg, betrag),
        Kreditfolge::Erledigen => return Vec::new(),
    };
    vec![an(k.kunde_id, &command, ctx)]
}

/// The customer, if a claim on him was settled.
fn forderung(bewegung: &OpBewegung) -> Option<Uuid> {
    bewegung.kunde_id.filter(|_| bewegung.betrag > Betrag::NULL)
}

fn op(id: Uuid, nummer: Option<&str>) -> KreditBeleg {
    KreditBeleg {
        typ: KreditBelegTyp::Op,
        id,
        nummer: nummer.map(Text::cut),
    }
}

fn guthaben(kunde_id: Uuid) -> KreditBeleg {
    KreditBeleg {
        typ: KreditBelegTyp::Zahlung,
        id: kunde_id,
        nummer: None,
    }
}

fn belegen(beleg: KreditBeleg, betrag: Betrag) -> KreditlinieCommand {
    KreditlinieCommand::Belegen {
        beleg,
        betrag: Dezimal(betrag.as_decimal()),
    }
}

fn entlasten(beleg: KreditBeleg, betrag: Betrag) -> KreditlinieCommand {
    KreditlinieCommand::Entlasten {
        beleg,
        betrag: Some(Dezimal(betrag.as_decimal())),
    }
}

fn an(kunde_id: Uuid, command: &KreditlinieCommand, ctx: &PolicyContext) -> Consequence {
    let linie = Kreditlinie::stream_id(ctx.mandant_id, kunde_id);
    Consequence::command::<Kreditlinie>(linie, command)
}
