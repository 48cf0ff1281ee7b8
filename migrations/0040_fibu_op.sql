-- Open items and money: terms of payment, currencies, items, settlements, own accounts, payments, and the ledger of items.

SET LOCAL ROLE neuroerp_app;

CREATE TABLE fibu.zahlungsbedingung (
    mandant_id      uuid NOT NULL,
    id              uuid NOT NULL,
    version         bigint NOT NULL,
    log_position    bigint NOT NULL,
    angelegt_am     timestamptz NOT NULL,
    geaendert_am    timestamptz NOT NULL,
    code text NOT NULL,
    bezeichnung text NOT NULL,
    status text NOT NULL CHECK (status IN ('aktiv', 'stillgelegt')),
    suche           text GENERATED ALWAYS AS (log.falten(coalesce(code, '') || ' ' || coalesce(bezeichnung, ''))) STORED,
    PRIMARY KEY (mandant_id, id)
);
COMMENT ON TABLE fibu.zahlungsbedingung IS 'Terms of payment';
CREATE INDEX zahlungsbedingung_code ON fibu.zahlungsbedingung (mandant_id, code);
CREATE INDEX zahlungsbedingung_suche ON fibu.zahlungsbedingung USING gin (suche gin_trgm_ops);

CREATE TABLE fibu.zahlungsbedingung_fassung (
    mandant_id      uuid NOT NULL,
    zahlungsbedingung_id uuid NOT NULL,
    gueltig_ab date NOT NULL,
    faellig text NOT NULL CHECK (faellig IN ('tage_netto', 'monatsende', 'fixe_valuta')),
    tage integer NOT NULL,
    valuta date,
    PRIMARY KEY (mandant_id, zahlungsbedingung_id, gueltig_ab),
    FOREIGN KEY (mandant_id, zahlungsbedingung_id) REFERENCES fibu.zahlungsbedingung DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE fibu.zahlungsbedingung_fassung IS 'Terms from a day on';

CREATE TABLE fibu.zahlungsbedingung_skonto (
    mandant_id      uuid NOT NULL,
    zahlungsbedingung_id uuid NOT NULL,
    gueltig_ab date NOT NULL,
    nr integer NOT NULL,
    tage integer NOT NULL,
    prozent numeric(9,6) NOT NULL,
    PRIMARY KEY (mandant_id, zahlungsbedingung_id, gueltig_ab, nr),
    FOREIGN KEY (mandant_id, zahlungsbedingung_id, gueltig_ab) REFERENCES fibu.zahlungsbedingung_fassung DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE fibu.zahlungsbedingung_skonto IS 'Steps of Skonto';

CREATE TABLE fibu.waehrung (
    mandant_id      uuid NOT NULL,
    id              uuid NOT NULL,
    version         bigint NOT NULL,
    log_position    bigint NOT NULL,
    angelegt_am     timestamptz NOT NULL,
    geaendert_am    timestamptz NOT NULL,
    iso text NOT NULL,
    jahr integer NOT NULL,
    nachkommastellen smallint NOT NULL,
    status text NOT NULL CHECK (status = 'aktiv'),
    suche           text GENERATED ALWAYS AS (log.falten(coalesce(iso, ''))) STORED,
    PRIMARY KEY (mandant_id, id)
);
COMMENT ON TABLE fibu.waehrung IS 'A currency and the year of its rates';
CREATE INDEX waehrung_iso ON fibu.waehrung (mandant_id, iso);
CREATE INDEX waehrung_suche ON fibu.waehrung USING gin (suche gin_trgm_ops);

CREATE TABLE fibu.wechselkurs (
    mandant_id      uuid NOT NULL,
    waehrung_id uuid NOT NULL,
    datum date NOT NULL,
    kurs numeric(19,6) NOT NULL,
    quelle text NOT NULL,
    korrekturgrund text,
    PRIMARY KEY (mandant_id, waehrung_id, datum),
    FOREIGN KEY (mandant_id, waehrung_id) REFERENCES fibu.waehrung DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE fibu.wechselkurs IS 'Foreign units per 1 EUR';

CREATE TABLE fibu.offener_posten (
    mandant_id      uuid NOT NULL,
    id              uuid NOT NULL,
    version         bigint NOT NULL,
    log_position    bigint NOT NULL,
    angelegt_am     timestamptz NOT NULL,
    geaendert_am    timestamptz NOT NULL,
    personenkonto text NOT NULL,
    konto text NOT NULL,
    kunde_id uuid,
    art text NOT NULL CHECK (art IN ('rechnung', 'gutschrift', 'zahlung', 'anzahlung', 'nebenforderung', 'vortrag')),
    buchung_id uuid NOT NULL,
    position_nr integer NOT NULL,
    belegnummer text NOT NULL,
    beleg text,
    herkunft_typ text,
    herkunft_id uuid,
    text text NOT NULL,
    belegdatum date NOT NULL,
    buchungsdatum date NOT NULL,
    steuerdatum date NOT NULL,
    waehrung text NOT NULL,
    betrag numeric(15,2) NOT NULL,
    rest numeric(15,2) NOT NULL,
    faellig date NOT NULL,
    mahnsperre boolean NOT NULL,
    mahnsperre_bis date,
    strittig boolean NOT NULL,
    status text NOT NULL CHECK (status IN ('offen', 'teil_ausgeglichen', 'ausgeglichen')),
    suche           text GENERATED ALWAYS AS (log.falten(coalesce(personenkonto, '') || ' ' || coalesce(belegnummer, '') || ' ' || coalesce(beleg, '') || ' ' || coalesce(text, ''))) STORED,
    PRIMARY KEY (mandant_id, id)
);
COMMENT ON TABLE fibu.offener_posten IS 'Lines of Personenkonten and what of them is not settled';
COMMENT ON COLUMN fibu.offener_posten.betrag IS 'EUR, Soll - Haben: Soll is positive';
COMMENT ON COLUMN fibu.offener_posten.rest IS 'What is not settled; the sum over a Personenkonto is its balance';
CREATE INDEX offener_posten_offen ON fibu.offener_posten (mandant_id, personenkonto, faellig) WHERE status <> 'ausgeglichen';
CREATE INDEX offener_posten_personenkonto ON fibu.offener_posten (mandant_id, personenkonto);
CREATE INDEX offener_posten_buchung_id ON fibu.offener_posten (mandant_id, buchung_id);
CREATE INDEX offener_posten_herkunft_id ON fibu.offener_posten (mandant_id, herkunft_id);
CREATE INDEX offener_posten_belegnummer ON fibu.offener_posten (mandant_id, belegnummer);
CREATE INDEX offener_posten_suche ON fibu.offener_posten USING gin (suche gin_trgm_ops);

CREATE TABLE fibu.offener_posten_skonto (
    mandant_id      uuid NOT NULL,
    offener_posten_id uuid NOT NULL,
    bis date NOT NULL,
    prozent numeric(9,6) NOT NULL,
    PRIMARY KEY (mandant_id, offener_posten_id, bis),
    FOREIGN KEY (mandant_id, offener_posten_id) REFERENCES fibu.offener_posten DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE fibu.offener_posten_skonto IS 'Steps of Skonto of an item';

CREATE TABLE fibu.offener_posten_steuer (
    mandant_id      uuid NOT NULL,
    offener_posten_id uuid NOT NULL,
    nr integer NOT NULL,
    schluessel text NOT NULL,
    satz numeric(9,6),
    brutto numeric(15,2) NOT NULL,
    PRIMARY KEY (mandant_id, offener_posten_id, nr),
    FOREIGN KEY (mandant_id, offener_posten_id) REFERENCES fibu.offener_posten DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE fibu.offener_posten_steuer IS 'Tax split of the voucher of an item';

CREATE TABLE fibu.offener_posten_ausgleich (
    mandant_id      uuid NOT NULL,
    offener_posten_id uuid NOT NULL,
    ausgleich_id uuid NOT NULL,
    betrag numeric(15,2) NOT NULL,
    skonto numeric(15,2),
    datum date NOT NULL,
    PRIMARY KEY (mandant_id, offener_posten_id, ausgleich_id),
    FOREIGN KEY (mandant_id, offener_posten_id) REFERENCES fibu.offener_posten DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE fibu.offener_posten_ausgleich IS 'Settlements that hold on an item';
CREATE INDEX offener_posten_ausgleich_ausgleich ON fibu.offener_posten_ausgleich (mandant_id, ausgleich_id);

CREATE TABLE fibu.ausgleich (
    mandant_id      uuid NOT NULL,
    id              uuid NOT NULL,
    version         bigint NOT NULL,
    log_position    bigint NOT NULL,
    angelegt_am     timestamptz NOT NULL,
    geaendert_am    timestamptz NOT NULL,
    datum date NOT NULL,
    wert date NOT NULL,
    restbehandlung text NOT NULL CHECK (restbehandlung IN ('offen', 'kleindifferenz', 'forderungsverlust')),
    grund text,
    storno boolean NOT NULL,
    folgebuchung_id uuid,
    status text NOT NULL CHECK (status IN ('ausgeglichen', 'aufgehoben')),
    aufgehoben_am date,
    aufhebungsgrund text,
    suche           text GENERATED ALWAYS AS (log.falten(coalesce(grund, ''))) STORED,
    PRIMARY KEY (mandant_id, id)
);
COMMENT ON TABLE fibu.ausgleich IS 'Settlements of open items';
CREATE INDEX ausgleich_datum ON fibu.ausgleich (mandant_id, datum);
CREATE INDEX ausgleich_folgebuchung_id ON fibu.ausgleich (mandant_id, folgebuchung_id);
CREATE INDEX ausgleich_suche ON fibu.ausgleich USING gin (suche gin_trgm_ops);

CREATE TABLE fibu.ausgleich_zeile (
    mandant_id      uuid NOT NULL,
    ausgleich_id uuid NOT NULL,
    op_id uuid NOT NULL,
    betrag numeric(15,2) NOT NULL,
    skonto numeric(15,2),
    folge boolean NOT NULL,
    PRIMARY KEY (mandant_id, ausgleich_id, op_id),
    FOREIGN KEY (mandant_id, ausgleich_id) REFERENCES fibu.ausgleich DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE fibu.ausgleich_zeile IS 'Items of a settlement';
CREATE INDEX ausgleich_zeile_op ON fibu.ausgleich_zeile (mandant_id, op_id);

CREATE TABLE fibu.geldkonto (
    mandant_id      uuid NOT NULL,
    id              uuid NOT NULL,
    version         bigint NOT NULL,
    log_position    bigint NOT NULL,
    angelegt_am     timestamptz NOT NULL,
    geaendert_am    timestamptz NOT NULL,
    bezeichnung text NOT NULL,
    art text NOT NULL CHECK (art IN ('bank', 'kasse', 'karte', 'transit')),
    konto_nr text NOT NULL,
    iban text,
    bic text,
    waehrung text NOT NULL,
    status text NOT NULL CHECK (status IN ('aktiv', 'geschlossen')),
    suche           text GENERATED ALWAYS AS (log.falten(coalesce(bezeichnung, '') || ' ' || coalesce(konto_nr, '') || ' ' || coalesce(iban, ''))) STORED,
    PRIMARY KEY (mandant_id, id)
);
COMMENT ON TABLE fibu.geldkonto IS 'Own bank accounts and cash boxes';
CREATE INDEX geldkonto_konto_nr ON fibu.geldkonto (mandant_id, konto_nr);
CREATE INDEX geldkonto_suche ON fibu.geldkonto USING gin (suche gin_trgm_ops);

CREATE TABLE fibu.zahlung (
    mandant_id      uuid NOT NULL,
    id              uuid NOT NULL,
    version         bigint NOT NULL,
    log_position    bigint NOT NULL,
    angelegt_am     timestamptz NOT NULL,
    geaendert_am    timestamptz NOT NULL,
    richtung text NOT NULL CHECK (richtung IN ('eingang', 'ausgang')),
    geldkonto_id uuid NOT NULL,
    personenkonto text NOT NULL,
    betrag numeric(15,2) NOT NULL,
    waehrung text NOT NULL,
    buchungsdatum date NOT NULL,
    wertstellung date NOT NULL,
    zweck text,
    restbehandlung text NOT NULL CHECK (restbehandlung IN ('offen', 'kleindifferenz', 'forderungsverlust')),
    buchung_id uuid,
    ausgleich_id uuid,
    gegenbuchung_id uuid,
    grund_code text,
    status text NOT NULL CHECK (status IN ('erfasst', 'gebucht', 'zurueckgegeben', 'storniert')),
    suche           text GENERATED ALWAYS AS (log.falten(coalesce(personenkonto, '') || ' ' || coalesce(zweck, ''))) STORED,
    PRIMARY KEY (mandant_id, id)
);
COMMENT ON TABLE fibu.zahlung IS 'Payments of partners';
CREATE INDEX zahlung_personenkonto ON fibu.zahlung (mandant_id, personenkonto);
CREATE INDEX zahlung_buchungsdatum ON fibu.zahlung (mandant_id, buchungsdatum);
CREATE INDEX zahlung_buchung_id ON fibu.zahlung (mandant_id, buchung_id);
CREATE INDEX zahlung_suche ON fibu.zahlung USING gin (suche gin_trgm_ops);

CREATE TABLE fibu.zahlungszuordnung (
    mandant_id      uuid NOT NULL,
    zahlung_id uuid NOT NULL,
    op_id uuid NOT NULL,
    betrag numeric(15,2) NOT NULL,
    skonto numeric(15,2),
    PRIMARY KEY (mandant_id, zahlung_id, op_id),
    FOREIGN KEY (mandant_id, zahlung_id) REFERENCES fibu.zahlung DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE fibu.zahlungszuordnung IS 'Items that a payment is for';

CREATE TABLE fibu.op_bewegung (
    mandant_id      uuid NOT NULL,
    log_position    bigint NOT NULL,
    op_id           uuid NOT NULL,
    erfasst_am      timestamptz NOT NULL,
    art             text NOT NULL CHECK (art IN ('eroeffnung', 'ausgleich', 'ruecknahme', 'faelligkeit')),
    personenkonto   text NOT NULL,
    datum           date,
    betrag          numeric(15,2) NOT NULL,
    skonto          numeric(15,2),
    ausgleich_id    uuid,
    faellig         date,
    konto           text,
    posten          text CHECK (posten IN ('rechnung', 'gutschrift', 'zahlung', 'anzahlung', 'nebenforderung', 'vortrag')),
    belegnummer     text,
    beleg           text,
    belegdatum      date,
    text            text,
    buchung_id      uuid,
    PRIMARY KEY (mandant_id, log_position)
);
COMMENT ON TABLE fibu.op_bewegung IS 'Every move of an open item, append-only, in log order';
COMMENT ON COLUMN fibu.op_bewegung.datum IS 'Valid time of the move; a new due date has none, it holds from when it is known';
COMMENT ON COLUMN fibu.op_bewegung.betrag IS 'What the move adds to the rest, Soll - Haben';
CREATE INDEX op_bewegung_op ON fibu.op_bewegung (mandant_id, op_id, log_position);
CREATE INDEX op_bewegung_personenkonto ON fibu.op_bewegung (mandant_id, personenkonto, log_position);

RESET ROLE;

SELECT log.lesbar_machen(t) FROM unnest(ARRAY['fibu.zahlungsbedingung', 'fibu.zahlungsbedingung_fassung', 'fibu.zahlungsbedingung_skonto', 'fibu.waehrung', 'fibu.wechselkurs', 'fibu.offener_posten', 'fibu.offener_posten_skonto', 'fibu.offener_posten_steuer', 'fibu.offener_posten_ausgleich', 'fibu.ausgleich', 'fibu.ausgleich_zeile', 'fibu.geldkonto', 'fibu.zahlung', 'fibu.zahlungszuordnung', 'fibu.op_bewegung']::regclass[]) AS t;
