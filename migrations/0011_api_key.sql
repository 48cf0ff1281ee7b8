-- State tables of ApiKey (system Mandant). The hashes of keys are not among them: the door finds a key by the claim on its
-- hash (log.anspruch), which no reading role may see.

SET LOCAL ROLE neuroerp_app;

CREATE TABLE dienste.api_key (
    mandant_id      uuid NOT NULL,
    id              uuid NOT NULL,
    version         bigint NOT NULL,
    log_position    bigint NOT NULL,
    angelegt_am     timestamptz NOT NULL,
    geaendert_am    timestamptz NOT NULL,
    name text NOT NULL,
    praefix text,
    alter_gueltig_bis timestamptz,
    dienstbenutzer_id uuid,
    ablauf timestamptz NOT NULL,
    je_minute integer,
    je_monat integer,
    gleichzeitig integer,
    status text NOT NULL CHECK (status IN ('aktiv', 'rotierend', 'abgelaufen', 'widerrufen')),
    suche           text GENERATED ALWAYS AS (log.falten(coalesce(name, '') || ' ' || coalesce(praefix, ''))) STORED,
    PRIMARY KEY (mandant_id, id)
);
COMMENT ON TABLE dienste.api_key IS 'Machine access: name, prefix, life and limits of each key';
CREATE INDEX api_key_name ON dienste.api_key (mandant_id, name);
CREATE INDEX api_key_suche ON dienste.api_key USING gin (suche gin_trgm_ops);

CREATE TABLE dienste.api_key_scope (
    mandant_id      uuid NOT NULL,
    api_key_id uuid NOT NULL,
    scope text NOT NULL,
    PRIMARY KEY (mandant_id, api_key_id, scope),
    FOREIGN KEY (mandant_id, api_key_id) REFERENCES dienste.api_key DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE dienste.api_key_scope IS 'Rights of a key: bereich[.aggregate_type]:stufe';

CREATE TABLE dienste.api_key_sonderrecht (
    mandant_id      uuid NOT NULL,
    api_key_id uuid NOT NULL,
    sonderrecht text NOT NULL,
    PRIMARY KEY (mandant_id, api_key_id, sonderrecht),
    FOREIGN KEY (mandant_id, api_key_id) REFERENCES dienste.api_key DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE dienste.api_key_sonderrecht IS 'Special rights of a key';

CREATE TABLE dienste.api_key_mandant (
    mandant_id      uuid NOT NULL,
    api_key_id uuid NOT NULL,
    mandant uuid NOT NULL,
    PRIMARY KEY (mandant_id, api_key_id, mandant),
    FOREIGN KEY (mandant_id, api_key_id) REFERENCES dienste.api_key DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE dienste.api_key_mandant IS 'Companies a key is limited to; none means all';

CREATE TABLE dienste.api_key_netz (
    mandant_id      uuid NOT NULL,
    api_key_id uuid NOT NULL,
    netz text NOT NULL,
    PRIMARY KEY (mandant_id, api_key_id, netz),
    FOREIGN KEY (mandant_id, api_key_id) REFERENCES dienste.api_key DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE dienste.api_key_netz IS 'Networks a key is limited to; none means all';

RESET ROLE;

SELECT log.lesbar_machen(t) FROM unnest(ARRAY['dienste.api_key', 'dienste.api_key_scope', 'dienste.api_key_sonderrecht', 'dienste.api_key_mandant', 'dienste.api_key_netz']::regclass[]) AS t;
