-- State tables of Firmenstammdaten, Rechnung, Eingangsrechnung and Rechnungspruefung, and the ledger rechnungsbuch.

SET LOCAL ROLE neuroerp_app;

CREATE TABLE dienste.firmenstammdaten (
    mandant_id      uuid NOT NULL,
    id              uuid NOT NULL,
    version         bigint NOT NULL,
    log_position    bigint NOT NULL,
    angelegt_am     timestamptz NOT NULL,
    geaendert_am    timestamptz NOT NULL,
    firma           text NOT NULL,
    gueltig_ab      date NOT NULL,
    suche           text GENERATED ALWAYS AS (log.falten(firma)) STORED,
    PRIMARY KEY (mandant_id, id)
);
COMMENT ON TABLE dienste.firmenstammdaten IS 'The company''s own master data in its own log, as the seller on its documents';
CREATE INDEX firmenstammdaten_suche ON dienste.firmenstammdaten USING gin (suche gin_trgm_ops);

CREATE TABLE dienste.firmenstammdaten_stand (
    mandant_id      uuid NOT NULL,
    firmenstammdaten_id uuid NOT NULL,
    gueltig_ab      date NOT NULL,
    firma           text NOT NULL,
    strasse         text,
    plz             text,
    ort             text,
    land            text,
    ust_id          text,
    steuernummer    text,
    PRIMARY KEY (mandant_id, firmenstammdaten_id, gueltig_ab),
    FOREIGN KEY (mandant_id, firmenstammdaten_id) REFERENCES dienste.firmenstammdaten DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE dienste.firmenstammdaten_stand IS 'The company''s master data by their first day';

CREATE TABLE fibu.rechnung (
    mandant_id      uuid NOT NULL,
    id              uuid NOT NULL,
    version         bigint NOT NULL,
    log_position    bigint NOT NULL,
    angelegt_am     timestamptz NOT NULL,
    geaendert_am    timestamptz NOT NULL,
    nummer text,
    jahr integer,
    lfd bigint,
    art text NOT NULL CHECK (art IN ('rechnung', 'anzahlung', 'schluss', 'gutschrift', 'storno')),
    status text NOT NULL CHECK (status IN ('entwurf', 'gebucht', 'storniert', 'verworfen')),
    debitor_nr text NOT NULL,
    kunde_id uuid,
    auftrag_id uuid,
    anzahlung_nr integer,
    sammel_monat text,
    bezug_id uuid,
    bezug_nummer text,
    bezug_art text,
    grund text,
    rechnungsdatum date,
    leistung_von date,
    leistung_bis date,
    zahlungsbedingung_id uuid,
    faellig date,
    waehrung text NOT NULL,
    netto numeric(15,2) NOT NULL,
    steuer numeric(15,2) NOT NULL,
    brutto numeric(15,2) NOT NULL,
    zahlbetrag numeric(15,2) NOT NULL,
    verkaeufer_firma text,
    verkaeufer_strasse text,
    verkaeufer_plz text,
    verkaeufer_ort text,
    verkaeufer_land text,
    verkaeufer_ust_id text,
    verkaeufer_steuernummer text,
    empfaenger_name text,
    empfaenger_strasse text,
    empfaenger_plz text,
    empfaenger_ort text,
    empfaenger_land text,
    empfaenger_ust_id text,
    buchung_id uuid,
    storniert_durch uuid,
    angerechnet_in uuid,
    versandt_am date,
    versandt_weg text,
    suche           text GENERATED ALWAYS AS (log.falten(coalesce(nummer, '') || ' ' || debitor_nr || ' ' || coalesce(empfaenger_name, ''))) STORED,
    PRIMARY KEY (mandant_id, id)
);
COMMENT ON TABLE fibu.rechnung IS 'Outgoing invoices, corrections and Stornorechnungen; amounts are positive, the kind says which way';
CREATE INDEX rechnung_nummer ON fibu.rechnung (mandant_id, nummer);
CREATE INDEX rechnung_debitor_nr ON fibu.rechnung (mandant_id, debitor_nr);
CREATE INDEX rechnung_rechnungsdatum ON fibu.rechnung (mandant_id, rechnungsdatum);
CREATE INDEX rechnung_auftrag_id ON fibu.rechnung (mandant_id, auftrag_id);
CREATE INDEX rechnung_suche ON fibu.rechnung USING gin (suche gin_trgm_ops);

CREATE TABLE fibu.rechnung_position (
    mandant_id      uuid NOT NULL,
    rechnung_id uuid NOT NULL,
    nr integer NOT NULL,
    artikel_id uuid,
    artikel_nr text,
    text text NOT NULL,
    menge numeric(19,6) NOT NULL,
    einheit text NOT NULL,
    preis numeric(19,6) NOT NULL,
    preis_je numeric(19,6) NOT NULL,
    preis_einheit text NOT NULL,
    rabatt numeric(9,6) NOT NULL,
    netto numeric(15,2) NOT NULL,
    schluessel text NOT NULL,
    satz numeric(9,6),
    konto text,
    kst text,
    ktr text,
    lieferschein text,
    leistungsdatum date,
    auftrag_id uuid,
    auftrag_position_id uuid,
    PRIMARY KEY (mandant_id, rechnung_id, nr),
    FOREIGN KEY (mandant_id, rechnung_id) REFERENCES fibu.rechnung DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE fibu.rechnung_position IS 'Lines of an invoice';

CREATE TABLE fibu.rechnung_steuerzeile (
    mandant_id      uuid NOT NULL,
    rechnung_id uuid NOT NULL,
    schluessel text NOT NULL,
    satz numeric(9,6),
    basis numeric(15,2) NOT NULL,
    steuer numeric(15,2) NOT NULL,
    brutto numeric(15,2) NOT NULL,
    hinweis text,
    PRIMARY KEY (mandant_id, rechnung_id, schluessel),
    FOREIGN KEY (mandant_id, rechnung_id) REFERENCES fibu.rechnung DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE fibu.rechnung_steuerzeile IS 'Tax per key, once per document';

CREATE TABLE fibu.rechnung_zuabschlag (
    mandant_id      uuid NOT NULL,
    rechnung_id uuid NOT NULL,
    nr integer NOT NULL,
    art text NOT NULL,
    text text,
    betrag numeric(15,2),
    prozent numeric(9,6),
    aufteilung text NOT NULL,
    schluessel text,
    wert numeric(15,2),
    PRIMARY KEY (mandant_id, rechnung_id, nr),
    FOREIGN KEY (mandant_id, rechnung_id) REFERENCES fibu.rechnung DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE fibu.rechnung_zuabschlag IS 'Surcharges and discounts below the lines';

CREATE TABLE fibu.rechnung_zuabschlag_anteil (
    mandant_id      uuid NOT NULL,
    rechnung_id uuid NOT NULL,
    zuabschlag_nr integer NOT NULL,
    lfd integer NOT NULL,
    schluessel text NOT NULL,
    konto text NOT NULL,
    kst text,
    ktr text,
    netto numeric(15,2) NOT NULL,
    PRIMARY KEY (mandant_id, rechnung_id, zuabschlag_nr, lfd),
    FOREIGN KEY (mandant_id, rechnung_id, zuabschlag_nr) REFERENCES fibu.rechnung_zuabschlag DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE fibu.rechnung_zuabschlag_anteil IS 'Shares of a surcharge per key and account';

CREATE TABLE fibu.rechnung_verrechnung (
    mandant_id      uuid NOT NULL,
    rechnung_id uuid NOT NULL,
    anzahlung_id uuid NOT NULL,
    nummer text NOT NULL,
    rechnungsdatum date NOT NULL,
    brutto numeric(15,2) NOT NULL,
    PRIMARY KEY (mandant_id, rechnung_id, anzahlung_id),
    FOREIGN KEY (mandant_id, rechnung_id) REFERENCES fibu.rechnung DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE fibu.rechnung_verrechnung IS 'Advance payments that a Schlussrechnung deducts';

CREATE TABLE fibu.rechnung_verrechnung_steuer (
    mandant_id      uuid NOT NULL,
    rechnung_id uuid NOT NULL,
    anzahlung_id uuid NOT NULL,
    schluessel text NOT NULL,
    satz numeric(9,6),
    basis numeric(15,2) NOT NULL,
    steuer numeric(15,2) NOT NULL,
    brutto numeric(15,2) NOT NULL,
    hinweis text,
    PRIMARY KEY (mandant_id, rechnung_id, anzahlung_id, schluessel),
    FOREIGN KEY (mandant_id, rechnung_id, anzahlung_id) REFERENCES fibu.rechnung_verrechnung DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE fibu.rechnung_verrechnung_steuer IS 'Net and tax of a deducted advance payment per key';

CREATE TABLE fibu.rechnung_skonto (
    mandant_id      uuid NOT NULL,
    rechnung_id uuid NOT NULL,
    nr integer NOT NULL,
    bis date NOT NULL,
    prozent numeric(9,6) NOT NULL,
    PRIMARY KEY (mandant_id, rechnung_id, nr),
    FOREIGN KEY (mandant_id, rechnung_id) REFERENCES fibu.rechnung DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE fibu.rechnung_skonto IS 'Discounts for early payment';

CREATE TABLE fibu.rechnung_korrektur (
    mandant_id      uuid NOT NULL,
    rechnung_id uuid NOT NULL,
    gutschrift_id uuid NOT NULL,
    schluessel text NOT NULL,
    op_id uuid NOT NULL,
    buchung_id uuid NOT NULL,
    netto numeric(15,2) NOT NULL,
    steuer numeric(15,2) NOT NULL,
    PRIMARY KEY (mandant_id, rechnung_id, gutschrift_id, schluessel),
    FOREIGN KEY (mandant_id, rechnung_id) REFERENCES fibu.rechnung DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE fibu.rechnung_korrektur IS 'What corrections took from each key';

CREATE TABLE fibu.rechnung_zahlung (
    mandant_id      uuid NOT NULL,
    rechnung_id uuid NOT NULL,
    ausgleich_id uuid NOT NULL,
    datum date NOT NULL,
    brutto numeric(15,2) NOT NULL,
    buchung_id uuid NOT NULL,
    PRIMARY KEY (mandant_id, rechnung_id, ausgleich_id),
    FOREIGN KEY (mandant_id, rechnung_id) REFERENCES fibu.rechnung DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE fibu.rechnung_zahlung IS 'Money on an Anzahlungsrechnung';

CREATE TABLE fibu.rechnung_zahlung_steuer (
    mandant_id      uuid NOT NULL,
    rechnung_id uuid NOT NULL,
    ausgleich_id uuid NOT NULL,
    schluessel text NOT NULL,
    satz numeric(9,6),
    basis numeric(15,2) NOT NULL,
    steuer numeric(15,2) NOT NULL,
    brutto numeric(15,2) NOT NULL,
    hinweis text,
    PRIMARY KEY (mandant_id, rechnung_id, ausgleich_id, schluessel),
    FOREIGN KEY (mandant_id, rechnung_id, ausgleich_id) REFERENCES fibu.rechnung_zahlung DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE fibu.rechnung_zahlung_steuer IS 'Net and tax of it per key';

CREATE TABLE fibu.eingangsrechnung (
    mandant_id      uuid NOT NULL,
    id              uuid NOT NULL,
    version         bigint NOT NULL,
    log_position    bigint NOT NULL,
    angelegt_am     timestamptz NOT NULL,
    geaendert_am    timestamptz NOT NULL,
    nummer text,
    jahr integer,
    lfd bigint,
    art text NOT NULL CHECK (art IN ('rechnung', 'gutschrift')),
    status text NOT NULL CHECK (status IN ('erfasst', 'geprueft', 'freigegeben', 'gebucht', 'storniert', 'abgelehnt')),
    kreditor_nr text NOT NULL,
    kreditor_name text NOT NULL,
    lieferant_id uuid,
    lieferantennummer text NOT NULL,
    rechnungsdatum date NOT NULL,
    leistung_von date NOT NULL,
    leistung_bis date NOT NULL,
    eingang_am date NOT NULL,
    buchungsdatum date,
    zahlungsbedingung_id uuid,
    faellig date,
    netto numeric(15,2) NOT NULL,
    steuer numeric(15,2) NOT NULL,
    brutto numeric(15,2) NOT NULL,
    mit_pruefung boolean NOT NULL,
    erfasst_von text,
    freigegeben_von text,
    grund text,
    buchung_id uuid,
    storniert_durch uuid,
    suche           text GENERATED ALWAYS AS (log.falten(coalesce(nummer, '') || ' ' || lieferantennummer || ' ' || kreditor_nr || ' ' || kreditor_name)) STORED,
    PRIMARY KEY (mandant_id, id)
);
COMMENT ON TABLE fibu.eingangsrechnung IS 'Incoming documents from their receipt to the ledger';
CREATE INDEX eingangsrechnung_nummer ON fibu.eingangsrechnung (mandant_id, nummer);
CREATE INDEX eingangsrechnung_kreditor_nr ON fibu.eingangsrechnung (mandant_id, kreditor_nr);
CREATE INDEX eingangsrechnung_rechnungsdatum ON fibu.eingangsrechnung (mandant_id, rechnungsdatum);
CREATE INDEX eingangsrechnung_suche ON fibu.eingangsrechnung USING gin (suche gin_trgm_ops);

CREATE TABLE fibu.eingangsrechnung_position (
    mandant_id      uuid NOT NULL,
    eingangsrechnung_id uuid NOT NULL,
    nr integer NOT NULL,
    text text NOT NULL,
    menge numeric(19,6),
    einheit text,
    preis numeric(19,6),
    preis_je numeric(19,6),
    preis_einheit text,
    netto numeric(15,2) NOT NULL,
    schluessel text NOT NULL,
    konto text,
    kst text,
    ktr text,
    wareneingang_id uuid,
    we_position_id uuid,
    nebenkosten_art text,
    PRIMARY KEY (mandant_id, eingangsrechnung_id, nr),
    FOREIGN KEY (mandant_id, eingangsrechnung_id) REFERENCES fibu.eingangsrechnung DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE fibu.eingangsrechnung_position IS 'Lines of an incoming document';

CREATE TABLE fibu.eingangsrechnung_steuerzeile (
    mandant_id      uuid NOT NULL,
    eingangsrechnung_id uuid NOT NULL,
    schluessel text NOT NULL,
    satz numeric(9,6),
    basis numeric(15,2) NOT NULL,
    steuer numeric(15,2) NOT NULL,
    brutto numeric(15,2) NOT NULL,
    hinweis text,
    PRIMARY KEY (mandant_id, eingangsrechnung_id, schluessel),
    FOREIGN KEY (mandant_id, eingangsrechnung_id) REFERENCES fibu.eingangsrechnung DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE fibu.eingangsrechnung_steuerzeile IS 'Tax per key as stated';

CREATE TABLE fibu.eingangsrechnung_skonto (
    mandant_id      uuid NOT NULL,
    eingangsrechnung_id uuid NOT NULL,
    nr integer NOT NULL,
    bis date NOT NULL,
    prozent numeric(9,6) NOT NULL,
    PRIMARY KEY (mandant_id, eingangsrechnung_id, nr),
    FOREIGN KEY (mandant_id, eingangsrechnung_id) REFERENCES fibu.eingangsrechnung DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE fibu.eingangsrechnung_skonto IS 'Discounts for early payment';

CREATE TABLE wawi.rechnungspruefung (
    mandant_id      uuid NOT NULL,
    id              uuid NOT NULL,
    version         bigint NOT NULL,
    log_position    bigint NOT NULL,
    angelegt_am     timestamptz NOT NULL,
    geaendert_am    timestamptz NOT NULL,
    eingangsrechnung_id uuid NOT NULL,
    lieferant_id uuid,
    lieferantennummer text NOT NULL,
    rechnungsdatum date NOT NULL,
    status text NOT NULL CHECK (status IN ('offen', 'geprueft', 'freigegeben', 'zurueckgestellt', 'abgelehnt', 'verbucht', 'zurueckgenommen')),
    freigegeben_von text,
    begruendung text,
    suche           text GENERATED ALWAYS AS (log.falten(lieferantennummer)) STORED,
    PRIMARY KEY (mandant_id, id)
);
COMMENT ON TABLE wawi.rechnungspruefung IS 'Three-way match of one incoming document';
CREATE INDEX rechnungspruefung_eingangsrechnung_id ON wawi.rechnungspruefung (mandant_id, eingangsrechnung_id);
CREATE INDEX rechnungspruefung_suche ON wawi.rechnungspruefung USING gin (suche gin_trgm_ops);

CREATE TABLE wawi.rechnungspruefung_zeile (
    mandant_id      uuid NOT NULL,
    rechnungspruefung_id uuid NOT NULL,
    position integer NOT NULL,
    wareneingang_id uuid NOT NULL,
    we_position_id uuid NOT NULL,
    menge numeric(19,6) NOT NULL,
    einheit text NOT NULL,
    netto numeric(15,2) NOT NULL,
    menge_offen numeric(19,6),
    preis_vereinbart numeric(19,6),
    wert_vereinbart numeric(15,2),
    delta_menge numeric(19,6),
    delta_wert numeric(15,2),
    delta_prozent numeric(19,6),
    ergebnis text NOT NULL,
    PRIMARY KEY (mandant_id, rechnungspruefung_id, position),
    FOREIGN KEY (mandant_id, rechnungspruefung_id) REFERENCES wawi.rechnungspruefung DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE wawi.rechnungspruefung_zeile IS 'One comparison';

CREATE TABLE wawi.rechnungspruefung_nebenkosten (
    mandant_id      uuid NOT NULL,
    rechnungspruefung_id uuid NOT NULL,
    position integer NOT NULL,
    art text NOT NULL,
    betrag numeric(15,2) NOT NULL,
    PRIMARY KEY (mandant_id, rechnungspruefung_id, position),
    FOREIGN KEY (mandant_id, rechnungspruefung_id) REFERENCES wawi.rechnungspruefung DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE wawi.rechnungspruefung_nebenkosten IS 'Costs of bringing goods in, from the same document';

CREATE TABLE fibu.rechnungsbuch (
    mandant_id      uuid NOT NULL,
    log_position    bigint NOT NULL,
    richtung        text NOT NULL CHECK (richtung IN ('ausgang', 'eingang')),
    beleg_id        uuid NOT NULL,
    kreis           text NOT NULL,
    jahr            integer,
    lfd             bigint,
    nummer          text NOT NULL,
    art             text NOT NULL,
    bezug_id        uuid,
    datum           date NOT NULL,
    buchungsdatum   date NOT NULL,
    leistung_bis    date,
    personenkonto   text NOT NULL,
    partner         text NOT NULL,
    netto           numeric(15,2) NOT NULL,
    steuer          numeric(15,2) NOT NULL,
    brutto          numeric(15,2) NOT NULL,
    zahlbetrag      numeric(15,2) NOT NULL,
    faellig         date NOT NULL,
    op_id           uuid,
    fremdnummer     text,
    PRIMARY KEY (mandant_id, log_position)
);
COMMENT ON TABLE fibu.rechnungsbuch IS 'Ledger: booked outgoing and incoming documents; what takes an invoice back is negative';
CREATE INDEX rechnungsbuch_buchungsdatum ON fibu.rechnungsbuch (mandant_id, richtung, buchungsdatum);
CREATE INDEX rechnungsbuch_bezug ON fibu.rechnungsbuch (mandant_id, bezug_id) WHERE bezug_id IS NOT NULL;
CREATE INDEX rechnungsbuch_beleg ON fibu.rechnungsbuch (mandant_id, beleg_id);

CREATE TABLE fibu.rechnungsbuch_steuer (
    mandant_id      uuid NOT NULL,
    log_position    bigint NOT NULL,
    schluessel      text NOT NULL,
    satz            numeric(9,6),
    netto           numeric(15,2) NOT NULL,
    steuer          numeric(15,2) NOT NULL,
    PRIMARY KEY (mandant_id, log_position, schluessel)
);
COMMENT ON TABLE fibu.rechnungsbuch_steuer IS 'Ledger: amounts of a booked document per tax key';

RESET ROLE;

SELECT log.lesbar_machen(t) FROM unnest(ARRAY['dienste.firmenstammdaten', 'dienste.firmenstammdaten_stand',
    'fibu.rechnung', 'fibu.rechnung_position', 'fibu.rechnung_steuerzeile', 'fibu.rechnung_zuabschlag',
    'fibu.rechnung_zuabschlag_anteil', 'fibu.rechnung_verrechnung', 'fibu.rechnung_verrechnung_steuer',
    'fibu.rechnung_skonto', 'fibu.rechnung_korrektur', 'fibu.rechnung_zahlung', 'fibu.rechnung_zahlung_steuer',
    'fibu.eingangsrechnung', 'fibu.eingangsrechnung_position', 'fibu.eingangsrechnung_steuerzeile', 'fibu.eingangsrechnung_skonto',
    'wawi.rechnungspruefung', 'wawi.rechnungspruefung_zeile', 'wawi.rechnungspruefung_nebenkosten',
    'fibu.rechnungsbuch', 'fibu.rechnungsbuch_steuer']::regclass[]) AS t;
