/** A database with the schema of today: migrated once a run and copied for every test file. */
export const TEMPLATE = "template_sensorloop";
