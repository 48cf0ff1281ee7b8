-- State tables of dienste: Mandant, Nummernkreis.

SET LOCAL ROLE neuroerp_app;

CREATE TABLE dienste.mandant (
    mandant_id      uuid NOT NULL,
    id              uuid NOT NULL,
    version         bigint NOT NULL,
    log_position    bigint NOT NULL,
    angelegt_am     timestamptz NOT NULL,
    geaendert_am    timestamptz NOT NULL,
    kuerzel         text NOT NULL,
    firma           text NOT NULL,
    strasse         text,
    plz             text,
    ort             text,
    land            text,
    ust_id          text,
    steuernummer    text,
    hauswaehrung    text NOT NULL,
    stammdaten_ab   date NOT NULL,
    status          text NOT NULL CHECK (status IN ('aktiv', 'stillgelegt')),
    suche           text GENERATED ALWAYS AS (log.falten(kuerzel || ' ' || firma || ' ' || coalesce(ort, ''))) STORED,
    PRIMARY KEY (mandant_id, id)
);
COMMENT ON TABLE dienste.mandant IS 'Companies; rows live in the system Mandant (nil UUID), id is the mandant_id of their data';
CREATE INDEX mandant_kuerzel ON dienste.mandant (mandant_id, kuerzel);
CREATE INDEX mandant_suche ON dienste.mandant USING gin (suche gin_trgm_ops);

CREATE TABLE dienste.mandant_stammdaten (
    mandant_id      uuid NOT NULL,
    mandant         uuid NOT NULL,
    gueltig_ab      date NOT NULL,
    firma           text NOT NULL,
    strasse         text,
    plz             text,
    ort             text,
    land            text,
    ust_id          text,
    steuernummer    text,
    PRIMARY KEY (mandant_id, mandant, gueltig_ab),
    FOREIGN KEY (mandant_id, mandant) REFERENCES dienste.mandant DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE dienste.mandant_stammdaten IS 'Master data of a company by their first day; those of later days are planned';

CREATE TABLE dienste.nummernkreis (
    mandant_id      uuid NOT NULL,
    id              uuid NOT NULL,
    version         bigint NOT NULL,
    log_position    bigint NOT NULL,
    angelegt_am     timestamptz NOT NULL,
    geaendert_am    timestamptz NOT NULL,
    code            text NOT NULL,
    start           bigint NOT NULL,
    lueckenlos      boolean NOT NULL,
    chronologisch   boolean NOT NULL,
    status          text NOT NULL CHECK (status IN ('aktiv', 'gesperrt')),
    suche           text GENERATED ALWAYS AS (log.falten(code)) STORED,
    PRIMARY KEY (mandant_id, id)
);
COMMENT ON TABLE dienste.nummernkreis IS 'Definitions of document numbers; the counters are rows of the log''s schema';
CREATE INDEX nummernkreis_code ON dienste.nummernkreis (mandant_id, code);

CREATE TABLE dienste.nummernkreis_muster (
    mandant_id      uuid NOT NULL,
    nummernkreis_id uuid NOT NULL,
    gueltig_ab      date NOT NULL,
    muster          text NOT NULL,
    PRIMARY KEY (mandant_id, nummernkreis_id, gueltig_ab),
    FOREIGN KEY (mandant_id, nummernkreis_id) REFERENCES dienste.nummernkreis DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE dienste.nummernkreis_muster IS 'Patterns of a Nummernkreis by their first day';
CREATE TABLE dienste.nummernkreis_jahr (
    mandant_id      uuid NOT NULL,
    nummernkreis_id uuid NOT NULL,
    jahr            integer NOT NULL,
    PRIMARY KEY (mandant_id, nummernkreis_id, jahr),
    FOREIGN KEY (mandant_id, nummernkreis_id) REFERENCES dienste.nummernkreis DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE dienste.nummernkreis_jahr IS 'Years that are closed for new numbers';
CREATE TABLE dienste.nummernkreis_luecke (
    mandant_id      uuid NOT NULL,
    nummernkreis_id uuid NOT NULL,
    nr              integer NOT NULL,
    jahr            integer NOT NULL,
    von             bigint NOT NULL,
    bis             bigint NOT NULL,
    grund           text NOT NULL,
    PRIMARY KEY (mandant_id, nummernkreis_id, nr),
    FOREIGN KEY (mandant_id, nummernkreis_id) REFERENCES dienste.nummernkreis DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE dienste.nummernkreis_luecke IS 'Ranges of numbers that are explained as left out';

RESET ROLE;

SELECT log.lesbar_machen('dienste.mandant', 'id'), log.lesbar_machen('dienste.mandant_stammdaten', 'mandant');
SELECT log.lesbar_machen(t) FROM unnest(ARRAY['dienste.nummernkreis', 'dienste.nummernkreis_muster', 'dienste.nummernkreis_jahr',
    'dienste.nummernkreis_luecke']::regclass[]) AS t;
