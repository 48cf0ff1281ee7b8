-- The log refuses changes in every session, also in one that replays another server's changes
-- (session_replication_role = replica), where ordinary triggers do not fire.
ALTER TABLE log.ereignis ENABLE ALWAYS TRIGGER unveraenderlich;
ALTER TABLE log.befehl ENABLE ALWAYS TRIGGER unveraenderlich;
