//! A new company gets the Nummernkreise of spec/README section 6 that its aggregates draw from.

use crate::{
    dienste::{
        mandant::MandantEvent,
        nummernkreis::{Nummernkreis, NummernkreisCommand},
    },
    policy::{Consequence, PolicyContext},
    types::Text,
};

/// A Nummernkreis as the specification has it.
pub(super) struct Kreis {
    code: &'static str,
    start: i64,
    lueckenlos: bool,
    chronologisch: bool,
}

impl Kreis {
    /// Of vouchers: a gap is an error.
    const fn lueckenlos(code: &'static str) -> Self {
        let (start, lueckenlos, chronologisch) = (1, true, false);
        Self {
            code,
            start,
            lueckenlos,
            chronologisch,
        }
    }

    /// A gap does no harm.
    const fn lose(code: &'static str) -> Self {
        let lueckenlos = false;
        Self {
            lueckenlos,
            ..Self::lueckenlos(code)
        }
    }

    /// Of partners: the account number of the books, without a year.
    const fn partner(code: &'static str, start: i64) -> Self {
        Self {
            start,
            ..Self::lose(code)
        }
    }

    /// Partners bear the five digits of their account; everything else its Kreis and year.
    fn muster(&self) -> String {
        match self.code {
            "KD" | "LF" => "{00000}".to_owned(),
            code => format!("{code}-{{JJJJ}}-{{000000}}"),
        }
    }
}

/// All of them, in the order in which they are made.
pub(super) const KREISE: &[Kreis] = &[
    Kreis {
        chronologisch: true,
        ..Kreis::lueckenlos("AR")
    },
    Kreis::lueckenlos("AG"),
    Kreis::lueckenlos("ER"),
    Kreis::lueckenlos("BK"),
    Kreis::lueckenlos("KA"),
    Kreis::lueckenlos("MB"),
    Kreis::lueckenlos("UM"),
    Kreis::lueckenlos("AB"),
    Kreis::lueckenlos("EB"),
    Kreis::lueckenlos("WB"),
    Kreis::lueckenlos("AU"),
    Kreis::lueckenlos("LS"),
    Kreis::lose("BE"),
    Kreis::lose("WE"),
    Kreis::lose("VS"),
    Kreis::partner("KD", 10_000),
    Kreis::partner("LF", 70_000),
];

/// Mandant.Angelegt → Nummernkreis.Anlegen in the new company's own log.
pub(super) fn react(event: &MandantEvent, ctx: &PolicyContext) -> Vec<Consequence> {
    let MandantEvent::Angelegt { .. } = event else {
        return Vec::new();
    };
    KREISE
        .iter()
        .map(|kreis| {
            let command = NummernkreisCommand::Anlegen {
                code: Text::cut(kreis.code),
                muster: Text::cut(&kreis.muster()),
                start: kreis.start,
                lueckenlos: kreis.lueckenlos,
                chronologisch: kreis.chronologisch,
            };
            let id = Nummernkreis::stream_id(ctx.id, kreis.code);
            Consequence::command::<Nummernkreis>(id, &command).in_mandant(ctx.id)
        })
        .collect()
}
