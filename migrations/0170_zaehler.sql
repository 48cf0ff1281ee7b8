-- Counters follow from the log. From here on the meta of an event lists the numbers that were drawn with it; what was
-- drawn before stands here. Programs of an earlier version must have ended: what they would still draw nobody could count.

CREATE TABLE log.zaehler_anfang (LIKE log.zaehler INCLUDING ALL);
COMMENT ON TABLE log.zaehler_anfang IS 'Counters as they were before events listed the numbers drawn with them; never changes';
INSERT INTO log.zaehler_anfang SELECT * FROM log.zaehler;
GRANT SELECT ON log.zaehler_anfang TO neuroerp_app;

COMMENT ON COLUMN log.kopf.anspruch_position IS 'Position of the last append that took or released claims: up to there what a process remembers of claims may be old. One ahead of the head if a rebuild has mended claims or counters';

-- The running program may see what was applied, so that one that cannot migrate knows whether it fits.
GRANT SELECT ON log.migration TO neuroerp_app;
