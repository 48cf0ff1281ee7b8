//! What an order uses of the credit line, and what the line's relief frees, in one unit of work (spec/README section 5,
//! crm C1 and C3).

use crate::{
    crm::{
        Auftrag, Kreditlinie,
        auftrag::{AuftragCommand, AuftragEvent, Kreditfolge, Kreditwirkung},
        kreditlinie::{KreditBeleg, KreditBelegTyp, KreditlinieCommand, KreditlinieEvent},
    },
    policy::{Consequence, PolicyContext},
    types::{Betrag, Dezimal, Text},
};

/// Bestaetigt → Belegen; LieferungErfasst → Umwidmen; every change of what is open → Belegen or Entlasten.
pub(super) fn auftrag(event: &AuftragEvent, ctx: &PolicyContext) -> Vec<Consequence> {
    let beleg = |typ: KreditBelegTyp, nummer: &str| KreditBeleg {
        typ,
        id: ctx.id,
        nummer: Some(Text::cut(nummer)),
    };
    let (kunde_id, command) = match event {
        AuftragEvent::Bestaetigt {
            kunde_id,
            auftrag_nr,
            brutto,
            ..
        } if *brutto > Betrag::NULL => {
            let beleg = beleg(KreditBelegTyp::Auftrag, auftrag_nr);
            let betrag = Dezimal(brutto.as_decimal());
            (*kunde_id, KreditlinieCommand::Belegen { beleg, betrag })
        }
        AuftragEvent::LieferungErfasst {
            kunde_id,
            auftrag_nr,
            brutto,
            umwidmen,
            ..
        } if *brutto > Betrag::NULL => {
            let betrag = Dezimal(brutto.as_decimal());
            let nach = beleg(KreditBelegTyp::Lieferung, auftrag_nr);
            let command = if *umwidmen {
                let von = beleg(KreditBelegTyp::Auftrag, auftrag_nr);
                KreditlinieCommand::Umwidmen { von, nach, betrag }
            } else {
                KreditlinieCommand::Belegen { beleg: nach, betrag }
            };
            (*kunde_id, command)
        }
        AuftragEvent::PositionGeaendert { kredit: Some(k), .. }
        | AuftragEvent::PositionStorniert { kredit: Some(k), .. }
        | AuftragEvent::Verfallen { kredit: Some(k), .. }
        | AuftragEvent::Storniert { kredit: Some(k), .. }
        | AuftragEvent::Abgeschlossen { kredit: Some(k) } => {
            (k.kunde_id, wirkung(k, beleg(KreditBelegTyp::Auftrag, &k.auftrag_nr)))
        }
        _ => return Vec::new(),
    };
    let linie = Kreditlinie::stream_id(ctx.mandant_id, kunde_id);
    vec![Consequence::command::<Kreditlinie>(linie, &command)]
}

fn wirkung(kredit: &Kreditwirkung, beleg: KreditBeleg) -> KreditlinieCommand {
    match kredit.folge {
        Kreditfolge::Belegen(betrag) => KreditlinieCommand::Belegen {
            beleg,
            betrag: Dezimal(betrag.as_decimal()),
        },
        Kreditfolge::Entlasten(betrag) => KreditlinieCommand::Entlasten {
            beleg,
            betrag: Some(Dezimal(betrag.as_decimal())),
        },
        Kreditfolge::Erledigen => KreditlinieCommand::Entlasten { beleg, betrag: None },
    }
}

/// Kreditlinie.Belegt of an order that waited → Auftrag.KreditFreigeben.
pub(super) fn kreditlinie(event: &KreditlinieEvent, _ctx: &PolicyContext) -> Vec<Consequence> {
    match event {
        KreditlinieEvent::Belegt {
            beleg,
            war_vorgemerkt: true,
            ..
        } if beleg.typ == KreditBelegTyp::Auftrag => {
            let command = AuftragCommand::KreditFreigeben {};
            vec![Consequence::command::<Auftrag>(beleg.id, &command)]
        }
        _ => Vec::new(),
    }
}
