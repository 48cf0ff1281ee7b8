//! Versand: a delivery of a released order; its paper is the Lieferschein (wawi 7). Its goods issue is one unit of work
//! with stock and order.

mod command;
mod event;
mod types;

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use command::{KommissionierEingabe, PlanEingabe, PlanPosition, VersandCommand};
pub use event::{VersandError, VersandEvent};
pub use types::{VersandPosition, VersandStatus, Warenausgangsposition};

use chrono::NaiveDate;

use crate::{
    Aggregate, Context, Decision, Key, Refused, Shared,
    crm::{
        Auftrag, Kunde,
        auftrag::{AuftragError, AuftragPosition, Lieferadresse},
        kunde::SperreArt,
    },
    types::{Bereich, Dezimal, Menge},
    wawi::belegposition::{self, STELLEN, fremd},
};

/// The fact that names the lines of an order's deliveries whose goods are still here, with what shall go of each; its key
/// is the Auftrag.
pub const FACT_IM_HAUS: &str = "versand_im_haus";

/// The Nummernkreis of deliveries.
const KREIS: &str = "VS";

/// The Nummernkreis of Lieferscheine; gapless.
const KREIS_LIEFERSCHEIN: &str = "LS";

/// Most positions of a delivery.
const MAX_POSITIONEN: usize = 1_000;

/// Folded state; serde gives the columns of `wawi.versand`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Versand {
    /// Number, once released.
    pub versand_nr: Option<String>,
    /// Number of the Lieferschein, once the goods went.
    pub lieferschein_nr: Option<String>,
    /// The order.
    pub auftrag_id: Uuid,
    /// Its number.
    pub auftrag_nr: String,
    /// Customer.
    pub kunde_id: Uuid,
    /// His number.
    pub kunden_nr: String,
    /// His name.
    pub kunde_name: String,
    /// Where the goods go.
    #[serde(flatten)]
    pub lieferadresse: Lieferadresse,
    /// When.
    pub termin: Option<NaiveDate>,
    /// Day on which the goods went.
    pub buchungsdatum: Option<NaiveDate>,
    /// Who took the goods.
    pub zugestellt_an: Option<String>,
    /// When he took them.
    pub zugestellt_am: Option<NaiveDate>,
    /// With what reservation.
    pub vorbehalt: Option<String>,
    /// Status.
    pub status: VersandStatus,
    /// Lines.
    pub positionen: Vec<VersandPosition>,
}

crate::wire!(Versand, VersandCommand => VersandEvent | VersandError);

type Refusal = Refused<VersandError>;

impl Versand {
    /// Scope of the number's claim.
    pub const KEY_NR: &'static str = "versand.versand_nr";
    /// Scope of the claim of the Lieferschein's number.
    pub const KEY_LIEFERSCHEIN: &'static str = "versand.lieferschein_nr";
    /// The part by which the invoice is named that its goods issue drafts.
    pub const TEIL_RECHNUNG: &'static str = "versand/rechnung";

    fn planen(eingabe: &PlanEingabe, ctx: &Context<'_>) -> Decision<Self> {
        let auftrag = geplanter_auftrag(eingabe.auftrag_id, ctx)?;
        if eingabe.kunde_id.is_some_and(|id| id != auftrag.kunde_id) {
            return Err(Shared::feld("/kunde_id", "der Auftrag ist von einem anderen Kunden").into());
        }
        if eingabe.positionen.is_empty() || eingabe.positionen.len() > MAX_POSITIONEN {
            let text = format!("nötig sind 1 bis {MAX_POSITIONEN} Positionen des Auftrags");
            return Err(Shared::feld("/positionen", text).into());
        }
        let mut positionen: Vec<VersandPosition> = Vec::with_capacity(eingabe.positionen.len());
        let mut termin = eingabe.termin;
        for (i, geplant) in eingabe.positionen.iter().enumerate() {
            let (position, gewuenscht) = geplante_position(&auftrag, i, geplant)?;
            if positionen.iter().any(|p| p.position_id == position.position_id) {
                let text = "die Position steht schon im Versand; bitte nur einmal nennen";
                return Err(Shared::feld(format!("/positionen/{i}/position_id"), text).into());
            }
            termin = termin.or(gewuenscht);
            positionen.push(position);
        }
        Ok(vec![VersandEvent::Geplant {
            auftrag_id: eingabe.auftrag_id,
            auftrag_nr: auftrag.auftrag_nr.clone(),
            kunde_id: auftrag.kunde_id,
            kunden_nr: auftrag.kunden_nr.clone(),
            kunde_name: auftrag.kunde_name.clone(),
            lieferadresse: auftrag.lieferadresse.clone(),
            termin,
            positionen,
        }])
    }

    /// Who plans for the order may come after somebody by hand, after goods went, and after its end.
    fn rest_planen(mut eingabe: PlanEingabe, ctx: &Context<'_>) -> Decision<Self> {
        let Some(auftrag) = ctx.get::<Auftrag>(eingabe.auftrag_id)? else {
            return Ok(Vec::new());
        };
        eingabe.positionen.retain_mut(|geplant| {
            let position = auftrag.positionen.iter().find(|p| p.position_id == geplant.position_id);
            let offen = position.map_or(Menge::NULL, AuftragPosition::offen);
            geplant.menge = Dezimal(geplant.menge.0.min(offen.as_decimal()));
            !offen.is_null()
        });
        if eingabe.positionen.is_empty() || auftrag.planung_pruefen().is_err() {
            return Ok(Vec::new());
        }
        Self::planen(&eingabe, ctx)
    }

    fn position(&self, position_id: Uuid) -> Result<&VersandPosition, Shared> {
        let gesucht = self.positionen.iter().find(|p| p.position_id == position_id);
        gesucht.ok_or_else(|| Shared::feld("/position_id", "diese Position hat der Versand nicht"))
    }

    /// Nothing goes to a customer who is locked for deliveries.
    fn liefersperre(&self, ctx: &Context<'_>) -> Result<(), Refusal> {
        let kunde = ctx.get::<Kunde>(self.kunde_id)?;
        if kunde.is_some_and(|kunde| kunde.gesperrt(SperreArt::Liefer, ctx.heute())) {
            let kunden_nr = self.kunden_nr.clone();
            return Err(VersandError::Liefersperre { kunden_nr }.into());
        }
        Ok(())
    }

    fn setzen(&self, position_id: Uuid, menge: Dezimal, ctx: &Context<'_>) -> Decision<Self> {
        self.position(position_id)?;
        let menge = Menge::positiv(menge, STELLEN, "/menge")?;
        hoechstens(&*auftrag(self.auftrag_id, ctx)?, position_id, menge)?;
        Ok(vec![VersandEvent::PositionGesetzt { position_id, menge }])
    }

    fn freigeben(&self, ctx: &Context<'_>) -> Decision<Self> {
        self.liefersperre(ctx)?;
        auftrag(self.auftrag_id, ctx)?;
        let versand_nr = ctx.draw(KREIS, ctx.heute())?.text;
        Ok(vec![VersandEvent::Freigegeben { versand_nr }])
    }

    fn kommissioniert(&self, eingaben: Vec<KommissionierEingabe>, ctx: &Context<'_>) -> Decision<Self> {
        let auftrag = auftrag(self.auftrag_id, ctx)?;
        for eingabe in &eingaben {
            self.position(eingabe.position_id)?;
            if eingabe.menge < Menge::NULL {
                let feld = "/positionen/menge".to_owned();
                return Err(Shared::MengeUngueltig { feld }.into());
            }
            hoechstens(&auftrag, eingabe.position_id, eingabe.menge)?;
        }
        Ok(vec![VersandEvent::KommissionierungGemeldet { positionen: eingaben }])
    }

    /// At least something was picked; refused with the first line of which nothing was.
    fn kommissionierung_pruefen(&self) -> Result<(), VersandError> {
        if self.positionen.iter().any(|p| p.ist > Menge::NULL) {
            return Ok(());
        }
        let pos = self.positionen.first().map_or(1, |p| p.pos);
        Err(VersandError::NichtKommissioniert { pos })
    }

    fn warenausgang(&self, buchungsdatum: Option<NaiveDate>, ctx: &Context<'_>) -> Decision<Self> {
        self.kommissionierung_pruefen()?;
        let buchungsdatum = belegposition::buchungstag(buchungsdatum, ctx)?;
        self.liefersperre(ctx)?;
        let auftrag = auftrag(self.auftrag_id, ctx)?;
        let mut positionen = Vec::with_capacity(self.positionen.len());
        for position in self.positionen.iter().filter(|p| p.ist > Menge::NULL) {
            hoechstens(&auftrag, position.position_id, position.ist)?;
            let artikel = belegposition::artikel::<VersandError>(position.artikel_id, ctx)?;
            artikel.verkauf_pruefen(buchungsdatum).map_err(fremd)?;
            positionen.push(Warenausgangsposition {
                position_id: position.position_id,
                artikel_id: position.artikel_id,
                lager_id: position.lager_id,
                lagergefuehrt: position.lagergefuehrt,
                platz: position.platz.clone(),
                menge: position.ist,
                einheit: position.einheit.clone(),
                basismenge: artikel.in_basis(position.ist, &position.einheit).map_err(fremd)?,
                endlieferung: position.endlieferung,
            });
        }
        Ok(vec![VersandEvent::WarenausgangGebucht {
            auftrag_id: self.auftrag_id,
            kunde_id: self.kunde_id,
            lieferschein_nr: ctx.draw(KREIS_LIEFERSCHEIN, buchungsdatum)?.text,
            buchungsdatum,
            positionen,
        }])
    }

    /// The order needs less: at most so much of a position. A delivery that is on its way stays as it is, and one of
    /// which nothing is left is cancelled.
    fn kuerzen(&self, position_id: Uuid, menge: Menge) -> Decision<Self> {
        if menge < Menge::NULL {
            let feld = "/menge".to_owned();
            return Err(Shared::MengeUngueltig { feld }.into());
        }
        let position = self.position(position_id)?;
        if !self.status.im_haus() || position.soll <= menge && position.ist <= menge {
            return Ok(Vec::new());
        }
        let gekuerzt = VersandEvent::MengeGekuerzt {
            position_id,
            soll: position.soll.min(menge),
            ist: position.ist.min(menge),
        };
        let mut danach = self.clone();
        danach.evolve(gekuerzt.clone());
        let leer = danach.positionen.iter().all(|p| p.soll.is_null() && p.ist.is_null());
        let storno = leer.then(|| VersandEvent::Storniert {
            grund: "vom Auftrag ist nichts mehr zu liefern".to_owned(),
        });
        Ok([gekuerzt].into_iter().chain(storno).collect())
    }

    fn mit_position(&mut self, position_id: Uuid, aendern: impl FnOnce(&mut VersandPosition)) {
        if let Some(position) = self.positionen.iter_mut().find(|p| p.position_id == position_id) {
            aendern(position);
        }
    }
}

/// The order, if its delivery may be planned.
fn geplanter_auftrag(auftrag_id: Uuid, ctx: &Context<'_>) -> Result<Arc<Auftrag>, Refusal> {
    let unbekannt = || Shared::feld("/auftrag_id", "diesen Auftrag gibt es nicht; bitte zuerst anlegen");
    let auftrag = ctx.get::<Auftrag>(auftrag_id)?.ok_or_else(unbekannt)?;
    auftrag.planung_pruefen().map_err(Refused::fremd)?;
    Ok(auftrag)
}

/// The order, if it may be delivered.
fn auftrag(auftrag_id: Uuid, ctx: &Context<'_>) -> Result<Arc<Auftrag>, Refusal> {
    let auftrag = geplanter_auftrag(auftrag_id, ctx)?;
    auftrag.lieferung_pruefen().map_err(Refused::fremd)?;
    Ok(auftrag)
}

/// The order answers how much may still go.
fn hoechstens(auftrag: &Auftrag, position_id: Uuid, menge: Menge) -> Result<(), Refusal> {
    let max = auftrag.lieferbar(position_id);
    if menge > max {
        return Err(fremd(AuftragError::Ueberlieferung { max }));
    }
    Ok(())
}

/// A line of the delivery from its line of the order, and when that one is wanted.
fn geplante_position(
    auftrag: &Auftrag,
    i: usize,
    geplant: &PlanPosition,
) -> Result<(VersandPosition, Option<NaiveDate>), Refusal> {
    let feld = |name: &str| format!("/positionen/{i}/{name}");
    let position = auftrag.positionen.iter().find(|p| p.position_id == geplant.position_id);
    let position = position.ok_or_else(|| Shared::feld(feld("position_id"), "diese Position hat der Auftrag nicht"))?;
    let anders = [
        (
            "artikel_id",
            geplant.artikel_id.is_some_and(|id| id != position.artikel_id),
        ),
        ("lager_id", geplant.lager_id.is_some_and(|id| id != position.lager_id)),
        (
            "einheit",
            geplant.einheit.as_ref().is_some_and(|e| e.as_str() != position.einheit),
        ),
    ];
    if let Some((name, _)) = anders.into_iter().find(|(_, anders)| *anders) {
        let text = "die Position des Auftrags nennt etwas anderes; bitte weglassen oder gleich angeben";
        return Err(Shared::feld(feld(name), text).into());
    }
    let soll = Menge::positiv(geplant.menge, STELLEN, &feld("menge"))?;
    hoechstens(auftrag, geplant.position_id, soll)?;
    let versand = VersandPosition {
        position_id: position.position_id,
        pos: position.pos,
        artikel_id: position.artikel_id,
        artikel_nr: position.artikel_nr.clone(),
        bezeichnung: position.bezeichnung.clone(),
        lager_id: position.lager_id,
        lagergefuehrt: position.lagergefuehrt,
        einheit: position.einheit.clone(),
        soll,
        ist: Menge::NULL,
        platz: None,
        endlieferung: false,
    };
    Ok((versand, position.termin))
}

/// States in which a command is possible, for the refusal of all others.
fn erlaubt(command: &VersandCommand) -> &'static [&'static str] {
    use VersandCommand as Cmd;
    match command {
        Cmd::Planen(_) | Cmd::RestPlanen(_) => &["neu"],
        Cmd::Freigeben {} => &["geplant"],
        Cmd::PositionSetzen { .. } => &["geplant", "freigegeben"],
        Cmd::KommissionierungMelden { .. } => &["freigegeben", "kommissioniert"],
        Cmd::Verladen {} => &["kommissioniert"],
        Cmd::WarenausgangBuchen { .. } => &["kommissioniert", "verladen"],
        Cmd::ZustellungBestaetigen { .. } => &["unterwegs"],
        Cmd::MengeKuerzen { .. } | Cmd::Stornieren { .. } => &["geplant", "freigegeben", "kommissioniert", "verladen"],
    }
}

impl Aggregate for Versand {
    const NAME: &'static str = "Versand";
    const TYPE: &'static str = "versand";
    const BEREICH: Bereich = Bereich::Wawi;
    const RESSOURCE: &'static str = "versande";
    const CREATE: &'static str = "Planen";
    const INTERNAL: &'static [&'static str] = &["RestPlanen"];
    type Command = VersandCommand;
    type Event = VersandEvent;
    type Error = VersandError;

    fn decide(&self, command: VersandCommand, ctx: &Context<'_>) -> Decision<Self> {
        use VersandCommand as Cmd;
        use VersandStatus::{Freigegeben, Geplant, Kommissioniert, Neu, Unterwegs, Verladen};
        match (self.status, command) {
            (Neu, Cmd::Planen(eingabe)) => Self::planen(&eingabe, ctx),
            (Neu, Cmd::RestPlanen(eingabe)) => Self::rest_planen(eingabe, ctx),
            (Neu, _) => Err(Shared::status(Neu, &["geplant"]).into()),
            // Planned already, also if it was meant to be more or less when it was asked for again.
            (_, Cmd::RestPlanen(_)) => Ok(Vec::new()),
            (_, Cmd::MengeKuerzen { position_id, menge }) => self.kuerzen(position_id, menge),
            (Geplant | Freigegeben, Cmd::PositionSetzen { position_id, menge }) => self.setzen(position_id, menge, ctx),
            (Geplant, Cmd::Freigeben {}) => self.freigeben(ctx),
            (Freigegeben | Kommissioniert, Cmd::KommissionierungMelden { positionen }) => {
                self.kommissioniert(positionen, ctx)
            }
            (Kommissioniert, Cmd::Verladen {}) => {
                self.kommissionierung_pruefen()?;
                Ok(vec![VersandEvent::Verladen {}])
            }
            (Freigegeben | Kommissioniert | Verladen, Cmd::WarenausgangBuchen { buchungsdatum }) => {
                self.warenausgang(buchungsdatum, ctx)
            }
            (Unterwegs, Cmd::ZustellungBestaetigen { name, am, vorbehalt }) => {
                let am = am.unwrap_or(ctx.heute());
                if am > ctx.heute() || self.buchungsdatum.is_some_and(|ab| am < ab) {
                    let text = "zugestellt wird nach dem Warenausgang und nicht in der Zukunft";
                    return Err(Shared::feld("/am", text).into());
                }
                Ok(vec![VersandEvent::ZustellungBestaetigt {
                    name: name.to_string(),
                    am,
                    vorbehalt: vorbehalt.map(|v| v.to_string()),
                }])
            }
            (status, Cmd::Stornieren { grund }) if status.im_haus() => Ok(vec![VersandEvent::Storniert {
                grund: grund.to_string(),
            }]),
            (status, command) => Err(Shared::status(status, erlaubt(&command)).into()),
        }
    }

    fn evolve(&mut self, event: VersandEvent) {
        use VersandEvent as Ev;
        match event {
            Ev::Geplant {
                auftrag_id,
                auftrag_nr,
                kunde_id,
                kunden_nr,
                kunde_name,
                lieferadresse,
                termin,
                positionen,
            } => {
                *self = Self {
                    auftrag_id,
                    auftrag_nr,
                    kunde_id,
                    kunden_nr,
                    kunde_name,
                    lieferadresse,
                    termin,
                    positionen,
                    status: VersandStatus::Geplant,
                    ..Self::default()
                };
            }
            Ev::PositionGesetzt { position_id, menge } => self.mit_position(position_id, |p| p.soll = menge),
            Ev::Freigegeben { versand_nr } => {
                self.versand_nr = Some(versand_nr);
                self.status = VersandStatus::Freigegeben;
            }
            Ev::KommissionierungGemeldet { positionen } => {
                for gemeldet in positionen {
                    self.mit_position(gemeldet.position_id, |p| {
                        p.ist = gemeldet.menge;
                        p.platz = gemeldet.platz.map(|platz| platz.to_string());
                        p.endlieferung = gemeldet.endlieferung;
                    });
                }
                self.status = VersandStatus::Kommissioniert;
            }
            Ev::Verladen {} => self.status = VersandStatus::Verladen,
            Ev::WarenausgangGebucht {
                lieferschein_nr,
                buchungsdatum,
                ..
            } => {
                self.lieferschein_nr = Some(lieferschein_nr);
                self.buchungsdatum = Some(buchungsdatum);
                self.status = VersandStatus::Unterwegs;
            }
            Ev::ZustellungBestaetigt { name, am, vorbehalt } => {
                self.zugestellt_an = Some(name);
                self.zugestellt_am = Some(am);
                self.vorbehalt = vorbehalt;
                self.status = VersandStatus::Zugestellt;
            }
            Ev::MengeGekuerzt { position_id, soll, ist } => self.mit_position(position_id, |p| {
                p.soll = soll;
                p.ist = ist;
            }),
            Ev::Storniert { .. } => self.status = VersandStatus::Storniert,
        }
    }

    fn keys(&self) -> Vec<Key> {
        let nr = self.versand_nr.as_deref();
        let schein = self.lieferschein_nr.as_deref();
        nr.map(|nr| Key::new(Self::KEY_NR, "versand_nr", nr))
            .into_iter()
            .chain(schein.map(|nr| Key::new(Self::KEY_LIEFERSCHEIN, "lieferschein_nr", nr)))
            .collect()
    }

    fn nummer(&self) -> Option<String> {
        self.lieferschein_nr.clone().or_else(|| self.versand_nr.clone())
    }
}
