//! Category 21: the rows of a Buchungsstapel become Buchungen.

use std::collections::{BTreeSet, HashMap, HashSet};

use aggregates::Refusal;

use super::{
    Ergebnis, Lauf, MAX_STAPEL, ZEILE_UNGUELTIG, Zeilenbericht,
    format::{Buchungszeile, Datei, FeldFehler, Kontobezug},
    konten::Bestand,
    plan::{Absage, Geplant, OHNE_ORIGINAL, Planer, Stelle, Ursprung, Vorgeprueft, ohne_original, vorpruefen},
};
use crate::portal::{Antwort, Auftrag, Portal};

/// Warnings that every row of a takeover would bear: it is always recorded late.
const WARNUNGEN_OHNE_HINWEIS: &[&str] = &["BUCHUNG_SPAET"];

/// What the Stapel of a run know of each other.
#[derive(Default)]
pub(super) struct Folge {
    planer: Planer,
    /// Rows that the portal refused: index of the file and line.
    abgelehnt: HashSet<(usize, usize)>,
    dateien: usize,
}

/// A row that was read.
type Gelesen = Result<(Buchungszeile, Result<Vorgeprueft, Absage>), FeldFehler>;

/// A command that waits for its batch.
struct Wartend {
    /// Index of its row's report.
    bericht: usize,
    ursprung: Option<Ursprung>,
    mit_guid: bool,
}

impl<P: Portal> Lauf<'_, P> {
    /// Takes a Stapel over.
    pub(super) async fn stapel(
        &mut self,
        datei: &Datei,
        bestand: &mut Bestand,
        folge: &mut Folge,
    ) -> anyhow::Result<Vec<Zeilenbericht>> {
        let index = folge.dateien;
        folge.dateien += 1;
        self.in_datei = 0;
        let gelesen: Vec<Gelesen> = datei.zeilen.iter().map(|z| lesen(z, datei, bestand)).collect();
        self.sicherstellen(bedarf(&gelesen), bestand).await?;
        let mut berichte: Vec<Zeilenbericht> = Vec::with_capacity(gelesen.len());
        let mut gleiche: HashMap<&str, usize> = HashMap::new();
        let (mut auftraege, mut wartende) = (Vec::new(), Vec::new());
        for (roh, gelesen) in datei.zeilen.iter().zip(&gelesen) {
            let lfd = gleiche.entry(&roh.roh).or_default();
            let stelle = Stelle {
                datei: index,
                kopf: &datei.kopf,
                zeile: roh.nr,
                roh: &roh.roh,
                lfd: *lfd,
            };
            *lfd += 1;
            let mut bericht = offener_bericht(roh, gelesen);
            match planen(gelesen, &stelle, bestand, &mut folge.planer) {
                Err((code, text)) => bericht.ergebnis = Ergebnis::Abgelehnt { code, text },
                Ok(geplant) => {
                    bericht.hinweise = geplant.hinweise;
                    wartende.push(Wartend {
                        bericht: berichte.len(),
                        ursprung: geplant.ursprung,
                        mit_guid: matches!(gelesen, Ok((zeile, _)) if !zeile.guid.is_empty()),
                    });
                    auftraege.push(geplant.auftrag);
                }
            }
            berichte.push(bericht);
            if auftraege.len() == MAX_STAPEL {
                self.buchen(&mut auftraege, &mut wartende, &mut berichte, index, folge)
                    .await?;
            }
        }
        self.buchen(&mut auftraege, &mut wartende, &mut berichte, index, folge)
            .await?;
        Ok(berichte)
    }

    /// Sends a batch and writes the answers into the report.
    async fn buchen(
        &mut self,
        auftraege: &mut Vec<Auftrag>,
        wartende: &mut Vec<Wartend>,
        berichte: &mut [Zeilenbericht],
        datei: usize,
        folge: &mut Folge,
    ) -> anyhow::Result<()> {
        let antworten = self.senden(std::mem::take(auftraege)).await?;
        for (wartend, antwort) in wartende.drain(..).zip(antworten) {
            let bericht = &mut berichte[wartend.bericht];
            match antwort {
                Ok(antwort) => angenommen(antwort, &wartend, bericht),
                Err(refusal) => {
                    nicht_angenommen(&refusal, &wartend, bericht, folge);
                    if matches!(bericht.ergebnis, Ergebnis::Abgelehnt { .. }) {
                        folge.abgelehnt.insert((datei, bericht.zeile));
                    }
                }
            }
        }
        let erledigt = berichte.len().saturating_sub(self.in_datei);
        self.in_datei = berichte.len();
        self.weiter(erledigt);
        Ok(())
    }
}

/// Reads and judges a row.
fn lesen(roh: &super::Rohzeile, datei: &Datei, bestand: &Bestand) -> Gelesen {
    let zeile = Buchungszeile::lesen(&roh.zerlegt(), &datei.kopf)?;
    let geprueft = vorpruefen(&zeile, bestand);
    Ok((zeile, geprueft))
}

/// The accounts that the rows need. A Generalumkehr needs none: it takes those of its original.
fn bedarf(gelesen: &[Gelesen]) -> BTreeSet<Kontobezug> {
    let mut bedarf = BTreeSet::new();
    for (zeile, geprueft) in gelesen.iter().flatten() {
        if geprueft.as_ref().is_ok_and(|g| !g.umkehr) {
            bedarf.extend([zeile.konto.clone(), zeile.gegenkonto.clone()]);
            bedarf.extend(zeile.skonto.and(zeile.skontokonto.clone()));
        }
    }
    bedarf
}

/// The report of a row before its result.
fn offener_bericht(roh: &super::Rohzeile, gelesen: &Gelesen) -> Zeilenbericht {
    let zeile = roh.zerlegt();
    let betrag = match gelesen {
        Ok((_, Ok(geprueft))) => Some(geprueft.betrag),
        Ok((zeile, Err(_))) if zeile.wkz.is_empty() || zeile.wkz == "EUR" => Some(zeile.umsatz),
        _ => None,
    };
    Zeilenbericht {
        zeile: roh.nr,
        konto: zeile.text(7).to_owned(),
        gegenkonto: zeile.text(8).to_owned(),
        betrag,
        ergebnis: Ergebnis::Abgelehnt {
            code: ZEILE_UNGUELTIG.to_owned(),
            text: "nicht gesendet".to_owned(),
        },
        hinweise: Vec::new(),
    }
}

/// The command of a row, or code and text of its refusal.
fn planen(
    gelesen: &Gelesen,
    stelle: &Stelle<'_>,
    bestand: &Bestand,
    planer: &mut Planer,
) -> Result<Geplant, (String, String)> {
    let (zeile, geprueft) = gelesen
        .as_ref()
        .map_err(|fehler| (ZEILE_UNGUELTIG.to_owned(), fehler.to_string()))?;
    let geplant = match geprueft {
        Err(absage) => Err((absage.code.to_owned(), absage.text.clone())),
        Ok(geprueft) => match konto_abgelehnt(zeile, geprueft, bestand) {
            Some(absage) => Err(absage),
            None => planer
                .planen(zeile, geprueft, stelle, bestand)
                .map_err(|absage| (absage.code.to_owned(), absage.text)),
        },
    };
    geplant.inspect_err(|_| planer.absagen(zeile, stelle.zeile))
}

/// A row whose account could not be created has the reason of that refusal.
fn konto_abgelehnt(zeile: &Buchungszeile, geprueft: &Vorgeprueft, bestand: &Bestand) -> Option<(String, String)> {
    if geprueft.umkehr {
        return None;
    }
    [&zeile.konto, &zeile.gegenkonto].into_iter().find_map(|konto| {
        let refusal = bestand.abgelehnt.get(konto.nr())?;
        let text = format!(
            "das Konto {} konnte nicht angelegt werden: {}",
            konto.nr(),
            refusal.detail
        );
        Some((refusal.code.clone(), text))
    })
}

fn angenommen(antwort: Antwort, wartend: &Wartend, bericht: &mut Zeilenbericht) {
    let warnungen = antwort.warnungen.into_iter();
    let zu_nennen = warnungen.filter(|w| !WARNUNGEN_OHNE_HINWEIS.contains(&w.as_str()));
    bericht.hinweise.extend(zu_nennen.map(|w| format!("Warnung {w}")));
    if antwort.wiederholt {
        bericht
            .hinweise
            .extend(antwort.nummer.map(|nummer| format!("als {nummer}")));
        bericht.ergebnis = Ergebnis::BereitsVorhanden;
    } else if wartend.ursprung.is_some() {
        // The command went to the original: the number is its number, the position that of its Generalumkehr.
        bericht.ergebnis = Ergebnis::Umgekehrt {
            original: antwort.nummer,
            position: antwort.position,
        };
    } else {
        bericht.ergebnis = Ergebnis::Gebucht {
            nummer: antwort.nummer,
            position: antwort.position,
        };
    }
}

fn nicht_angenommen(refusal: &Refusal, wartend: &Wartend, bericht: &mut Zeilenbericht, folge: &Folge) {
    let ursprung = wartend.ursprung.as_ref();
    let abgelehnter = ursprung.filter(|u| folge.abgelehnt.contains(&(u.datei, u.zeile)));
    bericht.ergebnis = match abgelehnter {
        _ if refusal.code == "IDEMPOTENZ_ABWEICHEND" => {
            // The row is in the ledger; its command differs because names or tax keys of the house have changed since.
            bericht.hinweise.push(if wartend.mit_guid {
                "unter dieser Buchungs-GUID schon mit anderem Inhalt übernommen; Änderungen der Zeile sind nicht nachgezogen"
                    .to_owned()
            } else {
                "diese Zeile ist schon übernommen, die Stammdaten haben sich seitdem geändert".to_owned()
            });
            Ergebnis::BereitsVorhanden
        }
        Some(ursprung) => Ergebnis::Abgelehnt {
            code: OHNE_ORIGINAL.to_owned(),
            text: ohne_original(Some(ursprung.zeile)),
        },
        None => super::abgelehnt(refusal),
    };
}
