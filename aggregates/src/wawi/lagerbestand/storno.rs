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
    Aggregate, Context, Decision, Refused, Shared,
    types::{BelegRef, Menge, Text},
    wawi::{Wareneingang, wareneingang::WareneingangStatus},
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

/// Refuses to take back what a receipt brought while the receipt holds: order and invoice would go on counting goods that
/// are gone, and the receipt could never be reversed.
fn frei_vom_wareneingang(beleg: Option<&BelegRef>, ctx: &Context<'_>) -> Result<(), Refused<LagerbestandError>> {
    let Some(beleg) = beleg.filter(|beleg| *beleg.typ == *Wareneingang::TYPE) else {
        return Ok(());
    };
    let eingang = ctx.get::<Wareneingang>(beleg.id)?;
    let gebucht = eingang.filter(|we| we.status == WareneingangStatus::Gebucht);
    match gebucht.filter(|we| beleg.position.is_some_and(|zeile| we.position(zeile).is_some())) {
        Some(eingang) => {
            let nummer = eingang.we_nr.clone().unwrap_or_default();
            Err(LagerbestandError::BewegungVonBeleg { nummer }.into())
        }
        None => Ok(()),
    }
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
        frei_vom_wareneingang(gebucht.beleg.as_ref(), ctx)?;
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
