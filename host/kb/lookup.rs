//! Which rows of a tie group a table has already. Rows are compared as 128-bit hashes of what identifies them, 16 bytes
//! each and a count, so a group of any width takes little memory; the group itself is streamed on both sides.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray};
use arrow::datatypes::FieldRef;
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use datafusion::common::{Column, ScalarValue};
use datafusion::dataframe::DataFrame;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::logical_expr::{Expr, lit};
use deltalake_core::DeltaTable;
use futures::StreamExt;

use super::row_hash::{RowHasher, Secrets};
use super::{KbError, query};

/// What a table has of the groups that were asked for.
pub struct LandedRows {
    name: String,
    /// None: there is no table, so it has nothing.
    table: Option<Known>,
}

struct Known {
    table: DeltaTable,
    /// What groups rows, then what identifies one in its group: positions in a batch and the table's own fields.
    columns: Vec<(usize, FieldRef)>,
    whole: RowHasher,
    group: RowHasher,
    /// Group values whose rows were looked up.
    values: HashSet<u128>,
    /// How often the table has each row, less those that were asked for.
    rows: HashMap<u128, u32>,
}

impl LandedRows {
    /// `group` is the position of the column that a group has one value of, `identity` those that tell its rows apart;
    /// empty: nothing does, so equal rows are counted.
    pub(super) fn of(
        name: &str,
        table: Option<DeltaTable>,
        columns: &arrow::datatypes::Schema,
        group: usize,
        identity: &[usize],
    ) -> Result<Self, KbError> {
        let known = table.map(|table| Known::of(name, table, columns, group, identity));
        Ok(Self {
            name: name.to_owned(),
            table: known.transpose()?,
        })
    }

    /// For each row whether the table lacks it. A row that the table has once answers for one row here.
    pub async fn lacks(&mut self, batch: &RecordBatch) -> Result<BooleanArray, KbError> {
        let Some(known) = &mut self.table else {
            return Ok(BooleanArray::from(vec![true; batch.num_rows()]));
        };
        let trouble = |error| KbError::storage("look into", &self.name, error);
        known.lacks(&self.name, batch).await.map_err(trouble)
    }
}

type Trouble = Box<dyn std::error::Error + Send + Sync>;

impl Known {
    fn of(
        name: &str,
        table: DeltaTable,
        columns: &arrow::datatypes::Schema,
        group: usize,
        identity: &[usize],
    ) -> Result<Self, KbError> {
        let trouble = |error: Trouble| KbError::storage("look into", name, error);
        let state = table.snapshot().map_err(|error| trouble(error.into()))?;
        let schema = state.snapshot().arrow_schema();
        let others: Vec<usize> = match identity {
            [] => (0..columns.fields().len()).collect(),
            identity => identity.to_vec(),
        };
        let others = others.into_iter().filter(|position| *position != group);
        // A column that the table has not got yet tells nothing about rows that have landed.
        let field = |position: usize| {
            let field = schema.field_with_name(columns.field(position).name());
            field.ok().map(|field| (position, Arc::new(field.clone())))
        };
        let columns: Vec<_> = std::iter::once(group)
            .chain(others)
            .filter_map(field)
            .collect();
        let types = || columns.iter().map(|(_, field)| field.data_type());
        let hasher = |count| RowHasher::new(types().take(count), Secrets::new());
        let (whole, group) = (hasher(columns.len()), hasher(1));
        let wrong = |error: ArrowError| trouble(error.into());
        Ok(Self {
            whole: whole.map_err(wrong)?,
            group: group.map_err(wrong)?,
            table,
            columns,
            values: HashSet::new(),
            rows: HashMap::new(),
        })
    }

    async fn lacks(&mut self, name: &str, batch: &RecordBatch) -> Result<BooleanArray, Trouble> {
        let columns = self.columns.iter();
        let columns = columns.map(|(position, _)| Arc::clone(batch.column(*position)));
        let columns = self.in_table_types(columns.collect())?;
        self.load(name, &columns[0]).await?;
        let hashes = self.whole.hashes(&columns)?.into_iter();
        let lacks = hashes.map(|hash| match self.rows.get_mut(&hash) {
            Some(left) if *left > 0 => {
                *left -= 1;
                false
            }
            _ => true,
        });
        Ok(lacks.map(Some).collect())
    }

    /// The table may have a wider type by now.
    fn in_table_types(&self, columns: Vec<ArrayRef>) -> Result<Vec<ArrayRef>, Trouble> {
        let typed = columns.iter().zip(&self.columns);
        let cast = typed.map(|(array, (_, field))| arrow::compute::cast(array, field.data_type()));
        Ok(cast.collect::<Result<_, _>>()?)
    }

    /// Looks up the rows of each value that was not met before: the source may have several forms of one value.
    async fn load(&mut self, name: &str, values: &ArrayRef) -> Result<(), Trouble> {
        let groups = self.group.hashes(std::slice::from_ref(values))?;
        for (row, value) in groups.into_iter().enumerate() {
            if !self.values.insert(value) {
                continue;
            }
            let mut stream = self
                .rows_with(ScalarValue::try_from_array(values, row)?)
                .await?;
            let mut found: u64 = 0;
            while let Some(batch) = stream.next().await {
                let columns = self.in_table_types(batch?.columns().to_vec())?;
                for hash in self.whole.hashes(&columns)? {
                    *self.rows.entry(hash).or_default() += 1;
                    found += 1;
                }
            }
            tracing::debug!(table = name, rows = found, "looked up a tie group");
        }
        Ok(())
    }

    async fn rows_with(&self, value: ScalarValue) -> Result<SendableRecordBatchStream, Trouble> {
        let context = query::scan_session();
        let provider = self.table.table_provider();
        let provider = provider.with_session(Arc::new(context.state())).await?;
        let column = |field: &FieldRef| Expr::Column(Column::from_name(field.name().as_str()));
        let group = column(&self.columns[0].1);
        let rows: DataFrame = context
            .read_table(provider)?
            .filter(group.eq(lit(value)))?
            .select(self.columns.iter().map(|(_, field)| column(field)))?;
        Ok(rows.execute_stream().await?)
    }
}
