-- Which streams have lost content by law: asked whenever the past of a record is shown, and nearly always none.
CREATE INDEX ereignis_geloescht ON log.ereignis (mandant_id, aggregate_id) WHERE payload IS NULL;

COMMENT ON COLUMN log.ereignis.meta IS 'befehl_id, schluessel_id (API key), grund, im_auftrag_von, politik: canonical JSON, under the hash too';
