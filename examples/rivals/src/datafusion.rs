//! The workloads as datafusion queries.
//!
//! Tables are streamed in batches that are made as they are read, one partition a thread; results
//! are taken partition by partition too. Words are split here: they cost less so than by a function
//! of the query.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use datafusion::{
    arrow::{
        array::{ArrayRef, AsArray, RecordBatch, StringViewArray, UInt64Array},
        datatypes::{DataType, Field, Int64Type, Schema, SchemaRef, UInt64Type},
    },
    catalog::streaming::StreamingTable,
    execution::{SendableRecordBatchStream, TaskContext},
    functions_aggregate::expr_fn::{array_agg, count, sum},
    logical_expr::Expr,
    physical_plan::{stream::RecordBatchStreamAdapter, streaming::PartitionStream},
    prelude::{SessionConfig, SessionContext, col, lit},
};
use futures::{StreamExt, stream};

use crate::{
    Answer, Files, Result, Task, Work,
    generated::{Pairs, Records, Summary, digest_of_group, digest_of_sum},
    parts,
    shared::{Failures, Lines, SharedOutput, Texts},
};

/// The size of a batch that datafusion is tuned for.
const BATCH: usize = 8192;

/// Does the task.
///
/// # Errors
/// When the input cannot be read or is wrong, or the output cannot be written.
pub fn datafusion(task: &Task) -> Result<Answer> {
    match &task.work {
        Work::Wordcount(files) => wordcount(files, task.threads).map(|()| None),
        Work::SumUniform(count) => sums(Pairs::uniform(), *count, task.threads),
        Work::SumZipf(count) => sums(Pairs::zipf(), *count, task.threads),
        Work::Group(count) => groups(*count, task.threads),
        work @ (Work::EvenNumbers(_) | Work::Nexmark(..)) => work.refused(),
    }
}

type Batches = Box<dyn Iterator<Item = Result<RecordBatch>> + Send>;

/// A partition of a table, which can be read once.
struct Partition {
    schema: SchemaRef,
    batches: Mutex<Option<Batches>>,
}

impl fmt::Debug for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Partition").finish_non_exhaustive()
    }
}

impl PartitionStream for Partition {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let batches = self.batches.lock().unwrap_or_else(PoisonError::into_inner).take();
        let batches = batches.into_iter().flatten().map(|batch| Ok(batch?));
        let stream = stream::iter(batches);
        Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.schema), stream))
    }
}

/// Groups a table, calling `take` with each batch of the result, on any thread.
fn group(
    schema: SchemaRef,
    partitions: Vec<Batches>,
    aggregate: Expr,
    take: impl Fn(&RecordBatch) -> Result + Clone + Send + Sync + 'static,
) -> Result {
    let threads = partitions.len();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(threads).build()?;
    let config = SessionConfig::new().with_target_partitions(threads).with_batch_size(BATCH);
    let key = col(schema.field(0).name());
    let partitions = partitions.into_iter().map(|batches| {
        let (schema, batches) = (Arc::clone(&schema), Mutex::new(Some(batches)));
        Arc::new(Partition { schema, batches }) as Arc<dyn PartitionStream>
    });
    let table = StreamingTable::try_new(Arc::clone(&schema), partitions.collect())?;
    runtime.block_on(async {
        let frame = SessionContext::new_with_config(config).read_table(Arc::new(table))?;
        let results = frame.aggregate(vec![key], vec![aggregate])?.execute_stream_partitioned();
        let tasks = results.await?.into_iter().map(|mut batches| {
            let take = take.clone();
            tokio::spawn(async move {
                while let Some(batch) = batches.next().await {
                    take(&batch?)?;
                }
                Result::Ok(())
            })
        });
        for task in tasks.collect::<Vec<_>>() {
            task.await??;
        }
        Ok(())
    })
}

fn schema(fields: &[(&str, DataType)]) -> SchemaRef {
    let fields = fields.iter().map(|(name, of)| Field::new(*name, of.clone(), false));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

fn wordcount(files: &Files, threads: usize) -> Result {
    let (failures, output) = (Failures::default(), SharedOutput::at(files.output.clone())?);
    let schema = schema(&[("word", DataType::Utf8View)]);
    let mut parts: Vec<Vec<_>> = (0..threads).map(|_| Vec::new()).collect();
    let is_space = |byte: u8| byte.is_ascii_whitespace();
    for (n, part) in parts::of_file(&files.input, 16 * threads, is_space)?.into_iter().enumerate() {
        parts[n % threads].push(part);
    }
    let partitions = parts.into_iter().map(|parts| {
        let schema = Arc::clone(&schema);
        let batches = Texts::of(parts, is_space, &failures).flat_map(move |text| {
            let words: Vec<_> = text.split_ascii_whitespace().collect();
            let columns = words.chunks(BATCH).map(|words| {
                let words: ArrayRef = Arc::new(StringViewArray::from_iter_values(words));
                Ok(RecordBatch::try_new(Arc::clone(&schema), vec![words])?)
            });
            columns.collect::<Vec<_>>()
        });
        Box::new(batches) as Batches
    });
    let partitions = partitions.collect();
    let lines = Lines::new(&output, &failures);
    group(schema, partitions, count(lit(1)), move |batch| {
        let mut lines = lines.clone();
        let words = batch.column(0).as_string_view_opt().ok_or("no words")?;
        let counts = batch.column(1).as_primitive_opt::<Int64Type>().ok_or("no counts")?;
        for (word, count) in words.iter().zip(counts.values()) {
            lines.count(word.ok_or("a word is null")?, u64::try_from(*count)?);
        }
        Ok(())
    })?;
    failures.check()?;
    output.finish()
}

/// The partitions of a table of `count` generated rows, made by `rows`.
fn generated(
    count: u64,
    threads: usize,
    schema: &SchemaRef,
    rows: impl Fn(std::ops::Range<u64>) -> Vec<ArrayRef> + Clone + Send + 'static,
) -> Vec<Batches> {
    let threads = threads as u64;
    let partition = |index: u64| {
        let (start, end) = (count * index / threads, count * (index + 1) / threads);
        let (rows, schema) = (rows.clone(), Arc::clone(schema));
        let batches = (start..end).step_by(BATCH).map(move |start| {
            let columns = rows(start..end.min(start + BATCH as u64));
            Ok(RecordBatch::try_new(Arc::clone(&schema), columns)?)
        });
        Box::new(batches) as Batches
    };
    (0..threads).map(partition).collect()
}

fn sums(pairs: Pairs, count: u64, threads: usize) -> Result<Answer> {
    let schema = schema(&[("key", DataType::UInt64), ("number", DataType::UInt64)]);
    let partitions = generated(count, threads, &schema, move |numbers| {
        let (keys, values): (Vec<_>, Vec<_>) = numbers.map(|n| pairs.get(n)).unzip();
        vec![Arc::new(UInt64Array::from(keys)), Arc::new(UInt64Array::from(values))]
    });
    let summary = Arc::new(Mutex::new(Summary::default()));
    let all = Arc::clone(&summary);
    group(schema, partitions, sum(col("number")), move |batch| {
        let column = |n| batch.column(n).as_primitive_opt::<UInt64Type>().ok_or("no numbers");
        let mut mine = Summary::default();
        for (key, sum) in column(0)?.values().iter().zip(column(1)?.values()) {
            mine.add(digest_of_sum(*key, *sum));
        }
        add(&all, mine);
        Ok(())
    })?;
    Ok(Some(total(&summary).into()))
}

fn groups(count: u64, threads: usize) -> Result<Answer> {
    let schema = schema(&[("key", DataType::UInt64), ("value", DataType::Utf8View)]);
    let records = Arc::new(Records::default());
    let partitions = generated(count, threads, &schema, move |numbers| {
        let (keys, values): (Vec<_>, Vec<_>) = numbers.map(|n| records.get(n)).unzip();
        let values = StringViewArray::from_iter_values(values);
        vec![Arc::new(UInt64Array::from(keys)), Arc::new(values)]
    });
    let summary = Arc::new(Mutex::new(Summary::default()));
    let all = Arc::clone(&summary);
    group(schema, partitions, array_agg(col("value")), move |batch| {
        let keys = batch.column(0).as_primitive_opt::<UInt64Type>().ok_or("no keys")?;
        let lists = batch.column(1).as_list_opt::<i32>().ok_or("no lists")?;
        let mut mine = Summary::default();
        for (key, values) in keys.values().iter().zip(lists.iter()) {
            let values = values.ok_or("a list is null")?;
            let values = values.as_string_view_opt().ok_or("no strings")?;
            mine.add(digest_of_group(*key, values.iter().flatten()));
        }
        add(&all, mine);
        Ok(())
    })?;
    Ok(Some(total(&summary).into()))
}

fn add(all: &Mutex<Summary>, mine: Summary) {
    let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
    *all = all.and(mine);
}

fn total(all: &Mutex<Summary>) -> Summary {
    *all.lock().unwrap_or_else(PoisonError::into_inner)
}
