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

RESET ROLE;

SELECT log.lesbar_machen(t) FROM unnest(ARRAY['dienste.firmenstammdaten', 'dienste.firmenstammdaten_stand']::regclass[]) AS t;
