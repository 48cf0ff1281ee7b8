//! Approval of a Bestellung: how many levels its total needs, who gives them, and when it must be approved again.

use chrono::NaiveDate;

use super::{
    BestellFreigabe, BestelltePosition, Bestellung, BestellungError, BestellungEvent, BestellungStatus, Entscheidung,
    lieferant,
};
use crate::{
    Aggregate, Context, Decision, Refused, Shared,
    types::{Akteur, Betrag, Text},
    wawi::belegposition::{self, fremd},
};

/// The Nummernkreis of purchase orders.
const KREIS: &str = "BE";

/// Above this net total each level of approval is needed (wawi 4).
const FREIGABE_GRENZEN: [Betrag; 2] = [Betrag::cent(100_000), Betrag::cent(1_000_000)];

/// Warning: the order is below the least value that the supplier takes.
const UNTER_MINDESTBESTELLWERT: &str = "BESTELLUNG_UNTER_MINDESTBESTELLWERT";

impl Bestellung {
    /// Levels of approval for a net total.
    fn stufen(netto: Betrag) -> u8 {
        FREIGABE_GRENZEN.iter().map(|grenze| u8::from(netto > *grenze)).sum()
    }

    /// The net total above which a level is needed.
    fn grenze(stufe: u8) -> Option<Betrag> {
        let nr = usize::from(stufe).checked_sub(1)?;
        FREIGABE_GRENZEN.get(nr).copied()
    }

    /// What is approved: the goods and the costs of bringing them in.
    pub(super) fn gesamt(&self) -> Betrag {
        self.summe() + self.nebenkosten.iter().map(|n| n.betrag).sum::<Betrag>()
    }

    /// The level that comes next.
    pub(super) fn naechste_stufe(&self) -> u8 {
        let gegeben = self
            .freigaben
            .iter()
            .filter(|f| f.entscheidung == Entscheidung::Freigegeben);
        gegeben.map(|f| f.stufe).max().unwrap_or(0).saturating_add(1)
    }

    pub(super) fn zur_freigabe(&self, ctx: &Context<'_>) -> Decision<Self> {
        if self.positionen.is_empty() {
            return Err(BestellungError::PositionFehlt {}.into());
        }
        self.bestellbar(ctx)?;
        let netto = self.gesamt();
        let stufen = Self::stufen(netto);
        let mut events = vec![BestellungEvent::ZurFreigabeGegeben {
            netto,
            stufen,
            von: Some(ctx.akteur()),
        }];
        if stufen == 0 {
            events.push(self.freigegeben(netto, ctx)?);
        }
        Ok(events)
    }

    pub(super) fn freigeben(&self, stufe: u8, ctx: &Context<'_>) -> Decision<Self> {
        let naechste = self.naechste_stufe();
        if stufe != naechste {
            return Err(BestellungError::FreigabeErforderlich { stufe: naechste }.into());
        }
        let von = ctx.akteur();
        self.zweite_person(&von)?;
        self.bestellbar(ctx)?;
        let mut events = vec![BestellungEvent::StufeFreigegeben {
            stufe,
            grenze: Self::grenze(stufe),
            von,
            am: ctx.frame.jetzt,
        }];
        if stufe >= self.freigabe_stufen {
            events.push(self.freigegeben(self.gesamt(), ctx)?);
        }
        Ok(events)
    }

    /// Who ordered, handed over or made the order dearer approves no level of it, and nobody approves two.
    fn zweite_person(&self, von: &Akteur) -> Result<(), Shared> {
        let eigene = self.besteller.as_ref() == Some(von) || self.vorgelegt_von.as_ref() == Some(von);
        let regel = match (eigene, self.freigaben.iter().any(|f| f.von == *von)) {
            (true, _) => "selbst_genehmigung",
            (false, true) => "doppelte_person",
            (false, false) => return Ok(()),
        };
        Err(Shared::VierAugen {
            regel: Some(regel.to_owned()),
        })
    }

    pub(super) fn ablehnen(&self, grund: &Text<500>, ctx: &Context<'_>) -> BestellungEvent {
        BestellungEvent::Abgelehnt {
            grund: grund.to_string(),
            stufe: Some(self.naechste_stufe()),
            von: Some(ctx.akteur()),
            am: Some(ctx.frame.jetzt),
        }
    }

    /// Folds what was handed over and decided.
    pub(super) fn entscheidung_falten(&mut self, event: BestellungEvent) {
        match event {
            BestellungEvent::ZurFreigabeGegeben { stufen, von, .. } => {
                self.freigabe_stufen = stufen;
                self.vorgelegt_von = von;
                self.freigaben.clear();
                self.status = BestellungStatus::InFreigabe;
            }
            BestellungEvent::StufeFreigegeben { stufe, grenze, von, am } => self.freigaben.push(BestellFreigabe {
                stufe,
                grenze,
                von,
                entscheidung: Entscheidung::Freigegeben,
                grund: None,
                am,
            }),
            BestellungEvent::Freigegeben { bestell_nr, netto } => {
                self.bestell_nr = Some(bestell_nr);
                self.freigegeben_netto = Some(netto);
                self.status = BestellungStatus::Freigegeben;
            }
            BestellungEvent::Abgelehnt { grund, stufe, von, am } => {
                if let (Some(stufe), Some(von), Some(am)) = (stufe, von, am) {
                    self.freigaben.push(BestellFreigabe {
                        stufe,
                        grenze: Self::grenze(stufe),
                        von,
                        entscheidung: Entscheidung::Abgelehnt,
                        grund: Some(grund),
                        am,
                    });
                }
                self.status = BestellungStatus::Entwurf;
            }
            _ => {}
        }
    }

    fn freigegeben(&self, netto: Betrag, ctx: &Context<'_>) -> Result<BestellungEvent, Refused<BestellungError>> {
        let bestell_nr = match &self.bestell_nr {
            Some(nr) => nr.clone(),
            None => ctx.draw(KREIS, self.bestelldatum)?.text,
        };
        Ok(BestellungEvent::Freigegeben { bestell_nr, netto })
    }

    /// A change with what follows from it: costs are shared anew, a total above the approved one needs approval again,
    /// and an order of which nothing more is to come ends.
    pub(super) fn mit_folgen(&self, event: BestellungEvent, ctx: &Context<'_>) -> Decision<Self> {
        let mut events = vec![event];
        events.extend(self.danach(&events).neu_verteilt(ctx)?);
        let danach = self.danach(&events);
        let netto = danach.gesamt();
        let stufen = Self::stufen(netto);
        let gestiegen = self.freigegeben_netto.is_some_and(|bisher| netto > bisher);
        if self.status != BestellungStatus::Entwurf && gestiegen && stufen > 0 {
            let von = Some(ctx.akteur());
            events.push(BestellungEvent::ZurFreigabeGegeben { netto, stufen, von });
        } else {
            events.extend(danach.abschluss());
        }
        Ok(events)
    }

    /// Sent to the supplier, as it stands.
    pub(super) fn bestellen(
        &self,
        kanal: Option<Text<40>>,
        bestellt_am: Option<NaiveDate>,
        ctx: &Context<'_>,
    ) -> Decision<Self> {
        self.bestellbar(ctx)?;
        let bestellt_am = belegposition::bis_heute(bestellt_am, "/bestellt_am", ctx)?;
        if bestellt_am < self.bestelldatum {
            let text = format!(
                "die Bestellung ist erst vom {}; bitte diesen Tag oder einen späteren angeben",
                self.bestelldatum
            );
            return Err(Shared::feld("/bestellt_am", text).into());
        }
        let positionen = self.positionen.iter().map(|position| BestelltePosition {
            position_id: position.position_id,
            menge: position.menge,
            netto: position.netto,
            einteilungen: position.einteilungen.clone(),
        });
        // Sent again after a dearer change, it may have nothing to wait for any more.
        Ok(self.mit_abschluss(BestellungEvent::Bestellt {
            kanal: kanal.map(|k| k.to_string()),
            bestellt_am: Some(bestellt_am),
            positionen: positionen.collect(),
        }))
    }

    /// Refuses while the supplier takes no orders or an article is locked for purchase; warns below the least order value.
    fn bestellbar(&self, ctx: &Context<'_>) -> Result<(), Refused<BestellungError>> {
        let lieferant = lieferant(self.lieferant_id, ctx)?;
        for position in &self.positionen {
            let artikel = belegposition::artikel(position.artikel_id, ctx)?;
            artikel.einkauf_pruefen(ctx.heute()).map_err(fremd)?;
        }
        let mindestens = lieferant
            .kondition(self.bestelldatum)
            .and_then(|k| k.mindestbestellwert);
        if let Some(mindestens) = mindestens.filter(|m| self.summe() < *m) {
            let text = format!("{} nimmt Bestellungen ab {mindestens} EUR an", self.lieferant_name);
            ctx.warn(UNTER_MINDESTBESTELLWERT, text);
        }
        Ok(())
    }
}
