-- The chain from order to payment: what the credit line holds for deliveries that are not invoiced.

SET LOCAL ROLE neuroerp_app;

ALTER TABLE crm.auftrag ADD COLUMN kredit_lieferung numeric(15,2) NOT NULL DEFAULT 0;
-- Its value is in the state, as that of every other column.
ALTER TABLE crm.auftrag ALTER COLUMN kredit_lieferung DROP DEFAULT;

RESET ROLE;
