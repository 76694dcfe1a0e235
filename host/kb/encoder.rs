//! Rows into Parquet files of one table's folder. Blocking; runs off the async threads (see `writer`).
//! Nothing here makes a file visible. Files that nobody took are removed when it is dropped.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use arrow::array::new_null_array;
use arrow::record_batch::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::{EnabledStatistics, WriterProperties};

use super::files::as_type;
use super::log::sync_folder;
use super::schema::Fit;
use super::{KbError, staged};

/// Bytes at which a file is closed and the next one begun: large enough to read well, small enough to compact.
pub(super) const FILE_BYTES: usize = 128 << 20;
/// Rows and bytes of a row group. It is held in memory until it is full.
const ROW_GROUP_ROWS: usize = 256 << 10;
const ROW_GROUP_BYTES: usize = 32 << 20;

/// A closed file that is on the disk and not yet in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StagedFile {
    pub(super) name: String,
    pub(super) rows: u64,
    pub(super) bytes: u64,
}

/// Where files are staged: in the folder of a table, under the name of this process.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// True name of the table, for messages.
    pub(super) table: String,
    pub(super) folder: PathBuf,
    /// Part of the files' names, so that vacuum knows whose they are.
    pub(super) instance: Arc<str>,
}

/// Writes the files of one writer, one at a time.
pub(super) struct Encoder {
    place: Place,
    fit: Fit,
    open: Option<OpenFile>,
    closed: Vec<StagedFile>,
    /// An error left a file without some of its rows: nothing of it may be committed.
    incomplete: bool,
    /// Bytes staged, for those who do not hold the encoder. An estimate while a file is open.
    staged_bytes: Arc<AtomicU64>,
}

struct OpenFile {
    name: String,
    rows: u64,
    writer: ArrowWriter<File>,
}

impl Encoder {
    pub(super) fn new(place: Place, fit: Fit) -> Self {
        Self {
            place,
            fit,
            open: None,
            closed: Vec::new(),
            incomplete: false,
            staged_bytes: Arc::default(),
        }
    }

    pub(super) fn staged_bytes(&self) -> Arc<AtomicU64> {
        self.staged_bytes.clone()
    }

    /// Appends rows. Every batch has the columns that `fit` was made for.
    pub(super) fn write(&mut self, rows: &RecordBatch) -> Result<(), KbError> {
        self.guarded(|encoder| encoder.append(rows))
    }

    /// Closes the open file. All that was written is on the disk afterwards.
    pub(super) fn seal(&mut self) -> Result<(), KbError> {
        self.guarded(Self::close)
    }

    fn guarded(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<(), KbError>,
    ) -> Result<(), KbError> {
        if self.incomplete {
            return Err(KbError::Incomplete(self.place.table.clone()));
        }
        // Set first: a panic in here must not leave a file that looks whole either.
        self.incomplete = true;
        work(self)?;
        self.incomplete = false;
        Ok(())
    }

    fn append(&mut self, rows: &RecordBatch) -> Result<(), KbError> {
        if rows.num_rows() == 0 {
            return Ok(());
        }
        let rows = self.physical(rows)?;
        let table = &self.place.table;
        let file = match &mut self.open {
            Some(file) => file,
            None => self.open.insert(OpenFile::create(&self.place, &self.fit)?),
        };
        file.writer
            .write(&rows)
            .map_err(|error| KbError::storage("write", table, error))?;
        file.rows += rows.num_rows() as u64;
        let size = file.writer.bytes_written() + file.writer.in_progress_size();
        self.staged_bytes
            .store(self.closed_bytes() + size as u64, Ordering::Relaxed);
        if size >= FILE_BYTES {
            self.close()?;
        }
        Ok(())
    }

    /// The batch under the names and in the order of the file.
    fn physical(&self, rows: &RecordBatch) -> Result<RecordBatch, KbError> {
        let fields = self.fit.physical.fields().iter();
        let columns = fields
            .zip(&self.fit.sources)
            .map(|(field, source)| match source {
                Some(index) => as_type(rows.columns().get(*index)?, field.data_type()).into(),
                None => Some(Ok(new_null_array(field.data_type(), rows.num_rows()))),
            });
        let columns: Option<Result<Vec<_>, _>> = columns.collect();
        let columns = columns.ok_or_else(|| {
            KbError::storage(
                "write",
                &self.place.table,
                "a batch has fewer columns than were announced",
            )
        })?;
        columns
            .and_then(|columns| RecordBatch::try_new(self.fit.physical.clone(), columns))
            .map_err(|error| KbError::storage("write", &self.place.table, error))
    }

    fn close(&mut self) -> Result<(), KbError> {
        let Some(file) = self.open.take() else {
            return Ok(());
        };
        let folder = &self.place.folder;
        let path = folder.join(&file.name);
        // Both wait for the disk, and together not longer than one of them.
        let (finished, named) = thread::scope(|scope| {
            let naming = scope.spawn(|| sync_folder(folder));
            let finished = file.finish();
            (finished, naming.join())
        });
        match finished {
            Ok(staged) => self.closed.push(staged),
            Err(error) => {
                fs::remove_file(path).ok();
                return Err(KbError::storage("write", &self.place.table, error));
            }
        }
        self.staged_bytes
            .store(self.closed_bytes(), Ordering::Relaxed);
        let named = named.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        named.map_err(|error| KbError::storage("write", &self.place.table, error))
    }

    fn closed_bytes(&self) -> u64 {
        self.closed.iter().map(|file| file.bytes).sum()
    }

    /// Hands out the closed files; from here on they are the taker's to remove.
    pub(super) fn take(&mut self) -> Vec<StagedFile> {
        self.staged_bytes.store(0, Ordering::Relaxed);
        std::mem::take(&mut self.closed)
    }

    /// Takes files back that did not get into the log.
    pub(super) fn give_back(&mut self, files: Vec<StagedFile>) {
        self.closed.splice(0..0, files);
        self.staged_bytes
            .store(self.closed_bytes(), Ordering::Relaxed);
    }
}

impl OpenFile {
    fn create(place: &Place, fit: &Fit) -> Result<Self, KbError> {
        let name = staged::file_name(&place.instance);
        let file = create_in(&place.folder, &name)
            .map_err(|error| KbError::storage("write", &place.table, error))?;
        let writer = ArrowWriter::try_new(file, fit.physical.clone(), Some(properties()))
            .map_err(|error| KbError::storage("write", &place.table, error))?;
        Ok(Self {
            name,
            rows: 0,
            writer,
        })
    }

    fn finish(self) -> Result<StagedFile, Box<dyn std::error::Error + Send + Sync>> {
        let file = self.writer.into_inner()?;
        file.sync_all()?;
        Ok(StagedFile {
            name: self.name,
            rows: self.rows,
            bytes: file.metadata()?.len(),
        })
    }
}

impl Drop for Encoder {
    fn drop(&mut self) {
        // Best effort: what stays behind is in no log, so no reader ever sees it.
        for name in self
            .open
            .take()
            .map(|file| file.name)
            .into_iter()
            .chain(self.take().into_iter().map(|file| file.name))
        {
            fs::remove_file(self.place.folder.join(name)).ok();
        }
        // Only an empty folder goes, so never that of a table.
        fs::remove_dir(&self.place.folder).ok();
    }
}

/// The folder of a table that is being created comes with its first file, and is durable before it.
fn create_in(folder: &Path, name: &str) -> std::io::Result<File> {
    if !folder.exists() {
        fs::create_dir_all(folder)?;
        for parent in folder.ancestors().skip(1).take(2) {
            sync_folder(parent)?;
        }
    }
    File::create_new(folder.join(name))
}

fn properties() -> WriterProperties {
    WriterProperties::builder()
        .set_created_by(concat!("sluice ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_compression(Compression::SNAPPY)
        // Measured on 17 mixed columns: dictionaries triple the CPU time and save nothing after compression.
        .set_dictionary_enabled(false)
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_max_row_group_bytes(Some(ROW_GROUP_BYTES))
        .build()
}
