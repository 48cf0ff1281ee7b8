//! How an invoiced line is compared with what was received, and what it takes from the receipt.

use std::cmp::Ordering;

use rust_decimal::Decimal;
use uuid::Uuid;

use super::{
    Rechnungspruefung, RechnungspruefungError, RechnungspruefungEvent,
    types::{Berechnung, Bestellmenge, Ergebnis, Pruefzeile, Vergleich},
};
use crate::{
    Context, Decision, Refused, Shared,
    fibu::eingangsrechnung::WePosition,
    types::{Betrag, Dezimal, Menge, Preis, Satz},
    wawi::{Artikel, Wareneingang, wareneingang::WareneingangStatus},
};

/// Decimals of a quantity on a document (fibu 0).
const MENGE_STELLEN: u32 = 4;

type Folge<T> = Result<T, Refused<RechnungspruefungError>>;

/// How far the invoiced price may be above the agreed one; both limits hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grenzen {
    /// Percent of the agreed value.
    pub prozent: Satz,
    /// EUR of the line.
    pub wert: Betrag,
}

impl Default for Grenzen {
    /// 2 % and 50.00 EUR (wawi 4).
    fn default() -> Self {
        Self {
            prozent: Satz::percent(Decimal::TWO),
            wert: Betrag::cent(5_000),
        }
    }
}

/// An invoiced line beside what was received, in the received line's units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gegenstand {
    /// Invoiced quantity in the received line's unit.
    pub menge: Menge,
    /// The same in the unit of the agreed price.
    pub in_preiseinheit: Menge,
    /// Received, neither invoiced nor returned.
    pub offen: Menge,
    /// Agreed price.
    pub preis: Preis,
    /// The position of the order that it came for.
    pub bestellung: Option<Bestellanteil>,
}

/// What a received line is of a position of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bestellanteil {
    /// The order.
    pub bestellung_id: Uuid,
    /// Its position.
    pub position_id: Uuid,
    /// All that came with the line, in its unit.
    pub geliefert: Menge,
    /// The same in the unit of the order.
    pub bestellmenge: Menge,
}

impl Bestellanteil {
    /// What the order counts as invoiced when so much of the line is.
    fn bis(&self, berechnet: Menge) -> Menge {
        let produkt = self.bestellmenge.as_decimal().checked_mul(berechnet.as_decimal());
        let anteil = produkt.and_then(|p| p.checked_div(self.geliefert.as_decimal()));
        Menge::rounded(anteil.unwrap_or_default(), 6)
    }

    /// What the order counts for the part of the line that is invoiced from here to there: parts of any size sum to all of
    /// it, though each is rounded.
    fn zwischen(&self, von: Menge, bis: Menge) -> Bestellmenge {
        Bestellmenge {
            bestellung_id: self.bestellung_id,
            position_id: self.position_id,
            menge: self.bis(bis) - self.bis(von),
        }
    }
}

/// Compares a line with what was received: its quantity with what is open, its net with the agreed price.
pub fn vergleichen(
    zeile: &Pruefzeile,
    gegenstand: &Gegenstand,
    grenzen: Grenzen,
) -> Result<Vergleich, RechnungspruefungError> {
    let Gegenstand {
        menge, offen, preis, ..
    } = gegenstand;
    if menge > offen {
        return Err(RechnungspruefungError::MengeUeberWe { offen: *offen });
    }
    let wert_vereinbart = preis.wert(gegenstand.in_preiseinheit).unwrap_or_default();
    let delta_wert = zeile.netto - wert_vereinbart;
    let anteil = delta_wert.as_decimal().checked_div(wert_vereinbart.as_decimal());
    let prozent = anteil.map(|a| a * Decimal::ONE_HUNDRED);
    let in_grenzen = delta_wert <= grenzen.wert && prozent.is_some_and(|p| p <= grenzen.prozent.as_percent());
    let ergebnis = match (delta_wert.cmp(&Betrag::NULL), in_grenzen) {
        (Ordering::Less, _) => Ergebnis::Guenstiger,
        (Ordering::Equal, _) | (Ordering::Greater, true) => Ergebnis::Ok,
        (Ordering::Greater, false) => Ergebnis::Abweichung,
    };
    Ok(Vergleich {
        position: zeile.position,
        menge_offen: *offen,
        preis_vereinbart: preis.clone(),
        wert_vereinbart,
        delta_menge: *menge - *offen,
        delta_wert,
        delta_prozent: Menge::rounded(prozent.unwrap_or(Decimal::ONE_HUNDRED), 2),
        ergebnis,
    })
}

/// Looks an invoiced line's received line up and brings the quantity into its units.
fn gegenstand(zeile: &Pruefzeile, ctx: &Context<'_>) -> Folge<Gegenstand> {
    let feld = |text: &str| Shared::feld(format!("/positionen/{}/wareneingang", zeile.position - 1), text);
    let WePosition {
        wareneingang_id,
        we_position_id,
    } = zeile.wareneingang;
    let we = ctx.get::<Wareneingang>(wareneingang_id)?;
    let Some(we) = we.filter(|we| we.status == WareneingangStatus::Gebucht) else {
        return Err(feld("diesen gebuchten Wareneingang gibt es nicht; einen gebuchten angeben").into());
    };
    let position = we.position(we_position_id);
    let position = position.ok_or_else(|| feld("diese Position hat der Wareneingang nicht"))?;
    let artikel = ctx.get::<Artikel>(position.artikel_id)?.unwrap_or_default();
    let umrechnen = |nach: &str| {
        let menge = artikel.umrechnen(zeile.menge, &zeile.einheit, nach);
        menge.map_err(|fehler| Refused::Domain(fehler).fremd::<RechnungspruefungError>())
    };
    let menge = umrechnen(&position.einheit)?;
    let bestellt = position
        .bestellung_id
        .zip(position.position_id)
        .zip(position.bestellmenge);
    Ok(Gegenstand {
        menge,
        in_preiseinheit: umrechnen(&position.preis.preis_einheit)?,
        offen: position.offen(),
        preis: position.preis(),
        bestellung: bestellt.map(|((bestellung_id, position_id), bestellmenge)| Bestellanteil {
            bestellung_id,
            position_id,
            geliefert: position.menge,
            bestellmenge,
        }),
    })
}

impl Rechnungspruefung {
    pub(super) fn pruefzeilen(&self) -> impl Iterator<Item = Pruefzeile> + '_ {
        self.zeilen.iter().map(|z| Pruefzeile {
            position: z.position,
            wareneingang: WePosition {
                wareneingang_id: z.wareneingang_id,
                we_position_id: z.we_position_id,
            },
            menge: z.menge,
            einheit: z.einheit.clone(),
            netto: z.netto,
        })
    }

    /// Compares lines; several of one document share what is open of a received line.
    pub(super) fn vergleiche(
        &self,
        zeilen: impl Iterator<Item = Pruefzeile>,
        ctx: &Context<'_>,
    ) -> Folge<Vec<Vergleich>> {
        let mut genommen: Vec<(WePosition, Menge)> = Vec::new();
        let mut vergleiche = Vec::new();
        for zeile in zeilen {
            self.vom_lieferanten(&zeile, ctx)?;
            let mut gegenstand = gegenstand(&zeile, ctx)?;
            let bisher = genommen
                .iter()
                .filter(|(we, _)| *we == zeile.wareneingang)
                .map(|(_, menge)| *menge);
            gegenstand.offen -= bisher.sum();
            let vergleich = vergleichen(&zeile, &gegenstand, Grenzen::default())?;
            genommen.push((zeile.wareneingang, gegenstand.menge));
            if vergleich.ergebnis == Ergebnis::Abweichung {
                let text = format!(
                    "Position {}: {} EUR über dem vereinbarten Wert von {} EUR; die Rechnungsprüfung muss freigegeben werden",
                    vergleich.position, vergleich.delta_wert, vergleich.wert_vereinbart
                );
                ctx.warn("RECHNUNGSPRUEFUNG_PREISABWEICHUNG", text);
            }
            vergleiche.push(vergleich);
        }
        Ok(vergleiche)
    }

    /// Refuses goods that another supplier brought: his own invoice is still to come.
    fn vom_lieferanten(&self, zeile: &Pruefzeile, ctx: &Context<'_>) -> Folge<()> {
        let Some(we) = ctx.get::<Wareneingang>(zeile.wareneingang.wareneingang_id)? else {
            return Ok(());
        };
        if self.lieferant_id == Some(we.lieferant_id) {
            return Ok(());
        }
        let text = format!(
            "der Lieferschein {} ist von einem anderen Lieferanten; einen Wareneingang dessen angeben, der berechnet",
            we.lieferschein_nr
        );
        Err(Shared::feld(format!("/positionen/{}/wareneingang", zeile.position - 1), text).into())
    }

    /// What the invoice takes from the received lines, or gives back: then it is negative. Another invoice may have taken
    /// it since the comparison.
    pub(super) fn berechnungen(&self, zurueck: bool, ctx: &Context<'_>) -> Folge<Vec<Berechnung>> {
        let mut berechnungen: Vec<Berechnung> = Vec::new();
        for zeile in self.pruefzeilen() {
            let gegenstand = gegenstand(&zeile, ctx)?;
            let eigene = berechnungen.iter().filter(|b| b.wareneingang == zeile.wareneingang);
            let offen = gegenstand.offen - eigene.map(|b| b.menge).sum();
            if !zurueck && gegenstand.menge > offen {
                return Err(RechnungspruefungError::MengeUeberWe { offen }.into());
            }
            let menge = if zurueck { -gegenstand.menge } else { gegenstand.menge };
            let bestellung = gegenstand.bestellung.map(|bestellt| {
                let bisher = bestellt.geliefert - offen;
                bestellt.zwischen(bisher, bisher + menge)
            });
            berechnungen.push(Berechnung {
                wareneingang: zeile.wareneingang,
                menge,
                bestellung,
            });
        }
        Ok(berechnungen)
    }

    pub(super) fn zuordnen(
        &self,
        position: i32,
        wareneingang: WePosition,
        menge: Dezimal,
        ctx: &Context<'_>,
    ) -> Decision<Self> {
        let Some(alt) = self.pruefzeilen().find(|z| z.position == position) else {
            return Err(Shared::feld("/position", "diese Position wird nicht geprüft").into());
        };
        let neu = Pruefzeile {
            wareneingang,
            menge: Menge::positiv(menge, MENGE_STELLEN, "/menge")?,
            ..alt
        };
        let ersetzt = |z: Pruefzeile| if z.position == position { neu.clone() } else { z };
        let vergleiche = self.vergleiche(self.pruefzeilen().map(ersetzt), ctx)?;
        Ok(vec![RechnungspruefungEvent::ZeileZugeordnet { zeile: neu, vergleiche }])
    }
}
