//! Policies: pure functions from an event to further commands, one file each.

mod api_key_fristen;
mod ausgleich_anwenden;
mod generalumkehr;
mod mandant_nummernkreise;
mod mandant_stammdaten;
mod op_eroeffnen;
mod storno_ausgleichen;
mod vorlage_konten;
mod zahlung_buchen;

use crate::policy::Policy;

/// All policies of the house.
pub(crate) fn all() -> Vec<Policy> {
    vec![
        Policy::following::<crate::dienste::Mandant>("mandant_nummernkreise", mandant_nummernkreise::react),
        Policy::following::<crate::dienste::Mandant>("mandant_stammdaten", mandant_stammdaten::react),
        Policy::following::<crate::dienste::ApiKey>("api_key_fristen", api_key_fristen::react),
        Policy::inline::<crate::fibu::Buchung>("generalumkehr", generalumkehr::react),
        // Items first: what settles them comes after.
        Policy::inline::<crate::fibu::Buchung>("op_eroeffnen", op_eroeffnen::react),
        Policy::inline::<crate::fibu::Buchung>("storno_ausgleichen", storno_ausgleichen::react),
        Policy::inline::<crate::fibu::Ausgleich>("ausgleich_anwenden", ausgleich_anwenden::react),
        Policy::inline::<crate::fibu::Zahlung>("zahlung_buchen", zahlung_buchen::react),
        Policy::inline::<crate::fibu::Kontenplan>("vorlage_konten", vorlage_konten::react),
    ]
}
