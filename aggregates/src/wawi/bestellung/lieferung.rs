//! What came and was invoiced of a Bestellung, what is no longer expected, and when it ends.

use chrono::NaiveDate;
use uuid::Uuid;

use super::{BestellPosition, Bestellung, BestellungError, BestellungEvent, BestellungStatus, PositionsMenge};
use crate::{
    Aggregate, Context, Decision, Shared,
    types::{Menge, Text},
    wawi::belegposition::Positionsstatus,
};

/// Right to take more than was ordered and tolerated (wawi 4).
const EINKAUF_LEITUNG: &str = "wawi.einkauf_leitung";

impl Bestellung {
    /// True if these quantities may be recorded: goods come to an order that was sent and does not wait for approval;
    /// what is taken back was taken from it before.
    pub(super) fn nimmt(&self, positionen: &[PositionsMenge]) -> bool {
        let zurueck = self.bestellt_am.is_some() && positionen.iter().all(|p| p.menge < Menge::NULL);
        self.erwartet_ware() || self.status == BestellungStatus::Abgeschlossen || zurueck
    }

    /// Goods came, or a receipt is taken back: then the quantities are negative and nothing stands against it.
    pub(super) fn ware(
        &self,
        wareneingang_id: Uuid,
        buchungsdatum: NaiveDate,
        positionen: Vec<PositionsMenge>,
        ctx: &Context<'_>,
    ) -> Decision<Self> {
        let darf_mehr = ctx.darf(EINKAUF_LEITUNG) && ctx.frame.grund.is_some();
        for zugang in &positionen {
            let max = self.position(zugang.position_id)?.lieferbar();
            if zugang.menge > max && !darf_mehr {
                return Err(BestellungError::Ueberlieferung { max }.into());
            }
        }
        let mut event = BestellungEvent::WareneingangErfasst {
            wareneingang_id,
            buchungsdatum: Some(buchungsdatum),
            positionen,
            entfallen: Vec::new(),
        };
        let danach = self.danach(std::slice::from_ref(&event));
        if let BestellungEvent::WareneingangErfasst { entfallen, .. } = &mut event {
            *entfallen = self.entfallen_bis(&danach);
        }
        Ok(std::iter::once(event).chain(danach.abschluss()).collect())
    }

    /// By how much what is no longer expected grows from here to a later state.
    fn entfallen_bis(&self, danach: &Self) -> Vec<PositionsMenge> {
        let mehr = |(vorher, nachher): (&BestellPosition, &BestellPosition)| PositionsMenge {
            position_id: vorher.position_id,
            menge: nachher.entfallen() - vorher.entfallen(),
        };
        let alle = self.positionen.iter().zip(&danach.positionen).map(mehr);
        alle.filter(|p| !p.menge.is_null()).collect()
    }

    pub(super) fn berechnet(
        &self,
        eingangsrechnung_id: Uuid,
        buchungsdatum: NaiveDate,
        positionen: Vec<PositionsMenge>,
    ) -> Decision<Self> {
        for berechnet in &positionen {
            self.position(berechnet.position_id)?;
        }
        Ok(self.mit_abschluss(BestellungEvent::BerechnungErfasst {
            eingangsrechnung_id,
            buchungsdatum: Some(buchungsdatum),
            positionen,
        }))
    }

    pub(super) fn rest_stornieren(&self, position_id: Uuid, grund: &Text<500>) -> Decision<Self> {
        let position = self.position(position_id)?;
        let rest = position.offen();
        if rest.is_null() {
            return Err(Shared::status(position.status, &["offen", "teil_geliefert"]).into());
        }
        Ok(self.mit_abschluss(BestellungEvent::RestStorniert {
            position_id,
            rest,
            grund: grund.to_string(),
        }))
    }

    pub(super) fn wiederoeffnen(&self, position_id: Uuid) -> Decision<Self> {
        let position = self.position(position_id)?;
        let geschlossen = matches!(position.status, Positionsstatus::Storniert | Positionsstatus::Geliefert);
        if !geschlossen || position.geliefert >= position.menge {
            return Err(Shared::status(position.status, &["storniert", "geliefert"]).into());
        }
        Ok(vec![BestellungEvent::PositionWiedergeoeffnet {
            position_id,
            rest: Some(position.entfallen()),
        }])
    }

    pub(super) fn stornieren(&self, grund: &Text<500>) -> Decision<Self> {
        if self.positionen.iter().any(|p| !p.geliefert.is_null()) {
            return Err(BestellungError::StornoMitLieferung {}.into());
        }
        Ok(vec![BestellungEvent::Storniert {
            grund: grund.to_string(),
        }])
    }

    /// The event, and the end of the order if it leaves nothing to wait for.
    pub(super) fn mit_abschluss(&self, event: BestellungEvent) -> Vec<BestellungEvent> {
        let ende = self.danach(std::slice::from_ref(&event)).abschluss();
        std::iter::once(event).chain(ende).collect()
    }

    /// The end of an order: all delivered or cancelled, and invoiced.
    pub(super) fn abschluss(&self) -> Option<BestellungEvent> {
        let fertig = self.erwartet_ware() && self.positionen.iter().all(BestellPosition::erledigt);
        fertig.then_some(BestellungEvent::Abgeschlossen {})
    }

    /// The status of an order that was sent: what came decides, never money.
    pub(super) fn lieferstatus(&self) -> BestellungStatus {
        if self.positionen.iter().all(|p| p.offen().is_null()) {
            BestellungStatus::Geliefert
        } else if self.positionen.iter().any(|p| !p.geliefert.is_null()) {
            BestellungStatus::TeilGeliefert
        } else if self.positionen.iter().any(|p| p.bestaetigt_menge.is_some()) {
            BestellungStatus::Bestaetigt
        } else {
            BestellungStatus::Bestellt
        }
    }

    /// Folds what goods, invoices and cancelled rests make of the status; an order that waits for approval goes on
    /// waiting.
    pub(super) fn fortschreiben(&mut self) {
        if self.erwartet_ware() || self.status == BestellungStatus::Abgeschlossen {
            self.status = self.lieferstatus();
        }
    }

    /// The most that may still come of a position, with its tolerance.
    #[must_use]
    pub fn lieferbar(&self, position_id: Uuid) -> Menge {
        let position = self.positionen.iter().find(|p| p.position_id == position_id);
        position.map_or(Menge::NULL, BestellPosition::lieferbar)
    }
}
