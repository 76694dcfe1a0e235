//! The tables that a plugin is tested on: chosen from what it lists, each read once, in one instance with the largest
//! page. That read is the reference of every other.

use super::Subject;
use super::chosen::{self, Name, ROWS};
use super::outcome::{Outcome, Verdict, skipped};
use super::read::{LARGEST_PAGE, Pass, Plan, read};
use super::rows::{Row, rows_of};
use super::shapes::Shapes;
use crate::model::failure::Failure;
use crate::model::source::{DataType, Source};
use crate::plugin::ColumnEntry;

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
                for name in chosen {
                    bench.add(name, &mut verdict).await;
                }
            }
            Err(failure) => verdict.add("the list of tables", Err(failure.into())),
        }
        let none = "no table was found that can be read: name one with --table";
        (bench, verdict.outcome(none))
    }

    async fn choose(&mut self) -> Result<Vec<Name>, Failure> {
        let session = self.subject.connect().await?;
        let listed = self.subject.plugin.tables(session).await?;
        if self.subject.tables.is_empty() {
            return Ok(chosen::first(&listed, &mut self.notes));
        }
        let has_schemas = !self.subject.plugin.description().default_schema.is_empty();
        let named = self.subject.tables.iter();
        let named = named.map(|table| chosen::named(table, &listed, has_schemas));
        Ok(named.collect())
    }

    /// Every cursor column of a table that shows what none before it did.
    async fn add(&mut self, name: Name, verdict: &mut Verdict) {
        let entries = match self.columns(name.schema.as_deref(), &name.table).await {
            Ok(entries) => entries,
            Err(failure) => {
                verdict.add(&format!("the columns of {name}"), Err(failure.into()));
                return;
            }
        };
        let promising = by_promise(&entries);
        if promising.is_empty() {
            let reason = format!("{name} has no column that can be a cursor");
            verdict.add("", Err(skipped(reason)));
        }
        let mut shown: Option<Shapes> = None;
        for column in promising.into_iter().take(CURSOR_COLUMNS) {
            let source = self.source(name.schema.clone(), &name.table, &column.column.name);
            let plan = Plan {
                page_rows: LARGEST_PAGE,
                at_most: ROWS,
                ..Plan::default()
            };
            let mut pass = read(&self.subject, &source, &plan).await;
            match pass.failure.take() {
                None => verdict.add("", Ok(())),
                Some(_) if pass.rows.len() > ROWS => {
                    return self.notes.push(name.left_out(chosen::TOO_LARGE));
                }
                // A value that cannot land: no fault of the plugin.
                Some(failure) if failure.code == "conversion" => {
                    return self.notes.push(name.left_out(&failure.detail));
                }
                Some(failure) => return verdict.add(&label(&source), Err(failure.into())),
            }
            let table = Table::of(source, entries.clone(), pass);
            let is_new = shown.is_none_or(|shown| !table.shapes.is_within(&shown));
            if is_new {
                shown.get_or_insert_default().add(&table.shapes);
                self.tables.push(table);
            }
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
