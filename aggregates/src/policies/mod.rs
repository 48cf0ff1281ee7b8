//! Policies: pure functions from an event to further commands, one file each.

mod api_key_fristen;
mod bestandsfuehrung;
mod generalumkehr;
mod mandant_nummernkreise;
mod mandant_stammdaten;
mod reservierung_fristen;
mod vorlage_konten;

use crate::policy::Policy;

/// All policies of the house.
pub(crate) fn all() -> Vec<Policy> {
    vec![
        Policy::following::<crate::dienste::Mandant>("mandant_nummernkreise", mandant_nummernkreise::react),
        Policy::following::<crate::dienste::Mandant>("mandant_stammdaten", mandant_stammdaten::react),
        Policy::following::<crate::dienste::ApiKey>("api_key_fristen", api_key_fristen::react),
        Policy::inline::<crate::fibu::Buchung>("generalumkehr", generalumkehr::react),
        Policy::inline::<crate::fibu::Kontenplan>("vorlage_konten", vorlage_konten::react),
        Policy::inline::<crate::wawi::Lagerbestand>("bestandsfuehrung", bestandsfuehrung::react),
        Policy::following::<crate::wawi::Lagerbestand>("reservierung_fristen", reservierung_fristen::react),
    ]
}
