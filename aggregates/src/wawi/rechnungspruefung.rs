//! Rechnungspruefung: the three-way match of one Eingangsrechnung with what was ordered and received (wawi 4). It lives in
//! the units of work of its Eingangsrechnung; by hand a deviation is assigned, released, put off or refused.

use std::cmp::Ordering;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    Aggregate, Context, Decision, Refused, Shared, StreamKey,
    context::stream_id,
    fibu::eingangsrechnung::{EingangsPosition, NebenkostenArt, WePosition},
    types::{Akteur, Bereich, Betrag, Dezimal, Menge, Preis, Preisbetrag, Satz, Text},
    wawi::{Artikel, Wareneingang, wareneingang::WareneingangStatus},
};

/// Special right that takes a deviation.
pub const RECHT: &str = "wawi.einkauf_leitung";

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

/// Status of a Rechnungspruefung.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum RechnungspruefungStatus {
    /// Does not exist yet.
    #[default]
    Neu,
    /// Not compared yet.
    Offen,
    /// Compared; each line bears its result.
    Geprueft,
    /// A deviation was released.
    Freigegeben,
    /// Put off.
    Zurueckgestellt,
    /// Refused; the document goes back to the supplier.
    Abgelehnt,
    /// The document is in the ledger.
    Verbucht,
    /// The document was reversed.
    Zurueckgenommen,
}

/// Result of a comparison.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Ergebnis {
    /// Not compared yet.
    #[default]
    Offen,
    /// Within the limits.
    Ok,
    /// Cheaper than agreed; passes.
    Guenstiger,
    /// Above a limit; waits for a release.
    Abweichung,
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
    /// The same quantity of the order.
    pub bestellung: Option<Bestellmenge>,
}

/// A line to compare.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pruefzeile {
    /// Line of the Eingangsrechnung.
    pub position: i32,
    /// The received line.
    pub wareneingang: WePosition,
    /// Quantity as invoiced.
    pub menge: Menge,
    /// Its unit.
    pub einheit: String,
    /// Net as invoiced.
    pub netto: Betrag,
}

/// A compared line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Vergleich {
    /// Line of the Eingangsrechnung.
    pub position: i32,
    /// Open quantity of the received line, before this invoice.
    pub menge_offen: Menge,
    /// Agreed price.
    pub preis_vereinbart: Preis,
    /// Value at the agreed price.
    pub wert_vereinbart: Betrag,
    /// Invoiced quantity less the open one.
    pub delta_menge: Menge,
    /// Invoiced net less the agreed value.
    pub delta_wert: Betrag,
    /// The same in percent of the agreed value, two decimals.
    pub delta_prozent: Menge,
    /// Result.
    pub ergebnis: Ergebnis,
}

/// Costs of bringing goods in, from the same document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Nebenkosten {
    /// Line of the Eingangsrechnung.
    pub position: i32,
    /// Kind.
    pub art: NebenkostenArt,
    /// Net.
    pub betrag: Betrag,
}

/// A quantity of an order's position.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bestellmenge {
    /// The order.
    pub bestellung_id: Uuid,
    /// Its position.
    pub position_id: Uuid,
    /// Quantity in the position's unit.
    pub menge: Menge,
}

/// What an invoice takes from a received line, or gives back to it: then the quantities are negative.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Berechnung {
    /// The received line.
    pub wareneingang: WePosition,
    /// Quantity in the received line's unit.
    pub menge: Menge,
    /// The same of the order it came from.
    pub bestellung: Option<Bestellmenge>,
}

/// A line.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Zeile {
    /// Line of the Eingangsrechnung.
    pub position: i32,
    /// The Wareneingang.
    pub wareneingang_id: Uuid,
    /// Its line.
    pub we_position_id: Uuid,
    /// Quantity as invoiced.
    pub menge: Menge,
    /// Its unit.
    pub einheit: String,
    /// Net as invoiced.
    pub netto: Betrag,
    /// Open quantity of the received line.
    pub menge_offen: Option<Menge>,
    /// Agreed price.
    pub preis_vereinbart: Option<Preisbetrag>,
    /// Value at the agreed price.
    pub wert_vereinbart: Option<Betrag>,
    /// Invoiced quantity less the open one.
    pub delta_menge: Option<Menge>,
    /// Invoiced net less the agreed value.
    pub delta_wert: Option<Betrag>,
    /// In percent of the agreed value.
    pub delta_prozent: Option<Menge>,
    /// Result.
    pub ergebnis: Ergebnis,
}

impl From<Pruefzeile> for Zeile {
    fn from(z: Pruefzeile) -> Self {
        Self {
            position: z.position,
            wareneingang_id: z.wareneingang.wareneingang_id,
            we_position_id: z.wareneingang.we_position_id,
            menge: z.menge,
            einheit: z.einheit,
            netto: z.netto,
            ..Self::default()
        }
    }
}

/// Folded state; serde gives the columns of `wawi.rechnungspruefung`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Rechnungspruefung {
    /// The Eingangsrechnung.
    pub eingangsrechnung_id: Uuid,
    /// The supplier.
    pub lieferant_id: Option<Uuid>,
    /// The supplier's number of the document.
    pub lieferantennummer: String,
    /// Date of the document.
    pub rechnungsdatum: NaiveDate,
    /// Status.
    pub status: RechnungspruefungStatus,
    /// Who released a deviation.
    pub freigegeben_von: Option<Akteur>,
    /// Reason of the last step by hand.
    pub begruendung: Option<String>,
    /// Lines.
    pub zeilen: Vec<Zeile>,
    /// Costs of bringing goods in.
    pub nebenkosten: Vec<Nebenkosten>,
}

/// A comparison as its Eingangsrechnung begins it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Anlage {
    /// The Eingangsrechnung.
    pub eingangsrechnung_id: Uuid,
    /// The supplier.
    pub lieferant_id: Option<Uuid>,
    /// The supplier's number of the document.
    pub lieferantennummer: String,
    /// Date of the document.
    pub rechnungsdatum: NaiveDate,
    /// Lines with goods.
    pub zeilen: Vec<Pruefzeile>,
    /// Costs of bringing goods in.
    pub nebenkosten: Vec<Nebenkosten>,
}

impl Anlage {
    /// The lines of a document that concern a comparison.
    #[must_use]
    pub fn teile(positionen: &[EingangsPosition]) -> (Vec<Pruefzeile>, Vec<Nebenkosten>) {
        let zeile = |p: &EingangsPosition| {
            Some(Pruefzeile {
                position: p.nr,
                wareneingang: p.wareneingang?,
                menge: p.menge?,
                einheit: p.einheit.clone()?,
                netto: p.netto,
            })
        };
        let nebenkosten = |p: &EingangsPosition| {
            Some(Nebenkosten {
                position: p.nr,
                art: p.nebenkosten_art?,
                betrag: p.netto,
            })
        };
        (
            positionen.iter().filter_map(zeile).collect(),
            positionen.iter().filter_map(nebenkosten).collect(),
        )
    }
}

/// Commands.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(deny_unknown_fields)]
pub enum RechnungspruefungCommand {
    /// Begins the comparison of a document that was put on record in the same unit of work.
    Anlegen(Anlage),
    /// Compares.
    Pruefen {},
    /// Assigns a line to another received line, or changes what is compared.
    ZeileZuordnen {
        /// Line of the Eingangsrechnung.
        position: i32,
        /// The received line.
        wareneingang: WePosition,
        /// Quantity in the line's unit.
        menge: Dezimal,
    },
    /// Releases a deviation.
    Freigeben {
        /// Why.
        begruendung: Option<Text<500>>,
    },
    /// Puts the decision off.
    Zurueckstellen {
        /// Why.
        grund: Option<Text<500>>,
    },
    /// Refuses the document; it goes back to the supplier.
    Ablehnen {
        /// Why.
        grund: Text<500>,
    },
    /// The document was posted in the same unit of work.
    Verbuchen {
        /// Date in the ledger.
        buchungsdatum: NaiveDate,
    },
    /// The posting was reversed in the same unit of work.
    Ruecknehmen {
        /// Date of the reversal.
        datum: NaiveDate,
    },
}

/// Facts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(deny_unknown_fields)]
pub enum RechnungspruefungEvent {
    /// Begun.
    Angelegt(Anlage),
    /// Compared.
    Geprueft {
        /// Each line's result.
        vergleiche: Vec<Vergleich>,
    },
    /// A line is compared with another received line; all are compared again.
    ZeileZugeordnet {
        /// The line.
        zeile: Pruefzeile,
        /// Each line's result.
        vergleiche: Vec<Vergleich>,
    },
    /// Released.
    Freigegeben {
        /// By whom.
        freigegeben_von: Akteur,
        /// Why.
        begruendung: Option<String>,
    },
    /// Put off.
    Zurueckgestellt {
        /// Why.
        grund: Option<String>,
    },
    /// Refused.
    Abgelehnt {
        /// The Eingangsrechnung.
        eingangsrechnung_id: Uuid,
        /// Why.
        grund: String,
    },
    /// In the ledger.
    Verbucht {
        /// The Eingangsrechnung.
        eingangsrechnung_id: Uuid,
        /// Date in the ledger.
        buchungsdatum: NaiveDate,
        /// What the invoice takes from the received lines.
        berechnungen: Vec<Berechnung>,
    },
    /// Taken back.
    Zurueckgenommen {
        /// The Eingangsrechnung.
        eingangsrechnung_id: Uuid,
        /// Date.
        datum: NaiveDate,
        /// What is given back to the received lines.
        berechnungen: Vec<Berechnung>,
    },
}

/// Refusals of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error, strum::IntoStaticStr)]
pub enum RechnungspruefungError {
    /// More than was received.
    #[error("berechnet ist mehr als geliefert: offen sind noch {offen}; Menge prüfen oder die Rechnung ablehnen")]
    #[strum(serialize = "RECHNUNGSPRUEFUNG_MENGE_UEBER_WE")]
    MengeUeberWe {
        /// What is open.
        offen: Menge,
    },
}

crate::wire!(Rechnungspruefung, RechnungspruefungCommand => RechnungspruefungEvent | RechnungspruefungError);

type Folge<T> = Result<T, Refused<RechnungspruefungError>>;

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
        bestellung: bestellt.map(|((bestellung_id, position_id), bestellmenge)| Bestellmenge {
            bestellung_id,
            position_id,
            menge: anteil(bestellmenge, menge, position.menge),
        }),
    })
}

/// What a part of a receipt is of the order's quantity; a full one is exactly all of it.
fn anteil(bestellmenge: Menge, menge: Menge, geliefert: Menge) -> Menge {
    let produkt = bestellmenge.as_decimal().checked_mul(menge.as_decimal());
    let anteil = produkt.and_then(|p| p.checked_div(geliefert.as_decimal()));
    Menge::rounded(anteil.unwrap_or_default(), 6)
}

impl Rechnungspruefung {
    /// The stream of an Eingangsrechnung.
    #[must_use]
    pub fn stream_id(mandant_id: Uuid, eingangsrechnung_id: Uuid) -> Uuid {
        stream_id(mandant_id, Self::TYPE, &eingangsrechnung_id.to_string())
    }

    /// The first deviation that nobody has released: its line, the quantity above what was received, the value above what
    /// was agreed.
    #[must_use]
    pub fn offene_abweichung(&self) -> Option<(i32, Menge, Betrag)> {
        use RechnungspruefungStatus::{Freigegeben, Verbucht};
        if matches!(self.status, Freigegeben | Verbucht) {
            return None;
        }
        let abweichung = self
            .zeilen
            .iter()
            .find(|z| matches!(z.ergebnis, Ergebnis::Abweichung | Ergebnis::Offen))?;
        let zu_viel = abweichung.delta_menge.unwrap_or_default().max(Menge::NULL);
        Some((abweichung.position, zu_viel, abweichung.delta_wert.unwrap_or_default()))
    }

    fn pruefzeilen(&self) -> impl Iterator<Item = Pruefzeile> + '_ {
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
    fn vergleiche(zeilen: impl Iterator<Item = Pruefzeile>, ctx: &Context<'_>) -> Folge<Vec<Vergleich>> {
        let mut genommen: Vec<(WePosition, Menge)> = Vec::new();
        let mut vergleiche = Vec::new();
        for zeile in zeilen {
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

    /// What the invoice takes from the received lines. Another one may have taken it since the comparison.
    fn berechnungen(&self, zurueck: bool, ctx: &Context<'_>) -> Folge<Vec<Berechnung>> {
        let mut genommen: Vec<Berechnung> = Vec::new();
        for zeile in self.pruefzeilen() {
            let gegenstand = gegenstand(&zeile, ctx)?;
            let bisher: Menge = genommen
                .iter()
                .filter(|b| b.wareneingang == zeile.wareneingang)
                .map(|b| b.menge)
                .sum();
            let offen = gegenstand.offen - bisher;
            if !zurueck && gegenstand.menge > offen {
                return Err(RechnungspruefungError::MengeUeberWe { offen }.into());
            }
            genommen.push(Berechnung {
                wareneingang: zeile.wareneingang,
                menge: gegenstand.menge,
                bestellung: gegenstand.bestellung,
            });
        }
        if zurueck {
            for berechnung in &mut genommen {
                berechnung.menge = -berechnung.menge;
                if let Some(bestellung) = &mut berechnung.bestellung {
                    bestellung.menge = -bestellung.menge;
                }
            }
        }
        Ok(genommen)
    }

    fn zuordnen(&self, position: i32, wareneingang: WePosition, menge: Dezimal, ctx: &Context<'_>) -> Decision<Self> {
        let Some(alt) = self.pruefzeilen().find(|z| z.position == position) else {
            return Err(Shared::feld("/position", "diese Position wird nicht geprüft").into());
        };
        let neu = Pruefzeile {
            wareneingang,
            menge: Menge::positiv(menge, MENGE_STELLEN, "/menge")?,
            ..alt
        };
        let ersetzt = |z: Pruefzeile| if z.position == position { neu.clone() } else { z };
        let vergleiche = Self::vergleiche(self.pruefzeilen().map(ersetzt), ctx)?;
        Ok(vec![RechnungspruefungEvent::ZeileZugeordnet { zeile: neu, vergleiche }])
    }

    fn verglichen(&mut self, vergleiche: Vec<Vergleich>) {
        for v in vergleiche {
            if let Some(zeile) = self.zeilen.iter_mut().find(|z| z.position == v.position) {
                zeile.menge_offen = Some(v.menge_offen);
                zeile.preis_vereinbart = Some(v.preis_vereinbart.betrag);
                zeile.wert_vereinbart = Some(v.wert_vereinbart);
                zeile.delta_menge = Some(v.delta_menge);
                zeile.delta_wert = Some(v.delta_wert);
                zeile.delta_prozent = Some(v.delta_prozent);
                zeile.ergebnis = v.ergebnis;
            }
        }
        self.status = RechnungspruefungStatus::Geprueft;
    }
}

/// Decimals of a quantity on a document (fibu 0).
const MENGE_STELLEN: u32 = 4;

impl Aggregate for Rechnungspruefung {
    const NAME: &'static str = "Rechnungspruefung";
    const TYPE: &'static str = "rechnungspruefung";
    const BEREICH: Bereich = Bereich::Wawi;
    const RESSOURCE: &'static str = "rechnungspruefungen";
    const CREATE: &'static str = "Anlegen";
    const INTERNAL: &'static [&'static str] = &["Anlegen", "Pruefen", "Verbuchen", "Ruecknehmen"];
    type Command = RechnungspruefungCommand;
    type Event = RechnungspruefungEvent;
    type Error = RechnungspruefungError;

    fn stream_key(command: &RechnungspruefungCommand) -> Option<StreamKey> {
        match command {
            RechnungspruefungCommand::Anlegen(anlage) => Some(StreamKey {
                feld: Some("eingangsrechnung_id"),
                wert: anlage.eingangsrechnung_id.to_string(),
            }),
            _ => None,
        }
    }

    fn decide(&self, command: RechnungspruefungCommand, ctx: &Context<'_>) -> Decision<Self> {
        use RechnungspruefungCommand as Cmd;
        use RechnungspruefungEvent as Ev;
        use RechnungspruefungStatus::{Freigegeben, Geprueft, Neu, Offen, Verbucht, Zurueckgestellt};
        let event = match (self.status, command) {
            (Neu, Cmd::Anlegen(anlage)) => Ev::Angelegt(anlage),
            (Offen, Cmd::Pruefen {}) => Ev::Geprueft {
                vergleiche: Self::vergleiche(self.pruefzeilen(), ctx)?,
            },
            (
                Geprueft | Zurueckgestellt,
                Cmd::ZeileZuordnen {
                    position,
                    wareneingang,
                    menge,
                },
            ) => return self.zuordnen(position, wareneingang, menge, ctx),
            (Geprueft | Zurueckgestellt, Cmd::Freigeben { begruendung }) => {
                if !ctx.darf(RECHT) {
                    let sonderrecht = RECHT.to_owned();
                    return Err(Shared::BerechtigungFehlt { sonderrecht }.into());
                }
                Ev::Freigegeben {
                    freigegeben_von: ctx.akteur(),
                    begruendung: begruendung.map(|b| b.to_string()),
                }
            }
            (Geprueft, Cmd::Zurueckstellen { grund }) => Ev::Zurueckgestellt {
                grund: grund.map(|g| g.to_string()),
            },
            (Geprueft | Zurueckgestellt, Cmd::Ablehnen { grund }) => Ev::Abgelehnt {
                eingangsrechnung_id: self.eingangsrechnung_id,
                grund: grund.to_string(),
            },
            (Geprueft | Freigegeben, Cmd::Verbuchen { buchungsdatum }) if self.offene_abweichung().is_none() => {
                Ev::Verbucht {
                    eingangsrechnung_id: self.eingangsrechnung_id,
                    buchungsdatum,
                    berechnungen: self.berechnungen(false, ctx)?,
                }
            }
            (Verbucht, Cmd::Ruecknehmen { datum }) => Ev::Zurueckgenommen {
                eingangsrechnung_id: self.eingangsrechnung_id,
                datum,
                berechnungen: self.berechnungen(true, ctx)?,
            },
            (status, Cmd::Anlegen(_)) => return Err(Shared::status(status, &["neu"]).into()),
            (status, Cmd::Pruefen {}) => return Err(Shared::status(status, &["offen"]).into()),
            (status, Cmd::Zurueckstellen { .. }) => return Err(Shared::status(status, &["geprueft"]).into()),
            (status, Cmd::Verbuchen { .. }) => return Err(Shared::status(status, &["geprueft", "freigegeben"]).into()),
            (status, Cmd::Ruecknehmen { .. }) => return Err(Shared::status(status, &["verbucht"]).into()),
            (status, Cmd::ZeileZuordnen { .. } | Cmd::Freigeben { .. } | Cmd::Ablehnen { .. }) => {
                return Err(Shared::status(status, &["geprueft", "zurueckgestellt"]).into());
            }
        };
        Ok(vec![event])
    }

    fn evolve(&mut self, event: RechnungspruefungEvent) {
        match event {
            RechnungspruefungEvent::Angelegt(a) => {
                *self = Self {
                    eingangsrechnung_id: a.eingangsrechnung_id,
                    lieferant_id: a.lieferant_id,
                    lieferantennummer: a.lieferantennummer,
                    rechnungsdatum: a.rechnungsdatum,
                    status: RechnungspruefungStatus::Offen,
                    zeilen: a.zeilen.into_iter().map(Zeile::from).collect(),
                    nebenkosten: a.nebenkosten,
                    ..Self::default()
                };
            }
            RechnungspruefungEvent::Geprueft { vergleiche } => self.verglichen(vergleiche),
            RechnungspruefungEvent::ZeileZugeordnet { zeile, vergleiche } => {
                if let Some(alt) = self.zeilen.iter_mut().find(|z| z.position == zeile.position) {
                    *alt = zeile.into();
                }
                self.verglichen(vergleiche);
            }
            RechnungspruefungEvent::Freigegeben {
                freigegeben_von,
                begruendung,
            } => {
                self.freigegeben_von = Some(freigegeben_von);
                self.begruendung = begruendung;
                self.status = RechnungspruefungStatus::Freigegeben;
            }
            RechnungspruefungEvent::Zurueckgestellt { grund } => {
                self.begruendung = grund;
                self.status = RechnungspruefungStatus::Zurueckgestellt;
            }
            RechnungspruefungEvent::Abgelehnt { grund, .. } => {
                self.begruendung = Some(grund);
                self.status = RechnungspruefungStatus::Abgelehnt;
            }
            RechnungspruefungEvent::Verbucht { .. } => self.status = RechnungspruefungStatus::Verbucht,
            RechnungspruefungEvent::Zurueckgenommen { .. } => self.status = RechnungspruefungStatus::Zurueckgenommen,
        }
    }
}
