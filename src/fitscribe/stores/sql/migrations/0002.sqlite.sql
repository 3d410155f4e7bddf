CREATE TABLE alembic_version (
  version_num VARCHAR(32) NOT NULL,
  CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);

CREATE TABLE changes (
  seq INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  id TEXT NOT NULL,
  caller TEXT NOT NULL,
  request_id TEXT,
  at INTEGER NOT NULL,
  PRIMARY KEY (seq)
);

CREATE TABLE experiments (
  id INTEGER NOT NULL,
  name TEXT NOT NULL,
  artifact_location TEXT,
  lifecycle INTEGER NOT NULL,
  created INTEGER NOT NULL,
  updated INTEGER NOT NULL,
  PRIMARY KEY (id)
);

CREATE UNIQUE INDEX experiments_by_name ON experiments (name) WHERE lifecycle = 0;

CREATE TABLE keys (
  id INTEGER NOT NULL,
  name TEXT NOT NULL,
  PRIMARY KEY (id),
  UNIQUE (name)
);

CREATE TABLE latest (
  run INTEGER NOT NULL,
  "key" INTEGER NOT NULL,
  experiment INTEGER NOT NULL,
  start_time INTEGER NOT NULL,
  step INTEGER NOT NULL,
  timestamp INTEGER NOT NULL,
  value DOUBLE,
  PRIMARY KEY (run, "key")
)
 WITHOUT ROWID;

CREATE INDEX latest_by_value ON latest (experiment, "key", value, start_time, run);

CREATE TABLE metrics (
  run INTEGER NOT NULL,
  "key" INTEGER NOT NULL,
  timestamp INTEGER NOT NULL,
  step INTEGER NOT NULL,
  value DOUBLE NOT NULL,
  nan INTEGER NOT NULL,
  PRIMARY KEY (run, "key", timestamp, step, value, nan)
)
 WITHOUT ROWID;

CREATE TABLE model_metrics (
  run INTEGER NOT NULL,
  "key" INTEGER NOT NULL,
  timestamp INTEGER NOT NULL,
  step INTEGER NOT NULL,
  value DOUBLE NOT NULL,
  nan INTEGER NOT NULL,
  model INTEGER NOT NULL,
  dataset_name TEXT NOT NULL,
  dataset_digest TEXT NOT NULL,
  PRIMARY KEY (run, "key", timestamp, step, value, nan, model, dataset_name, dataset_digest)
)
 WITHOUT ROWID;

CREATE INDEX model_metrics_by_model ON model_metrics (model, "key");

CREATE TABLE params (
  run INTEGER NOT NULL,
  "key" INTEGER NOT NULL,
  experiment INTEGER NOT NULL,
  start_time INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  number DOUBLE,
  head TEXT NOT NULL,
  text TEXT,
  PRIMARY KEY (run, "key")
)
 WITHOUT ROWID;

CREATE INDEX params_by_value ON params (experiment, "key", number, head, start_time, run);

CREATE TABLE registered_models (
  id INTEGER NOT NULL,
  name TEXT NOT NULL,
  description TEXT,
  last_version INTEGER NOT NULL,
  created INTEGER NOT NULL,
  updated INTEGER NOT NULL,
  PRIMARY KEY (id),
  UNIQUE (name)
);

CREATE TABLE tags (
  run INTEGER NOT NULL,
  "key" INTEGER NOT NULL,
  experiment INTEGER NOT NULL,
  start_time INTEGER NOT NULL,
  head TEXT NOT NULL,
  text TEXT,
  PRIMARY KEY (run, "key")
)
 WITHOUT ROWID;

CREATE INDEX tags_by_value ON tags (experiment, "key", head, start_time, run);

CREATE TABLE writers (
  writer TEXT NOT NULL,
  last_seq INTEGER NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (writer)
)
 WITHOUT ROWID;

CREATE TABLE datasets (
  id INTEGER NOT NULL,
  experiment INTEGER NOT NULL,
  name TEXT NOT NULL,
  digest TEXT NOT NULL,
  source_type TEXT NOT NULL,
  source TEXT NOT NULL,
  schema TEXT,
  profile TEXT,
  PRIMARY KEY (id),
  UNIQUE (experiment, name, digest),
  FOREIGN KEY(experiment) REFERENCES experiments (id)
);

CREATE TABLE experiment_tags (
  experiment INTEGER NOT NULL,
  "key" INTEGER NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (experiment, "key"),
  FOREIGN KEY(experiment) REFERENCES experiments (id),
  FOREIGN KEY("key") REFERENCES keys (id)
)
 WITHOUT ROWID;

CREATE TABLE registered_model_tags (
  registered INTEGER NOT NULL,
  "key" INTEGER NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (registered, "key"),
  FOREIGN KEY(registered) REFERENCES registered_models (id),
  FOREIGN KEY("key") REFERENCES keys (id)
)
 WITHOUT ROWID;

CREATE TABLE runs (
  id INTEGER NOT NULL,
  run_id TEXT NOT NULL,
  experiment INTEGER NOT NULL,
  user_id TEXT NOT NULL,
  status INTEGER NOT NULL,
  lifecycle INTEGER NOT NULL,
  start_time INTEGER NOT NULL,
  end_time INTEGER,
  PRIMARY KEY (id),
  UNIQUE (run_id),
  FOREIGN KEY(experiment) REFERENCES experiments (id)
);

CREATE INDEX runs_by_start ON runs (experiment, lifecycle, start_time, id);

CREATE TABLE inputs (
  run INTEGER NOT NULL,
  dataset INTEGER NOT NULL,
  context TEXT NOT NULL,
  tags TEXT,
  PRIMARY KEY (run, dataset, context),
  FOREIGN KEY(run) REFERENCES runs (id),
  FOREIGN KEY(dataset) REFERENCES datasets (id)
)
 WITHOUT ROWID;

CREATE INDEX inputs_by_dataset ON inputs (dataset, run);

CREATE TABLE leases (
  run INTEGER NOT NULL,
  host TEXT NOT NULL,
  boot_id TEXT NOT NULL,
  pid INTEGER NOT NULL,
  pid_started INTEGER NOT NULL,
  heartbeat INTEGER NOT NULL,
  PRIMARY KEY (run),
  FOREIGN KEY(run) REFERENCES runs (id)
);

CREATE TABLE logged_models (
  id INTEGER NOT NULL,
  model_id TEXT NOT NULL,
  experiment INTEGER NOT NULL,
  name TEXT NOT NULL,
  run INTEGER,
  model_type TEXT,
  status INTEGER NOT NULL,
  status_message TEXT,
  lifecycle INTEGER NOT NULL,
  created INTEGER NOT NULL,
  updated INTEGER NOT NULL,
  digest TEXT,
  PRIMARY KEY (id),
  UNIQUE (model_id),
  FOREIGN KEY(experiment) REFERENCES experiments (id),
  FOREIGN KEY(run) REFERENCES runs (id)
);

CREATE INDEX logged_models_by_age ON logged_models (experiment, lifecycle, created, id);

CREATE INDEX logged_models_by_run ON logged_models (run, name);

CREATE TABLE logged_model_params (
  model INTEGER NOT NULL,
  "key" INTEGER NOT NULL,
  number DOUBLE,
  value TEXT NOT NULL,
  PRIMARY KEY (model, "key"),
  FOREIGN KEY(model) REFERENCES logged_models (id),
  FOREIGN KEY("key") REFERENCES keys (id)
)
 WITHOUT ROWID;

CREATE TABLE logged_model_tags (
  model INTEGER NOT NULL,
  "key" INTEGER NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (model, "key"),
  FOREIGN KEY(model) REFERENCES logged_models (id),
  FOREIGN KEY("key") REFERENCES keys (id)
)
 WITHOUT ROWID;

CREATE TABLE model_inputs (
  run INTEGER NOT NULL,
  model INTEGER NOT NULL,
  PRIMARY KEY (run, model),
  FOREIGN KEY(run) REFERENCES runs (id),
  FOREIGN KEY(model) REFERENCES logged_models (id)
)
 WITHOUT ROWID;

CREATE TABLE model_versions (
  id INTEGER NOT NULL,
  registered INTEGER NOT NULL,
  version INTEGER NOT NULL,
  experiment INTEGER,
  model INTEGER,
  run_id TEXT,
  source TEXT NOT NULL,
  origin TEXT NOT NULL,
  digest TEXT,
  stage INTEGER NOT NULL,
  user_id TEXT NOT NULL,
  description TEXT,
  run_link TEXT,
  created INTEGER NOT NULL,
  updated INTEGER NOT NULL,
  PRIMARY KEY (id),
  UNIQUE (registered, version),
  FOREIGN KEY(registered) REFERENCES registered_models (id),
  FOREIGN KEY(experiment) REFERENCES experiments (id),
  FOREIGN KEY(model) REFERENCES logged_models (id)
);

CREATE INDEX model_versions_by_run ON model_versions (run_id);

CREATE TABLE outputs (
  run INTEGER NOT NULL,
  model INTEGER NOT NULL,
  step INTEGER NOT NULL,
  PRIMARY KEY (run, model, step),
  FOREIGN KEY(run) REFERENCES runs (id),
  FOREIGN KEY(model) REFERENCES logged_models (id)
)
 WITHOUT ROWID;

CREATE TABLE model_version_tags (
  version INTEGER NOT NULL,
  "key" INTEGER NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (version, "key"),
  FOREIGN KEY(version) REFERENCES model_versions (id),
  FOREIGN KEY("key") REFERENCES keys (id)
)
 WITHOUT ROWID;

CREATE TABLE registered_model_aliases (
  registered INTEGER NOT NULL,
  alias TEXT NOT NULL,
  version INTEGER NOT NULL,
  PRIMARY KEY (registered, alias),
  FOREIGN KEY(registered) REFERENCES registered_models (id),
  FOREIGN KEY(version) REFERENCES model_versions (id)
)
 WITHOUT ROWID;

CREATE INDEX registered_model_aliases_by_version ON registered_model_aliases (version);

