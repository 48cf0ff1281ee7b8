//! `fibu.rechnung` with lines, tax, surcharges, advance payments and corrections.

use aggregates::fibu::Rechnung;

use crate::{StateReadModel, Table};

impl StateReadModel for Rechnung {
    const TABLES: &'static [Table] = &[
        Table::head("fibu.rechnung"),
        Table::child("fibu.rechnung_position", &["positionen"], &[("nr", "nr")]),
        Table::child(
            "fibu.rechnung_steuerzeile",
            &["steuerzeilen"],
            &[("schluessel", "schluessel")],
        ),
        Table::child("fibu.rechnung_zuabschlag", &["zuabschlaege"], &[("nr", "nr")]),
        Table::child(
            "fibu.rechnung_zuabschlag_anteil",
            &["zuabschlaege", "anteile"],
            &[("nr", "zuabschlag_nr"), ("lfd", "lfd")],
        ),
        Table::child(
            "fibu.rechnung_verrechnung",
            &["verrechnungen"],
            &[("anzahlung_id", "anzahlung_id")],
        ),
        Table::child(
            "fibu.rechnung_verrechnung_steuer",
            &["verrechnungen", "steuer"],
            &[("anzahlung_id", "anzahlung_id"), ("schluessel", "schluessel")],
        ),
        Table::child("fibu.rechnung_skonto", &["skonto"], &[("nr", "nr")]),
        Table::child(
            "fibu.rechnung_korrektur",
            &["korrekturen"],
            &[("gutschrift_id", "gutschrift_id"), ("schluessel", "schluessel")],
        ),
        Table::child(
            "fibu.rechnung_zahlung",
            &["zahlungen"],
            &[("ausgleich_id", "ausgleich_id")],
        ),
        Table::child(
            "fibu.rechnung_zahlung_steuer",
            &["zahlungen", "steuerzeilen"],
            &[("ausgleich_id", "ausgleich_id"), ("schluessel", "schluessel")],
        ),
        Table::child(
            "fibu.rechnung_anrechnung",
            &["anrechnungen"],
            &[("schlussrechnung_id", "schlussrechnung_id")],
        ),
        Table::child(
            "fibu.rechnung_anrechnung_steuer",
            &["anrechnungen", "steuerzeilen"],
            &[
                ("schlussrechnung_id", "schlussrechnung_id"),
                ("schluessel", "schluessel"),
            ],
        ),
    ];
    const SEARCH: &'static [&'static str] = &["nummer", "debitor_nr", "empfaenger_name"];
    const FILTER: &'static [&'static str] = &[
        "nummer",
        "art",
        "status",
        "debitor_nr",
        "kunde_id",
        "auftrag_id",
        "bezug_id",
        "rechnungsdatum",
        "leistung_bis",
        "faellig",
        "brutto",
        "sammel_monat",
    ];
}
