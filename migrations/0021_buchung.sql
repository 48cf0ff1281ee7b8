-- State tables of Buchung: vouchers, positions, cost splits, notes.

SET LOCAL ROLE neuroerp_app;

CREATE TABLE fibu.buchung (
    mandant_id      uuid NOT NULL,
    id              uuid NOT NULL,
    version         bigint NOT NULL,
    log_position    bigint NOT NULL,
    angelegt_am     timestamptz NOT NULL,
    geaendert_am    timestamptz NOT NULL,
    belegnummer text NOT NULL,
    belegkreis text NOT NULL,
    jahr integer NOT NULL,
    lfd bigint NOT NULL,
    belegdatum date NOT NULL,
    buchungsdatum date NOT NULL,
    geschaeftsjahr_id uuid NOT NULL,
    periode smallint NOT NULL,
    steuerdatum date NOT NULL,
    buchungsart text NOT NULL,
    text text NOT NULL,
    waehrung text NOT NULL,
    beleg text,
    grund text,
    herkunft_typ text,
    herkunft_id uuid,
    storniert_durch uuid,
    status text NOT NULL CHECK (status IN ('erfasst', 'storniert')),
    summe numeric(15,2) NOT NULL,
    suche           text GENERATED ALWAYS AS (log.falten(coalesce(belegnummer, '') || ' ' || coalesce(beleg, '') || ' ' || coalesce(text, ''))) STORED,
    PRIMARY KEY (mandant_id, id)
);
COMMENT ON TABLE fibu.buchung IS 'Vouchers, final with their first event';
CREATE INDEX buchung_belegnummer ON fibu.buchung (mandant_id, belegnummer);
CREATE INDEX buchung_buchungsdatum ON fibu.buchung (mandant_id, buchungsdatum);
CREATE INDEX buchung_beleg ON fibu.buchung (mandant_id, beleg);
CREATE INDEX buchung_suche ON fibu.buchung USING gin (suche gin_trgm_ops);

CREATE TABLE fibu.buchungs_position (
    mandant_id      uuid NOT NULL,
    buchung_id uuid NOT NULL,
    nr integer NOT NULL,
    konto text NOT NULL,
    personenkonto text,
    seite text NOT NULL CHECK (seite IN ('soll', 'haben')),
    betrag numeric(15,2) NOT NULL,
    steuerschluessel text,
    steuersatz numeric,
    steuerrolle text NOT NULL CHECK (steuerrolle IN ('basis', 'steuer', 'keine')),
    op_art text CHECK (op_art IN ('neu', 'keiner')),
    op_posten text,
    op_faellig date,
    op_zahlungsbedingung_id uuid,
    gegenkonto text,
    text text,
    PRIMARY KEY (mandant_id, buchung_id, nr),
    FOREIGN KEY (mandant_id, buchung_id) REFERENCES fibu.buchung DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE fibu.buchungs_position IS 'Ledger lines of a voucher';

CREATE TABLE fibu.kontierung (
    mandant_id      uuid NOT NULL,
    buchung_id uuid NOT NULL,
    position_nr integer NOT NULL,
    lfd integer NOT NULL,
    kst text,
    ktr text,
    betrag numeric(15,2) NOT NULL,
    PRIMARY KEY (mandant_id, buchung_id, position_nr, lfd),
    FOREIGN KEY (mandant_id, buchung_id, position_nr) REFERENCES fibu.buchungs_position DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE fibu.kontierung IS 'Cost split of a line, always sums to the line';

CREATE TABLE fibu.buchung_vermerk (
    mandant_id      uuid NOT NULL,
    buchung_id uuid NOT NULL,
    nr integer NOT NULL,
    text text NOT NULL,
    dokument_id uuid,
    PRIMARY KEY (mandant_id, buchung_id, nr),
    FOREIGN KEY (mandant_id, buchung_id) REFERENCES fibu.buchung DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE fibu.buchung_vermerk IS 'Notes; the only way to change a text';

RESET ROLE;

SELECT log.lesbar_machen(t) FROM unnest(ARRAY['fibu.buchung', 'fibu.buchungs_position', 'fibu.kontierung', 'fibu.buchung_vermerk']::regclass[]) AS t;
