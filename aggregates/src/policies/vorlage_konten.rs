//! A Kontenplan that takes its template over gets the accounts and tax keys of it in the same unit of work: a frame
//! without its accounts would be half a thing.

use crate::{
    fibu::{
        Konto, SteuerSchluessel,
        kontenplan::KontenplanEvent,
        konto::KontoCommand,
        steuer_schluessel::SteuerSchluesselCommand,
        vorlage::{self, VorlageKonto, VorlageSchluessel},
    },
    policy::{Consequence, PolicyContext},
    types::Text,
};

/// Kontenplan.VorlageUebernommen → SteuerSchluessel.Anlegen, then Konto.Anlegen (accounts name their keys).
pub(super) fn react(event: &KontenplanEvent, ctx: &PolicyContext) -> Vec<Consequence> {
    let KontenplanEvent::VorlageUebernommen { rahmen, .. } = event else {
        return Vec::new();
    };
    let id = |kind: &str, key: &str| ctx.new_id(&format!("{kind}/{key}"));
    let schluessel = vorlage::schluessel(*rahmen).into_iter().map(|s| {
        let id = id("schluessel", &s.code);
        Consequence::command::<SteuerSchluessel>(id, &anlegen_schluessel(s))
    });
    let konten = vorlage::konten(*rahmen).into_iter().map(|k| {
        let id = id("konto", &k.konto_nr);
        Consequence::command::<Konto>(id, &anlegen_konto(k))
    });
    schluessel.chain(konten).collect()
}

fn anlegen_schluessel(s: VorlageSchluessel) -> SteuerSchluesselCommand {
    SteuerSchluesselCommand::Anlegen {
        code: Text::cut(&s.code),
        bezeichnung: Text::cut(&s.bezeichnung),
        richtung: s.richtung,
        konto_ust: s.konto_ust.as_deref().map(Text::cut),
        konto_vst: s.konto_vst.as_deref().map(Text::cut),
        ust_id_pflicht: s.ust_id_pflicht,
        zm_art: s.zm_art,
        datev_bu: s.datev_bu.as_deref().map(Text::cut),
        hinweistext: s.hinweistext.as_deref().map(Text::cut),
        saetze: s.saetze,
        kennzahlen: s.kennzahlen,
    }
}

fn anlegen_konto(k: VorlageKonto) -> KontoCommand {
    KontoCommand::Anlegen {
        konto_nr: Text::cut(&k.konto_nr),
        bezeichnung: Text::cut(&k.bezeichnung),
        art: Some(k.art),
        funktion: Some(k.funktion),
        kst_regel: Some(k.kst_regel),
        steuerregel: Some(k.steuerregel),
        zuordnungen: k.zuordnungen,
    }
}
