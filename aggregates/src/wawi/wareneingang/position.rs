//! A line of a Wareneingang: what came, against which position of an order, at which value.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Wareneingang, WareneingangError, Zugangsdaten};
use crate::{
    Context, Refused, Shared,
    types::{Dezimal, Menge, Preis, Text},
    wawi::{
        Bestellung, Lager,
        belegposition::{self, STELLEN, fremd, wert},
        bestellung::{BestellPosition, BestellungError},
    },
};

/// A new line: of an order (`bestellung_id` and `position_id`), or of an article.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PositionEingabe {
    /// The order.
    pub bestellung_id: Option<Uuid>,
    /// The position of the order.
    pub position_id: Option<Uuid>,
    /// Article; of the order if absent.
    pub artikel_id: Option<Uuid>,
    /// How much came.
    pub menge: Dezimal,
    /// Unit; one that the article knows.
    pub einheit: Text<10>,
    /// Place in the Lager; the unnamed place if absent.
    pub platz: Option<Text<20>>,
    /// Price, if there is no order; else it is that of the order.
    pub preis: Option<Preis>,
}

type Refusal = Refused<WareneingangError>;

impl Wareneingang {
    pub(super) fn erfassen(&self, eingabe: PositionEingabe, ctx: &Context<'_>) -> Result<Zugangsdaten, Refusal> {
        let bestellt = self.bestellt(&eingabe, ctx)?;
        let artikel_id = match (&bestellt, eingabe.artikel_id) {
            (Some(position), Some(artikel_id)) if artikel_id != position.artikel_id => {
                return Err(
                    Shared::feld("/artikel_id", "die Position der Bestellung hat einen anderen Artikel").into(),
                );
            }
            (Some(position), _) => position.artikel_id,
            (None, Some(artikel_id)) => artikel_id,
            (None, None) => {
                let text = "ohne Bestellung ist der Artikel nötig; bitte artikel_id angeben";
                return Err(Shared::feld("/artikel_id", text).into());
            }
        };
        let artikel = belegposition::artikel(artikel_id, ctx)?;
        // What was ordered is taken, also of an article that is locked or runs out since.
        if bestellt.is_none() {
            artikel.einkauf_pruefen(ctx.heute()).map_err(fremd)?;
        }
        let platz = eingabe.platz.as_ref().map(ToString::to_string);
        if let Some(lager) = ctx.get::<Lager>(self.lager_id)? {
            let pruefung = lager.platz_pruefen(platz.as_deref());
            pruefung.map_err(|error| Refused::Domain(error).fremd())?;
        }
        let menge = Menge::positiv(eingabe.menge, STELLEN, "/menge")?;
        let einheit = eingabe.einheit.to_string();
        let preis = match (&bestellt, eingabe.preis) {
            (Some(_), Some(_)) => {
                let text = "der Preis kommt aus der Bestellung; bitte weglassen oder die Bestellung ändern";
                return Err(Shared::feld("/preis", text).into());
            }
            (Some(position), None) => position.preis(),
            (None, preis) => preis.ok_or(WareneingangError::PreisFehlt {})?,
        };
        belegposition::preis_pruefen(&preis)?;
        let bestellmenge = match &bestellt {
            Some(position) => Some(artikel.umrechnen(menge, &einheit, &position.einheit).map_err(fremd)?),
            None => None,
        };
        let pos = self.positionen.iter().map(|p| p.pos).max().unwrap_or(0) + 1;
        Ok(Zugangsdaten {
            we_position_id: belegposition::position_id(ctx),
            pos,
            bestellung_id: bestellt.as_ref().and(eingabe.bestellung_id),
            position_id: bestellt.as_ref().map(|p| p.position_id),
            bestellmenge,
            artikel_id,
            artikel_nr: artikel.artikel_nr.clone(),
            bezeichnung: artikel.bezeichnung.clone(),
            lagergefuehrt: artikel.lagergefuehrt(),
            menge,
            basismenge: artikel.in_basis(menge, &einheit).map_err(fremd)?,
            netto: wert(&artikel, menge, &einheit, &preis)?,
            einheit,
            platz,
            preis,
            schluessel: artikel.steuerschluessel_ek.clone(),
        })
    }

    /// The position of the order that a line is for. Its own quantity is checked when the receipt is booked.
    fn bestellt(&self, eingabe: &PositionEingabe, ctx: &Context<'_>) -> Result<Option<BestellPosition>, Refusal> {
        let (bestellung_id, position_id) = match (eingabe.bestellung_id, eingabe.position_id) {
            (None, None) => return Ok(None),
            (Some(bestellung_id), Some(position_id)) => (bestellung_id, position_id),
            _ => {
                let text = "bestellung_id und position_id gehören zusammen; bitte beide oder keine angeben";
                return Err(Shared::feld("/position_id", text).into());
            }
        };
        let falsch = |feld: &str, text: &str| Refusal::from(Shared::feld(feld, text));
        let bestellung = ctx.get::<Bestellung>(bestellung_id)?;
        let bestellung = bestellung.ok_or_else(|| falsch("/bestellung_id", "diese Bestellung gibt es nicht"))?;
        if bestellung.lieferant_id != self.lieferant_id {
            return Err(falsch(
                "/bestellung_id",
                "die Bestellung ist von einem anderen Lieferanten",
            ));
        }
        if !bestellung.erwartet_ware() {
            let status = Refused::<BestellungError>::from(Shared::status(
                bestellung.status,
                &["bestellt", "bestaetigt", "teil_geliefert", "geliefert"],
            ));
            return Err(status.fremd());
        }
        let position = bestellung.positionen.iter().find(|p| p.position_id == position_id);
        let position = position.ok_or_else(|| falsch("/position_id", "diese Position hat die Bestellung nicht"))?;
        if position.lager_id != self.lager_id {
            return Err(falsch(
                "/position_id",
                "die Position der Bestellung geht in ein anderes Lager",
            ));
        }
        Ok(Some(position.clone()))
    }
}
