//! Costs of bringing the goods in: how a Bestellung shares them among its positions (wawi 4).

use super::{
    BestellNebenkosten, BestellPosition, Bestellung, BestellungError, BestellungEvent, Nebenkostenanteil, Verteilung,
};
use crate::{
    Context, Refused, Shared,
    fibu::eingangsrechnung::NebenkostenArt,
    types::{Betrag, Dezimal, Menge},
    wawi::belegposition::{self, fremd},
};

/// The unit of weights.
const KG: &str = "kg";

type Ergebnis<T> = Result<T, Refused<BestellungError>>;

impl Bestellung {
    /// Costs of a kind with their shares.
    pub(super) fn nebenkosten_setzen(
        &self,
        art: NebenkostenArt,
        betrag: Dezimal,
        verteilung: Verteilung,
        ctx: &Context<'_>,
    ) -> Ergebnis<BestellungEvent> {
        let betrag = Betrag::exact(betrag).filter(|b| *b > Betrag::NULL);
        let betrag = betrag.ok_or_else(|| {
            Shared::feld(
                "/betrag",
                "erwartet wird ein Betrag in EUR über 0 mit höchstens zwei Nachkommastellen",
            )
        })?;
        let nebenkosten = BestellNebenkosten {
            art,
            betrag,
            verteilung,
            anteile: Vec::new(),
        };
        let nebenkosten = self.verteilt(&nebenkosten, ctx)?;
        Ok(BestellungEvent::NebenkostenGesetzt { nebenkosten })
    }

    pub(super) fn nebenkosten_entfernen(&self, art: NebenkostenArt) -> Ergebnis<BestellungEvent> {
        if !self.nebenkosten.iter().any(|n| n.art == art) {
            return Err(Shared::feld("/art", "Nebenkosten dieser Art hat die Bestellung nicht").into());
        }
        Ok(BestellungEvent::NebenkostenEntfernt { art })
    }

    /// The costs whose shares changed with the positions.
    pub(super) fn neu_verteilt(&self, ctx: &Context<'_>) -> Ergebnis<Vec<BestellungEvent>> {
        let mut geaendert = Vec::new();
        for bisher in &self.nebenkosten {
            let nebenkosten = self.verteilt(bisher, ctx)?;
            if nebenkosten != *bisher {
                geaendert.push(BestellungEvent::NebenkostenGesetzt { nebenkosten });
            }
        }
        Ok(geaendert)
    }

    fn verteilt(&self, kosten: &BestellNebenkosten, ctx: &Context<'_>) -> Ergebnis<BestellNebenkosten> {
        let teile = match kosten.verteilung {
            Verteilung::Wert => {
                let werte: Vec<i64> = self.positionen.iter().map(|p| p.netto.as_cent()).collect();
                kosten.betrag.split(&werte)
            }
            Verteilung::Menge => {
                self.gleiche_einheit(kosten.art, ctx)?;
                let mengen: Vec<Menge> = self.positionen.iter().map(|p| p.basismenge).collect();
                kosten.betrag.nach_mengen(&mengen)
            }
            Verteilung::Gewicht => {
                let gewichte = self.positionen.iter().map(|p| gewicht(p, ctx));
                kosten.betrag.nach_mengen(&gewichte.collect::<Ergebnis<Vec<_>>>()?)
            }
        };
        let anteil = |(position, betrag): (&BestellPosition, Betrag)| Nebenkostenanteil {
            position_id: position.position_id,
            betrag,
        };
        Ok(BestellNebenkosten {
            anteile: self.positionen.iter().zip(teile).map(anteil).collect(),
            ..kosten.clone()
        })
    }

    /// Litres and kilograms do not add up.
    fn gleiche_einheit(&self, art: NebenkostenArt, ctx: &Context<'_>) -> Ergebnis<()> {
        let mut einheiten: Vec<String> = Vec::new();
        for position in &self.positionen {
            let einheit = belegposition::artikel::<BestellungError>(position.artikel_id, ctx)?
                .basiseinheit
                .clone();
            if !einheiten.contains(&einheit) {
                einheiten.push(einheit);
            }
        }
        if einheiten.len() > 1 {
            return Err(BestellungError::NebenkostenEinheiten { art, einheiten }.into());
        }
        Ok(())
    }
}

/// What a position weighs; its article must know kilograms.
fn gewicht(position: &BestellPosition, ctx: &Context<'_>) -> Ergebnis<Menge> {
    let artikel = belegposition::artikel(position.artikel_id, ctx)?;
    artikel.umrechnen(position.menge, &position.einheit, KG).map_err(fremd)
}
