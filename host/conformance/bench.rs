//! The tables that a plugin is tested on: chosen from what it lists, each read once, in one instance with the largest
//! page. That read is the reference of every other.

use super::Subject;
use super::outcome::{Outcome, Verdict, skipped};
use super::read::{LARGEST_PAGE, Pass, Plan, read};
use super::rows::{Row, rows_of};
use super::shapes::Shapes;
use crate::model::failure::Failure;
use crate::model::source::{DataType, Source};
use crate::plugin::ColumnEntry;

/// Tables that are looked at when none is named.
const TABLES: usize = 16;
/// A larger table is left out: it would be read dozens of times.
const ROWS: usize = 5_000;
/// Cursor columns of one table that are tried.
const CURSOR_COLUMNS: usize = 4;

/// The plugin, its connection, and what can be read there.
pub struct Bench {
    pub subject: Subject,
    pub tables: Vec<Table>,
    /// What was left out, and why.
    pub notes: Vec<String>,
}

/// A table in the order of one cursor column.
pub struct Table {
    pub source: Source,
    pub entries: Vec<ColumnEntry>,
    /// In the order of the reference read.
    pub rows: Vec<Row>,
    /// What is said of each row.
    pub names: Vec<String>,
    pub pass: Pass,
    pub shapes: Shapes,
    /// What went wrong first with it.
    pub trouble: Option<String>,
}

impl Table {
    /// `public.orders by id`
    pub fn label(&self) -> String {
        label(&self.source)
    }

    pub fn cursor_type(&self) -> &DataType {
        let cursor = self
            .pass
            .columns
            .iter()
            .find(|column| column.name == self.source.cursor_column);
        cursor.map_or(&DataType::Text, |column| &column.data_type)
    }

    /// Rows that no read of this table has more than.
    pub fn at_most(&self) -> usize {
        2 * self.rows.len() + 10
    }
}

pub fn label(source: &Source) -> String {
    let schema = source
        .schema
        .as_ref()
        .map_or(String::new(), |schema| format!("{schema}."));
    format!("{schema}{} by {}", source.table, source.cursor_column)
}

impl Bench {
    /// Chooses tables and reads them; the outcome is that of the rule `full-read`.
    pub async fn open(subject: Subject) -> (Self, Outcome) {
        let mut bench = Self {
            subject,
            tables: Vec::new(),
            notes: Vec::new(),
        };
        let mut verdict = Verdict::default();
        match bench.choose().await {
            Ok(chosen) => {
                for (schema, table) in chosen {
                    bench.add(schema, table, &mut verdict).await;
                }
            }
            Err(failure) => {
                verdict.add("the list of tables", Err(failure.into()));
            }
        }
        (
            bench,
            verdict.outcome("no table was found that can be read: name one with --table"),
        )
    }

    async fn choose(&mut self) -> Result<Vec<(String, String)>, Failure> {
        let session = self.subject.connect().await?;
        let listed = self.subject.plugin.tables(session).await?;
        let mut chosen = Vec::new();
        for name in &self.subject.tables {
            let is_meant =
                |schema: &str, table: &str| table == name || format!("{schema}.{table}") == *name;
            let entry = listed
                .iter()
                .find(|entry| is_meant(&entry.schema, &entry.name));
            chosen.push(match (entry, name.split_once('.')) {
                (Some(entry), _) => (entry.schema.clone(), entry.name.clone()),
                (None, Some((schema, table))) if self.has_schemas() => {
                    (schema.to_owned(), table.to_owned())
                }
                (None, _) => (String::new(), name.clone()),
            });
        }
        if !self.subject.tables.is_empty() {
            return Ok(chosen);
        }
        for entry in listed {
            if entry.approx_rows.is_some_and(|rows| rows > ROWS as u64) {
                self.leave_out(
                    &entry.schema,
                    &entry.name,
                    &format!("it has more than {ROWS} rows"),
                );
            } else if chosen.len() == TABLES {
                self.leave_out(
                    &entry.schema,
                    &entry.name,
                    &format!("{TABLES} tables are enough; name others with --table"),
                );
            } else {
                chosen.push((entry.schema, entry.name));
            }
        }
        Ok(chosen)
    }

    fn has_schemas(&self) -> bool {
        !self.subject.plugin.description().default_schema.is_empty()
    }

    fn leave_out(&mut self, schema: &str, table: &str, why: &str) {
        let dot = if schema.is_empty() { "" } else { "." };
        self.notes
            .push(format!("{schema}{dot}{table} is left out: {why}"));
    }

    async fn add(&mut self, schema: String, name: String, verdict: &mut Verdict) {
        let schema = (!schema.is_empty()).then_some(schema);
        let entries = match self.columns(schema.as_deref(), &name).await {
            Ok(entries) => entries,
            Err(failure) => {
                verdict.add(&format!("the columns of {name}"), Err(failure.into()));
                return;
            }
        };
        let mut wanted = Shapes::default();
        let mut tried = 0;
        for column in by_promise(&entries) {
            let source = self.source(schema.clone(), &name, &column.column.name);
            let plan = Plan {
                page_rows: LARGEST_PAGE,
                at_most: ROWS,
                ..Plan::default()
            };
            let mut pass = read(&self.subject, &source, &plan).await;
            if let Some(failure) = pass.failure.take() {
                if pass.rows.len() > ROWS {
                    self.leave_out(
                        schema.as_deref().unwrap_or(""),
                        &name,
                        &format!("it has more than {ROWS} rows"),
                    );
                    return;
                }
                verdict.add(&label(&source), Err(failure.into()));
                return;
            }
            let table = Table::of(source, entries.clone(), pass);
            verdict.add("", Ok(()));
            // The first, and every other that shows what none before it did.
            if tried == 0 || !table.shapes.is_within(&wanted) {
                wanted.add(&table.shapes);
                self.tables.push(table);
            }
            tried += 1;
            if tried == CURSOR_COLUMNS {
                return;
            }
        }
        if tried == 0 {
            let reason = skipped(format!("{name} has no column that can be a cursor"));
            verdict.add(&name, Err(reason));
        }
    }

    pub async fn columns(
        &self,
        schema: Option<&str>,
        table: &str,
    ) -> Result<Vec<ColumnEntry>, Failure> {
        let session = self.subject.connect().await?;
        self.subject.plugin.columns(session, schema, table).await
    }

    pub fn source(&self, schema: Option<String>, table: &str, cursor_column: &str) -> Source {
        Source {
            kind: self.subject.plugin.description().kind.clone(),
            connection_ref: self.subject.connection_ref.clone(),
            schema,
            table: table.to_owned(),
            query: None,
            cursor_column: cursor_column.to_owned(),
            columns: Vec::new(),
        }
    }

    /// The table with the most rows.
    pub fn largest(&self) -> Option<&Table> {
        self.tables.iter().max_by_key(|table| table.rows.len())
    }
}

/// Columns that can be cursors: the key first, then those that may hold ties and nulls.
fn by_promise(entries: &[ColumnEntry]) -> Vec<&ColumnEntry> {
    let mut candidates: Vec<_> = entries
        .iter()
        .filter(|entry| entry.cursor_candidate)
        .collect();
    candidates.sort_by_key(|entry| (entry.key_position.is_none(), !entry.column.nullable));
    candidates
}

impl Table {
    fn of(source: Source, entries: Vec<ColumnEntry>, mut pass: Pass) -> Self {
        let shapes = Shapes::of(&pass, &source.cursor_column);
        let cursor = pass
            .columns
            .iter()
            .position(|column| column.name == source.cursor_column);
        let mut rows = Vec::new();
        let mut names = Vec::new();
        for batch in &pass.batches {
            rows.extend(rows_of(batch).unwrap_or_default());
            for row in 0..batch.num_rows() {
                let value = cursor.and_then(|cursor| batch.values(row, &[cursor]).ok());
                let text = value
                    .and_then(|values| values[0].to_text())
                    .unwrap_or_else(|| "null".into());
                let text: String = text.chars().take(40).collect();
                names.push(format!(
                    "row {} ({} = {text})",
                    names.len() + 1,
                    source.cursor_column
                ));
            }
        }
        pass.batches.clear();
        Self {
            source,
            entries,
            rows,
            names,
            pass,
            shapes,
            trouble: None,
        }
    }
}
