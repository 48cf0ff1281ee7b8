//! The reversal of a move by its mirror. The stream is long and the state keeps no moves, so the ledger is asked.

use serde::Deserialize;
use uuid::Uuid;

use super::{
    Lagerbestand, LagerbestandError, LagerbestandEvent,
    buchen::Zeitangabe,
    types::{Bewegungsart, Ort},
    unbekannt,
};
use crate::{
    Context, Decision, Shared,
    types::{BelegRef, Menge, Text},
};

/// The fact that tells a move by its id or by the position of the document that made it; answered by the ledger `lagerbewegung`.
pub const FACT_BEWEGUNG: &str = "lagerbewegung";

/// A move as the ledger tells it.
#[derive(Debug, Deserialize)]
struct Gebucht {
    bewegung_id: Uuid,
    artikel_id: Uuid,
    lager_id: Uuid,
    von: Ort,
    nach: Ort,
    menge: Menge,
    bewegungsart: Bewegungsart,
    beleg: Option<BelegRef>,
    storno_von: Option<Uuid>,
    storniert: bool,
}

impl Lagerbestand {
    pub(super) fn stornieren(
        &self,
        bewegung_id: Uuid,
        grund: &Text<500>,
        angabe: Zeitangabe,
        ctx: &Context<'_>,
    ) -> Decision<Self> {
        let fact = ctx.fact(FACT_BEWEGUNG, &bewegung_id.to_string())?;
        let gebucht = serde_json::from_value::<Gebucht>(fact)
            .ok()
            .filter(|g| (g.artikel_id, g.lager_id) == (self.artikel_id, self.lager_id))
            .ok_or_else(|| unbekannt("/bewegung_id", "diese Bewegung"))?;
        if gebucht.storno_von.is_some() {
            let text = "eine Stornobewegung wird nicht storniert; bitte neu buchen";
            return Err(Shared::feld("/bewegung_id", text).into());
        }
        if gebucht.storniert {
            let bewegung_id = gebucht.bewegung_id;
            return Err(LagerbestandError::SchonStorniert { bewegung_id }.into());
        }
        self.orte_pruefen(&[&gebucht.von, &gebucht.nach], ctx)?;
        let zeit = self.zeit(angabe, ctx)?;
        let mut spiegel = self.bewegung(gebucht.bewegungsart, gebucht.menge, zeit, ctx);
        spiegel.von = gebucht.nach;
        spiegel.nach = gebucht.von;
        spiegel.beleg = gebucht.beleg;
        spiegel.grund = Some(grund.to_string());
        spiegel.storno_von = Some(gebucht.bewegung_id);
        self.pruefen(&spiegel)?;
        Ok(vec![LagerbestandEvent::BewegungStorniert(spiegel)])
    }
}
