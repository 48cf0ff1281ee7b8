//! How documents use the line: asking, becoming another document, relief, and the waiting ones that fit again.

use chrono::NaiveDate;

use super::{
    KreditBeleg, KreditBelegTyp, KreditBelegung, KreditGrund, Kreditlinie, KreditlinieError, KreditlinieEvent,
};
use crate::{
    Context, Decision, Shared,
    types::{Betrag, Dezimal},
};

/// An amount in whole cents.
pub(super) fn betrag(wert: Dezimal) -> Result<Betrag, Shared> {
    let meldung = "ein Betrag in EUR hat höchstens zwei Nachkommastellen";
    Betrag::exact(wert).ok_or_else(|| Shared::feld("/betrag", meldung))
}

/// An amount above zero.
fn positiv(wert: Dezimal) -> Result<Betrag, Shared> {
    match betrag(wert)? {
        betrag if betrag > Betrag::NULL => Ok(betrag),
        _ => Err(Shared::feld("/betrag", "der Betrag muss größer als 0 sein")),
    }
}

/// What an order tells when it needs so little less that nothing of it waits any more: its lock Kredit ends.
fn nichts_wartet(beleg: KreditBeleg, obligo: Betrag) -> KreditlinieEvent {
    KreditlinieEvent::Belegt {
        beleg,
        betrag: Betrag::NULL,
        war_vorgemerkt: true,
        obligo,
    }
}

impl Kreditlinie {
    fn belegung(&self, beleg: &KreditBeleg) -> Option<&KreditBelegung> {
        let ist = |b: &&KreditBelegung| b.beleg_typ == beleg.typ && b.beleg_id == beleg.id;
        self.belegungen.iter().find(ist)
    }

    fn bekannt(&self, beleg: &KreditBeleg) -> Result<&KreditBelegung, KreditlinieError> {
        self.belegung(beleg).ok_or(KreditlinieError::BelegUnbekannt {
            beleg_typ: beleg.typ,
            beleg_id: beleg.id,
        })
    }

    /// Refuses to take more than there is: of a document what it uses, of a payment what is not allocated.
    fn reicht(beleg: &KreditBeleg, belegt: Betrag, betrag: Betrag) -> Result<(), KreditlinieError> {
        if betrag <= belegt {
            return Ok(());
        }
        Err(KreditlinieError::Ueberentlastung {
            beleg_typ: beleg.typ,
            beleg_id: beleg.id,
            betrag,
            belegt,
        })
    }

    pub(super) fn belegen(&self, beleg: KreditBeleg, betrag: Dezimal, ctx: &Context<'_>) -> Decision<Self> {
        let (betrag, heute) = (positiv(betrag)?, ctx.heute());
        if beleg.typ.guthaben() {
            Self::reicht(&beleg, -self.bekannt(&beleg)?.belegt, betrag)?;
        }
        if beleg.typ == KreditBelegTyp::Auftrag && !self.passt(betrag, heute) {
            return Ok(vec![self.vormerken(beleg, betrag, ctx)]);
        }
        Ok(vec![KreditlinieEvent::Belegt {
            beleg,
            betrag,
            war_vorgemerkt: false,
            obligo: self.obligo + betrag,
        }])
    }

    /// An order that does not fit waits, behind those that wait already; one that waits keeps its place.
    fn vormerken(&self, beleg: KreditBeleg, betrag: Betrag, ctx: &Context<'_>) -> KreditlinieEvent {
        let limit = self.limit(ctx.heute());
        let grund = if self.abgelaufen(ctx.heute()) {
            KreditGrund::Abgelaufen
        } else {
            KreditGrund::Ueberschritten
        };
        let meldung = format!(
            "{beleg}: {betrag} EUR sind vorgemerkt; mit dem Obligo von {} EUR wäre das Limit von {limit} EUR überschritten",
            self.obligo
        );
        ctx.warn(grund.into(), meldung);
        let letzte = self.belegungen.iter().filter_map(|b| b.vormerkung_nr).max();
        let eigene = self.belegung(&beleg).and_then(|b| b.vormerkung_nr);
        KreditlinieEvent::Vorgemerkt {
            beleg,
            betrag,
            nr: eigene.unwrap_or(letzte.unwrap_or(0) + 1),
            grund,
            limit,
            obligo: self.obligo,
        }
    }

    pub(super) fn umwidmen(&self, von: KreditBeleg, nach: KreditBeleg, betrag: Dezimal) -> Decision<Self> {
        let betrag = positiv(betrag)?;
        if von.typ.guthaben() {
            let meldung = "ein Guthaben wird nicht umgewidmet; es mit Belegen zurücknehmen";
            return Err(Shared::feld("/von/typ", meldung).into());
        }
        if nach.typ == KreditBelegTyp::Auftrag || (von.typ, von.id) == (nach.typ, nach.id) {
            let meldung = "ein Beleg wird zu einem späteren Beleg, nicht zu einem Auftrag oder zu sich selbst";
            return Err(Shared::feld("/nach/typ", meldung).into());
        }
        let alt = self.bekannt(&von)?;
        if nach.typ.guthaben() {
            Self::reicht(&von, alt.belegt, betrag)?;
            Self::reicht(&nach, -self.bekannt(&nach)?.belegt, betrag)?;
        }
        let aus_belegt = alt.belegt.min(betrag);
        let aus_vorgemerkt = alt.vorgemerkt.min(betrag - aus_belegt);
        let obligo = self.obligo - aus_belegt + betrag;
        let wartete = !aus_vorgemerkt.is_null() && aus_vorgemerkt == alt.vorgemerkt;
        let signal = wartete.then(|| nichts_wartet(von.clone(), obligo));
        let umgewidmet = KreditlinieEvent::Umgewidmet {
            von,
            nach,
            betrag,
            aus_belegt,
            aus_vorgemerkt,
            obligo,
        };
        Ok([umgewidmet].into_iter().chain(signal).collect())
    }

    /// Relief takes what waits first: an order that needs less is asked for less.
    pub(super) fn entlasten(&self, beleg: KreditBeleg, betrag: Option<Dezimal>) -> Decision<Self> {
        let betrag = betrag.map(positiv).transpose()?;
        if beleg.typ.guthaben() {
            let betrag = betrag.ok_or_else(|| Shared::feld("/betrag", "ein Guthaben braucht einen Betrag"))?;
            return Ok(vec![KreditlinieEvent::Entlastet {
                beleg,
                betrag,
                aus_vorgemerkt: Betrag::NULL,
                erledigt: false,
                obligo: self.obligo - betrag,
            }]);
        }
        let belegung = self.bekannt(&beleg)?;
        let alles = belegung.belegt + belegung.vorgemerkt;
        let betrag = betrag.unwrap_or(alles);
        Self::reicht(&beleg, alles, betrag)?;
        let aus_vorgemerkt = belegung.vorgemerkt.min(betrag);
        let aus_belegt = betrag - aus_vorgemerkt;
        let obligo = self.obligo - aus_belegt;
        let erledigt = betrag == alles;
        let wartete = !erledigt && !aus_vorgemerkt.is_null() && aus_vorgemerkt == belegung.vorgemerkt;
        let signal = wartete.then(|| nichts_wartet(beleg.clone(), obligo));
        let entlastet = KreditlinieEvent::Entlastet {
            beleg,
            betrag: aus_belegt,
            aus_vorgemerkt,
            erledigt,
            obligo,
        };
        Ok([entlastet].into_iter().chain(signal).collect())
    }

    /// The waiting documents that fit on a day, the oldest first; one that does not fit does not hold up the younger.
    pub(super) fn freigaben(&self, am: NaiveDate) -> Vec<KreditlinieEvent> {
        let mut wartend: Vec<&KreditBelegung> = self.belegungen.iter().filter(|b| b.vormerkung_nr.is_some()).collect();
        wartend.sort_by_key(|b| b.vormerkung_nr);
        let (mut frei, mut obligo) = (self.frei(am), self.obligo);
        let mut freigaben = Vec::new();
        for belegung in wartend {
            if belegung.vorgemerkt <= frei {
                frei -= belegung.vorgemerkt;
                obligo += belegung.vorgemerkt;
                freigaben.push(KreditlinieEvent::Belegt {
                    beleg: belegung.beleg(),
                    betrag: belegung.vorgemerkt,
                    war_vorgemerkt: true,
                    obligo,
                });
            }
        }
        freigaben
    }

    /// The row of a document, new if it has none.
    fn zeile(&mut self, beleg: KreditBeleg) -> Option<&mut KreditBelegung> {
        let ist = |b: &KreditBelegung| b.beleg_typ == beleg.typ && b.beleg_id == beleg.id;
        if !self.belegungen.iter().any(ist) {
            self.belegungen.push(KreditBelegung {
                beleg_typ: beleg.typ,
                beleg_id: beleg.id,
                beleg_nummer: None,
                belegt: Betrag::NULL,
                vorgemerkt: Betrag::NULL,
                vormerkung_nr: None,
            });
        }
        let zeile = self.belegungen.iter_mut().find(|b| ist(b))?;
        if let Some(nummer) = beleg.nummer {
            zeile.beleg_nummer = Some(nummer.to_string());
        }
        Some(zeile)
    }

    /// Folds more use in. A payment that is allocated in full is known no more.
    pub(super) fn belegt(&mut self, beleg: KreditBeleg, betrag: Betrag, war_vorgemerkt: bool, obligo: Betrag) {
        if let Some(zeile) = self.zeile(beleg) {
            zeile.belegt += betrag;
            if war_vorgemerkt {
                zeile.vorgemerkt = Betrag::NULL;
                zeile.vormerkung_nr = None;
            }
        }
        self.belegungen
            .retain(|b| !b.beleg_typ.guthaben() || !b.belegt.is_null());
        self.summen(obligo);
    }

    /// Folds a waiting amount in.
    pub(super) fn vorgemerkt(&mut self, beleg: KreditBeleg, betrag: Betrag, nr: i64) {
        if let Some(zeile) = self.zeile(beleg) {
            zeile.vorgemerkt += betrag;
            zeile.vormerkung_nr = Some(nr);
        }
        self.summen(self.obligo);
    }

    /// Folds less use in; a document that needs no credit any more is known no more.
    pub(super) fn weniger(
        &mut self,
        beleg: &KreditBeleg,
        belegt: Betrag,
        vorgemerkt: Betrag,
        erledigt: bool,
        obligo: Betrag,
    ) {
        let ist = |b: &KreditBelegung| b.beleg_typ == beleg.typ && b.beleg_id == beleg.id;
        for zeile in self.belegungen.iter_mut().filter(|b| ist(b)) {
            zeile.belegt -= belegt;
            zeile.vorgemerkt -= vorgemerkt;
            if zeile.vorgemerkt.is_null() {
                zeile.vormerkung_nr = None;
            }
        }
        let leer = |b: &KreditBelegung| b.belegt.is_null() && b.vorgemerkt.is_null();
        self.belegungen.retain(|b| !(erledigt && ist(b) && leer(b)));
        self.summen(obligo);
    }

    fn summen(&mut self, obligo: Betrag) {
        self.obligo = obligo;
        self.vorgemerkt = self.belegungen.iter().map(|b| b.vorgemerkt).sum();
    }
}
