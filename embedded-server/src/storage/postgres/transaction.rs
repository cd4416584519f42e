//! The transaction that writes a group: two round trips, however many writes there are.
//!
//! Whoever writes locks the one row that holds the revision, in the first statement, until the end. So the order of
//! transactions is the order of revisions, and no reader ever sees a revision before those below it. A sequence
//! would not do: its numbers are taken in one order and become visible in another.

use std::collections::HashMap;

use futures::try_join;

use super::fault::Fault;
use super::plan::{Place, Plan};
use super::reader::{self, GET_MANY};
use super::session::Session;
use crate::storage::{Key, KeyValue};

const LOCK: &str = "SELECT revision, position FROM store FOR UPDATE";

const HEADS: &str = "SELECT key, revision FROM heads WHERE key = ANY ($1)";

const INSERT: &str = "
    INSERT INTO changes (revision, position, key, value, previous)
    SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::bytea[], $5::bigint[])";

const STAND: &str = "
    INSERT INTO heads (key, revision, data)
    SELECT key, revision, as_json(value) FROM changes WHERE revision = ANY ($1)
    ON CONFLICT (key) DO UPDATE
    SET revision = excluded.revision, written = excluded.written, data = excluded.data";

const GO: &str = "DELETE FROM heads WHERE key = ANY ($1)";

const ADVANCE: &str = "UPDATE store SET revision = $1, position = $2";

const SIGN: &str = "
    INSERT INTO writers (id, batch, wrote) VALUES ($1, $2, now())
    ON CONFLICT (id) DO UPDATE SET batch = excluded.batch, wrote = excluded.wrote";

const NOTIFY: &str = "SELECT pg_notify(current_schema(), '')";

const SIGNED: &str = "SELECT 1 FROM writers WHERE id = $1 AND batch = $2";

/// What a transaction signs with, so that it can be found out whether it happened.
#[derive(Clone, Debug)]
pub(super) struct Signature {
    /// The process.
    pub(super) writer: String,
    /// The number of the transaction; each has another.
    pub(super) batch: i64,
}

/// What a transaction began with.
#[derive(Debug)]
pub(super) struct Begun {
    pub(super) place: Place,
    pub(super) heads: HashMap<Key, i64>,
}

/// The values of the columns of the changes.
#[derive(Default)]
struct Columns<'p> {
    revisions: Vec<i64>,
    positions: Vec<i64>,
    keys: Vec<&'p str>,
    values: Vec<Option<&'p [u8]>>,
    previous: Vec<Option<i64>>,
}

/// Begins a transaction, waits for those before it, and reads what stands under `keys`.
pub(super) async fn begin(session: &Session, keys: &[&str]) -> Result<Begun, Fault> {
    let begun = session.bounded(async {
        let (lock, heads) = try_join!(session.statement(LOCK), session.statement(HEADS))?;
        let client = session.client();
        // Polled in this order, so sent in this order and without waiting for each other.
        let ((), place, heads) =
            try_join!(client.batch_execute("BEGIN"), async { client.query_one(&lock, &[]).await }, async {
                client.query(&heads, &[&keys]).await
            })?;
        let place = Place { revision: place.try_get(0)?, position: place.try_get(1)? };
        let heads = heads.iter().map(|row| Ok((Key::from_stored(row.try_get(0)?), row.try_get(1)?)));
        Ok(Begun { place, heads: heads.collect::<Result<_, Fault>>()? })
    });
    begun.await
}

/// Writes what is planned, signs and commits; returns what then stands under `refused`. Whether it happened is
/// unknown when this fails.
pub(super) async fn commit(
    session: &Session,
    plan: &Plan,
    refused: &[&str],
    signature: &Signature,
) -> Result<HashMap<Key, KeyValue>, Fault> {
    let columns = Columns::of(plan);
    let (standing, gone, place) = (plan.standing(), plan.gone(), plan.place());
    let committed = session.bounded(Box::pin(async {
        let insert = session.statement(INSERT).await?;
        let (stand, go, advance) =
            try_join!(session.statement(STAND), session.statement(GO), session.statement(ADVANCE))?;
        let (sign, notify, refusing) =
            try_join!(session.statement(SIGN), session.statement(NOTIFY), session.statement(GET_MANY))?;
        let client = session.client();
        let Columns { revisions, positions, keys, values, previous } = &columns;
        let (.., refused, ()) = try_join!(
            async { client.execute(&insert, &[revisions, positions, keys, values, previous]).await },
            async { client.execute(&stand, &[&standing]).await },
            async { client.execute(&go, &[&gone]).await },
            async { client.execute(&advance, &[&place.revision, &place.position]).await },
            async { client.execute(&sign, &[&signature.writer, &signature.batch]).await },
            async { client.execute(&notify, &[]).await },
            async { client.query(&refusing, &[&refused]).await },
            client.batch_execute("COMMIT")
        )?;
        reader::by_key(&refused)
    }));
    committed.await
}

/// Ends a transaction that has nothing to write; returns what stands under `refused`.
pub(super) async fn end(session: &Session, refused: &[&str]) -> Result<HashMap<Key, KeyValue>, Fault> {
    let ended = session.bounded(async {
        let refusing = session.statement(GET_MANY).await?;
        let client = session.client();
        let (refused, ()) = try_join!(
            async { client.query(&refusing, &[&refused]).await },
            client.batch_execute("ROLLBACK")
        )?;
        reader::by_key(&refused)
    });
    ended.await
}

/// Tells whether the transaction with a signature happened. It cannot happen any more when it has not: it held the
/// lock, which is waited for here.
pub(super) async fn happened(session: &Session, signature: &Signature) -> Result<bool, Fault> {
    let found = session.bounded(async {
        let (lock, signed) = try_join!(session.statement(LOCK), session.statement(SIGNED))?;
        let client = session.client();
        let (.., signed, ()) = try_join!(
            client.batch_execute("BEGIN"),
            async { client.query_one(&lock, &[]).await },
            async { client.query(&signed, &[&signature.writer, &signature.batch]).await },
            client.batch_execute("ROLLBACK")
        )?;
        Ok(!signed.is_empty())
    });
    found.await
}

impl<'p> Columns<'p> {
    fn of(plan: &'p Plan) -> Self {
        let mut columns = Self::default();
        for change in plan.changes() {
            columns.revisions.push(change.place.revision);
            columns.positions.push(change.place.position);
            columns.keys.push(change.key.as_str());
            columns.values.push(change.value.as_deref());
            columns.previous.push(change.previous);
        }
        columns
    }
}
