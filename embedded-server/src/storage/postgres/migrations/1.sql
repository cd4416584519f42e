CREATE TABLE store (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    revision bigint NOT NULL,
    position bigint NOT NULL
);
COMMENT ON TABLE store IS 'One row, locked by whoever writes: the revision of the last change, and how many bytes have been written so far.';

CREATE TABLE horizon (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    compacted bigint NOT NULL
);
COMMENT ON TABLE horizon IS 'One row, locked by whoever compacts: changes up to this revision are forgotten.';

CREATE TABLE changes (
    revision bigint PRIMARY KEY,
    key text COLLATE "C" NOT NULL,
    value bytea,
    previous bigint,
    position bigint NOT NULL,
    made timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE changes IS 'Every change since the horizon, and the older ones that made what still stands. A change without a value is a deletion.';

CREATE TABLE heads (
    key text COLLATE "C" PRIMARY KEY,
    revision bigint NOT NULL,
    written timestamptz NOT NULL DEFAULT now(),
    data jsonb
);
COMMENT ON TABLE heads IS 'What stands: the change that made it, and a copy of its value as JSON.';

CREATE TABLE writers (
    id text PRIMARY KEY,
    batch bigint NOT NULL,
    wrote timestamptz NOT NULL
);
COMMENT ON TABLE writers IS 'The last transaction of each process that writes, so that it can find out whether one happened when the connection broke.';

-- JSONB holds no NUL, and not everything that is stored has to be JSON: neither may make a write fail.
CREATE FUNCTION as_json(value bytea) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    RETURN convert_from(value, 'UTF8')::jsonb;
EXCEPTION WHEN OTHERS THEN
    BEGIN
        RETURN regexp_replace(convert_from(value, 'UTF8'), '(?<!\\)((?:\\\\)*)\\u0000', '\1\\ufffd', 'g')::jsonb;
    EXCEPTION WHEN OTHERS THEN
        RETURN NULL;
    END;
END
$$;

CREATE VIEW objects AS
SELECT
    data ->> 'kind' AS kind,
    data #>> '{metadata,namespace}' AS namespace,
    data #>> '{metadata,name}' AS name,
    data #> '{metadata,labels}' AS labels,
    data #>> '{status,phase}' AS phase,
    CASE WHEN data #>> '{metadata,creationTimestamp}' ~ '^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$'
        THEN (data #>> '{metadata,creationTimestamp}')::timestamptz
    END AS created,
    written AS updated,
    revision,
    data
FROM heads;
COMMENT ON VIEW objects IS 'What stands, for people: to read, not to write.';

INSERT INTO store (revision, position) VALUES (1, 0);
INSERT INTO horizon (compacted) VALUES (1);
