//! One instance of a plugin in a store of its own, and the limits round every call into it.
//! An instance that failed once is never called again: its owner drops it.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use wasmtime::component::{Resource, ResourceAny};
use wasmtime::{Store, UpdateDeadline};

use super::bindings::exports::sluice::source::source as wit;
use super::bindings::sluice::source::types;
use super::bindings::{SourcePlugin, SourcePluginPre};
use super::fault::{CallError, Identity};
use super::imports::{Connection, State};
use super::limits::{HOSTCALL_FUEL, Limits};
use super::probe::Held;
use crate::model::batch::Batch;
use crate::model::failure::{Failure, FailureKind};

/// Ticks to the next look at a running guest.
const LOOK_AFTER: u64 = 1;

/// A live guest. Dropping it frees everything it holds, its session included.
pub struct Instance {
    store: Store<State>,
    exports: SourcePlugin,
    identity: Arc<Identity>,
    limits: Arc<Limits>,
}

/// What a guest answered to a call: its own value or its own error.
type Answer<T> = Result<T, types::Error>;

impl Instance {
    /// Instantiates under the limits: start code runs here.
    pub async fn new(
        pre: &SourcePluginPre<State>,
        identity: Arc<Identity>,
        limits: Arc<Limits>,
    ) -> Result<Self, Failure> {
        let mut store = Store::new(pre.engine(), State::new(identity.to_string(), &limits));
        store.limiter(|state| &mut state.memory);
        store.set_hostcall_fuel(HOSTCALL_FUEL);
        // Fires only while guest code runs: waiting for the source costs no CPU budget.
        store.epoch_deadline_callback(|mut context| {
            context.data_mut().cpu.take_tick()?;
            Ok(UpdateDeadline::YieldCustom(
                LOOK_AFTER,
                Box::pin(tokio::task::yield_now()),
            ))
        });
        store.set_epoch_deadline(LOOK_AFTER);
        match within(limits.describe_timeout, pre.instantiate_async(&mut store)).await {
            Ok(exports) => Ok(Self {
                store,
                exports,
                identity,
                limits,
            }),
            Err(error) => {
                let (code, what) = error.describe("starting", &limits);
                Err(identity.fault(code, what))
            }
        }
    }

    pub async fn describe(&mut self) -> Result<wit::Description, Failure> {
        self.begin();
        let call = self
            .exports
            .sluice_source_source()
            .call_describe(&mut self.store);
        let answer = within(self.limits.describe_timeout, call).await;
        answer.map_err(|error| self.failure("describing itself", &error))
    }

    pub async fn check(&mut self, connection: Connection) -> Result<Answer<String>, Failure> {
        let connection = self.lend(connection)?;
        self.begin();
        let call = self
            .exports
            .sluice_source_source()
            .call_check(&mut self.store, borrowed(&connection));
        let answer = within(self.limits.call_timeout, call).await;
        answer.map_err(|error| self.failure("checking a connection", &error))
    }

    pub async fn tables(
        &mut self,
        connection: Connection,
    ) -> Result<Answer<Vec<wit::TableEntry>>, Failure> {
        let connection = self.lend(connection)?;
        self.begin();
        let call = self
            .exports
            .sluice_source_source()
            .call_tables(&mut self.store, borrowed(&connection));
        let answer = within(self.limits.call_timeout, call).await;
        answer.map_err(|error| self.failure("listing tables", &error))
    }

    pub async fn columns(
        &mut self,
        connection: Connection,
        schema: Option<&str>,
        table: &str,
    ) -> Result<Answer<Vec<wit::ColumnEntry>>, Failure> {
        let connection = self.lend(connection)?;
        self.begin();
        let source = self.exports.sluice_source_source();
        let call = source.call_columns(&mut self.store, borrowed(&connection), schema, table);
        let answer = within(self.limits.call_timeout, call).await;
        answer.map_err(|error| self.failure("listing columns", &error))
    }

    pub async fn open_reader(
        &mut self,
        connection: Connection,
        request: &wit::Request,
    ) -> Result<Answer<ResourceAny>, Failure> {
        let connection = self.lend(connection)?;
        self.begin();
        let reader = self.exports.sluice_source_source().reader();
        let call = reader.call_open(&mut self.store, connection, request);
        let answer = within(self.limits.call_timeout, call).await;
        answer.map_err(|error| self.failure("opening a table", &error))
    }

    pub async fn reader_columns(
        &mut self,
        reader: ResourceAny,
    ) -> Result<Vec<types::Column>, Failure> {
        self.begin();
        let exports = self.exports.sluice_source_source().reader();
        let call = exports.call_columns(&mut self.store, reader);
        let answer = within(self.limits.call_timeout, call).await;
        answer.map_err(|error| self.failure("announcing columns", &error))
    }

    pub async fn reader_key(&mut self, reader: ResourceAny) -> Result<Vec<u32>, Failure> {
        self.begin();
        let exports = self.exports.sluice_source_source().reader();
        let call = exports.call_key(&mut self.store, reader);
        let answer = within(self.limits.call_timeout, call).await;
        answer.map_err(|error| self.failure("announcing a key", &error))
    }

    pub async fn reader_warnings(&mut self, reader: ResourceAny) -> Result<Vec<String>, Failure> {
        self.begin();
        let exports = self.exports.sluice_source_source().reader();
        let call = exports.call_warnings(&mut self.store, reader);
        let answer = within(self.limits.call_timeout, call).await;
        answer.map_err(|error| self.failure("warning", &error))
    }

    pub async fn reader_next(
        &mut self,
        reader: ResourceAny,
        max_rows: u32,
    ) -> Result<Answer<wit::Step>, Failure> {
        self.begin();
        let exports = self.exports.sluice_source_source().reader();
        let call = exports.call_next(&mut self.store, reader, max_rows);
        let answer = within(self.limits.call_timeout, call).await;
        answer.map_err(|error| self.failure("reading", &error))
    }

    /// Ends a read as the host's own end of a job does not: the instance goes on, and its guest has to let go of everything.
    pub async fn drop_reader(&mut self, reader: ResourceAny) -> Result<(), Failure> {
        self.begin();
        let call = reader.resource_drop_async(&mut self.store);
        let answer = within(self.limits.call_timeout, call).await;
        answer.map_err(|error| self.failure("closing a read", &error))
    }

    /// What it holds now.
    pub fn held(&mut self) -> Held {
        self.store.data_mut().held()
    }

    /// From this call to the source on, counted from 0, none is answered.
    pub fn break_source_at(&mut self, call: u64) {
        self.store.data_mut().source_calls.break_at(call);
    }

    /// What the guest may ask to wait between two rows.
    pub fn longest_wait(&self) -> Duration {
        self.limits.longest_wait
    }

    /// Takes a batch out of the guest's hands.
    pub fn take_batch(
        &mut self,
        handle: Resource<super::imports::LiveBatch>,
    ) -> Result<Batch, Failure> {
        let live = self.store.data_mut().table.delete(handle);
        live.map(|live| live.batch).map_err(|_| {
            self.identity
                .fault("bad_answer", "returned a batch that is not one")
        })
    }

    fn lend(&mut self, connection: Connection) -> Result<Resource<Connection>, Failure> {
        let lent = self.store.data_mut().table.push(connection);
        lent.map_err(|error| {
            Failure::new(
                FailureKind::Host,
                "handles",
                format!("cannot lend a connection: {error}"),
            )
        })
    }

    /// A fresh budget for one call.
    fn begin(&mut self) {
        let state = self.store.data_mut();
        state.cpu.renew();
        state.waits_for_source = false;
        self.store.set_epoch_deadline(LOOK_AFTER);
    }

    fn failure(&self, doing: &str, error: &CallError) -> Failure {
        if matches!(error, CallError::Elapsed) && self.store.data().waits_for_source {
            let seconds = self.limits.call_timeout.as_secs_f64();
            let detail = format!(
                "the source did not answer within {seconds} s while {} was {doing}",
                self.identity
            );
            return Failure::new(FailureKind::Source, "timeout", detail);
        }
        let (code, what) = error.describe(doing, &self.limits);
        self.identity.fault(code, what)
    }
}

/// The guest may use it during the call; the table keeps it.
fn borrowed(connection: &Resource<Connection>) -> Resource<Connection> {
    Resource::new_borrow(connection.rep())
}

/// Epochs never fire while a guest waits in the host: only this ends such a call.
async fn within<T>(
    limit: Duration,
    call: impl Future<Output = wasmtime::Result<T>>,
) -> Result<T, CallError> {
    match tokio::time::timeout(limit, call).await {
        Ok(outcome) => outcome.map_err(CallError::Wasm),
        Err(_elapsed) => Err(CallError::Elapsed),
    }
}
