//! Policies: pure functions from an event to further commands, one file each.

mod anzahlung_vereinnahmen;
mod api_key_fristen;
mod auftrag_bestand;
mod auftrag_hinweise;
mod auftrag_kredit;
mod auftrag_rechnung;
mod ausgleich_anwenden;
mod bestandsfuehrung;
mod eingangsrechnung;
mod firmenstammdaten;
mod generalumkehr;
mod kreditlinie_fristen;
mod kreditlinie_obligo;
mod kunde_debitor;
mod lieferant_kreditor;
mod mandant_nummernkreise;
mod mandant_stammdaten;
mod op_eroeffnen;
mod partner_stammdaten;
mod rechnung;
mod rechnungspruefung;
mod reservierung_fristen;
mod storno_ausgleichen;
mod versand_warenausgang;
mod vorlage_konten;
mod wareneingang_buchen;
mod zahlung_buchen;

use crate::policy::Policy;

/// How many Nummernkreise a new company gets.
pub const NUMMERNKREISE: usize = crate::dienste::nummernkreis::haus::KREISE.len();

/// All policies of the house.
pub(crate) fn all() -> Vec<Policy> {
    vec![
        Policy::following::<crate::dienste::Mandant>("mandant_nummernkreise", mandant_nummernkreise::react),
        Policy::following::<crate::dienste::Mandant>("mandant_stammdaten", mandant_stammdaten::react),
        Policy::following::<crate::dienste::Mandant>("firmenstammdaten", firmenstammdaten::react),
        Policy::following::<crate::dienste::ApiKey>("api_key_fristen", api_key_fristen::react),
        Policy::inline::<crate::fibu::Buchung>("generalumkehr", generalumkehr::react),
        // Items first: what settles them comes after.
        Policy::inline::<crate::fibu::Buchung>("op_eroeffnen", op_eroeffnen::react),
        Policy::inline::<crate::fibu::Buchung>("storno_ausgleichen", storno_ausgleichen::react),
        Policy::inline::<crate::fibu::Ausgleich>("ausgleich_anwenden", ausgleich_anwenden::react),
        Policy::inline::<crate::fibu::Zahlung>("zahlung_buchen", zahlung_buchen::react),
        Policy::inline::<crate::fibu::Kontenplan>("vorlage_konten", vorlage_konten::react),
        // What is credited goes back to the order before it is posted, what is invoiced after.
        Policy::inline::<crate::fibu::Rechnung>("auftrag_gutschrift", auftrag_rechnung::gutschrift),
        Policy::inline::<crate::fibu::Rechnung>("rechnung", rechnung::react),
        Policy::inline::<crate::fibu::Rechnung>("auftrag_faktura", auftrag_rechnung::faktura),
        Policy::inline::<crate::fibu::Eingangsrechnung>("eingangsrechnung", eingangsrechnung::react),
        Policy::inline::<crate::wawi::Rechnungspruefung>("rechnungspruefung", rechnungspruefung::react),
        Policy::inline::<crate::fibu::OffenerPosten>("anzahlung_vereinnahmen", anzahlung_vereinnahmen::react),
        Policy::inline::<crate::wawi::Lagerbestand>("bestandsfuehrung", bestandsfuehrung::react),
        Policy::following::<crate::wawi::Lagerbestand>("reservierung_fristen", reservierung_fristen::react),
        Policy::inline::<crate::crm::Kunde>("kunde_debitor", kunde_debitor::react),
        Policy::following::<crate::crm::Kunde>("kunde_fristen", kunde_debitor::fristen),
        Policy::following::<crate::crm::Kunde>("kunde_stammdaten", partner_stammdaten::kunde),
        Policy::following::<crate::crm::Kreditlinie>("kreditlinie_fristen", kreditlinie_fristen::react),
        Policy::following::<crate::fibu::OffenerPosten>("kreditlinie_obligo", kreditlinie_obligo::posten)
            .and::<crate::crm::Auftrag>(kreditlinie_obligo::auftrag),
        Policy::inline::<crate::wawi::Lieferant>("lieferant_kreditor", lieferant_kreditor::react),
        Policy::following::<crate::wawi::Lieferant>("lieferant_stammdaten", partner_stammdaten::lieferant),
        Policy::inline::<crate::wawi::Wareneingang>("wareneingang_buchen", wareneingang_buchen::react),
        Policy::inline::<crate::crm::Auftrag>("auftrag_kredit", auftrag_kredit::auftrag),
        Policy::inline::<crate::crm::Kreditlinie>("kreditlinie_auftrag", auftrag_kredit::kreditlinie),
        Policy::following::<crate::crm::Auftrag>("auftrag_bestand", auftrag_bestand::auftrag)
            .asking::<crate::crm::Auftrag>(auftrag_bestand::lieferungen_frage, auftrag_bestand::lieferungen),
        Policy::following::<crate::crm::Auftrag>("auftrag_rechnung", auftrag_rechnung::auftrag),
        Policy::following::<crate::wawi::Lagerbestand>("auftrag_hinweise", auftrag_hinweise::lagerbestand)
            .asking::<crate::wawi::Artikel>(auftrag_hinweise::artikel_frage, auftrag_hinweise::artikel)
            .asking::<crate::wawi::Bestellung>(auftrag_hinweise::bestellung_frage, auftrag_hinweise::bestellung),
        Policy::inline::<crate::wawi::Versand>("versand_warenausgang", versand_warenausgang::react),
    ]
}
